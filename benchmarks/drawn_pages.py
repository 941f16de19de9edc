"""Numbers written on paper, and photographed: pictures whose truth is known.

A number is put together from digits of one hand, laid on a sheet of paper (plain, ruled, squared,
with a printed box, or a board with chalk), and seen by a camera: light, perspective, desk, blur,
noise, JPEG. Lengths are shares of the digits' height unless they are in pixels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from inkdigits.datasets.strokes import WrittenDigit
from inkdigits.synthesis.pens import Pen, draw_with

Plane = NDArray[np.floating[Any]]
"""(H, W)"""
Mask = Plane
"""How much of each pixel is covered, in 0..1."""
Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels; x1 and y1 are exclusive."""
Rng = np.random.Generator

OVERSAMPLING = 3


@dataclass(frozen=True)
class Page:
    """A picture of something written, and what it says."""

    picture: NDArray[np.uint8]
    """(H, W, 3)"""
    text: str
    """A space between numbers, a newline between lines."""
    boxes: tuple[Box, ...]
    """Of the digits' ink, in the order of the text."""


class Hand(Protocol):
    """Writes digits that look as if one person had written them."""

    def digit(self, value: int, height: float, pen: float, rng: Rng) -> Mask:
        """One digit of so many pixels' height, written with a pen of so many pixels, cut out."""


class StrokeHand:
    """Of one who wrote on a tablet."""

    def __init__(self, digits: Sequence[WrittenDigit]) -> None:
        self._by_value = [[d for d in digits if d.label == value] for value in range(10)]

    def digit(self, value: int, height: float, pen: float, rng: Rng) -> Mask:
        written = self._by_value[value]
        strokes = written[rng.integers(len(written))].strokes
        points = np.concatenate(strokes)
        low, extent = points.min(0), np.ptp(points, axis=0)
        # A stroke's middle line is a pen's width shorter than its ink; a flat dash has no height.
        scale = max(height - pen, 1.0) / max(extent[1], extent[0] / 2, 1e-6)
        width, tall = np.ceil(extent * scale + pen + 2).astype(int)
        canvas = Image.new("L", (int(width) * OVERSAMPLING, int(tall) * OVERSAMPLING))
        brush = ImageDraw.Draw(canvas)
        radius = pen * OVERSAMPLING / 2
        for stroke in strokes:
            path = ((stroke - low) * scale + pen / 2 + 1) * OVERSAMPLING
            brush.line([tuple(point) for point in path], fill=255, width=max(round(2 * radius), 1))
            for x, y in path:
                brush.ellipse([x - radius, y - radius, x + radius, y + radius], fill=255)
        return cut_out(np.asarray(canvas.reduce(OVERSAMPLING), np.float32) / 255)


def by_writer(digits: Sequence[WrittenDigit]) -> list[list[WrittenDigit]]:
    """The digits of each writer, in the order of their numbers."""
    writers = sorted({digit.writer for digit in digits})
    return [[digit for digit in digits if digit.writer == writer] for writer in writers]


class PictureHand:
    """Of many people whose digits were scanned, such as MNIST's; the pen is theirs."""

    def __init__(self, pictures: NDArray[np.uint8], labels: NDArray[np.uint8]) -> None:
        """Of pictures (N, H, W), ink bright."""
        self._pictures = pictures
        self._by_value = [np.flatnonzero(labels == value) for value in range(10)]

    def digit(self, value: int, height: float, pen: float, rng: Rng) -> Mask:
        ink = self._pictures[rng.choice(self._by_value[value])]
        rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
        ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        scale = height / max(ink.shape[0], ink.shape[1] / 2)
        size = [max(round(side * scale), 2) for side in reversed(ink.shape)]
        large = Image.fromarray(np.pad(ink, 1)).resize(
            (size[0] + round(2 * scale), size[1] + round(2 * scale)), Image.Resampling.BICUBIC
        )
        # Enlarged edges are soft; a pen's are not.
        sharp = (np.asarray(large, np.float32) / 255 - 0.45) * max(min(scale / 2, 4.0), 1.0) + 0.45
        return cut_out(sharp.clip(0, 1))


