"""Read pen strokes in UNIPEN's format and draw them on canvases."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Stroke = NDArray[np.float64]
"""Points (N, 2) of x and y, y pointing down."""

OVERSAMPLING = 4


@dataclass(frozen=True)
class WrittenDigit:
    label: int
    writer: int
    strokes: list[Stroke]


def read_unipen(path: Path) -> list[WrittenDigit]:
    """The digits of a gzipped UNIPEN file whose comments give label, writer and serial number."""
    digits: list[WrittenDigit] = []
    for segment in gzip.decompress(path.read_bytes()).decode("ascii").split(".SEGMENT")[1:]:
        label, writer = segment.split(".COMMENT")[1].split()[:2]
        strokes = [
            np.array(stroke.split(".PEN_UP")[0].split(), float).reshape(-1, 2) * [1, -1]
            for stroke in segment.split(".PEN_DOWN")[1:]
        ]
        digits.append(WrittenDigit(int(label), int(writer), strokes))
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
