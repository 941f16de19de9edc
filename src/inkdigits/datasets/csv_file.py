"""CSV files of 784 pixels a row, as Kaggle's digit recogniser and many others give MNIST."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from inkdigits.datasets.dataset import Batch, Dataset, Labels
from inkdigits.errors import InvalidDataset

SIDE = 28  # as normalize.SIDE, whose room needs onnx; a submission needs only the core
PIXELS = SIDE * SIDE
LABEL_NAMES = {"label", "labels", "class", "digit", "target", "y"}
BYTES_AT_ONCE = 512 * 1024
"""So much text is parsed at a time: what is made of it stays in the processor's cache."""


class CsvDataset(Dataset):
    """A picture a row: 784 pixels from 0 to 255 and, perhaps, a label from 0 to 9.

    With a header or without one. The label is in the column that is called so or, where no name
    tells it, in the first or the last of 785 columns. Pixels are in the order of their columns,
    row by row of the picture, whatever they are called.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(f"csv:{path}")
        self.path = Path(path)
        with self._open() as file:
            first = file.readline()
            sample = [first, *(file.readline() for _ in range(200))]
        if not first.strip():
            raise InvalidDataset(f"{self.path} is empty.")
        names = [name.strip() for name in _split(first)]
        self._has_header = any(_number(name) is None for name in names)
        self._columns = len(names)
        self._names = names if self._has_header else [f"{i + 1}" for i in range(self._columns)]
        self._label_column = self._find_label(sample)

    @property
    def has_labels(self) -> bool:
        return self._label_column is not None

    def batches(self, batch_size: int = 1000) -> Iterator[Batch]:
        start = 0
        for rows in _in_parts(self._rows(), batch_size):
            labels, pixels = self._label_and_pixels(rows, start)
            count = len(pixels)
            first, name = self._line(start), self.path.name
            origins = [f"{name}, row {line}" for line in range(first, first + count)]
            yield Batch(pixels.reshape(-1, SIDE, SIDE), labels, origins)
            start += count

    def _line(self, row: int) -> int:
        """The line in the file, from 1, of a row of data, from 0."""
        return row + 1 + self._has_header

    def _find_label(self, sample: list[bytes]) -> int | None:
        named = [i for i, name in enumerate(self._names) if name.lower() in LABEL_NAMES]
        if self._has_header and len(named) == 1 and self._columns == PIXELS + 1:
            return named[0]
        if self._columns == PIXELS and not named:
            return None
        if self._columns != PIXELS + 1:
            raise InvalidDataset(
                f"{self.path} has {self._columns} columns. It needs {PIXELS} pixels of {SIDE} x "
                f"{SIDE}, and may have a label beside them."
            )
        # No name tells: labels differ from row to row, the pixels in the corners hardly do.
        rows = [_split(line) for line in sample[self._has_header :] if line.strip()]
        for column in (0, -1):
            values = {row[column].strip() for row in rows if len(row) == self._columns}
            if len(values) > 1 and values <= set("0123456789"):
                return column % self._columns
        raise InvalidDataset(
            f'{self.path} has {self._columns} columns, but which is the label? Call it "label" in '
            "a first row of names."
        )

    def _label_and_pixels(
        self, rows: NDArray[np.uint8], start: int
    ) -> tuple[Labels | None, NDArray[np.uint8]]:
        if self._label_column is None:
            return None, rows
        labels = rows[:, self._label_column].copy()
        wrong = np.flatnonzero(labels > 9)
        if len(wrong):
            raise InvalidDataset(
                f"{self.path}, row {self._line(start + wrong[0])}, column "
                f"{self._names[self._label_column]}: the label is {labels[wrong[0]]}, and no digit "
                "from 0 to 9."
            )
        if self._label_column == 0:
            return labels, rows[:, 1:]
        return labels, np.delete(rows, self._label_column, axis=1)

    def _rows(self) -> Iterator[NDArray[np.uint8]]:
        """The file's rows of numbers, (N, columns), in parts of any length."""
        _let_memory_be_used_again()
        line = 1
        with self._open() as file:
            if self._has_header:
                file.readline()
                line += 1
            rest = b""
            while text := file.read(BYTES_AT_ONCE):
                whole, newline, rest = (rest + text).rpartition(b"\n")
                if newline:
                    yield self._parsed(whole + newline, line)
                    newlines = np.frombuffer(whole, np.uint8) == ord("\n")
                    line += int(np.count_nonzero(newlines)) + 1
            if rest.strip():
                yield self._parsed(rest + b"\n", line)

    def _parsed(self, text: bytes, line: int) -> NDArray[np.uint8]:
        """The numbers in whole lines of text, of which the first is that line of the file."""
        if b"\r" in text:
            text = text.replace(b"\r\n", b"\n")
        values = _digits_only(text, self._columns)
        return self._one_by_one(text, line) if values is None else values

    def _one_by_one(self, text: bytes, line: int) -> NDArray[np.uint8]:
        """The same, slowly, for what is unusual; says what is wrong and where."""
        rows = []
        lines = io.StringIO(text.decode("utf-8", "replace"), newline="")
        for number, row in enumerate(csv.reader(lines), start=line):
            if not row:
                continue
            if len(row) != self._columns:
                raise InvalidDataset(
                    f"{self.path}, row {number}: it has {len(row)} columns instead of "
                    f"{self._columns}."
                )
            rows.append([self._checked(value, number, i) for i, value in enumerate(row)])
        return np.array(rows, np.uint8).reshape(-1, self._columns)

    def _checked(self, value: str, line: int, column: int) -> int:
        number = _number(value)
        if number is None or number % 1 != 0 or not 0 <= number <= 255:
            what = "a label from 0 to 9" if column == self._label_column else "a pixel of 0 to 255"
            raise InvalidDataset(
                f"{self.path}, row {line}, column {self._names[column]}: {value.strip()!r} is not "
                f"{what}."
            )
        return int(number)

    def _open(self) -> BinaryIO:
        try:
            file = self.path.open("rb")
        except OSError as error:
            raise InvalidDataset(
                f"{self.path} cannot be read: {error.strerror}. Check its path."
            ) from error
        return file