class LetterHand:
    """Writes another letter for each digit."""

    def __init__(self, letters: Mapping[str, str], rng: Rng) -> None:
        self._letters = [letters[str(name)] for name in rng.choice(sorted(letters), 10)]
        self._slant = rng.uniform(-0.3, 0.3)

    def digit(self, value: int, height: float, pen: float, rng: Rng) -> Mask:
        strokes = []
        for line in self._letters[value].split("|"):
            knots = np.array([[float(at) for at in point.split(",")] for point in line.split()])
            knots = knots * [rng.uniform(0.5, 0.8), 1] + rng.normal(0, 0.03, knots.shape)
            strokes.append(knots @ np.array([[1, 0], [self._slant, 1]]))
        side = int(height * 1.4) + 8
        drawn = draw_with(Pen(pen / height), strokes, rng, size=height / side, side=side)
        return cut_out(drawn.astype(np.float32) / 255)


def cut_out(mask: Mask) -> Mask:
    """Without what is empty around it."""
    rows, columns = np.flatnonzero((mask > 0.1).any(1)), np.flatnonzero((mask > 0.1).any(0))
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


# ---------------------------------------------------------------- writing


@dataclass(frozen=True)
class Written:
    """Ink without a sheet: how much of each pixel it covers, and the box of each digit."""

    text: str
    height: int
    """Of the digits, about, in pixels."""
    ink: Mask
    boxes: tuple[Box, ...]


def write(text: str, hand: Hand, height: int, rng: Rng, touching: bool = False) -> Written:
    """Write numbers, digits `height` pixels high; a space and a newline stand for what they are.

    Neighbours keep a gap, unless they are `touching`: then their inks meet, or overlap slightly.
    """
    pen = height * rng.uniform(0.05, 0.16)
    slope = rng.uniform(-0.06, 0.06)
    spacing = rng.uniform(0.1, 0.35)
    lines = text.split("\n")
    leading = height * rng.uniform(1.5, 2.2)
    width = int(height * (1.6 * max(len(line) for line in lines) + 2))
    tall = int(leading * (len(lines) - 1) + height * 2.2 + abs(slope) * width)
    # No digit is wider than 2.2 heights, and what is empty is cut off again.
    room = int(height * (2.8 * max(len(line) for line in lines) + 2))
    ink, boxes = np.zeros((tall, room), np.float32), []
    for number, line in enumerate(lines):
        x, base = height / 2, 1.6 * height + leading * number + max(-slope, 0) * width
        before: tuple[Box, Mask] | None = None
        for character in line:
            if character == " ":
                x, before = x + height * rng.uniform(0.7, 1.2), None
                continue
            mask = hand.digit(int(character), height * rng.uniform(0.85, 1.1), pen, rng)
            high, wide = mask.shape
            top = round(base + slope * x - high + height * rng.normal(0, 0.03))
            if before and touching:
                left = _meeting(before, mask, top) - round(height * rng.uniform(0, 0.06))
                left = max(left, 0)  # what is wide may lie above or below
            elif before:
                left = _meeting(before, mask, top)
                left = max(left, before[0][2] - round(height * 0.1))
                left += round(max(height * (spacing + rng.normal(0, 0.04)), height * 0.06, 3))
            else:
                left = round(x)
            box = (left, top, left + wide, top + high)
            place = ink[top : top + high, left : left + wide]
            np.maximum(place, mask, out=place)
            before, x = (box, mask), box[2]
            boxes.append(box)
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    top, left = int(rows[0]), int(columns[0])
    return Written(
        text,
        height,
        ink[top : rows[-1] + 1, left : columns[-1] + 1],
        tuple((x0 - left, y0 - top, x1 - left, y1 - top) for x0, y0, x1, y1 in boxes),
    )


def _meeting(before: tuple[Box, Mask], mask: Mask, top: int) -> int:
    """The left edge at which `mask` just meets the digit before it."""
    (x0, y0, _, y1), other = before
    start, stop = max(y0, top), min(y1, top + len(mask))
    if start >= stop:
        return before[0][2]
    theirs, mine = other[start - y0 : stop - y0] > 0.3, mask[start - top : stop - top] > 0.3
    both = theirs.any(1) & mine.any(1)
    if not both.any():
        return before[0][2]
    right = theirs.shape[1] - theirs[both, ::-1].argmax(1)
    return int(x0 + (right - mine[both].argmax(1)).max())


# ---------------------------------------------------------------- paper and camera


def on_plain_paper(written: Written, rng: Rng) -> Page:
    """As a clean scan or a canvas has it: dark on white, room around it."""
    picture, boxes = _laid_out(written, rng, least=0.1, most=0.8)
    grey = 255 - picture * rng.uniform(160, 255)
    return Page(as_levels(grey[:, :, None].repeat(3, 2)), written.text, boxes)


