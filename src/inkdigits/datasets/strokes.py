"""Pen strokes in UNIPEN's format, drawn the way a web canvas draws them."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from inkdigits.datasets.dataset import Batch, Dataset
from inkdigits.errors import InvalidDataset

Stroke = NDArray[np.float64]
"""Points (N, 2) of x and y, y pointing down."""

OVERSAMPLING = 4


@dataclass(frozen=True)
class WrittenDigit:
    """A digit as a pen wrote it."""

    label: int
    writer: int
    strokes: list[Stroke]


class StrokesDataset(Dataset):
    """The digits of a UNIPEN file, each drawn once on a canvas of 280x280, the same each time."""

    def __init__(self, path: str | os.PathLike[str], seed: int = 0) -> None:
        super().__init__(f"strokes:{path}")
        self.path, self.seed = Path(path), seed
        self._digits = read_unipen(path)

    def batches(self, batch_size: int = 1000) -> Iterator[Batch]:
        for start in range(0, len(self._digits), batch_size):
            part = self._digits[start : start + batch_size]
            canvases = [
                draw(digit.strokes, np.random.default_rng([self.seed, start + i]))
                for i, digit in enumerate(part)
            ]
            yield Batch(
                np.stack(canvases),
                np.array([digit.label for digit in part], np.uint8),
                [
                    f"{self.path.name}, digit {start + i + 1} by writer {digit.writer}"
                    for i, digit in enumerate(part)
                ],
            )


def read_unipen(path: str | os.PathLike[str]) -> list[WrittenDigit]:
    """The digits of a UNIPEN file whose comments give label, writer and a number; gzipped or not.

    Raises InvalidDataset, naming the digit, if it is not such a file.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
        if content.startswith(b"\x1f\x8b"):
            content = gzip.decompress(content)
        segments = content.decode("ascii").split(".SEGMENT")[1:]
    except OSError as error:
        why = error.strerror or error
        raise InvalidDataset(f"{path} cannot be read: {why}. Check its path.") from error
    except (EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InvalidDataset(f"{path} is damaged, or no UNIPEN file: {error}.") from error
    if not segments:
        raise InvalidDataset(f"{path} is no UNIPEN file: it has no .SEGMENT.")
    digits = []
    for number, segment in enumerate(segments, start=1):
        try:
            digits.append(_written_digit(segment))
        except (ValueError, IndexError) as error:
            raise InvalidDataset(f"{path}, digit {number}: {error}.") from error
    return digits


def draw(strokes: list[Stroke], rng: np.random.Generator, side: int = 280) -> NDArray[np.uint8]:
    """Dark ink on a white canvas: a round pen of 8 to 22 px, 35 to 85 % of the canvas, anywhere."""
    points = np.concatenate(strokes)
    low, size = points.min(0), max(np.ptp(points, axis=0).max(), 1)
    scale = side * rng.uniform(0.35, 0.85) / size
    pen = rng.uniform(8, 22)
    extent = np.ptp(points, axis=0) * scale
    place = rng.uniform(pen / 2, np.maximum(side - extent - pen / 2, pen / 2 + 1e-6))

    canvas = Image.new("L", (side * OVERSAMPLING,) * 2, 255)
    brush = ImageDraw.Draw(canvas)
    radius = pen * OVERSAMPLING / 2
    for stroke in strokes:
        path = ((stroke - low) * scale + place) * OVERSAMPLING
        brush.line([tuple(point) for point in path], fill=0, width=round(2 * radius))
        for x, y in path:
            brush.ellipse([x - radius, y - radius, x + radius, y + radius], fill=0)
    return np.asarray(canvas.resize((side, side), Image.Resampling.BOX))


def _written_digit(segment: str) -> WrittenDigit:
    label, writer = segment.split(".COMMENT")[1].split()[:2]
    if label not in set("0123456789"):
        raise ValueError(f"its label is {label!r}, and no digit from 0 to 9")
    strokes = [
        np.array(stroke.split(".PEN_UP")[0].split(), float).reshape(-1, 2) * [1, -1]
        for stroke in segment.split(".PEN_DOWN")[1:]
    ]
    if not sum(map(len, strokes)):
        raise ValueError("it has no strokes")
    return WrittenDigit(int(label), int(writer), [stroke for stroke in strokes if len(stroke)])
