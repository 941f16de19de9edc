"""The history of a run as events, which TensorBoard draws while the run goes on."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from tensorboardX import SummaryWriter

from inkdigits.progress import Row


def with_events(rows: Iterable[Row], folder: Path, earlier: Iterable[Row]) -> Iterator[Row]:
    """Give on `rows`, whose events are in `folder` a second later, after those of `earlier` rows.

    What was in the folder is taken away. TensorBoard shows loss/training, loss/validation, ….
    """
    shutil.rmtree(folder, ignore_errors=True)
    with SummaryWriter(str(folder), flush_secs=1) as writer:

        def write(row: Row) -> None:
            for name, value in row.items():
                measure = name.removeprefix("validation_")
                part = "training" if measure == name else "validation"
                if measure in ("loss", "accuracy"):
                    writer.add_scalar(f"{measure}/{part}", value, row["epoch"])
            writer.add_scalar("learning_rate", row["learning_rate"], row["epoch"])

        for row in earlier:
            write(row)
        for row in rows:
            write(row)
            yield row