def as_photo(written: Written, rng: Rng) -> Page:
    """On paper of any kind, seen by a phone's camera."""
    height = written.height
    ink, boxes = _laid_out(written, rng, least=0.3, most=2.5)
    shape = ink.shape
    chalk = rng.random() < 0.08
    if chalk:
        paper = np.ones((*shape, 3)) * rng.uniform([20, 40, 30], [60, 80, 70])
        colour = rng.uniform(170, 250) * np.array([1, 1, rng.uniform(0.85, 1)])
    else:
        paper = np.ones((*shape, 3)) * rng.uniform(185, 250) * rng.uniform([0.94] * 3, [1.0] * 3)
        paper = paper * (1 - _printed(shape, height, rng)[:, :, None] * rng.uniform(0.1, 0.4, 3))
        colour = paper.mean((0, 1)) * _pen_colour(rng)
    paper += paper_texture(shape, rng)[:, :, None]

    grain = 1 - pencil_grain(shape, rng) * (0.6 if chalk or rng.random() < 0.25 else 0.0)
    cover = (ink * grain * rng.uniform(0.8, 1.0))[:, :, None]
    sheet = paper * (1 - cover) + colour * cover

    sheet, boxes = _seen_at_an_angle(sheet, boxes, rng)
    light = light_on(sheet.shape[:2], rng)
    image = Image.fromarray(as_levels(sheet * light[:, :, None]))
    image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0, 0.025) * height))
    noisy = np.asarray(image, np.float32) + rng.normal(0, rng.uniform(0, 9), (*image.size[::-1], 3))
    return Page(as_jpeg(as_levels(noisy), int(rng.integers(35, 95))), written.text, boxes)


def as_levels(levels: NDArray[Any]) -> NDArray[np.uint8]:
    return levels.round().clip(0, 255).astype(np.uint8)


def _laid_out(
    written: Written, rng: Rng, least: float, most: float
) -> tuple[Mask, tuple[Box, ...]]:
    """The ink with a margin of `least` to `most` on each side, and the boxes there."""
    top, bottom, left, right = (
        int(written.height * rng.uniform(least, most)) + 2 for _ in range(4)
    )
    boxes = tuple((x0 + left, y0 + top, x1 + left, y1 + top) for x0, y0, x1, y1 in written.boxes)
    return np.pad(written.ink, ((top, bottom), (left, right))), boxes


def _pen_colour(rng: Rng) -> NDArray[np.float64]:
    """The ink's red, green and blue, as shares of the paper's."""
    kind = rng.choice(["black", "blue", "pencil", "red", "green"], p=[0.3, 0.35, 0.2, 0.1, 0.05])
    darkest, lightest = {
        "black": ([0.05, 0.05, 0.05], [0.3, 0.3, 0.3]),
        "blue": ([0.05, 0.1, 0.4], [0.3, 0.4, 0.75]),
        "pencil": ([0.35, 0.35, 0.35], [0.6, 0.6, 0.6]),
        "red": ([0.6, 0.05, 0.05], [0.85, 0.3, 0.3]),
        "green": ([0.05, 0.35, 0.1], [0.25, 0.55, 0.35]),
    }[str(kind)]
    return rng.uniform(darkest, lightest)


def _printed(shape: tuple[int, int], height: int, rng: Rng) -> Mask:
    """How much of each pixel is printed on: lines, squares, a box, or nothing."""
    kind = rng.choice(["plain", "ruled", "squared", "box"], p=[0.2, 0.25, 0.4, 0.15])
    canvas = Image.new("L", (shape[1], shape[0]))
    brush = ImageDraw.Draw(canvas)
    line = max(round(height * rng.uniform(0.015, 0.045)), 1)
    if kind == "box":
        margin = rng.uniform(0.08, 0.28) * height
        brush.rectangle(
            [margin, margin, shape[1] - margin, shape[0] - margin], outline=255, width=line
        )
    elif kind != "plain":
        distance = height * (rng.uniform(0.35, 1.3) if kind == "squared" else rng.uniform(0.8, 1.8))
        for y in np.arange(rng.uniform(0, distance), shape[0], distance):
            brush.line([(0, y), (shape[1], y)], fill=255, width=line)
        if kind == "squared":
            for x in np.arange(rng.uniform(0, distance), shape[1], distance):
                brush.line([(x, 0), (x, shape[0])], fill=255, width=line)
    return np.asarray(canvas, np.float32) / 255


