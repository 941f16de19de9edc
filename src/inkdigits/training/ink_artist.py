"""Photos to learn from of what is ink and what is not: writing of many hands on any paper.

Everything is wider than in `inkdigits.datasets.pages`, which finding ink is measured on: paper and
printing, pens and chalk, desk, light and camera. Lengths are shares of the digits' height unless
they are in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from inkdigits.synthesis.negatives import LETTERS
from inkdigits.datasets.pages import (
    Hand,
    LetterHand,
    Mask,
    PictureHand,
    Plane,
    Rng,
    StrokeHand,
    as_jpeg,
    as_levels,
    back_through,
    clouds,
    homography,
    light_on,
    paper_texture,
    pencil_grain,
    write,
)
from inkdigits.datasets.strokes import WrittenDigit

SIDE = 256
"""Of the pictures, in pixels."""
LOWEST, HIGHEST = 13.0, 300.0
"""Pixels: what is written is between so high,"""
ROOM = 1.3
"""on a sheet of so many sides, which is then turned and tilted."""
BENDS = 16
"""Printed lines bend with the paper at so many places."""


class InkArtist:
    """Writes on paper and takes a photo of it; each time it is asked to, another."""

    def __init__(
        self, digits: Sequence[WrittenDigit], pictures: NDArray[np.uint8], labels: NDArray[np.uint8]
    ) -> None:
        """With written `digits`, and `pictures` (N, 28, 28) with ink bright and their `labels`."""
        writers = sorted({digit.writer for digit in digits})
        by_writer = [[d for d in digits if d.writer == writer] for writer in writers]
        complete = [own for own in by_writer if len({digit.label for digit in own}) == 10]
        self._hands: list[Hand] = [StrokeHand(own) for own in complete]
        self._scanned = PictureHand(pictures, labels)

    def begin(self, epoch: int) -> None:
        """Every epoch is drawn by the same."""

    def draw(
        self, count: int, seed: int | Sequence[int]
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Photos (N, SIDE, SIDE), and how much of each pixel ink covers, 0 to 255."""
        rng = np.random.default_rng(seed)
        photos, inks = zip(*(self._photo(rng) for _ in range(count)), strict=True)
        return np.stack(photos), np.stack(inks)

    def _photo(self, rng: Rng) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        height = float(np.exp(rng.uniform(np.log(LOWEST), np.log(HIGHEST))))
        side = int(SIDE * ROOM)
        written = self._written(side, height, rng)
        if rng.random() < 0.15:  # drawn on a screen, or scanned
            ink = written[:SIDE, :SIDE]
            photo = 255 - ink * rng.uniform(120, 255)
            photo = photo + rng.normal(0, rng.choice([0.0, 2.0]), photo.shape)
        else:
            sheet = _sheet((side, side), height, rng)
            paper = float(sheet.mean())
            colour, contrast = _ink_colour(paper, rng)
            cover = written * _opacity(written.shape, height, rng)
            if rng.random() < 0.2:
                cover = np.maximum(cover, _dust(side, height, rng))
            desk = _desk(rng)
            sheet, ink = _seen(sheet * (1 - cover) + colour * cover, written, desk, rng)
            photo = _photographed(sheet, height, contrast, rng)
        if rng.random() < 0.06:  # a negative
            photo = 255 - photo
        return as_levels(photo), as_levels(255 * ink)

    def _written(self, side: int, height: float, rng: Rng) -> Mask:
        """How much of each pixel ink covers: one number, a few, lines, words, or nothing."""
        ink = np.zeros((side, side), np.float32)
        kind = rng.choice(["number", "scattered", "lines", "nothing"], p=[0.4, 0.2, 0.32, 0.08])
        some = int(rng.integers(1, 6)) if height < side / 4 else 1
        pieces = {"number": 1, "scattered": some, "lines": 1, "nothing": 0}
        hand = _WithAnotherPen(
            self._hand(rng), float(np.exp(rng.uniform(np.log(0.35), np.log(1.5))))
        )
        for _ in range(pieces[str(kind)]):
            length = max(int(1.6 * side / height), 1)
            if kind == "lines":
                count = max(int(side / (1.8 * height)), 1)
                lines = [_line(max(min(length, 24), 2), rng) for _ in range(min(count, 10))]
            else:
                most = {"number": 8, "scattered": 2}[str(kind)]
                lines = [_line(int(rng.integers(1, min(most, length) + 1)), rng, spaces=False)]
            written = write("\n".join(lines), hand, round(height), rng, rng.random() < 0.3).ink
            _paste(ink, written, rng)
        for _ in range(rng.integers(1, 5) if kind != "nothing" and rng.random() < 0.35 else 0):
            _paste(ink, _sign(height, rng), rng)
        return ink

    def _hand(self, rng: Rng) -> Hand:
        kind = rng.random()
        if kind < 0.4:
            return self._scanned
        if kind < 0.85:
            return self._hands[int(rng.integers(len(self._hands)))]
        return LetterHand(LETTERS, rng)


