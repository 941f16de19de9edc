"""A submission for Kaggle's digit recogniser."""

from __future__ import annotations

import csv
import io
import os
from dataclasses import dataclass
from pathlib import Path

from inkdigits.atomic_file import write_atomically
from inkdigits.datasets.csv_file import CsvDataset
from inkdigits.errors import InvalidDataset
from inkdigits.reader import Reader

HONESTY = (
    "Kaggle's test rows come from MNIST, most of which the model that ships was trained on: its "
    "score there says little. For an honest submission train on Kaggle's train.csv alone: "
    "inkdigits train cnn --data csv:train.csv --out runs/kaggle, then --model runs/kaggle."
)
"""What to say of a submission by the model that ships."""


@dataclass(frozen=True)
class Submission:
    """What was written."""

    count: int
    """How many rows."""
    blank: list[str]
    """The rows with nothing written in them, whose label is a guess."""


def write_submission(
    reader: Reader, test: str | os.PathLike[str], out: str | os.PathLike[str]
) -> Submission:
    """Read Kaggle's test.csv and write `out`, with the columns ImageId (from 1) and Label.

    Raises InvalidDataset if the file is damaged or has labels, which a test file has not.
    """
    dataset = CsvDataset(test)
    if dataset.has_labels:
        raise InvalidDataset(
            f"{Path(test)} has labels: it is a train.csv. A submission reads the test.csv."
        )
    labels: list[int] = []
    blank: list[str] = []
    for batch in dataset.batches():
        outputs = reader.outputs(batch.pictures)
        labels += outputs["probabilities"].argmax(axis=1).tolist()
        blank += [
            origin
            for origin, has_ink in zip(batch.origins, outputs["has_ink"], strict=True)
            if not has_ink
        ]
    if not labels:
        raise InvalidDataset(f"{Path(test)} is empty: it has no rows of pixels.")
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["ImageId", "Label"])
    writer.writerows(enumerate(labels, start=1))
    write_atomically(out, text.getvalue().encode())
    return Submission(len(labels), blank)
