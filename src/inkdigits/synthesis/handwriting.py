"""Writing on a page: signs beside each other in rows, and where each of them is.

Lengths are pixels; shares are of the digits' height.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from inkdigits.synthesis.glyphs import Manner, Mask, Rng, draw_glyph
from inkdigits.synthesis.hands import LETTERS, MARKS, Hand
from inkdigits.synthesis.paper import Box

OTHER = 19
"""The kind of what is no digit and no mark."""
KIND = {sign: kind for kind, sign in enumerate("0123456789" + MARKS)}
"""Of each sign that is read; other signs are `OTHER`."""
MOST_PIECES = 200
"""On one page."""
INKED = 0.3
"""A pixel that is covered so much belongs to a piece."""
LEAST_SEEN = 0.6
"""A piece of which the picture's edge leaves less is not asked for."""


@dataclass
class Canvas:
    """Ink on a sheet, and what it belongs to."""

    ink: Mask
    """(H, W), in 0..1."""
    owner: NDArray[np.uint8]
    """(H, W): 0, or the number of a piece, from 1."""
    boxes: list[Box] = field(default_factory=list)
    """Of each piece: x0, y0, x1, y1, beyond the sheet where the piece is cut off."""
    kinds: list[int] = field(default_factory=list)
    seen: list[float] = field(default_factory=list)
    """How much of each piece's ink is on the sheet."""

    @staticmethod
    def empty(height: int, width: int) -> Canvas:
        return Canvas(np.zeros((height, width), np.float32), np.zeros((height, width), np.uint8))

    @property
    def is_full(self) -> bool:
        return len(self.boxes) >= MOST_PIECES

    def paste(self, mask: Mask, left: int, top: int, kind: int) -> None:
        """Lay a piece of writing (h, w) there; what is beyond the edge is cut off."""
        if self.is_full:
            return
        on_the_sheet = self.lay(mask, left, top, len(self.boxes) + 1)
        if on_the_sheet:
            height, width = mask.shape
            self.boxes.append((left, top, left + width, top + height))
            self.kinds.append(kind)
            self.seen.append(on_the_sheet / float(mask.sum()))

    def cut(self, height: int, left: int, right: int) -> Canvas:
        """The upper part, at most so high, between two columns."""
        part = np.s_[:height, left:right]
        boxes = np.array(self.boxes).reshape(-1, 4)
        here, there = (
            (boxes[:, 2:].clip(None, high) - boxes[:, :2].clip(low)).clip(0)
            for low, high in (((0, 0), self.ink.shape[::-1]), ((left, 0), (right, height)))
        )
        share = there.prod(1) / here.prod(1).clip(1e-6)
        return Canvas(
            self.ink[part],
            self.owner[part],
            [tuple(box) for box in (boxes - [left, 0, left, 0]).tolist()],
            self.kinds,
            (np.array(self.seen) * share).tolist(),
        )

    def lay(self, mask: Mask, left: int, top: int, number: int = 0) -> float:
        """Lay ink (h, w) there, of that piece or of none: how much of it is on the sheet."""
        height, width = self.ink.shape
        h, w = mask.shape
        x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + w, width), min(top + h, height)
        if x1 <= x0 or y1 <= y0:
            return 0.0
        part = mask[y0 - top : y1 - top, x0 - left : x1 - left]
        place = self.ink[y0:y1, x0:x1]
        self.owner[y0:y1, x0:x1][(part > place) & (part > INKED)] = number
        np.maximum(place, part, out=place)
        return float(part.sum())


@dataclass(frozen=True)
class Spacing:
    """How far neighbours are apart, in shares of the height."""

    gap: float = 0.15
    """Between their inks, at the closest; below 0 they lie over each other."""
    spread: float = 0.05
    """Standard deviation of the gap."""
    space: float = 0.9
    """What is left free between numbers."""
    uneven: float = 0.08
    """Standard deviation of the logarithm of the signs' heights."""
    wobble: float = 0.03
    """Standard deviation of the signs' places above the base line."""
    small_zeros: float = 1.0
    """How high zeros are against other digits: some people's are small."""
    first: float = 1.0
    """How high the first sign is against the others: some people's is tall."""
    last: float = 1.0
    """How high the last sign is: some end a number with a long stroke."""
    joined: float = 0.0
    """The chance that the pen was not lifted between two digits."""
    pitch: float = 0.0
    """If above 0, so far from each sign's middle to the next one's: a form's boxes."""


