"""Strokes drawn as pens, fingers and mice draw them: small pictures to train on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from inkdigits.datasets.strokes import Stroke

SIDE = 56
"""Width and height of the pictures."""
OVERSAMPLING = 4


@dataclass(frozen=True)
class Pen:
    """What draws. Lengths are shares of the longer side of what is drawn."""

    width: float = 0.1
    """Of the line."""
    pressure: float = 0.0
    """How much the width swells and shrinks along a stroke, in 0..1."""
    speed: float = 0.0
    """How much thinner the line is where the pen moves fast, in 0..1."""
    nib: float = 0.0
    """How much thinner the line is along the nib's edge, in 0..1: a flat nib."""
    nib_angle: float = 0.0
    """Of the edge, in radians."""
    jitter: float = 0.0
    """Standard deviation of each point's place: a mouse, or a shaking hand."""
    sparse: int = 1
    """Only every so many points are joined, with straight lines: a slow or a hasty device."""

    @staticmethod
    def random(rng: np.random.Generator) -> Pen:
        """A pen, a finger, a mouse, a brush or a flat nib, of any width people use."""
        width = float(np.exp(rng.uniform(np.log(0.03), np.log(0.21))))
        kind = rng.choice(["pen", "finger", "mouse", "brush", "nib"], p=[0.5, 0.15, 0.15, 0.1, 0.1])
        if kind == "finger":
            return Pen(max(width, 0.1), pressure=0.15, jitter=0.004)
        if kind == "mouse":
            return Pen(width, jitter=rng.uniform(0.0, 0.02), sparse=int(rng.integers(1, 5)))
        if kind == "brush":
            return Pen(width, pressure=rng.uniform(0.1, 0.6), speed=rng.uniform(0.0, 0.6))
        if kind == "nib":
            return Pen(width, nib=rng.uniform(0.3, 0.8), nib_angle=rng.uniform(0, np.pi))
        return Pen(width, speed=rng.uniform(0.0, 0.2))


def draw_with(
    pen: Pen,
    strokes: list[Stroke],
    rng: np.random.Generator,
    size: float = 0.78,
    side: int = SIDE,
) -> NDArray[np.uint8]:
    """The strokes in the middle of a picture (side, side), ink bright.

    `size` is the longer side of the ink, as a share of the picture's.
    """
    points = np.concatenate(strokes)
    low, high = points.min(0), points.max(0)
    extent = max((high - low).max(), 1e-6)
    side = side * OVERSAMPLING
    scale = side * (size - min(pen.width, 0.3) * size)
    middle = (low + high) / 2

    canvas = Image.new("L", (side, side), 0)
    brush = ImageDraw.Draw(canvas)
    for stroke in strokes:
        path = _trembling((stroke - middle) / extent, pen, rng)
        radii = np.maximum(_widths(path, pen, rng) * side * size / 2, OVERSAMPLING * 0.6)
        _draw_line(brush, path * scale + side / 2, radii)
    return np.asarray(canvas.reduce(OVERSAMPLING))


def _trembling(stroke: Stroke, pen: Pen, rng: np.random.Generator) -> Stroke:
    if pen.sparse > 1 and len(stroke) > 2 * pen.sparse:
        stroke = np.concatenate([stroke[: -1 : pen.sparse], stroke[-1:]])
    if pen.jitter:
        stroke = stroke + rng.normal(0, pen.jitter, stroke.shape)
    return stroke


def _widths(stroke: Stroke, pen: Pen, rng: np.random.Generator) -> NDArray[np.float64]:
    """The line's width at each point of a stroke."""
    count = len(stroke)
    widths = np.full(count, pen.width)
    if count < 2:
        return widths
    if pen.pressure:
        along = np.linspace(0, 1, count)
        waves = np.sin(2 * np.pi * (along * rng.uniform(0.3, 1.5) + rng.uniform()))
        widths *= 1 + pen.pressure * 0.6 * waves
    steps = np.gradient(stroke, axis=0)
    if pen.speed:
        speed = np.hypot(steps[:, 0], steps[:, 1])
        widths *= 1 - pen.speed * 0.7 * np.minimum(speed / (speed.mean() * 2 + 1e-9), 1)
    if pen.nib:
        angles = np.arctan2(steps[:, 1], steps[:, 0])
        widths *= 1 - pen.nib * np.abs(np.cos(angles - pen.nib_angle))
    return widths


def _draw_line(brush: Any, path: NDArray[np.float64], radii: NDArray[np.float64]) -> None:
    """Round caps and joins: a disc at each point, and a band between each two."""
    for (x, y), radius in zip(path.tolist(), radii.tolist(), strict=True):
        brush.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    ends = path.tolist()
    for start, end, radius in zip(ends, ends[1:], radii.tolist(), strict=False):
        brush.line((*start, *end), fill=255, width=max(round(2 * radius), 1))
