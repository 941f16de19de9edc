"""What is no digit: scribbles, letters, blots, half digits, several digits at once.

A network that has only ever seen digits takes everything for one. It is shown these, too, and is
taught to be sure of none (Hendrycks et al. 2019, "Deep Anomaly Detection with Outlier Exposure").
Shapes that are digits to the eye are left out: O, I, l, S, Z, B, b, g, q, the right half of an 8,
a closed outline.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from inkdigits.datasets.strokes import Stroke, WrittenDigit
from inkdigits.errors import InvalidDataset
from inkdigits.synthesis.glyphs import smooth
from inkdigits.synthesis.pens import Pen, draw_with

Ink = NDArray[np.uint8]
"""(side, side), ink bright."""
Rng = np.random.Generator

LETTERS = {
    "F": ".9,0 .1,0 .1,1 | .1,.5 .7,.5",
    "H": "0,0 0,1 | 1,0 1,1 | 0,.5 1,.5",
    "K": "0,0 0,1 | .9,0 0,.55 .9,1",
    "M": "0,1 .1,0 .5,.7 .9,0 1,1",
    "N": "0,1 0,0 1,1 1,0",
    "P": "0,1 0,0 .6,0 .8,.12 .8,.38 .6,.5 0,.5",
    "R": "0,1 0,0 .6,0 .8,.12 .8,.38 .6,.5 0,.5 .9,1",
    "W": "0,0 .25,1 .5,.3 .75,1 1,0",
    "X": "0,0 1,1 | 1,0 0,1",
    "h": "0,0 0,1 | 0,.6 .2,.45 .5,.45 .6,.6 .6,1",
    "k": "0,0 0,1 | .6,.4 0,.7 .6,1",
    "m": "0,1 0,.4 | 0,.55 .2,.4 .4,.5 .4,1 | .4,.55 .65,.4 .85,.5 .85,1",
    "w": "0,.4 .2,1 .45,.5 .7,1 .9,.4",
}
"""Polylines in a box of 1 x 1, y pointing down. None is among the printed letters."""

SYMBOLS = {
    "plus": ".5,0 .5,1 | 0,.5 1,.5",
    "star": ".5,0 .5,1 | .05,.25 .95,.75 | .95,.25 .05,.75",
    "hash": ".3,0 .2,1 | .8,0 .7,1 | 0,.3 1,.3 | 0,.7 1,.7",
    "arrow": "0,.5 1,.5 | .7,.2 1,.5 .7,.8",
    "pentagram": ".2,1 .5,0 .8,1 0,.38 1,.38 .2,1",
    "zigzag": "0,.3 .15,.7 .3,.3 .45,.7 .6,.3 .75,.7 .9,.3",
    "equals": "0,.3 1,.3 | 0,.7 1,.7",
    "percent": "1,0 0,1 | .2,0 .3,.1 .2,.25 .1,.1 .2,0 | .8,.75 .9,.85 .8,1 .7,.85 .8,.75",
}

SHAPES = {
    "heart": ".5,1 .1,.55 0,.25 .15,.05 .35,.05 .5,.25 .65,.05 .85,.05 1,.25 .9,.55 .5,1",
    "house": "0,1 0,.45 .5,0 1,.45 1,1 0,1",
    "house with a door": "0,1 0,.4 .5,0 1,.4 1,1 0,1 | .4,1 .4,.7 .6,.7 .6,1",
    "square": "0,0 1,0 1,1 0,1 0,0",
    "crossed square": "0,0 1,0 1,1 0,1 0,0 1,1 | 1,0 0,1",
    "triangle": ".5,0 1,1 0,1 .5,0",
    "diamond": ".5,0 1,.5 .5,1 0,.5 .5,0",
    "window": "0,0 1,0 1,1 0,1 0,0 | .5,0 .5,1 | 0,.5 1,.5",
    "boat": "0,.6 1,.6 .8,1 .2,1 0,.6 | .5,.6 .5,0 .9,.5 .5,.5",
    "fish": "0,.2 .6,.8 .85,.75 1,.5 .85,.25 .6,.2 0,.8 0,.2",
    "spiral": ".5,.5 .6,.4 .7,.55 .5,.7 .3,.55 .4,.25 .7,.2 .9,.5 .75,.85 .4,.95 .1,.7 .1,.3 .4,0",
    "cloud": ".2,.9 0,.7 .1,.5 .2,.45 .3,.15 .6,.1 .75,.35 .95,.4 1,.7 .85,.9 .2,.9",
}

HALVES = ((0, "top"), (0, "bottom"), (2, "bottom"), (5, "bottom"))
"""Halves that do not look like another digit."""
OVERLAID = ((2, 4), (3, 4), (4, 5), (0, 4), (6, 7), (2, 6))
"""Digits that together do not look like another."""


def draw_non_digits(
    family: str,
    count: int,
    seed: int | Sequence[int],
    digits: Sequence[WrittenDigit],
    side: int = 280,
) -> NDArray[np.uint8]:
    """`count` pictures (N, side, side) of a family, dark ink on white; another seed gives others.

    Some families are made of `digits`. Raises InvalidDataset if those lack one from 0 to 9.
    """
    rng = np.random.default_rng([*np.atleast_1d(seed), *family.encode()])
    draw = FAMILIES[family]
    by_label = [[d for d in digits if d.label == label] for label in range(10)]
    if absent := [label for label, written in enumerate(by_label) if not written]:
        raise InvalidDataset(f"There is no {absent[0]} among the digits to make non-digits of.")
    pictures = [draw(rng, by_label, side) for _ in range(count)]
    return 255 - np.stack(pictures) if pictures else np.empty((0, side, side), np.uint8)


ByLabel = Sequence[Sequence[WrittenDigit]]
"""Written digits of each label."""


def _scribble(rng: Rng, _: ByLabel, side: int) -> Ink:
    """A long line without a plan."""
    knots = rng.uniform(-1, 1, (rng.integers(9, 25), 2))
    return _drawn([smooth(knots)], rng, side, widest=0.1)


def _curls(rng: Rng, _: ByLabel, side: int) -> Ink:
    """Two to four short curved lines."""
    curls = [
        smooth(rng.uniform(-1, 1, (rng.integers(3, 6), 2)) * 0.6 + rng.uniform(-0.6, 0.6, 2))
        for _curl in range(rng.integers(2, 5))
    ]
    return _drawn(curls, rng, side, widest=0.12)


def _line_figure(rng: Rng, _: ByLabel, side: int) -> Ink:
    """Three to six straight lines; many begin where another does."""
    knots = rng.uniform(-1, 1, (5, 2))
    lines = [
        _between(knots[rng.choice(5, 2, replace=False)], 8) for _line in range(rng.integers(3, 7))
    ]
    offsets = rng.normal(0, 0.2, (len(lines), 1, 2)) * (rng.random((len(lines), 1, 1)) < 0.4)
    return _drawn([line + by for line, by in zip(lines, offsets, strict=True)], rng, side)


def _blot(rng: Rng, _: ByLabel, side: int) -> Ink:
    """One to four filled blobs that run into each other, of any outline."""
    image = Image.new("L", (side * 2, side * 2), 0)
    brush = ImageDraw.Draw(image)
    centre = rng.uniform(0.4, 0.6, 2) * side * 2
    for _blob in range(rng.integers(1, 5)):
        angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        waves = sum(
            rng.normal(0, 0.25 / k) * np.cos(k * angles + rng.uniform(0, 6)) for k in range(1, 6)
        )
        radius = rng.uniform(0.12, 0.25) * side * 2 * np.clip(1 + waves, 0.3, 2)
        shape = np.array([rng.uniform(0.6, 1.6), 1])
        outline = centre + np.stack([np.cos(angles), np.sin(angles)], 1) * radius[:, None] * shape
        brush.polygon([tuple(point) for point in outline.tolist()], fill=255)
        centre = centre + rng.uniform(-0.15, 0.15, 2) * side * 2
    return np.asarray(image.reduce(2))


def _half_digit(rng: Rng, digits: ByLabel, side: int) -> Ink:
    label, part = HALVES[rng.integers(len(HALVES))]
    strokes = [_between(stroke, 4) for stroke in _any(digits, label, rng)]
    places = np.concatenate(strokes)[:, 1]
    middle = (places.min() + places.max()) / 2
    halves = []
    for stroke in strokes:
        inside = (stroke[:, 1] > middle) == (part == "bottom")
        ends = np.flatnonzero(np.diff(inside)) + 1
        pieces = zip(np.split(stroke, ends), np.split(inside, ends), strict=True)
        halves += [piece for piece, is_inside in pieces if is_inside[0]]
    return _drawn(halves, rng, side)


def _several_digits(rng: Rng, digits: ByLabel, side: int) -> Ink:
    """Two to four digits in a row."""
    left, row = 0.0, []
    for _ in range(rng.integers(2, 5)):
        strokes = _boxed(_any(digits, int(rng.integers(10)), rng))
        drop = rng.uniform(-0.15, 0.15)
        row += [stroke + np.array([left, drop]) for stroke in strokes]
        left = max(float(stroke[:, 0].max()) for stroke in row) + rng.uniform(0.05, 0.3)
    return _drawn(row, rng, side, widest=0.08)


def _overlaid_digits(rng: Rng, digits: ByLabel, side: int) -> Ink:
    """Two digits, one on top of the other."""
    pair = OVERLAID[rng.integers(len(OVERLAID))]
    strokes = []
    for label in pair:
        offset = rng.uniform(-0.15, 0.15, 2)
        strokes += [stroke + offset for stroke in _boxed(_any(digits, label, rng))]
    return _drawn(strokes, rng, side, widest=0.12)


def _struck_out_digit(rng: Rng, digits: ByLabel, side: int) -> Ink:
    """A digit, and a zigzag over it."""
    strokes = _boxed(_any(digits, int(rng.integers(10)), rng))
    turns = int(rng.integers(4, 10))
    across = np.stack([np.where(np.arange(turns) % 2, 0.9, -0.1), np.linspace(0, 1, turns)], 1)
    if rng.random() < 0.5:
        across = across[:, ::-1]
    return _drawn([*strokes, across + rng.normal(0, 0.08, across.shape)], rng, side, widest=0.12)


def _hatching(rng: Rng, _: ByLabel, side: int) -> Ink:
    """Parallel lines, perhaps crossed."""
    places = np.linspace(0, 1, rng.integers(3, 9))
    lines = [np.array([[0, at], [1, at]]) + rng.normal(0, 0.03, (2, 2)) for at in places]
    if rng.random() < 0.5:
        lines += [line[:, ::-1] + rng.normal(0, 0.02, (2, 2)) for line in lines]
    angle = rng.uniform(0, np.pi)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return _drawn([_between(line @ turn, 6) for line in lines], rng, side, widest=0.06)


def _texture(rng: Rng, _: ByLabel, side: int) -> Ink:
    """Clouds, or grain, over the whole picture."""
    size = int(rng.integers(3, 20))
    clouds = Image.fromarray(rng.integers(0, 256, (size, size), np.uint8))
    smooth = np.asarray(clouds.resize((side, side), Image.Resampling.BICUBIC), float)
    contrast = rng.uniform(1, 4)
    return ((smooth - 128) * contrast + rng.uniform(0, 128)).clip(0, 255).astype(np.uint8)


def _printed_letter(rng: Rng, _: ByLabel, side: int) -> Ink:
    letters = "TVLCUadefnrtucvÄÉΔΛΣΨΩΞЖЯФЮЩЭ&@§€£¥?"  # none of `LETTERS` and `SYMBOLS`
    known = fonts(round(side * 1.2))
    font = known[rng.integers(len(known))]
    image = Image.new("L", (side * 2, side * 2), 0)
    letter = letters[rng.integers(len(letters))]
    ImageDraw.Draw(image).text((side, side), letter, fill=255, font=font, anchor="mm")
    turn = rng.uniform(-12, 12)
    return np.asarray(image.rotate(turn, Image.Resampling.BILINEAR).reduce(2))


def _written_letter(rng: Rng, _: ByLabel, side: int) -> Ink:
    return _shape(list(LETTERS.values())[rng.integers(len(LETTERS))], rng, side)


def _symbol(rng: Rng, _: ByLabel, side: int) -> Ink:
    return _shape(list(SYMBOLS.values())[rng.integers(len(SYMBOLS))], rng, side)


def _drawn_shape(rng: Rng, _: ByLabel, side: int) -> Ink:
    return _shape(list(SHAPES.values())[rng.integers(len(SHAPES))], rng, side)


FAMILIES: dict[str, Callable[[Rng, ByLabel, int], Ink]] = {
    "scribbles": _scribble,
    "curls": _curls,
    "line figures": _line_figure,
    "blots": _blot,
    "half digits": _half_digit,
    "several digits": _several_digits,
    "overlaid digits": _overlaid_digits,
    "textures": _texture,
    "printed letters": _printed_letter,
    "shapes": _drawn_shape,
    "hatching": _hatching,
    "struck-out digits": _struck_out_digit,
    "written letters": _written_letter,
    "symbols": _symbol,
}
HELD_OUT = frozenset({"hatching", "struck-out digits", "written letters", "symbols"})
"""Families that no recipe trains on: how often these fool a network says how it fares with what
it has never seen."""


def _shape(polylines: str, rng: Rng, side: int) -> Ink:
    """Polylines drawn by a hand that is not steady."""
    slant = np.array([[1, 0], [rng.uniform(-0.3, 0.3), rng.uniform(0.8, 1.4)]])
    strokes = []
    for line in polylines.split("|"):
        knots = np.array([[float(at) for at in point.split(",")] for point in line.split()])
        stroke = _between(knots, 8)
        waves = np.sin(stroke @ rng.uniform(2, 6, (2, 2)) + rng.uniform(0, 6, 2))
        strokes.append((stroke + waves * rng.normal(0, 0.05, 2)) @ slant)
    return _drawn(strokes, rng, side)


def _drawn(strokes: list[Stroke], rng: Rng, side: int, widest: float = 0.18) -> Ink:
    pen = Pen(np.exp(rng.uniform(np.log(0.03), np.log(widest))), speed=rng.uniform(0, 0.3))
    return draw_with(pen, strokes, rng, size=rng.uniform(0.5, 0.85), side=side)


def _any(digits: ByLabel, label: int, rng: Rng) -> list[Stroke]:
    written = digits[label]
    return written[int(rng.integers(len(written)))].strokes


def _boxed(strokes: list[Stroke]) -> list[Stroke]:
    """From (0, 0), and 1 high."""
    points = np.concatenate(strokes)
    low, height = points.min(0), max(np.ptp(points[:, 1]), 1e-6)
    return [(stroke - low) / height for stroke in strokes]


def _between(knots: Stroke, steps: int) -> Stroke:
    """So many points on the way from each knot to the next."""
    if len(knots) < 2:
        return knots
    places = np.linspace(0, len(knots) - 1, (len(knots) - 1) * steps + 1)
    return np.stack([np.interp(places, range(len(knots)), knots[:, axis]) for axis in (0, 1)], 1)


@cache
def fonts(size: int) -> list[ImageFont.FreeTypeFont]:
    """The fonts that come with matplotlib."""
    import matplotlib

    folder = Path(matplotlib.get_data_path(), "fonts", "ttf")
    files = sorted(path for path in folder.glob("DejaVu*.ttf") if "Display" not in path.name)
    return [ImageFont.truetype(path, size) for path in files]