def write_row(
    canvas: Canvas,
    text: str,
    hand: Hand,
    marks: Hand,
    height: float,
    manner: Manner,
    spacing: Spacing,
    left: float,
    base: float,
    rng: Rng,
) -> list[Box]:
    """Write signs and spaces from `left` on, up to the edge: the boxes of what was written.

    The base line is `base` high there, and goes down by `manner.turn` to the right.
    """
    x = left
    boxes: list[Box] = []
    edge: NDArray[np.float32] | None = None  # the rightmost ink in each row so far
    for number, sign in enumerate(text):
        if sign == " ":
            x, edge = x + height * (spacing.space + spacing.gap), None
            continue
        if x > canvas.ink.shape[1] or canvas.is_full:
            break
        is_mark = sign in MARKS
        glyph = (marks if is_mark else hand).glyph(sign, rng)
        tall = height * float(np.exp(rng.normal(0, spacing.uneven)))
        tall *= spacing.small_zeros if sign == "0" else 1.0
        tall *= spacing.first if number == 0 else 1.0
        tall *= spacing.last if number == len(text) - 1 and not is_mark else 1.0
        mask = draw_glyph(glyph, tall, manner, rng)
        if not mask.size:
            continue
        high, wide = mask.shape
        lower = base + np.tan(manner.turn) * (x - left) - tall * glyph.rise
        lower += height * rng.normal(0, spacing.wobble)
        if sign in "79" and rng.random() < 0.15:
            lower += height * rng.uniform(0.1, 0.4)
        top = round(lower - high + (manner.pen / 2 if is_mark else 0))
        gap = height * (spacing.gap + rng.normal(0, spacing.spread))
        if spacing.pitch:
            start = round(left + height * spacing.pitch * (number + 0.5) - wide / 2)
            start += round(height * rng.normal(0, 0.08))
        elif edge is None:
            start = round(x)
        else:
            start = round(_meeting(edge, mask, top, x) + gap)
            start = max(start, round(x - 0.35 * height), round(left))
        canvas.paste(mask, start, top, KIND.get(sign, OTHER))
        both_digits = number and text[number - 1 : number + 1].isdigit()
        if boxes and both_digits and rng.random() < spacing.joined:
            _join(canvas, boxes[-1], (start, top, start + wide, top + high), manner.pen, rng)
        boxes.append((start, top, start + wide, top + high))
        edge = _with(edge, mask, start, top, len(canvas.ink))
        x = max(start + wide, x) if not spacing.pitch else start + wide
    return boxes


def write_word(
    canvas: Canvas,
    word: str,
    hand: Hand,
    height: float,
    manner: Manner,
    left: float,
    base: float,
    rng: Rng,
) -> float:
    """Write letters that are no digits, each a piece of other writing: where the word ends."""
    x = left
    for letter in word:
        glyph = hand.glyph(letter, rng)
        mask = draw_glyph(glyph, height, manner, rng)
        if not mask.size:
            continue
        lower = base + np.tan(manner.turn) * (x - left) - height * glyph.rise
        canvas.paste(mask, round(x), round(lower - mask.shape[0]), OTHER)
        advance = glyph.advance * height if glyph.advance else mask.shape[1] + 0.15 * height
        x += max(advance, 0.1 * height)
    return x


