"""A model's answers to a data set, as a table: one row a picture."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence

from inkdigits.atomic_file import write_atomically
from inkdigits.datasets.dataset import Dataset
from inkdigits.errors import InvalidDataset
from inkdigits.evaluation.blend import blended_outputs
from inkdigits.evaluation.predictions import CLASSES
from inkdigits.outputs.rows import name_cell
from inkdigits.reader import Reader

HEADS = ("picture", "digit", "confidence", "sure")


def write_answers(
    readers: Sequence[Reader],
    dataset: Dataset,
    out: str | os.PathLike[str],
    *,
    probabilities: bool = False,
) -> int:
    """Write a CSV file of what the models say together; how many pictures there were.

    Columns are `HEADS`, and with `probabilities` p0 to p9. Where nothing is written in a picture,
    all but its name is empty.

    Raises InvalidDataset if the data set is empty or damaged.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    each = [f"p{digit}" for digit in range(CLASSES)] if probabilities else []
    writer.writerow([*HEADS, *each])
    count = 0
    for batch in dataset.batches():
        outputs = blended_outputs(readers, batch)
        for i, origin in enumerate(map(name_cell, batch.origins)):
            count += 1
            if not outputs["has_ink"][i]:
                writer.writerow([origin] + [""] * (len(HEADS) - 1 + len(each)))
                continue
            shares = outputs["probabilities"][i]
            sure = str(bool(outputs["sure"][i])).lower()
            row = [origin, shares.argmax(), f"{shares.max():.6f}", sure]
            writer.writerow(row + [f"{share:.6f}" for share in shares[: len(each)]])
    if not count:
        raise InvalidDataset(f"{dataset.name} is empty: it holds no pictures.")
    write_atomically(out, text.getvalue().encode())
    return count