def _digits_only(text: bytes, columns: int) -> NDArray[np.uint8] | None:
    """The numbers of lines that are nothing but digits and commas; None if anything is unusual.

    Where a number ends is found for the whole text at once, and its digits stand before that.
    """
    characters = np.frombuffer(text, np.uint8)
    digits = characters - ord("0")  # what is no digit wraps around, to far above 9
    ends = np.flatnonzero(digits > 9)
    lines = np.count_nonzero(characters == ord("\n"))
    commas = np.count_nonzero(characters == ord(","))
    if len(ends) != lines * columns or commas != lines * (columns - 1):
        return None
    if (characters[ends[columns - 1 :: columns]] != ord("\n")).any():
        return None
    # A place before the first character is one from the end, where the last newline stands.
    values = digits.take(ends - 1, mode="wrap")
    tens = digits.take(ends - 2, mode="wrap")
    if values.max() > 9:  # a comma behind a comma: nothing between them
        return None
    longer = np.flatnonzero(tens <= 9)
    values[longer] += 10 * tens[longer]
    hundreds = digits[ends[longer] - 3]
    longest = np.flatnonzero(hundreds <= 9)
    hundreds, longest = hundreds[longest], longer[longest]
    if (digits[ends[longest] - 4] <= 9).any():
        return None
    if (hundreds.astype(np.int16) * 100 + values[longest] > 255).any():
        return None
    values[longest] += 100 * hundreds
    return values.reshape(-1, columns)


def _let_memory_be_used_again() -> None:
    """Free one large block, without ever touching it.

    glibc takes that for a sign that such blocks come and go. Otherwise it would give the memory of
    each part back to the system and ask for it again, page by page.
    """
    np.empty(16 * 2**20, np.uint8)


def _in_parts(blocks: Iterator[NDArray[np.uint8]], size: int) -> Iterator[NDArray[np.uint8]]:
    """The rows of all blocks, `size` at a time."""
    waiting: list[NDArray[np.uint8]] = []
    count = 0
    for block in blocks:
        waiting.append(block)
        count += len(block)
        while count >= size:
            rows = np.concatenate(waiting)
            yield rows[:size]
            waiting, count = [rows[size:]], count - size
    if count:
        yield np.concatenate(waiting)


def _split(line: bytes) -> list[str]:
    return next(csv.reader([line.decode("utf-8-sig", "replace")]), [])


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
