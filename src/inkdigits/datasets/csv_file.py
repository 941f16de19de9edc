"""CSV files of 784 pixels a row, as Kaggle's digit recogniser and many others give MNIST."""

from __future__ import annotations

import codecs
import csv
import os
import warnings
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from inkdigits.datasets.dataset import Batch, Dataset, Labels
from inkdigits.errors import InvalidDataset
from inkdigits.picture.sources import printable

SIDE = 28  # as normalize.SIDE, whose room needs onnx; a submission needs only the core
PIXELS = SIDE * SIDE
LABEL_NAMES = {"label", "labels", "class", "digit", "target", "y"}
INDEX_NAMES = {"", "id", "image_id", "imageid", "index", "unnamed: 0"}
"""Of columns that only number the rows; pandas writes the first and the last."""
LONGEST = 2**16
"""Characters of a line; 785 numbers take some 3,000."""
SEPARATORS = {";": "semicolons", "\t": "tabs"}
"""Of other tables; a comma stands in none of these but perhaps in numbers."""
PLACES = 50
"""In so many the file is looked at to find out which column is the label."""


class CsvDataset(Dataset):
    """A picture a row: 784 pixels from 0 to 255 and, perhaps, a label from 0 to 9.

    With a header or without one. The label is in the column that is called so or, where no name
    tells it, in the first or the last of 785 columns. Pixels are in the order of their columns,
    row by row of the picture, whatever they are called. A column called id, or by another of
    `INDEX_NAMES`, is not looked at.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(f"csv:{path}")
        self.path = Path(path)
        with self._open() as file:
            self._check_start(file.buffer.read(4))
            file.seek(0)
            first, *sample = self._lines(file, 201, 1) or [""]
        if not first.strip():
            raise InvalidDataset(f"{self.path} is empty.")
        names = [name.strip() for name in _split(first)]
        self._has_header = _are_names(names)
        self._columns = len(names)
        indexed = [self._has_header and name.lower() in INDEX_NAMES for name in names]
        self._index_columns = np.flatnonzero(indexed).tolist()
        self._used_columns = np.flatnonzero(~np.array(indexed)).tolist()
        self._names = names if self._has_header else [f"{i + 1}" for i in range(self._columns)]
        for sign, name in SEPARATORS.items():
            if self._columns < PIXELS <= first.count(sign) + 1:
                raise InvalidDataset(
                    f"{self.path} has its columns separated by {name}. Save it with commas instead."
                )
        self._label_column = self._find_label(sample if self._has_header else [first, *sample])

    @property
    def has_labels(self) -> bool:
        return self._label_column is not None

    def batches(self, batch_size: int = 1000) -> Iterator[Batch]:
        for numbers, rows in self._rows(batch_size):
            labels, pixels = self._label_and_pixels(rows, numbers)
            origins = [f"{printable(self.path.name)}, row {number}" for number in numbers]
            yield Batch(pixels.reshape(-1, SIDE, SIDE), labels, origins)

    def _check_start(self, start: bytes) -> None:
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise InvalidDataset(f"{self.path} is UTF-16. Save it as CSV in UTF-8.")
        if start.startswith(b"\x1f\x8b"):
            raise InvalidDataset(
                f"{self.path} is packed by gzip. Unpack it, as gunzip does, and name what comes."
            )
        if start == b"PK\x03\x04":
            raise InvalidDataset(
                f"{self.path} is a zip archive. Unpack it, and name the CSV file that is in it."
            )

    def _find_label(self, sample: list[str]) -> int | None:
        named = [i for i, name in enumerate(self._names) if name.lower() in LABEL_NAMES]
        used = len(self._used_columns)
        if self._has_header and len(named) == 1 and used == PIXELS + 1:
            return named[0]
        if used == PIXELS and not named:
            return None
        if used != PIXELS + 1:
            raise InvalidDataset(
                f"{self.path} has {self._columns} columns. It needs {PIXELS} pixels of {SIDE} x "
                f"{SIDE}, and may have a label beside them."
            )
        # No name tells: labels differ from row to row, the pixels in the corners hardly do.
        lines = [*sample, *self._lines_elsewhere()]  # rows may be sorted by their label
        rows = [row for row in map(_split, lines) if len(row) == self._columns]
        candidates = []
        for column in (self._used_columns[0], self._used_columns[-1]):
            values = {row[column].strip() for row in rows}
            if len(values) > 1 and values <= set("0123456789"):
                candidates.append(column)
        if len(candidates) == 1:
            return candidates[0]
        raise InvalidDataset(
            f'{self.path} has {self._columns} columns, but which is the label? Call it "label" in '
            "a first row of names."
        )

    def _lines_elsewhere(self) -> list[str]:
        """Some whole lines of each of so many places in the file."""
        lines: list[str] = []
        with self._open() as text:
            file = text.buffer
            size = file.seek(0, os.SEEK_END)
            for place in range(0, size, size // PLACES + 1):
                file.seek(place)
                whole = file.read(LONGEST // 4).splitlines()[1:-1]
                lines += [line.decode(errors="replace") for line in whole]
        return lines

    def _label_and_pixels(
        self, rows: NDArray[np.uint8], numbers: list[int]
    ) -> tuple[Labels | None, NDArray[np.uint8]]:
        if self._label_column is None:
            return None, rows[:, self._used_columns]
        labels = rows[:, self._label_column].copy()
        wrong = np.flatnonzero(labels > 9)
        if len(wrong):
            raise InvalidDataset(
                f"{self.path}, row {numbers[wrong[0]]}, column "
                f"{self._names[self._label_column]}: the label is {labels[wrong[0]]}, and no digit "
                "from 0 to 9."
            )
        return labels, np.delete(rows, [*self._index_columns, self._label_column], axis=1)

    def _rows(self, most: int) -> Iterator[tuple[list[int], NDArray[np.uint8]]]:
        """At most so many of the file's rows of numbers at a time, (N, columns), and before them
        the line, from 1, that each is in."""
        with self._open() as file:
            line = 1 + self._has_header
            if self._has_header:
                file.readline()
            while lines := self._lines(file, most, line):
                if len(rows := self._parsed(lines, line)):
                    yield [line + i for i, text in enumerate(lines) if text.strip("\n")], rows
                line += len(lines)

    def _lines(self, file: TextIO, most: int, line: int) -> list[str]:
        """At most so many lines, from where the file stands, at which it has that line."""
        lines = list(islice(iter(partial(file.readline, LONGEST), ""), most))
        for number, text in enumerate(lines, start=line):
            if len(text) == LONGEST:
                raise InvalidDataset(
                    f"{self.path}, row {number}: it is longer than {LONGEST:,} characters."
                )
        return lines

    def _parsed(self, lines: list[str], line: int) -> NDArray[np.uint8]:
        """The numbers in lines of text, of which the first is that line of the file."""
        # Older releases of NumPy only warn that they take 1.5 for 1 and 256 for 0.
        with suppress(ValueError, Warning), warnings.catch_warnings(action="error"):
            rows = np.loadtxt(
                lines,
                np.uint8,
                delimiter=",",
                comments=None,
                ndmin=2,
                converters=dict.fromkeys(self._index_columns, lambda _: 0),
            )
            if rows.shape[1] == self._columns:
                return rows
        return self._one_by_one(lines, line)

    def _one_by_one(self, lines: list[str], line: int) -> NDArray[np.uint8]:
        """The same, slowly, for what is unusual; says what is wrong and where."""
        rows = []
        for number, row in enumerate(map(_split, lines), start=line):
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
        if column in self._index_columns:
            return 0
        number = _number(value)
        if number is None or number % 1 != 0 or not 0 <= number <= 255:
            what = "a label from 0 to 9" if column == self._label_column else "a pixel of 0 to 255"
            raise InvalidDataset(
                f"{self.path}, row {line}, column {self._names[column]}: {value.strip()!r} is not "
                f"{what}."
            )
        return int(number)

    def _open(self) -> TextIO:
        """The file, whose lines may end as on any system."""
        try:
            file = self.path.open(encoding="utf-8-sig", errors="replace")
        except OSError as error:
            raise InvalidDataset(
                f"{self.path} cannot be read: {error.strerror}. Check its path."
            ) from error
        return file


def _are_names(cells: list[str]) -> bool:
    """Whether a first row is a header: one of them is known, most are no numbers, or they count."""
    filled = [cell.lower() for cell in cells if cell]
    numbers = [_number(cell) for cell in filled]
    return (
        not {*filled}.isdisjoint(LABEL_NAMES | INDEX_NAMES)
        or numbers.count(None) > len(filled) / 2
        or numbers[-PIXELS:] in ([*range(PIXELS)], [*range(1, PIXELS + 1)])
    )


def _split(line: str) -> list[str]:
    return next(csv.reader([line]), [])


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
