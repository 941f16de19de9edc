"""Pictures and labels as idx files, MNIST's own format, read a batch at a time."""

from __future__ import annotations

import gzip
import math
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from inkdigits.datasets.dataset import Batch, Dataset, checked_batch_size, checked_labels
from inkdigits.datasets.idx import GZIP_MAGIC, MOST_HEADER, parse_header
from inkdigits.errors import InvalidDataset


class IdxDataset(Dataset):
    """A file of pictures (N, H, W) and, perhaps, one of labels (N,); gzipped or not."""

    def __init__(
        self, pictures: str | os.PathLike[str], labels: str | os.PathLike[str] | None = None
    ) -> None:
        super().__init__(f"idx:{pictures}" + (f",{labels}" if labels else ""))
        self.pictures = Path(pictures)
        self.labels = None if labels is None else Path(labels)
        shape, _ = _shape_and_start(self.pictures)
        if len(shape) != 3:
            raise InvalidDataset(
                f"{self.pictures} has the shape {shape}, and pictures are (N, height, width). "
                "Name the pictures first, then the labels."
            )
        self._size = shape[1:]
        checked_batch_size(1, *self._size, self.pictures)
        self.count = shape[0]
        if self.labels is not None:
            label_shape, _ = _shape_and_start(self.labels)
            if label_shape != shape[:1]:
                raise InvalidDataset(
                    f"{self.labels} has the shape {label_shape}, but {self.pictures} has "
                    f"{shape[0]:,} pictures."
                )

    def batches(self, batch_size: int = 1000) -> Iterator[Batch]:
        batch_size = checked_batch_size(batch_size, *self._size, self.pictures)
        labels = None if self.labels is None else _rows(self.labels, batch_size)
        start = 0
        for pictures in _rows(self.pictures, batch_size):
            known = None
            if labels is not None:
                known = checked_labels(next(labels), f"{self.labels} from {start} on")
            count = len(pictures)
            name = self.pictures.name
            yield Batch(pictures, known, [f"{name}, number {start + i}" for i in range(count)])
            start += count


def _rows(path: Path, batch_size: int) -> Iterator[NDArray[np.uint8]]:
    """The file's values, `batch_size` rows at a time."""
    shape, start = _shape_and_start(path)
    row = math.prod(shape[1:])
    with _open(path) as file:
        _read(file, start, path)
        for first in range(0, shape[0], batch_size):
            count = min(batch_size, shape[0] - first)
            content = _read(file, count * row, path)
            yield np.frombuffer(content, np.uint8).reshape(count, *shape[1:])
        if file.read(1):
            raise InvalidDataset(f"{path} is too long: it goes on after {shape[0]:,} rows.")


def _shape_and_start(path: Path) -> tuple[tuple[int, ...], int]:
    with _open(path) as file:
        header = file.read(MOST_HEADER)
    return parse_header(header, path)


def _read(file: BinaryIO, count: int, path: Path) -> bytes:
    content = file.read(count)
    if len(content) < count:
        raise InvalidDataset(f"{path} is truncated: it ends too early. Copy the file again.")
    return content


@contextmanager
def _open(path: Path) -> Iterator[BinaryIO]:
    """The file, unpacked if it is gzipped; whoever reads it hears if it is damaged."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise InvalidDataset(f"{path} cannot be read: {error.strerror}. Check its path.") from error
    with file:
        is_packed = file.read(2) == GZIP_MAGIC
        file.seek(0)
        try:
            yield cast(BinaryIO, gzip.GzipFile(fileobj=file)) if is_packed else file
        except (OSError, EOFError, zlib.error) as error:
            raise InvalidDataset(f"{path} is damaged: {error}. Copy the file again.") from error
