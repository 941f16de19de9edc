"""A submission for Kaggle's digit recogniser."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inkdigits.atomic_file import write_atomically
from inkdigits.datasets.csv_file import CsvDataset
from inkdigits.datasets.dataset import Dataset
from inkdigits.errors import InvalidDataset
from inkdigits.evaluation.blend import blended_outputs
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


def test_rows(path: str | os.PathLike[str]) -> CsvDataset:
    """Kaggle's test.csv. Raises InvalidDataset if it has labels, which a test file has not."""
    dataset = CsvDataset(path)
    if dataset.has_labels:
        raise InvalidDataset(
            f"{Path(path)} has labels: it is a train.csv. A submission reads the test.csv."
        )
    return dataset


def write_submission(
    readers: Sequence[Reader],
    test: Dataset,
    out: str | os.PathLike[str],
    probabilities: str | os.PathLike[str] | None = None,
) -> Submission:
    """Write what the models say together of `test_rows`: ImageId, from 1, and Label.

    `probabilities` is a second file, with ImageId and p0 to p9.

    Raises InvalidDataset if there are no rows, or one is damaged.
    """
    parts: list[NDArray[np.float64]] = []
    blank: list[str] = []
    for batch in test.batches():
        outputs = blended_outputs(readers, batch)
        parts.append(outputs["probabilities"])
        blank += [batch.origins[i] for i in np.flatnonzero(~outputs["has_ink"]).tolist()]
    if not parts:
        raise InvalidDataset(f"{test.name} is empty: it has no rows of pixels.")
    shares = np.concatenate(parts)
    _write(out, ["Label"], shares.argmax(axis=1)[:, None].tolist())
    if probabilities:
        each = [f"p{digit}" for digit in range(shares.shape[1])]
        _write(probabilities, each, shares.round(6).tolist())
    return Submission(len(shares), blank)


def _write(path: str | os.PathLike[str], names: list[str], rows: list[list[float]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["ImageId", *names])
    writer.writerows([number, *row] for number, row in enumerate(rows, start=1))
    write_atomically(path, text.getvalue().encode())