class _WithAnotherPen:
    """The same hand with a finer or broader pen: so many times as broad."""

    def __init__(self, hand: Hand, times: float) -> None:
        self._hand, self._times = hand, times

    def digit(self, value: int, height: float, pen: float, rng: Rng) -> Mask:
        return self._hand.digit(value, height, max(pen * self._times, 1.0), rng)


def _line(length: int, rng: Rng, spaces: bool = True) -> str:
    digits = [str(value) for value in rng.integers(0, 10, length)]
    if spaces:
        digits = [" " if rng.random() < 0.15 else digit for digit in digits]
    return "".join(digits).strip() or "1"


def _paste(ink: Mask, piece: Mask, rng: Rng) -> None:
    """Lay a piece somewhere on the sheet (H, W); what is larger is cut off."""
    places = []
    for room, length in zip(ink.shape, piece.shape, strict=True):
        slack = room - length
        low, high = min(-0.1 * room, slack), max(slack, 0) + 0.1 * room
        start = int(rng.uniform(low, high))
        places.append((max(start, 0), max(-start, 0), min(length, room - start)))
    (top, rows, bottom), (left, columns, right) = places
    if bottom <= rows or right <= columns:
        return
    part = piece[rows:bottom, columns:right]
    place = ink[top : top + part.shape[0], left : left + part.shape[1]]
    np.maximum(place, part, out=place)


def _sign(height: float, rng: Rng) -> Mask:
    """A point, a comma, a minus, a plus or a slash."""
    side = max(int(height), 8)
    canvas = Image.new("L", (3 * side, 3 * side))
    brush = ImageDraw.Draw(canvas)
    width = max(round(3 * height * rng.uniform(0.05, 0.16)), 3)
    kind = rng.choice(["point", "comma", "minus", "plus", "slash"])
    x, y = 1.5 * side + rng.normal(0, 0.1 * side, 2)
    length = 3 * height * rng.uniform(0.1, 0.3)
    if kind == "point":
        brush.ellipse([x - width / 1.7, y - width / 1.7, x + width / 1.7, y + width / 1.7], 255)
    elif kind == "comma":
        brush.line([x, y, x - length / 3, y + length], fill=255, width=width)
    elif kind == "slash":
        brush.line([x - length, y + 1.4 * side, x + length, y - 1.4 * side], 255, width)
    if kind in ("minus", "plus"):
        brush.line([x - length, y, x + length, y], fill=255, width=width)
    if kind == "plus":
        brush.line([x, y - length, x, y + length], fill=255, width=width)
    return np.asarray(canvas.reduce(3), np.float32) / 255


def _dust(side: int, height: float, rng: Rng) -> Mask:
    """Specks (side, side) that are no ink: smaller than a point of any pen."""
    image = Image.new("L", (2 * side, 2 * side))
    brush = ImageDraw.Draw(image)
    for _ in range(rng.integers(1, 12)):
        x, y = rng.uniform(0, 2 * side, 2)
        radius = rng.uniform(0.5, max(0.04 * height, 1.5))
        brush.ellipse([x - radius, y - radius, x + radius, y + radius], fill=255)
    return np.asarray(image.reduce(2), np.float32) / 255


# ---------------------------------------------------------------- paper


def _sheet(shape: tuple[int, int], height: float, rng: Rng) -> Plane:
    """Paper or a board (H, W), in grey levels, with what is printed on it."""
    board = rng.random() < 0.15
    level = rng.uniform(10, 100) if board else rng.uniform(120, 255)
    sheet = np.full(shape, level, np.float32)
    printed, is_ruling = _printed(shape, height, rng)
    depth = rng.uniform(0.05, 0.5) if is_ruling else rng.uniform(0.1, 0.95)
    if board:
        sheet = sheet + printed * depth * rng.uniform(50, 150)
    else:
        sheet = sheet * (1 - printed * depth)
    if rng.random() < 0.2:  # crumpled, smeared
        sheet = sheet + clouds(shape, rng.uniform(8, 80), rng) * np.float32(rng.uniform(0, 12))
    return sheet + paper_texture(shape, rng) * np.float32(rng.uniform(0, 1.5))


