"""How `hard_pictures.py` writes: a round pen, digits and marks on a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from drawn_pages import Box, Hand, Mask, Rng, StrokeHand, Written
from hard_texts import TIMES
from inkdigits.datasets.strokes import Stroke, WrittenDigit

FINE = 3
"""Drawn so many times larger, for smooth edges."""

MARKS: dict[str, list[list[tuple[float, float]]]] = {
    ".": [[(0, 0.97)]],
    ",": [[(0.07, 0.93), (0.06, 1.03), (-0.05, 1.17)]],
    "-": [[(0, 0.57), (0.24, 0.56), (0.48, 0.56)]],
    "+": [[(0, 0.55), (0.6, 0.55)], [(0.29, 0.25), (0.3, 0.86)]],
    TIMES: [[(0, 0.33), (0.23, 0.57), (0.47, 0.82)], [(0.46, 0.32), (0.23, 0.57), (0, 0.83)]],
    "÷": [[(0, 0.55), (0.56, 0.55)], [(0.28, 0.24)], [(0.28, 0.86)]],
    "/": [[(0.46, -0.08), (0.22, 0.5), (0, 1.1)]],
    "=": [[(0, 0.42), (0.55, 0.42)], [(0, 0.72), (0.55, 0.71)]],
    ":": [[(0, 0.36)], [(0, 0.9)]],
}
"""Their strokes, as shares of the digits' height; the line is at 1, and one point is a dot."""


def smooth_hand(digits: Sequence[WrittenDigit]) -> StrokeHand:
    """One who wrote these, without the tablet's steps, which show where digits are large."""
    return StrokeHand(
        [replace(digit, strokes=[smooth(stroke) for stroke in digit.strokes]) for digit in digits]
    )


def smooth(stroke: Stroke) -> Stroke:
    """The stroke in finer and rounder steps, with the same ends."""
    stroke = np.asarray(stroke, float)
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(stroke, axis=0).T))])
    if along[-1] == 0:
        return stroke[:1]
    places = np.linspace(0, along[-1], 5 * len(stroke))
    points = np.stack([np.interp(places, along, stroke[:, axis]) for axis in (0, 1)], 1)
    rounded: Stroke = ndimage.gaussian_filter1d(points, 3.5, axis=0, mode="nearest")
    rounded[[0, -1]] = stroke[[0, -1]]
    return rounded


def drawn(strokes: Sequence[Stroke], pen: float, dot: float = 1.4) -> tuple[Mask, int, int]:
    """Strokes as a round pen draws them; and where the mask's left and top edges are.

    A stroke of one point is a disc of `dot` pens.
    """
    points = np.concatenate(strokes)
    reach = pen * max(dot, 1) / 2 + 1
    left, top = np.floor(points.min(0) - reach).astype(int)
    width, height = (np.ceil(points.max(0) + reach) - [left, top]).astype(int)
    canvas = Image.new("L", (int(width) * FINE, int(height) * FINE))
    brush = ImageDraw.Draw(canvas)
    for stroke in strokes:
        radius = pen * FINE / 2 * (dot if len(stroke) == 1 else 1)
        path = (stroke - [left, top]) * FINE
        brush.line([tuple(at) for at in path], fill=255, width=max(round(2 * radius), 1))
        for x, y in path:
            brush.ellipse([x - radius, y - radius, x + radius, y + radius], fill=255)
    return np.asarray(canvas.reduce(FINE), np.float32) / 255, int(left), int(top)


def thickness(ink: Mask) -> float:
    """About how wide the pen was that wrote this."""
    depths = ndimage.distance_transform_edt(np.pad(ink > 0.4, 1))
    return float(2.2 * np.percentile(depths[depths > 0], 90))


def in_a_row(text: str, hand: Hand, height: int, pen: float, rng: Rng) -> Written:
    """Digits and marks one after the other, on a line that may rise or fall."""
    gap, slope = height * rng.uniform(0.08, 0.28), rng.uniform(-0.05, 0.05)
    tall, room = height * 4, height * (3 * len(text) + 2)
    ink, boxes, x = np.zeros((tall, room), np.float32), [], float(height)
    digits = {
        place: hand.digit(int(sign), height * rng.uniform(0.88, 1.08), pen, rng)
        for place, sign in enumerate(text)
        if sign.isascii() and sign.isdigit()
    }
    pen = float(np.median([thickness(mask) for mask in digits.values()]))
    for place, sign in enumerate(text):
        base = 2.5 * height + slope * (x - height) + height * rng.normal(0, 0.025)
        if place in digits:
            mask = digits[place]
            top = round(base) - len(mask)
        else:
            mask, top = _mark(sign, height, pen, rng)
            top += round(base) - height
        left = round(x)
        high, wide = mask.shape
        part = ink[top : top + high, left : left + wide]
        np.maximum(part, mask, out=part)
        if place in digits:
            boxes.append((left, top, left + wide, top + high))
        x = left + wide + max(gap + height * rng.normal(0, 0.03), 2.0)
    return _trimmed(text, height, ink, boxes)


def _mark(sign: str, height: int, pen: float, rng: Rng) -> tuple[Mask, int]:
    """A mark, and how far its top lies below the top of the digits."""
    stretch = height * rng.uniform(0.85, 1.1) * np.array([rng.uniform(0.8, 1.15), 1])
    strokes = [
        (np.array(line) + rng.normal(0, 0.018, (len(line), 2))) * stretch for line in MARKS[sign]
    ]
    mask, _, top = drawn(strokes, pen, dot=rng.uniform(1.05, 1.6))
    return mask, top


def _trimmed(text: str, height: int, ink: Mask, boxes: Sequence[Box]) -> Written:
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    top, left = int(rows[0]), int(columns[0])
    return Written(
        text,
        height,
        ink[top : rows[-1] + 1, left : columns[-1] + 1],
        tuple((x0 - left, y0 - top, x1 - left, y1 - top) for x0, y0, x1, y1 in boxes),
    )
