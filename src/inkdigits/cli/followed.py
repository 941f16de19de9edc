"""What somebody sees who waits while pictures are read."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any, TypeVar

import click

from inkdigits.datasets.dataset import Batch, Dataset

Item = TypeVar("Item")


def say(what: str) -> None:
    """What takes its time, where standard error is a terminal."""
    if sys.stderr.isatty():
        print(what, file=sys.stderr)


def followed(items: Sequence[Item], doing: str) -> Iterator[Item]:
    """Give them on, and show how far they are, where standard error is a terminal."""
    if not sys.stderr.isatty():
        yield from items
        return
    with click.progressbar(items, label=doing, show_pos=True, file=sys.stderr) as shown:
        yield from shown


class Followed(Dataset):
    """A data set that shows how far it has been read, where standard error is a terminal."""

    def __init__(self, dataset: Dataset, doing: str = "reading", then: str = "") -> None:
        """`doing` says what its pictures are for, `then` what comes after all are read."""
        super().__init__(dataset.name)
        self.count = dataset.count
        self._dataset, self._doing, self._then = dataset, doing, then

    def batches(self, batch_size: int = 1000) -> Iterator[Batch]:
        if not sys.stderr.isatty():
            yield from self._dataset.batches(batch_size)
            return
        bar: Any = click.progressbar(
            count(),  # where nobody knows how many there are, the bar has no end
            length=self.count,
            label=f"{self._doing} {self.name}",
            show_pos=True,
            file=sys.stderr,
        )
        with bar:
            for batch in self._dataset.batches(batch_size):
                yield batch
                bar.update(len(batch))
        if self._then:
            say(self._then)