def _printed(shape: tuple[int, int], height: float, rng: Rng) -> tuple[Mask, bool]:
    """How much of each pixel is printed on; and whether it is ruling, which is paler than boxes."""
    kind = str(
        rng.choice(
            ["plain", "ruled", "squared", "dotted", "box", "boxes", "table"],
            p=[0.2, 0.18, 0.26, 0.04, 0.1, 0.12, 0.1],
        )
    )
    canvas = Image.new("L", (2 * shape[1], 2 * shape[0]))
    brush = ImageDraw.Draw(canvas)
    rows, columns = (2 * side for side in shape)
    height = 2 * height
    line = max(round(height * rng.uniform(0.01, 0.05)), int(rng.integers(1, 4)))
    if kind in ("ruled", "squared", "dotted"):
        distance = height * float(np.exp(rng.uniform(np.log(0.3), np.log(2.0))))
        distance = max(distance, 5.0 * line, 12.0)
        ys = np.arange(rng.uniform(0, distance), rows, distance)
        xs = np.arange(rng.uniform(0, distance), columns, distance)
        if kind == "dotted":
            for y in ys:
                for x in xs:
                    brush.ellipse([x - line, y - line, x + line, y + line], fill=255)
            xs = ys = np.zeros(0)
        along = np.linspace(0, 1, BENDS)
        curl = (
            rng.uniform(0, 0.02)
            * rows
            * np.sin(2 * np.pi * (along * rng.uniform(0.2, 1) + rng.random()))
        )
        for y in ys:
            brush.line(list(zip(along * columns, y + curl, strict=True)), fill=255, width=line)
        for x in xs if kind == "squared" else xs[: int(rng.random() < 0.3)]:
            brush.line(list(zip(x + curl, along * rows, strict=True)), fill=255, width=line)
    elif kind != "plain":
        wide = height * (rng.uniform(1.0, 1.8) if kind == "boxes" else rng.uniform(2.0, 6.0))
        tall = height * rng.uniform(1.2, 2.2)
        x0, y0 = rng.uniform(-0.5, 1, 2) * [wide, tall]
        gap = height * rng.uniform(0.1, 0.6) if kind == "boxes" and rng.random() < 0.5 else 0
        across = 1 if kind == "box" else int(rng.integers(2, 10))
        down = 1 if kind != "table" and rng.random() < 0.6 else int(rng.integers(1, 6))
        for row in range(down):
            for column in range(across):
                left, top = x0 + column * (wide + gap), y0 + row * (tall + gap)
                brush.rectangle([left, top, left + wide, top + tall], outline=255, width=line)
    ruling = kind in ("ruled", "squared", "dotted")
    return np.asarray(canvas.reduce(2), np.float32) / 255, ruling


def _ink_colour(paper: float, rng: Rng) -> tuple[float, float]:
    """The ink's grey level, dark on light or light on dark, and how far it is from the paper's."""
    if paper < 110:
        colour = rng.uniform(min(paper + 60, 220), 255)
    else:
        colour = paper * rng.uniform(0.0, 0.82)
    return colour, abs(colour - paper)


def _opacity(shape: tuple[int, ...], height: float, rng: Rng) -> Mask:
    """How well the ink covers: a pencil and chalk leave gaps, watercolour is uneven."""
    area = (shape[0], shape[1])
    opacity = np.full(area, rng.uniform(0.75, 1.0), np.float32)
    kind = rng.random()
    if kind < 0.35:
        opacity *= 1 - pencil_grain(area, rng) * np.float32(rng.uniform(0.2, 0.9))
    elif kind < 0.5:
        waves = clouds(area, max(height * rng.uniform(0.15, 0.6), 3), rng)
        opacity *= (1 - rng.uniform(0.1, 0.35) * waves).clip(0.25, 1)
    return opacity


# ---------------------------------------------------------------- camera


