"""What every data set gives: pictures of digits, their labels, and where each came from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits.errors import InvalidDataset
from inkdigits.picture import MAX_PIXELS

Pictures = NDArray[np.uint8] | list[NDArray[np.uint8]]
Labels = NDArray[np.uint8]


@dataclass(frozen=True)
class Batch:
    """Some of a data set's pictures, in its order."""

    pictures: Pictures
    """(N, H, W), or N of (H, W) where their sizes differ."""
    labels: Labels | None
    """(N,) from 0 to 9; None if the data set has no labels."""
    origins: Sequence[str]
    """Where each picture came from, for people: "train.csv, row 17", "7/mine.png". Names of files
    are quoted if they are not printable."""

    def __len__(self) -> int:
        return len(self.pictures)

    def only(self, chosen: NDArray[Any]) -> Batch:
        """Those at some places, or for which a mask (N,) is true."""
        places = np.arange(len(self))[chosen].tolist()
        return Batch(
            [self.pictures[place] for place in places],
            None if self.labels is None else self.labels[places],
            [self.origins[place] for place in places],
        )


class Dataset(ABC):
    """Pictures of digits, read a batch at a time, so that they may be more than memory holds."""

    def __init__(self, name: str) -> None:
        self.name = name
        """The spec that names it: "mnist:test", "csv:train.csv"."""
        self.count: int | None = None
        """How many pictures it has, if that is known before all are read."""

    @abstractmethod
    def batches(self, batch_size: int = 1000) -> Iterator[Batch]:
        """All pictures from the first to the last, at most `batch_size` at a time.

        Raises InvalidDataset, naming the place, for what is damaged or makes no sense.
        """

    def load(self) -> Batch:
        """All of it at once. Raises InvalidDataset if it is empty."""
        batches = list(self.batches())
        if not batches:
            raise InvalidDataset(f"{self.name} is empty: it holds no pictures.")
        labels = [batch.labels for batch in batches if batch.labels is not None]
        origins = [origin for batch in batches for origin in batch.origins]
        return Batch(
            _together([batch.pictures for batch in batches]),
            np.concatenate(labels) if labels else None,
            origins,
        )


def checked_batch_size(
    batch_size: int, height: int, width: int, source: object, itemsize: int = 1
) -> int:
    """At most `batch_size`, and so few that hostile pictures fit into memory, too.

    A pixel takes `itemsize` bytes. Raises InvalidDataset for pictures over MAX_PIXELS.
    """
    if height * width > MAX_PIXELS:
        raise InvalidDataset(
            f"{source} has pictures of {width} x {height} pixels, and the limit is "
            f"{MAX_PIXELS / 1e6:g} megapixels. Make them smaller."
        )
    return min(batch_size, MAX_PIXELS // (height * width * itemsize) or 1)


class ArrayDataset(Dataset):
    """Pictures that are in memory already."""

    def __init__(
        self, name: str, pictures: NDArray[np.uint8], labels: NDArray[Any] | None = None
    ) -> None:
        """`pictures` (N, H, W), `labels` (N,) from 0 to 9."""
        super().__init__(name)
        self.pictures = pictures
        self.count = len(pictures)
        self.labels = None if labels is None else checked_labels(labels, name)
        if self.labels is not None and len(self.labels) != len(pictures):
            raise InvalidDataset(
                f"{name} has {len(pictures):,} pictures, but {len(self.labels):,} labels."
            )

    def batches(self, batch_size: int = 1000) -> Iterator[Batch]:
        for start in range(0, len(self.pictures), batch_size):
            part = slice(start, start + batch_size)
            pictures = self.pictures[part]
            yield Batch(
                pictures,
                None if self.labels is None else self.labels[part],
                [f"{self.name}, number {start + i}" for i in range(len(pictures))],
            )


def checked_labels(labels: NDArray[Any], source: object) -> Labels:
    """The labels as uint8; raises InvalidDataset for one that is no digit, naming its place."""
    wrong = np.flatnonzero((labels < 0) | (labels > 9))
    if len(wrong):
        raise InvalidDataset(
            f"{source}: label {wrong[0]} is {labels[wrong[0]]}, and no digit from 0 to 9."
        )
    return labels.astype(np.uint8)


def _together(parts: Sequence[Pictures]) -> Pictures:
    shapes = {picture.shape for part in parts for picture in part}
    if len(shapes) == 1:
        return np.concatenate([np.asarray(part) for part in parts])
    return [picture for part in parts for picture in part]
