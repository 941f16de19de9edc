"""Paper, boards, printing and desks: what is written on, in grey levels (H, W).

Lengths are pixels, or shares of the digits' height.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from inkdigits.synthesis.glyphs import Mask, Rng

Plane = NDArray[np.float32]
"""(H, W)"""
Box = tuple[int, int, int, int]


class Noise:
    """Smooth normal noise that changes over 2 to 200 pixels; drawn once, cut out anew each time."""

    SCALES = (1, 2, 3, 6, 15, 40, 110)

    def __init__(self, side: int, rng: Rng) -> None:
        self.side = side
        """Of each plane, in pixels."""
        large = 2 * side
        self._planes: list[Plane] = []
        for scale in self.SCALES:
            cells = max(large // scale, 4)
            small = Image.fromarray(rng.normal(0, 1, (cells, cells)).astype(np.float32))
            plane = np.asarray(small.resize((large, large), Image.Resampling.BICUBIC))
            self._planes.append(((plane - plane.mean()) / plane.std()).astype(np.float32))

    def __call__(self, over: float, rng: Rng) -> Plane:
        """A plane (side, side) of mean 0 and standard deviation 1, changing over so many pixels."""
        nearest = int(np.argmin([abs(np.log(scale / over)) for scale in self.SCALES]))
        plane = self._planes[nearest]
        y, x = rng.integers(0, self.side, 2)
        cut = plane[y : y + self.side, x : x + self.side]
        turns = int(rng.integers(4))
        cut = cut[::-1] if turns & 1 else cut
        return cut.T if turns & 2 else cut


def blank_sheet(level: float, noise: Noise, rng: Rng) -> Plane:
    """Paper or a board without anything on it: fibres, stains, creases, patches of another tone."""
    side = noise.side
    sheet = np.full((side, side), level, np.float32)
    rough = rng.random()
    if rough < 0.25:
        return sheet
    strength = float(np.exp(rng.uniform(np.log(0.3), np.log(3))))
    sheet += noise(rng.choice([2, 3, 6]), rng) * np.float32(rng.uniform(0, 2.5) * strength)
    sheet += noise(rng.choice([40, 110]), rng) * np.float32(rng.uniform(0, 4) * strength)
    if rng.random() < 0.15:  # crumpled, smeared
        sheet += noise(rng.choice([6, 15, 40]), rng) * np.float32(rng.uniform(3, 12))
    for _ in range(rng.integers(1, 4) if rng.random() < 0.15 else 0):  # a label, tape, a stain
        canvas = Image.new("L", (side, side))
        corners = np.sort(rng.uniform(-0.2, 1.2, (2, 2)) * side, axis=0)
        brush = ImageDraw.Draw(canvas)
        draw = brush.rectangle if rng.random() < 0.7 else brush.ellipse
        draw([*corners[0], *corners[1]], fill=255)
        sheet += np.asarray(canvas, np.float32) * np.float32(rng.uniform(-0.16, 0.16))
    return sheet


def ruling(side: int, height: float, base: float, leading: float, rng: Rng) -> Mask:
    """Lines, squares or dots over the whole sheet; lines may lie where the writing stands."""
    kind = rng.choice(["ruled", "squared", "dotted"], p=[0.55, 0.4, 0.05])
    canvas = Image.new("L", (2 * side, 2 * side))
    brush = ImageDraw.Draw(canvas)
    line = _line_width(height, rng)
    if kind == "ruled" and rng.random() < 0.5:
        distance, start = leading, base + height * rng.uniform(-0.1, 0.35)
    else:
        distance = height * float(np.exp(rng.uniform(np.log(0.3), np.log(2.2))))
        start = rng.uniform(0, distance)
    distance = max(distance, 2.5 * line, 5.0)
    ys = np.arange(start % distance, side, distance) * 2
    xs = np.arange(rng.uniform(0, distance), side, distance) * 2
    if kind == "dotted":
        radius = max(line, 1.5)
        for y in ys:
            for x in xs:
                brush.ellipse([x - radius, y - radius, x + radius, y + radius], fill=255)
        return _reduced(canvas)
    along = np.linspace(0, 2 * side, 9)
    tilt = rng.normal(0, 0.015) * (along - side)
    curl = tilt + rng.uniform(0, 5) * np.sin(along / side * rng.uniform(0.5, 3) + rng.uniform(0, 6))
    width = max(round(2 * line), 1)
    for y in ys:
        brush.line(list(zip(along.tolist(), (y + curl).tolist(), strict=True)), 255, width)
    for x in xs if kind == "squared" else xs[: int(rng.random() < 0.25)]:
        brush.line(list(zip((x - curl).tolist(), along.tolist(), strict=True)), 255, width)
    return _reduced(canvas)


def form(side: int, height: float, rows: Sequence[Sequence[Box]], rng: Rng) -> Mask:
    """Frames, underlines and table lines about rows of what is written, and some beyond."""
    canvas = Image.new("L", (2 * side, 2 * side))
    brush = ImageDraw.Draw(canvas)
    for boxes in rows:
        if not boxes:
            continue
        width = max(round(2 * _line_width(height, rng)), 1)
        x0, y0 = (min(box[n] for box in boxes) for n in (0, 1))
        x1, y1 = (max(box[n] for box in boxes) for n in (2, 3))
        over, under, before, after = height * rng.uniform(-0.08, 0.5, 4)
        top, low, left, right = y0 - over, y1 + under, x0 - before, x1 + after
        kind = rng.choice(
            ["frame", "line", "lines", "table", "side"], p=[0.35, 0.25, 0.1, 0.2, 0.1]
        )
        if kind == "frame":
            brush.rectangle([2 * left, 2 * top, 2 * right, 2 * low], outline=255, width=width)
        elif kind in ("line", "lines"):
            ends = (left, right) if rng.random() < 0.5 else (0, side)
            for at in (low, *([low + height * rng.uniform(0.08, 0.2)] if kind == "lines" else [])):
                brush.line([2 * ends[0], 2 * at, 2 * ends[1], 2 * at], 255, width)
        elif kind == "table":
            brush.line([0, 2 * top, 2 * side, 2 * top], 255, width)
            brush.line([0, 2 * low, 2 * side, 2 * low], 255, width)
            for at in (left, right, left - height * rng.uniform(1, 5), right + height * 3):
                brush.line([2 * at, 0, 2 * at, 2 * side], 255, width)
        else:
            at = left if rng.random() < 0.5 else right
            brush.line([2 * at, 2 * (top - height), 2 * at, 2 * (low + height)], 255, width)
    return _reduced(canvas)


def comb(
    side: int, height: float, left: float, base: float, pitch: float, count: int, rng: Rng
) -> Mask:
    """A row of boxes, or a comb, of so many cells of `pitch` pixels, about a row of signs."""
    canvas = Image.new("L", (2 * side, 2 * side))
    brush = ImageDraw.Draw(canvas)
    width = max(round(2 * _line_width(height, rng)), 1)
    top = base - height * rng.uniform(1.0, 1.6)
    low = base + height * rng.uniform(-0.03, 0.5)
    kind = rng.choice(["boxes", "apart", "comb", "teeth"], p=[0.45, 0.25, 0.15, 0.15])
    gap = pitch * rng.uniform(0.04, 0.2) if kind == "apart" else 0.0
    for number in range(count + int(rng.integers(0, 3))):
        x = left + number * pitch
        corners = [2 * (x + gap), 2 * top, 2 * (x + pitch - gap), 2 * low]
        if kind in ("boxes", "apart"):
            brush.rectangle(corners, outline=255, width=width)
        else:
            start = top if kind == "comb" else low - (low - top) * 0.35
            brush.line([corners[0], 2 * start, corners[0], corners[3]], 255, width)
            brush.line([corners[0], corners[3], corners[2], corners[3]], 255, width)
            if number == count - 1:
                brush.line([corners[2], 2 * start, corners[2], corners[3]], 255, width)
    return _reduced(canvas)


def guilloche(side: int, height: float, rng: Rng) -> Mask:
    """The fine lines of cheques: families of waves, side by side or through each other."""
    canvas = Image.new("L", (2 * side, 2 * side))
    brush = ImageDraw.Draw(canvas)
    for _ in range(rng.integers(1, 4)):
        distance = 2 * max(height * rng.uniform(0.06, 0.4), 2.2)
        lines = np.arange(-side, 3 * side, distance)
        along = np.linspace(-side, 3 * side, 90)
        angle = rng.normal(0, 0.5) if rng.random() < 0.7 else rng.uniform(0, np.pi)
        length = 2 * height * rng.uniform(0.5, 5)
        swing = distance * rng.uniform(0, 3) * min(length / (4 * distance), 1)
        drift = rng.normal(0, 0.5) * rng.integers(0, 2)
        cos, sin = np.cos(angle), np.sin(angle)
        width = 1 if rng.random() < 0.7 else 2
        for number, at in enumerate(lines):
            wave = at + swing * np.sin(2 * np.pi * along / length + drift * number)
            x, y = along - side, wave - side
            path = np.stack([x * cos - y * sin + side, x * sin + y * cos + side], 1)
            brush.line([tuple(point) for point in path.tolist()], 255, width)
    return _reduced(canvas)


def checks(side: int, rng: Rng) -> Mask:
    """A fine screen of dots or hatching, as printed tints are."""
    y, x = np.mgrid[:side, :side].astype(np.float32)
    period, angle = rng.uniform(2.5, 7), rng.uniform(0, np.pi)
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    waves = np.sin(along * (2 * np.pi / period))
    if rng.random() < 0.6:
        waves = waves * np.sin(across * (2 * np.pi / period))
    return np.asarray((waves * 2).clip(0, 1), np.float32)


def specks(side: int, pen: float, rng: Rng) -> Mask:
    """Dust: smaller than a point of the pen that writes."""
    canvas = Image.new("L", (2 * side, 2 * side))
    brush = ImageDraw.Draw(canvas)
    for x, y in rng.uniform(0, 2 * side, (int(rng.integers(1, 14)), 2)):
        radius = rng.uniform(0.4, max(0.4 * pen, 0.6))
        brush.ellipse([x - radius, y - radius, x + radius, y + radius], fill=255)
    return _reduced(canvas)


def beyond_the_edge(side: int, rng: Rng) -> Mask:
    """Where the sheet ends and a desk begins: 1 there."""
    canvas = Image.new("L", (side, side), 255)
    inset = rng.uniform(-0.35, 0.12, 4) * side
    left, top, right, low = inset[0], inset[1], side - inset[2], side - inset[3]
    corners = np.array([[left, top], [right, top], [right, low], [left, low]])
    corners += rng.normal(0, 0.03 * side, (4, 2))
    ImageDraw.Draw(canvas).polygon([tuple(corner) for corner in corners.tolist()], fill=0)
    return np.asarray(canvas, np.float32) / np.float32(255)


def scenery(noise: Noise, rng: Rng) -> Plane:
    """What else is photographed: shapes of any tone, smooth or rough, near and far; no writing."""
    side = noise.side
    scene = np.full((side, side), rng.uniform(0, 255), np.float32)
    scene += noise(110, rng) * np.float32(rng.uniform(5, 50))
    for _ in range(rng.integers(2, 22)):
        canvas = Image.new("L", (side, side))
        brush = ImageDraw.Draw(canvas)
        middle, reach = rng.uniform(-0.1, 1.1, 2) * side, np.exp(rng.uniform(1.5, 5.2))
        kind = rng.choice(["polygon", "ellipse", "branches", "leaves", "panes", "horizon"])
        if kind == "polygon":
            corners = middle + rng.normal(0, reach, (int(rng.integers(3, 8)), 2))
            brush.polygon([tuple(corner) for corner in corners.tolist()], fill=255)
        elif kind == "ellipse":
            half = reach * rng.uniform(0.3, 1, 2)
            brush.ellipse([*(middle - half), *(middle + half)], fill=255)
        elif kind == "branches":
            for _ in range(rng.integers(2, 12)):
                path = middle + rng.normal(0, 0.4 * reach, (6, 2)).cumsum(0)
                line = [tuple(point) for point in path.tolist()]
                brush.line(line, 255, int(rng.integers(1, 7)))
        elif kind == "leaves":
            for at in middle + rng.normal(0, reach, (int(rng.integers(10, 60)), 2)):
                half = rng.uniform(1, 9, 2)
                brush.ellipse([*(at - half), *(at + half)], fill=255)
        elif kind == "panes":
            size = rng.uniform(3, 25, 2)
            for row, column in np.ndindex(*rng.integers(1, 7, 2)):
                start = middle + size * rng.uniform(1.2, 1.8) * [column, row]
                brush.rectangle([*start, *(start + size)], fill=255)
        else:
            heights = middle[1] + rng.normal(0, 0.15 * reach, 12).cumsum()
            rim = list(zip(np.linspace(0, side, 12).tolist(), heights.tolist(), strict=True))
            brush.polygon([(0, side), *rim, (side, side)], fill=255)
        there = np.asarray(canvas, np.float32) / np.float32(255) * np.float32(rng.uniform(0.4, 1))
        tone = np.full((side, side), rng.uniform(0, 255), np.float32)
        if rng.random() < 0.6:
            tone = tone + noise(rng.choice([1, 2, 3, 6, 15]), rng) * np.float32(rng.uniform(2, 45))
        scene = scene * (1 - there) + tone * there
    return scene.clip(0, 255)


def _line_width(height: float, rng: Rng) -> float:
    """Of printed lines: 0.6 pixels at least, up to a tenth of the digits' height."""
    return float(max(height * np.exp(rng.uniform(np.log(0.015), np.log(0.1))), 0.6))


def _reduced(canvas: Image.Image) -> Mask:
    return np.asarray(canvas.reduce(2), np.float32) / np.float32(255)