def _desk(rng: Rng) -> Plane:
    """What lies around the sheet: (SIDE, SIDE) in grey levels."""
    shape = (SIDE, SIDE)
    desk = rng.uniform(5, 245) + clouds(shape, SIDE / rng.uniform(2, 12), rng) * rng.uniform(0, 25)
    if rng.random() < 0.2:  # checks
        y, x = np.mgrid[:SIDE, :SIDE]
        side, angle = rng.uniform(4, 40), rng.uniform(0, np.pi)
        across, along = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        squares = (across // side + along // side * int(rng.integers(2))) % 2
        desk = desk + squares * rng.uniform(-150, 150)
    for _ in range(rng.integers(1, 8) if rng.random() < 0.2 else 0):  # things
        image = Image.fromarray(as_levels(desk))
        corners = np.sort(rng.uniform(-0.2, 1.2, (2, 2)) * SIDE, axis=0)
        brush = ImageDraw.Draw(image)
        draw = brush.ellipse if rng.random() < 0.5 else brush.rectangle
        draw([*corners[0], *corners[1]], fill=int(rng.integers(0, 256)))
        desk = np.asarray(image, np.float32)
    if rng.random() < 0.4:  # wood, cloth
        y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
        angle, wave = rng.uniform(0, np.pi), rng.uniform(4, 60)
        along = x * np.cos(angle) + y * np.sin(angle) + 4 * clouds(shape, 40, rng)
        desk = desk + rng.uniform(3, 30) * np.sin(along * (2 * np.pi / wave))
    return np.asarray(desk, np.float32)


def _seen(sheet: Plane, written: Mask, desk: Plane, rng: Rng) -> tuple[Plane, Mask]:
    """The sheet and the ink on it, turned and tilted; both (SIDE, SIDE)."""
    side = len(sheet)
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float)
    angle = np.radians(rng.normal(0, 6))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    seen = (corners - 0.5 + rng.uniform(-0.03, 0.03, (4, 2))) @ turn.T
    middle = np.array([0.5, 0.5])
    around = rng.random()
    if around < 0.22:  # the desk is seen
        seen, middle = seen * rng.uniform(0.7, 1.1), middle + rng.uniform(-0.3, 0.3, 2)
    elif around < 0.4:  # but for a little, the sheet fills the picture
        seen, middle = seen * rng.uniform(0.85, 1.02), middle + rng.uniform(-0.04, 0.04, 2)
    else:
        seen = seen * 1.25
    there = homography(corners * side, (seen + middle) * SIDE)
    coefficients = back_through(there)

    def moved(plane: Plane) -> Plane:
        image = Image.fromarray(np.asarray(plane, np.float32)).transform(
            (SIDE, SIDE), Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BILINEAR
        )
        return np.asarray(image, np.float32)

    inside = moved(np.ones_like(sheet)).clip(0, 1)
    return moved(sheet) + desk * (1 - inside), moved(written).clip(0, 1)


def _hard_shadow(rng: Rng) -> Plane:
    """How much light a sharp shadow leaves: (SIDE, SIDE) in 0..1."""
    light = Image.new("L", (SIDE, SIDE), 255)
    if rng.random() < 0.25:
        corners = SIDE / 2 + rng.normal(0, SIDE, (int(rng.integers(3, 5)), 2))
        outline = [(float(x), float(y)) for x, y in corners]
        ImageDraw.Draw(light).polygon(outline, fill=int(rng.integers(60, 220)))
        light = light.filter(ImageFilter.GaussianBlur(rng.uniform(0, 2)))
    return np.asarray(light, np.float32) / 255


def _photographed(sheet: Plane, height: float, contrast: float, rng: Rng) -> Plane:
    """Light, blur, noise and JPEG; the ink is `contrast` grey levels from its paper."""
    light_here = light_on((SIDE, SIDE), rng)
    if rng.random() < 0.3:
        light_here = light_here * light_on((SIDE, SIDE), rng)
    photo = sheet * light_here * _hard_shadow(rng)
    if rng.random() < 0.1:  # a lamp is seen in it
        y, x = np.mgrid[:SIDE, :SIDE] - rng.uniform(0, SIDE, (2, 1, 1))
        photo = photo + rng.uniform(30, 200) * np.exp(-(x**2 + y**2) / rng.uniform(20, 120) ** 2)
    if rng.random() < 0.25:  # badly exposed
        photo = photo * rng.uniform(0.35, 1.25)
    blur = rng.uniform(0, 0.03) * height
    if rng.random() < 0.3:
        blur = max(blur, rng.uniform(0.3, 1.0))
    image = Image.fromarray(as_levels(photo)).filter(ImageFilter.GaussianBlur(min(blur, 4.0)))
    if rng.random() < 0.15:  # of a small picture, made larger
        small = int(SIDE * rng.uniform(0.5, 0.95))
        image = image.resize((small, small), Image.Resampling.BILINEAR)
        image = image.resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    noise = min(rng.uniform(0, 10), contrast * float(light_here.mean()) / 5)
    noisy = as_levels(np.asarray(image, np.float32) + rng.normal(0, noise, (SIDE, SIDE)))
    if rng.random() < 0.6:
        noisy = as_jpeg(noisy, int(rng.integers(25, 95)))
    return np.asarray(noisy, np.float32)
