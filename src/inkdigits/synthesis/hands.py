"""Hands: who writes a sign, and how. Each gives a glyph of a sign, another one each time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from inkdigits.datasets.omniglot import WrittenCharacter
from inkdigits.datasets.strokes import WrittenDigit
from inkdigits.synthesis.glyphs import (
    AGAINST_WIDTH,
    SIDE,
    TALL,
    Glyph,
    Rng,
    Strokes,
    glyph_of_levels,
    glyph_of_lines,
    glyph_of_shape,
    glyph_of_strokes,
    smooth,
    thinned,
)
from inkdigits.synthesis.strokes import StrokeAugmentation, StrokeGenerator

MARKS = ".,-+×÷/=:"
"""Signs that are read and are no digits, in the order of a model file's kinds."""
LETTERS = "ABCDEFGHJKLMNPQRTUVWXYabcdefhjkmnprtuvwy"
"""Those that are no digit to the eye, even alone; O, I, l, S, Z, g, q and x are missing."""
HELD_OUT_FONTS = frozenset(
    (
        "caveat",
        "indie-flower",
        "kaushan-script",
        "patrick-hand",
        "rock-salt",
        "sacramento",
        "shantell-sans",
        "tangerine",
        "vibur",
    )
)
"""Nothing learns from these: letters of them judge."""
HELD_OUT_ALPHABETS = frozenset({"Korean", "Early_Aramaic"})
LIKE_DIGITS = {
    "Latin": frozenset((2, 4, 7, 9, 12, 15, 17, 19, 24, 26)),  # b d g i l o q s x z
    "Greek": frozenset((2, 8, 9, 15, 16)),  # beta theta iota omicron pi
}
"""Characters that are digits or marks to the eye."""
INK = 110
"""From this level on a scanned pixel is ink."""
MOST_LINES = 20_000
"""Of so many scanned digits the middle lines are kept, too."""
BLOCK = 8
"""Middle lines are found for so many scanned digits at a time."""
WAYS = 8
"""A written digit is bent in at most so many ways, which are kept."""
MARKS_WAYS = 200
"""A mark is written in at most so many ways, which are kept."""
NO_SIGN = "\uffff"
"""Which no font has: what a font draws for it, it draws for all that it lacks."""
PAPER_CAPITAL = 200
"""Pixels: how large a font is drawn before it is made a glyph."""


class Hand(Protocol):
    """Writes signs, more or less as if one person had written them."""

    def glyph(self, sign: str, rng: Rng) -> Glyph:
        """One of the digits "0" to "9"."""


class ScannedHand:
    """Of many people whose digits were scanned: as they are, or their middle lines."""

    def __init__(self, pictures: NDArray[np.uint8], labels: NDArray[np.uint8]) -> None:
        """Of pictures (N, H, W) with ink bright; of the first `MOST_LINES` the middle lines are
        drawn, too."""
        self._pictures = pictures
        self._by_sign = {str(n): np.flatnonzero(labels == n) for n in range(10)}
        self._lines: dict[int, list[Glyph]] = {}

    def glyph(self, sign: str, rng: Rng) -> Glyph:
        place = int(rng.choice(self._by_sign[sign]))
        if place < MOST_LINES and rng.random() < 0.7:
            block, within = divmod(place, BLOCK)
            if block not in self._lines:
                some = self._pictures[block * BLOCK : (block + 1) * BLOCK]
                shapes = np.stack([np.asarray(_enlarged(picture)) > INK for picture in some])
                self._lines[block] = [glyph_of_lines(lines) for lines in thinned(shapes)]
            return self._lines[block][within]
        return glyph_of_levels(_enlarged(self._pictures[place]), INK)


