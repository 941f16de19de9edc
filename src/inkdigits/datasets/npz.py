"""NumPy's .npz files: as Keras gives MNIST, or with arrays called pictures and labels."""

from __future__ import annotations

import lzma
import math
import os
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from inkdigits.datasets.dataset import Batch, Dataset, Labels, checked_batch_size, checked_labels
from inkdigits.errors import InvalidDataset

PICTURE_NAMES = ("pictures", "images", "x", "x_train", "x_test")
LABEL_NAMES = ("labels", "y", "y_train", "y_test")
MOST_LABELS = 20_000_000
"""They are in memory all at once."""
DAMAGED = (
    *(OSError, EOFError, ValueError, TypeError, zlib.error, lzma.LZMAError, zipfile.BadZipFile),
    *(RuntimeError, tokenize.TokenError),  # a password; a header that breaks off
)
"""What zipfile and NumPy raise of archives, and arrays in them, that are not as they should be."""
HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


class NpzDataset(Dataset):
    """The pictures (N, H, W) or (N, 784) of an .npz file, and its labels (N,) if it has any.

    Pictures are read a batch at a time; labels, which are small, at once.
    """

    count: int

    def __init__(self, path: str | os.PathLike[str], part: str | None = None) -> None:
        """`part` is "train" or "test", for a file that has both, as Keras's mnist.npz."""
        super().__init__(f"npz:{path}" + (f",{part}" if part else ""))
        self.path = Path(path)
        pictures, labels = self._names(part)
        self._pictures = pictures
        with self._array(pictures) as (_, shape, dtype, fortran):
            self.count, self._shape = shape[0] if shape else 0, _picture_shape(shape)
            self._dtype = dtype
        if self._shape is None or dtype.kind not in "ui" or fortran or min(shape) < 1:
            raise InvalidDataset(
                f"{self.path}: the pictures are {dtype} {shape}. They should be whole numbers from "
                "0 to 255, (N, height, width) or (N, 784), row by row."
            )
        checked_batch_size(1, *self._shape, self.path)
        self._labels = None if labels is None else self._read_labels(labels)

    def batches(self, batch_size: int = 1000) -> Iterator[Batch]:
        assert self._shape is not None
        size = self._dtype.itemsize
        batch_size = checked_batch_size(batch_size, *self._shape, self.path, size)
        row = math.prod(self._shape) * size
        with self._array(self._pictures) as (file, *_):
            for start in range(0, self.count, batch_size):
                count = min(batch_size, self.count - start)
                content = file.read(count * row)
                if len(content) < count * row:
                    raise InvalidDataset(f"{self.path} is truncated: its pictures end too early.")
                values = np.frombuffer(content, self._dtype).reshape(count, *self._shape)
                if values.min() < 0 or values.max() > 255:
                    raise InvalidDataset(
                        f"{self.path}: the pictures' pixels go from {values.min()} to "
                        f"{values.max()}, not 0 to 255."
                    )
                yield Batch(
                    values.astype(np.uint8),
                    None if self._labels is None else self._labels[start : start + count],
                    [f"{self.path.name}, number {start + i}" for i in range(count)],
                )

    def _names(self, part: str | None) -> tuple[str, str | None]:
        """The arrays' names."""
        with self._open() as file:
            files = file.namelist()
        names = [name.removesuffix(".npy") for name in files if name.endswith(".npy")]
        pictures, labels = (
            [name for name in known if name in names and (not part or name.endswith(part))]
            for known in (PICTURE_NAMES, LABEL_NAMES)
        )
        for found in (pictures, labels):
            if len(found) > 1:
                raise InvalidDataset(
                    f"{self.path} holds {' and '.join(found)}: say which, such as "
                    f"npz:{self.path},train."
                )
        if not pictures:
            raise InvalidDataset(
                f"{self.path} holds {', '.join(names) or 'nothing'}. It needs an array called "
                f"{PICTURE_NAMES[0]}, and may have one called {LABEL_NAMES[0]}."
            )
        return pictures[0], labels[0] if labels else None

    def _read_labels(self, name: str) -> Labels:
        with self._array(name) as (file, shape, dtype, _):
            if shape != (self.count,) or self.count > MOST_LABELS or dtype.kind not in "ui":
                raise InvalidDataset(
                    f"{self.path} has {self.count:,} pictures, but its labels are {dtype} "
                    f"{shape}. They should be whole numbers, one a picture, and at most "
                    f"{MOST_LABELS:,}."
                )
            labels: NDArray[np.integer] = np.frombuffer(
                file.read(self.count * dtype.itemsize), dtype, self.count
            )
        return checked_labels(labels, self.path)

    @contextmanager
    def _array(
        self, name: str
    ) -> Iterator[tuple[IO[bytes], tuple[int, ...], np.dtype[np.generic], bool]]:
        """An array's file at its first value, its shape, its type, and whether it is by columns."""
        with self._open() as archive, archive.open(f"{name}.npy") as file:
            version = npy.read_magic(file)
            with warnings.catch_warnings(action="ignore"):  # that it is of an old NumPy
                shape, fortran, dtype = HEADERS.get(version, HEADERS[2, 0])(file)
            yield file, shape, dtype, fortran and len(shape) > 1

    @contextmanager
    def _open(self) -> Iterator[zipfile.ZipFile]:
        try:
            with zipfile.ZipFile(self.path) as file:
                yield file
        except DAMAGED as error:
            why = getattr(error, "strerror", None) or error
            raise InvalidDataset(f"{self.path} cannot be read as .npz: {why}.") from error


def _picture_shape(shape: tuple[int, ...]) -> tuple[int, int] | None:
    """Of one picture; None if they are no pictures."""
    if len(shape) == 2 and shape[1] == 784:
        return 28, 28
    if len(shape) == 3 or (len(shape) == 4 and shape[3] == 1):
        return shape[1], shape[2]
    return None
