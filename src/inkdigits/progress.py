"""What people watch while a network trains: a bar, and a line for each epoch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

Row = dict[str, Any]
"""An epoch of a history: at least epoch, loss, accuracy and seconds."""


class TrainingBar:
    """Follows a training: `for row in bar.follow(fit(report=bar.report))`."""

    def __init__(self, epochs: int, *, console: Console | None = None, shown: bool = True) -> None:
        """`epochs` is the number of the last one; the bar is on standard error if not told."""
        self.epochs = epochs
        self._progress = Progress(
            BarColumn(),
            TextColumn("{task.description}"),
            TextColumn("time left"),
            TimeRemainingColumn(),
            console=console or Console(stderr=True),
            disable=not shown,
        )
        self._shown = shown
        self._bar = self._progress.add_task("starting", total=epochs)
        self._validation = ""

    def report(self, epoch: int, done: float, loss: float) -> None:
        """Move the bar on: `done` of that epoch, 0 to 1, is done, and its loss so far."""
        self._move(epoch - 1 + done, f"epoch {epoch}/{self.epochs}  loss {loss:.4f}")

    def follow(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Print each row as it comes, above the bar, and give it on."""
        with self._progress:
            for row in rows:
                if "validation_accuracy" in row:
                    self._validation = f"  validation accuracy {row['validation_accuracy']:.2%}"
                self._move(row["epoch"], f"epoch {row['epoch']}/{self.epochs}")
                if self._shown:
                    console = self._progress.console
                    console.print(self._line(row), highlight=False, soft_wrap=True)
                yield row

    def _move(self, epochs: float, text: str) -> None:
        self._progress.update(self._bar, completed=epochs, description=f"{text}{self._validation}")

    def _line(self, row: Row) -> str:
        parts = [f"epoch {row['epoch']:>3}/{self.epochs}"]
        for start in ("", "validation_"):
            if f"{start}loss" in row:
                name = start.replace("_", " ")
                parts.append(f"{name}loss {row[f'{start}loss']:.4f}")
                parts.append(f"{name}accuracy {row[f'{start}accuracy']:.2%}")
        return "  ".join([*parts, f"{row['seconds']:.1f} s"])