def _enlarged(picture: NDArray[np.uint8]) -> Image.Image:
    """The digit's levels, as large as a glyph is in its field."""
    rows, columns = (np.flatnonzero((picture > INK).any(axis)) for axis in (1, 0))
    ink = picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = ink.shape
    scale = TALL / max(height, width / AGAINST_WIDTH)
    size = max(round(width * scale), 2), max(round(height * scale), 2)
    # With a pixel of paper around it, so that edges fade on every side.
    around = Image.fromarray(np.pad(ink, 1))
    larger = tuple(
        round(side * (1 + 2 / old)) for side, old in zip(size, (width, height), strict=True)
    )
    large = around.resize(larger, Image.Resampling.BICUBIC)
    field = Image.new("L", (SIDE, SIDE))
    field.paste(large, ((SIDE - larger[0]) // 2, (SIDE - larger[1]) // 2))
    return field


class WritersHand:
    """Of one who wrote on a tablet; the strokes are bent."""

    def __init__(self, digits: Sequence[WrittenDigit]) -> None:
        self._artist = StrokeGenerator(digits, StrokeAugmentation(rotation=5, slant=0.1, mix=0.25))
        self._by_sign = {str(n): np.flatnonzero(self._artist.labels == n) for n in range(10)}
        self._kept: dict[tuple[int, int], Glyph] = {}

    def glyph(self, sign: str, rng: Rng) -> Glyph:
        place, way = int(rng.choice(self._by_sign[sign])), int(rng.integers(WAYS))
        if (place, way) not in self._kept:
            bent = self._artist.bent(place, np.random.default_rng([place, way]))
            self._kept[place, way] = glyph_of_strokes(bent)
        return self._kept[place, way]


class FontHand:
    """Of a handwriting font: digits, marks and letters, each in its size beside the others."""

    def __init__(self, file: Path) -> None:
        self._font = ImageFont.truetype(file, PAPER_CAPITAL)
        self._digit = self._height("0")
        self._kept: dict[str, Glyph] = {}

    def has(self, signs: str) -> bool:
        """Whether the font has all of these."""
        nothing = bytes(self._font.getmask(NO_SIGN))
        return all(bytes(self._font.getmask(sign)) != nothing for sign in signs)

    def _height(self, sign: str) -> float:
        _, top, _, bottom = self._font.getbbox(sign, anchor="ls")
        return max(bottom - top, 1.0)

    def glyph(self, sign: str, rng: Rng) -> Glyph:
        if sign not in self._kept:
            self._kept[sign] = self._drawn(sign)
        return self._kept[sign]

    def _drawn(self, sign: str) -> Glyph:
        left, top, right, bottom = self._font.getbbox(sign, anchor="ls")
        height, width = max(bottom - top, 1.0), max(right - left, 1.0)
        scale = 2 * TALL / max(height, width / AGAINST_WIDTH)
        canvas = Image.new("L", (round(width) + 4, round(height) + 4))
        ImageDraw.Draw(canvas).text((2 - left, 2 - top), sign, 255, self._font, anchor="ls")
        size = [max(round(side * scale), 2) for side in canvas.size]
        shape = Image.new("L", (2 * SIDE, 2 * SIDE))
        corner = [(2 * SIDE - side) // 2 for side in size]
        shape.paste(canvas.resize((size[0], size[1])), (corner[0], corner[1]))
        inked = np.asarray(shape) > 127
        if not inked.any():
            inked[SIDE, SIDE] = True
        return glyph_of_shape(
            inked,
            2,
            size=2 * TALL / scale / self._digit,
            rise=-bottom / self._digit,
            advance=self._font.getlength(sign) / self._digit,
        )


def unlike_digits(characters: Sequence[WrittenCharacter]) -> list[WrittenCharacter]:
    """Those that are no digit and no mark to the eye."""
    return [c for c in characters if c.character not in LIKE_DIGITS.get(c.alphabet, ())]


class CharactersHand:
    """Of many people: characters that are no digits, whichever sign it is asked for."""

    def __init__(self, characters: Sequence[WrittenCharacter]) -> None:
        self._characters = characters
        self._kept: dict[int, Glyph] = {}

    def glyph(self, sign: str, rng: Rng) -> Glyph:
        place = int(rng.integers(len(self._characters)))
        if place not in self._kept:
            self._kept[place] = glyph_of_strokes(self._characters[place].strokes)
        return self._kept[place]


class ScribblesHand:
    """A line without a plan, a few curls, hatching, a frame's corner."""

    def glyph(self, sign: str, rng: Rng) -> Glyph:
        kind = rng.random()
        if kind < 0.4:
            strokes = [smooth(rng.uniform(-1, 1, (int(rng.integers(8, 22)), 2)))]
        elif kind < 0.6:
            strokes = [
                smooth(rng.uniform(-0.6, 0.6, (int(rng.integers(3, 6)), 2)) + rng.uniform(-1, 1, 2))
                for _ in range(rng.integers(3, 6))
            ]
        else:
            places = np.linspace(-1, 1, int(rng.integers(5, 12)))
            lines = [np.array([[-1, at], [1, at]]) + rng.normal(0, 0.06, (2, 2)) for at in places]
            if rng.random() < 0.5:
                lines += [line[:, ::-1] + rng.normal(0, 0.04, (2, 2)) for line in lines]
            angle = rng.uniform(0, np.pi)
            turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
            strokes = [line @ turn for line in lines]
        return glyph_of_strokes(strokes)


class MarksHand:
    """Writes marks with strokes; lengths are heights of a digit, from the base line up."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, int], Glyph] = {}

    def glyph(self, sign: str, rng: Rng) -> Glyph:
        way = int(rng.integers(MARKS_WAYS))
        if (sign, way) not in self._kept:
            own = np.random.default_rng([way, MARKS.index(sign)])
            strokes = [np.asarray(stroke, float) * [1, -1] for stroke in _MARKS[sign](own)]
            lowest = max(stroke[:, 1].max() for stroke in strokes)
            self._kept[sign, way] = glyph_of_strokes(strokes, normal=False, rise=-float(lowest))
        return self._kept[sign, way]


def _dot(rng: Rng, up: float) -> list[list[float]]:
    reach = rng.uniform(0, 0.05)
    return [[0, up], [reach * rng.uniform(-1, 1), up + reach * rng.uniform(-1, 1)]]


def _dash(rng: Rng, up: float, length: float) -> list[list[float]]:
    tilt = rng.normal(0, 0.05)
    return [[-length / 2, up - tilt], [length / 2, up + tilt]]


def _point(rng: Rng) -> Strokes:
    return [np.array(_dot(rng, rng.uniform(-0.1, 0.06)))]


def _comma(rng: Rng) -> Strokes:
    length, lean = rng.uniform(0.12, 0.35), rng.uniform(0.1, 0.8)
    top, curve = rng.uniform(-0.02, 0.12), rng.uniform(0, 0.06)
    return [np.array([[0, top], [curve, top - length / 2], [-lean * length, top - length]])]


def _minus(rng: Rng) -> Strokes:
    """Long and slanting, too, as it ends an amount."""
    length = float(np.exp(rng.uniform(np.log(0.22), np.log(1.5))))
    rise, up = length * rng.normal(0, 0.12), rng.uniform(0.3, 0.6)
    return [np.array([[-length / 2, up - rise], [length / 2, up + rise]])]


def _plus(rng: Rng) -> Strokes:
    size, up, lean = rng.uniform(0.3, 0.75), rng.uniform(0.35, 0.55), rng.normal(0, 0.06)
    tall = size * rng.uniform(0.8, 1.25)
    return [
        np.array(_dash(rng, up, size)),
        np.array([[-lean, up - tall / 2], [lean, up + tall / 2]]),
    ]


def _times(rng: Rng) -> Strokes:
    wide, tall, up = rng.uniform(0.3, 0.65), rng.uniform(0.3, 0.6), rng.uniform(0.3, 0.5)
    jitter = rng.normal(0, 0.03, (4, 2))
    corners = np.array([[-wide, -tall], [wide, tall], [-wide, tall], [wide, -tall]]) / 2
    corners = corners + jitter + [0, up]
    return [corners[:2], corners[2:]]


def _divided(rng: Rng) -> Strokes:
    up, apart = rng.uniform(0.35, 0.55), rng.uniform(0.16, 0.32)
    dots = [np.array(_dot(rng, up + side * apart)) for side in (-1, 1)]
    return [np.array(_dash(rng, up, rng.uniform(0.35, 0.75))), *dots]


def _slash(rng: Rng) -> Strokes:
    lean, tall = rng.uniform(0.3, 0.8), rng.uniform(0.95, 1.4)
    low = rng.uniform(-0.25, 0.0)
    middle = [lean / 2 + rng.normal(0, 0.02), low + tall / 2]
    return [np.array([[0, low], middle, [lean, low + tall]])]


def _equals(rng: Rng) -> Strokes:
    up, apart, length = rng.uniform(0.35, 0.55), rng.uniform(0.16, 0.36), rng.uniform(0.3, 0.75)
    return [np.array(_dash(rng, up + side * apart / 2, length)) for side in (-1, 1)]


def _colon(rng: Rng) -> Strokes:
    low, apart = rng.uniform(0.02, 0.2), rng.uniform(0.3, 0.6)
    return [np.array(_dot(rng, low)), np.array(_dot(rng, low + apart))]


_MARKS: Mapping[str, Callable[[Rng], Strokes]] = {
    ".": _point,
    ",": _comma,
    "-": _minus,
    "+": _plus,
    "×": _times,
    "÷": _divided,
    "/": _slash,
    "=": _equals,
    ":": _colon,
}