def clouds(shape: tuple[int, int], cell: float, rng: Rng) -> Plane:
    """Smooth normal noise (H, W) that changes over about so many pixels."""
    cells = [max(int(side / cell) + 2, 2) for side in shape]
    small = Image.fromarray(rng.normal(0, 1, cells).astype(np.float32))
    return np.asarray(small.resize((shape[1], shape[0]), Image.Resampling.BICUBIC), np.float32)


def paper_texture(shape: tuple[int, int], rng: Rng) -> Plane:
    """Fibres and stains of paper, in grey levels."""
    texture: Plane = (
        clouds(shape, max(shape) / 6, rng) * rng.uniform(0, 5)
        + clouds(shape, 6, rng) * rng.uniform(0, 3)
        + clouds(shape, 2, rng) * rng.uniform(0, 4)
    )
    return texture


def pencil_grain(shape: tuple[int, int], rng: Rng) -> Mask:
    """Where a pencil or a chalk leaves nothing, in 0..1."""
    grain: Mask = (clouds(shape, 2.5, rng) * 0.6 - 0.1).clip(0, 1)
    return grain


def light_on(shape: tuple[int, int], rng: Rng) -> Plane:
    """How much light falls on each pixel: uneven, with a vignette, often with a shadow."""
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j].astype(np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    along = x * np.cos(angle) + y * np.sin(angle)
    light: Plane = 1 - rng.uniform(0, 0.5) * (along / 2.83 + 0.5)
    light *= 1 - rng.uniform(0, 0.35) * (x**2 + y**2) / 2
    if rng.random() < 0.4:
        angle, edge = rng.uniform(0, 2 * np.pi), rng.uniform(0.02, 0.3)
        distance = x * np.cos(angle) + y * np.sin(angle) - rng.uniform(-0.7, 0.7)
        light *= 1 - rng.uniform(0.15, 0.5) / (1 + np.exp(-distance / edge))
    return light


def _seen_at_an_angle(
    sheet: NDArray[Any], boxes: tuple[Box, ...], rng: Rng
) -> tuple[NDArray[Any], tuple[Box, ...]]:
    """The sheet turned and tilted, sometimes with the desk around it."""
    height, width = sheet.shape[:2]
    on_desk = rng.random() < 0.3
    inset = rng.uniform(0.04, 0.15) if on_desk else -0.02
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float)
    angle = np.radians(rng.uniform(-5, 5))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    size = np.array([width, height], float)
    seen = (corners - 0.5) * (1 - 2 * inset) + rng.uniform(-0.025, 0.025, (4, 2))
    seen = (seen * size) @ turn.T + size / 2
    there = homography(corners * size, seen)

    desk = rng.uniform(40, 150) * rng.uniform([0.6] * 3, [1.0] * 3)
    around = desk if on_desk else sheet.mean((0, 1))
    image = Image.fromarray(as_levels(sheet)).transform(
        (width, height),
        Image.Transform.PERSPECTIVE,
        back_through(there),
        Image.Resampling.BICUBIC,
        fillcolor=tuple(int(level) for level in around),
    )

    def moved(box: Box) -> Box:
        x0, y0, x1, y1 = box
        points = np.array([[x0, y0, 1], [x1, y0, 1], [x1, y1, 1], [x0, y1, 1]]) @ there.T
        points = points[:, :2] / points[:, 2:]
        (left, top), (right, bottom) = points.min(0), points.max(0)
        return round(left), round(top), round(right), round(bottom)

    return np.asarray(image, np.float32), tuple(map(moved, boxes))


def homography(source: NDArray[Any], target: NDArray[Any]) -> NDArray[Any]:
    """The 3 x 3 matrix that takes four points (4, 2) to four others."""
    rows, values = [], []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return np.append(np.linalg.solve(np.array(rows), np.array(values)), 1).reshape(3, 3)


def back_through(there: NDArray[Any]) -> list[float]:
    """What Pillow calls the data of a perspective, of the homography (3, 3) to be seen."""
    back = np.linalg.inv(there)
    coefficients: list[float] = (back / back[2, 2]).ravel()[:8].tolist()
    return coefficients


def as_jpeg(picture: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    file = BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))
