"""Pen strokes in UNIPEN's format, drawn the way a web canvas draws them."""

from __future__ import annotations

import gzip
import os
import re
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from inkdigits.datasets.dataset import Batch, Dataset
from inkdigits.datasets.idx import gunzipped
from inkdigits.errors import InvalidDataset

Stroke = NDArray[np.float64]
"""Points (N, 2) of x and y, y pointing down."""

PENDIGITS = "pendigits-orig.tra.gz"
"""The pen strokes that are trained on: UCI's "Pen-Based Recognition of Handwritten Digits"."""
OVERSAMPLING = 4
FARTHEST = 1e6
"""From the origin; tablets have some thousands of points along a side."""
MOST_POINTS = 10_000
"""Of a digit; a second of a pen has some hundred."""


@dataclass(frozen=True)
class WrittenDigit:
    """A digit as a pen wrote it."""

    label: int
    writer: int
    strokes: list[Stroke]
    number: int = 0
    """Its place in the file, from 0."""


class StrokesDataset(Dataset):
    """The digits of a UNIPEN file, each drawn once on a canvas of 280x280.

    A digit is drawn the same each time, whoever else's digits are drawn.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        seed: int = 0,
        writers: Collection[int] | None = None,
    ) -> None:
        """Of `writers`, or of all; see `read_unipen`."""
        super().__init__(f"strokes:{path}")
        self.path, self.seed = Path(path), seed
        self._digits = read_unipen(path, writers)
        self.writers = np.array([digit.writer for digit in self._digits])
        """(N,) who wrote each digit."""

    def batches(self, batch_size: int = 1000) -> Iterator[Batch]:
        for start in range(0, len(self._digits), batch_size):
            part = self._digits[start : start + batch_size]
            canvases = [
                draw(digit.strokes, np.random.default_rng([self.seed, digit.number]))
                for digit in part
            ]
            yield Batch(
                np.stack(canvases),
                np.array([digit.label for digit in part], np.uint8),
                [
                    f"{self.path.name}, digit {digit.number + 1} by writer {digit.writer}"
                    for digit in part
                ],
            )


def parse_writers(text: str) -> frozenset[int]:
    """The writers that "25-30" or "1,4,25-30" names; both ends of a range are in it.

    Raises InvalidDataset, quoting the part, for what is no number and no range.
    """
    writers: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*([0-9]{1,4})(?:\s*-\s*([0-9]{1,4}))?\s*", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 1 <= first <= last:
            raise InvalidDataset(
                f'"{part}" names no writers. Give numbers from 1 and ranges, such as "1,4,25-30".'
            )
        writers.update(range(first, last + 1))
    return frozenset(writers)


def read_unipen(
    path: str | os.PathLike[str], writers: Collection[int] | None = None
) -> list[WrittenDigit]:
    """The digits of a UNIPEN file whose comments give label, writer and a number; gzipped or not.

    Those of `writers`, or all of them. Raises InvalidDataset, naming the digit, if it is not such
    a file, and if one of the writers wrote nothing in it.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
        if content.startswith(b"\x1f\x8b"):
            content = gunzipped(content, path)
        segments = content.decode("ascii").split(".SEGMENT")[1:]
    except UnicodeDecodeError as error:
        raise InvalidDataset(
            f"{path} is no UNIPEN file, which is plain text, or gzipped. Unpack what is packed in "
            "another way (a .Z file: gzip -d)."
        ) from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InvalidDataset(f"{path} is damaged: {error}. Get it again.") from error
    except OSError as error:
        why = error.strerror or error
        raise InvalidDataset(f"{path} cannot be read: {why}. Check its path.") from error
    if not segments:
        raise InvalidDataset(f"{path} is no UNIPEN file: it has no .SEGMENT.")
    digits = []
    for number, segment in enumerate(segments):
        try:
            digits.append(_written_digit(segment, number))
        except ValueError as error:
            raise InvalidDataset(f"{path}, digit {number + 1}: {error}.") from error
    if writers is None:
        return digits
    known = {digit.writer for digit in digits}
    if absent := sorted(set(writers) - known):
        raise InvalidDataset(
            f"{path} has nothing by writer {absent[0]}. Its writers are {min(known)} to "
            f"{max(known)}."
        )
    return [digit for digit in digits if digit.writer in writers]


def draw(strokes: list[Stroke], rng: np.random.Generator, side: int = 280) -> NDArray[np.uint8]:
    """Dark ink on a white canvas: a round pen of 8 to 22 px, 35 to 85 % of the canvas, anywhere."""
    placed, pen = place(strokes, rng, side)
    return ink(placed, pen, side)


def place(
    strokes: list[Stroke], rng: np.random.Generator, side: int = 280
) -> tuple[list[Stroke], float]:
    """Where `draw` draws the strokes, in the canvas's pixels, and how broad its pen is."""
    points = np.concatenate(strokes)
    low, size = points.min(0), max(np.ptp(points, axis=0).max(), 1)
    scale = side * rng.uniform(0.35, 0.85) / size
    pen = rng.uniform(8, 22)
    extent = np.ptp(points, axis=0) * scale
    corner = rng.uniform(pen / 2, np.maximum(side - extent - pen / 2, pen / 2 + 1e-6))
    return [(stroke - low) * scale + corner for stroke in strokes], pen


def ink(placed: list[Stroke], pen: float, side: int = 280) -> NDArray[np.uint8]:
    """Strokes in pixels, inked dark on a white canvas with a round pen of `pen` pixels."""
    canvas = Image.new("L", (side * OVERSAMPLING,) * 2, 255)
    brush = ImageDraw.Draw(canvas)
    radius = pen * OVERSAMPLING / 2
    for stroke in placed:
        path = stroke * OVERSAMPLING
        brush.line([tuple(point) for point in path], fill=0, width=round(2 * radius))
        for x, y in path:
            brush.ellipse([x - radius, y - radius, x + radius, y + radius], fill=0)
    return np.asarray(canvas.resize((side, side), Image.Resampling.BOX))


def _written_digit(segment: str, number: int) -> WrittenDigit:
    comment = re.search(r"\.COMMENT\s+(\S+)\s+([0-9]+)", segment)
    if not comment:
        raise ValueError("no .COMMENT says its label and its writer's number")
    label, writer = comment.groups()
    if label not in set("0123456789"):
        raise ValueError(f"its label is {label!r}, and no digit from 0 to 9")
    strokes = []
    for stroke in segment.split(".PEN_DOWN")[1:]:
        numbers = np.array(stroke.split(".PEN_UP")[0].split(), float)
        if len(numbers) % 2 or not (np.abs(numbers) <= FARTHEST).all():
            raise ValueError(f"a stroke is not pairs of numbers to {FARTHEST:,.0f}, x and y")
        if len(numbers):
            strokes.append(numbers.reshape(-1, 2) * [1, -1])
    if not strokes:
        raise ValueError("it has no strokes")
    if sum(map(len, strokes)) > MOST_POINTS:
        raise ValueError(f"it has more than {MOST_POINTS:,} points")
    return WrittenDigit(int(label), int(writer), strokes, number)