def _join(canvas: Canvas, left: Box, right: Box, pen: float, rng: Rng) -> None:
    """A line from one sign's upper right to the next one's upper left, or between their feet.

    It belongs to neither.
    """
    share = rng.uniform(0.0, 0.35, 2) if rng.random() < 0.6 else rng.uniform(0.8, 1.0, 2)
    ends = [
        (x0 + across * (x1 - x0), y0 + down * (y1 - y0))
        for (x0, y0, x1, y1), across, down in zip((left, right), (0.7, 0.3), share, strict=True)
    ]
    start, end = np.array(ends)
    sag = rng.normal(0.1, 0.2) * abs(end[0] - start[0])
    along = np.linspace(0, 1, 9)[:, None]
    path = start + (end - start) * along + np.array([0, sag]) * 4 * along * (1 - along)
    corner = np.floor(path.min(0) - pen - 1).astype(int)
    wide, high = np.ceil(path.max(0) + pen + 1).astype(int) - corner
    line = Image.new("L", (int(wide) * 2, int(high) * 2))
    points = [tuple(point) for point in ((path - corner) * 2).tolist()]
    ImageDraw.Draw(line).line(points, 255, max(round(2 * pen * rng.uniform(0.6, 1)), 1), "curve")
    mask = np.asarray(line.reduce(2), np.float32) / np.float32(255)
    canvas.lay(mask, int(corner[0]), int(corner[1]))


def _meeting(edge: NDArray[np.float32], mask: Mask, top: int, x: float) -> float:
    """The left edge at which `mask` just meets what is written to its left."""
    rows = np.arange(len(mask)) + top
    inside = (rows >= 0) & (rows < len(edge))
    inked = mask[inside] > INKED
    theirs = edge[rows[inside]]
    both = inked.any(1) & (theirs > 0)
    if not both.any():
        return x
    return float((theirs[both] - inked[both].argmax(1)).max())


def _with(
    edge: NDArray[np.float32] | None, mask: Mask, left: int, top: int, height: int
) -> NDArray[np.float32]:
    """The rightmost ink in each row after `mask` was laid there; it counts a bit above, too."""
    edge = np.zeros(height, np.float32) if edge is None else edge * 1.0
    rows = np.arange(len(mask)) + top
    inside = (rows >= 0) & (rows < height)
    inked = mask[inside] > INKED
    right = left + mask.shape[1] - inked[:, ::-1].argmax(1)
    place = rows[inside]
    edge[place] = np.where(inked.any(1), np.maximum(edge[place], right), edge[place])
    return edge


# ---------------------------------------------------------------- what is written


def some_number(rng: Rng) -> str:
    """Digits alone, or with marks, as they stand in amounts, sums, dates and times."""

    def digits(least: int, most: int) -> str:
        return "".join(map(str, rng.integers(0, 10, int(rng.integers(least, most + 1)))))

    kind = rng.random()
    if kind < 0.55:
        if rng.random() < 0.15:  # runs of ones and zeros are rare by chance, and hard
            return "".join(rng.choice(list("1100079"), int(rng.integers(2, 8))))
        return digits(1, 9)
    if kind < 0.75:  # an amount
        groups = [digits(1, 3), *(_thousand(rng) for _ in range(rng.integers(0, 3)))]
        point, comma = (".", ",") if rng.random() < 0.7 else (",", ".")
        ends = ["", ".-", ",-", "-", ".", "=", comma + digits(2, 2)]
        return point.join(groups) + str(rng.choice(ends))
    if kind < 0.83:  # a decimal
        return digits(1, 3) + str(rng.choice([".", ","])) + digits(1, 3)
    if kind < 0.93:  # a sum
        parts = [digits(1, 3) for _ in range(rng.integers(2, 4))]
        text = parts[0]
        for part in parts[1:]:
            text += str(rng.choice(list("+-×÷/:"))) + part
        return text + ("=" + digits(1, 3) if rng.random() < 0.5 else "")
    sign = str(rng.choice(list("./-:")))
    return sign.join(digits(1, 2) for _ in range(rng.integers(2, 4)))


def _thousand(rng: Rng) -> str:
    """Three digits; amounts are often round."""
    return "000" if rng.random() < 0.3 else f"{rng.integers(1000):03d}"


def some_word(rng: Rng) -> str:
    return "".join(rng.choice(list(LETTERS), int(rng.integers(1, 9))))


def some_line(length: int, rng: Rng) -> str:
    """Numbers with spaces between, of about so many signs."""
    numbers = [some_number(rng)]
    while sum(map(len, numbers)) < length:
        numbers.append(some_number(rng))
    return " ".join(numbers)
