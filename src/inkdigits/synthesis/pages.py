"""Pages to learn from: numbers, marks and other writing on any sheet, and where each piece is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from inkdigits.datasets.omniglot import WrittenCharacter
from inkdigits.datasets.strokes import WrittenDigit
from inkdigits.errors import InvalidDataset
from inkdigits.synthesis import camera, paper
from inkdigits.synthesis.forms import FormsHand
from inkdigits.synthesis.glyphs import Manner, Mask, Rng
from inkdigits.synthesis.hands import (
    MARKS,
    CharactersHand,
    FontHand,
    Hand,
    MarksHand,
    ScannedHand,
    ScribblesHand,
    WritersHand,
    unlike_digits,
)
from inkdigits.synthesis.handwriting import (
    LEAST_SEEN,
    MOST_PIECES,
    Canvas,
    Spacing,
    some_line,
    some_number,
    some_word,
    write_row,
    write_word,
)
from inkdigits.synthesis.manners import of_a_font, some_manner, some_spacing
from inkdigits.synthesis.paper import Box, Noise, Plane

SIDE = 256
"""Of the pages, in pixels."""
LOWEST, HIGHEST = 9.0, 130.0
"""Pixels: so high are digits."""
USUAL = 30.0
"""Pixels: the reader brings most pages to about this height."""
CUT_OUT = 0.25
"""The share of pictures that are cut out around one number."""
APART = 32
"""Strips begin at multiples of so many pixels, as the model file pads a picture to."""
WORDS = (0.55, 0.2, 0.15, 0.1)
"""How often none, a tenth, half or all of a page's rows are words."""
SCENES = 0.04
"""The share of pictures of other things than writing."""
SLIVER = 0.5
"""Of a piece of which the edge leaves less nothing is asked: neighbours in view are not read."""
CROPPED = 0.25
"""How often the first digits of a number that is cut out are cut off, and how often the last."""
ALONE = 0.25
"""How often only one sign of a number that is cut out is whole."""
WHOLE = 0.9
"""A piece of which the edge leaves less is not judged."""
HANDS_OF_FORMS = 400
"""So many people write national forms."""
HANDS = (0.26, 0.38, 0.22, 0.14)
"""How often scanned digits, national forms, pen strokes or a font write a number's digits."""


@dataclass(frozen=True)
class DrawnPage:
    """A picture, and the truth about it."""

    picture: NDArray[np.uint8]
    """(H, W), both at most SIDE."""
    ink: NDArray[np.uint8]
    """(H, W): how much of each pixel writing covers, 0 to 255: pieces, and lines that join them."""
    owner: NDArray[np.uint8]
    """(H, W): 0, or the number of the piece whose ink this is, from 1."""
    boxes: NDArray[np.float32]
    """(K, 4): x0, y0, x1, y1 of each piece."""
    kinds: NDArray[np.int64]
    """(K,): 0 to 19 as in a model file; -1 if the edge leaves too little to tell."""

    @property
    def seen(self) -> NDArray[np.float32]:
        """(K, 4): what of each box is in the picture."""
        height, width = self.picture.shape
        inside: NDArray[np.float32] = self.boxes.clip(0, [width, height, width, height])
        return inside

    @property
    def is_whole(self) -> NDArray[np.bool_]:
        """(K,): whether the edge leaves so much of a piece that anybody could tell what it is."""
        whole: NDArray[np.bool_] = areas(self.seen) > WHOLE * areas(self.boxes)
        return whole


def areas(boxes: NDArray[Any]) -> NDArray[Any]:
    """Of boxes (K, 4)."""
    sizes: NDArray[Any] = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    return sizes


class Placed(NamedTuple):
    """One of the pictures that are learned from side by side."""

    page: DrawnPage
    top: int
    """So many pixels below the first one's upper edge."""


class PageGenerator:
    """Draws pages, another one for each seed."""

    def __init__(
        self,
        digits: Sequence[WrittenDigit],
        pictures: NDArray[np.uint8],
        labels: NDArray[np.uint8],
        fonts: Collection[Path],
        characters: Sequence[WrittenCharacter],
    ) -> None:
        """Of written `digits`, `pictures` (N, 28, 28) of digits with ink bright and their `labels`,
        font files, and characters of other alphabets.

        Raises InvalidDataset if nobody wrote all ten digits.
        """
        writers = sorted({digit.writer for digit in digits})
        by_writer = [[d for d in digits if d.writer == writer] for writer in writers]
        complete = [own for own in by_writer if len({d.label for d in own}) == 10]
        if not complete:
            raise InvalidDataset("Nobody among the writers has written all ten digits.")
        self._writers: list[Hand] = [WritersHand(own) for own in complete]
        self._forms: list[Hand] = [FormsHand(number) for number in range(HANDS_OF_FORMS)]
        self._scanned: Hand = ScannedHand(pictures, labels)
        self._fonts: list[Hand] = [FontHand(file) for file in sorted(fonts)]
        self._marks, self._scribbles = MarksHand(), ScribblesHand()
        self._characters = CharactersHand(unlike_digits(characters))
        self._noise = _noise()

    def draw(self, seed: int | Sequence[int]) -> DrawnPage:
        """One page; the same seed gives the same one."""
        return self.draw_side_by_side(seed)[0].page

    def draw_side_by_side(self, seed: int | Sequence[int]) -> list[Placed]:
        """What fills SIDE x SIDE pixels: one page, or strips cut out of one, each a picture."""
        rng = np.random.default_rng(seed)
        height, kind = self._height(rng), rng.random()
        if kind < SCENES:
            scene = paper.scenery(self._noise, rng)
            photo = camera.photographed(scene, height, 100.0, self._noise, rng)
            return [Placed(_page(camera.as_levels(photo), Canvas.empty(SIDE, SIDE)), 0)]
        if kind < SCENES + CUT_OUT:
            return self._draw_strips(height, rng)
        canvas = Canvas.empty(SIDE, SIDE)
        printed = self._write(canvas, height, rng)
        return [Placed(_page(self._on_a_sheet(canvas.ink, printed, height, rng), canvas), 0)]

    def _draw_strips(self, height: float, rng: Rng) -> list[Placed]:
        """Numbers one below the other, each by its own hand, and as a picture of its own."""
        ink, printed = np.zeros((2, SIDE, SIDE), np.float32)
        strips: list[tuple[int, Canvas]] = []
        top, pieces = 0, 0
        while True:
            strip, around = self._write_strip(height * float(np.exp(rng.normal(0, 0.1))), rng)
            high, wide = strip.ink.shape
            pieces += len(strip.boxes)
            if strips and (top + high > SIDE or pieces > MOST_PIECES):
                break
            ink[top : top + high, :wide] = strip.ink
            printed[top : top + high, :wide] = around[:high, :wide]
            strips.append((top, strip))
            top += -(-high // APART) * APART
        sheet = self._on_a_sheet(ink, printed, height, rng)
        return [
            Placed(_page(sheet[top : top + high, :wide], strip), top)
            for top, strip in strips
            for high, wide in [strip.ink.shape]
        ]

    def _height(self, rng: Rng) -> float:
        if rng.random() < 0.6:
            return float(np.clip(USUAL * np.exp(rng.normal(0, 0.35)), LOWEST, HIGHEST))
        return float(np.exp(rng.uniform(np.log(LOWEST), np.log(HIGHEST))))

    # -------------------------------------------------------------- writing

    def _write_strip(self, height: float, rng: Rng) -> tuple[Canvas, Mask]:
        """One number alone, as somebody cuts it out: a cheque's amount, one digit."""
        height = min(height, 110.0)
        manner = some_manner(height, rng)
        over, under, before, after = rng.uniform(-0.1, 0.6, 4) * height
        before -= height * rng.uniform(0, 1.5) * (rng.random() < CROPPED)
        after -= height * rng.uniform(0, 1.5) * (rng.random() < CROPPED)
        canvas = Canvas.empty(SIDE, SIDE)
        base, slope = height * 1.05 + over, rng.normal(0, 0.03)
        boxes = self._write_numbers(canvas, height, manner, slope, before, base, rng)
        printed = np.zeros((SIDE, SIDE), np.float32)
        if rng.random() < 0.35:
            printed = paper.form(SIDE, height, [boxes], rng)
        if rng.random() < 0.2:
            printed = np.maximum(printed, paper.ruling(SIDE, height, base, 2 * height, rng))
        left, right = 0.0, max((box[2] for box in boxes), default=SIDE) + after
        low = max((box[3] for box in boxes), default=SIDE) + under
        if len(boxes) > 2 and rng.random() < ALONE:
            left, right = _around_one(boxes, height, rng)
        start = round(min(max(left, 0), SIDE - 16))
        strip = canvas.cut(round(max(low, 16)), start, max(round(right), start + 16))
        return strip, printed[:, start:]

    def _write(self, canvas: Canvas, height: float, rng: Rng) -> Mask:
        """Fill the canvas with rows: what is printed about them."""
        printed = np.zeros((SIDE, SIDE), np.float32)
        if rng.random() < 0.03:
            return printed  # nothing at all
        manner = some_manner(height, rng)
        share_of_words = rng.choice([0.0, 0.1, 0.5, 1.0], p=WORDS)
        leading = height * rng.uniform(1.3, 2.6)
        slope = rng.normal(0, 0.03)
        base = rng.uniform(0.4, 1.6) * height
        rows: list[list[Box]] = []
        in_boxes = rng.random() < 0.16
        while base < SIDE + 0.4 * height and not canvas.is_full:
            row: list[Box] = []
            left = rng.uniform(-0.3, 2.5) * height * float(rng.random() < 0.7)
            if rng.random() < share_of_words:
                self._write_words(canvas, height, manner, left, base, rng)
            elif in_boxes:
                printed = np.maximum(
                    printed, self._write_in_boxes(canvas, height, manner, left, base, rng)
                )
            else:
                row = self._write_numbers(canvas, height, manner, slope, left, base, rng)
            rows.append(row)
            base += leading * (1 if rng.random() < 0.85 else rng.uniform(1, 3))
            if rng.random() < 0.2:
                manner = some_manner(height, rng)
        if rng.random() < 0.3 and not in_boxes:
            some = [row for row in rows if rng.random() < 0.6]
            printed = np.maximum(printed, paper.form(SIDE, height, some, rng))
        if rng.random() < 0.3:
            first = rng.uniform(0.4, 1.6) * height
            ruled = paper.ruling(SIDE, height, first, leading, rng)
            printed = np.maximum(printed, ruled * np.float32(rng.uniform(0.1, 1)))
        return printed

    def _write_numbers(
        self,
        canvas: Canvas,
        height: float,
        manner: Manner,
        slope: float,
        left: float,
        base: float,
        rng: Rng,
    ) -> list[Box]:
        length = 1 if rng.random() < 0.12 else int(rng.integers(2, 12))
        text = some_line(length, rng) if rng.random() < 0.5 else some_number(rng)
        hand, marks = self._hand(rng)
        high = height * float(np.exp(rng.normal(0, 0.12)))
        if isinstance(hand, FontHand):
            manner = of_a_font(manner, rng)
        manner = replace(manner, turn=float(np.arctan(slope + rng.normal(0, 0.02))))
        return write_row(
            canvas, text, hand, marks, high, manner, some_spacing(rng), left, base, rng
        )

    def _write_in_boxes(
        self, canvas: Canvas, height: float, manner: Manner, left: float, base: float, rng: Rng
    ) -> Mask:
        hand, marks = self._hand(rng)
        text = "".join(map(str, rng.integers(0, 10, int(rng.integers(1, 10)))))
        if rng.random() < 0.3:  # some boxes stay empty
            text = "".join(" " if rng.random() < 0.3 else sign for sign in text)
        pitch = rng.uniform(0.85, 1.7)
        spacing = Spacing(pitch=pitch, uneven=0.1, wobble=0.06)
        if isinstance(hand, FontHand):
            manner = of_a_font(manner, rng)
        for number, sign in enumerate(text):  # each is where its box is
            if sign != " ":
                at = left + number * pitch * height
                write_row(canvas, sign, hand, marks, height, manner, spacing, at, base, rng)
        return paper.comb(SIDE, height, left, base, pitch * height, len(text), rng)

    def _write_words(
        self, canvas: Canvas, height: float, manner: Manner, left: float, base: float, rng: Rng
    ) -> None:
        kind = rng.random()
        while left < SIDE and not canvas.is_full:
            if kind < 0.6 and self._fonts:
                hand: Hand = self._fonts[int(rng.integers(len(self._fonts)))]
                own = of_a_font(manner, rng)
                end = write_word(canvas, some_word(rng), hand, height, own, left, base, rng)
            else:
                hand = self._characters if kind < 0.88 else self._scribbles
                size = height * rng.uniform(0.6, 1.3)
                end = write_word(canvas, "x", hand, size, manner, left, base, rng)
            left = end + height * rng.uniform(0.2, 1.0)
            if rng.random() < 0.15:
                break

    def _hand(self, rng: Rng) -> tuple[Hand, Hand]:
        """Who writes digits, and who writes marks."""
        hands = ([self._scanned], self._forms, self._writers, self._fonts or self._writers)
        some = hands[int(rng.choice(len(hands), p=HANDS))]
        hand = some[int(rng.integers(len(some)))]
        own_marks = isinstance(hand, FontHand) and rng.random() < 0.5 and hand.has(MARKS)
        return hand, hand if own_marks else self._marks

    # -------------------------------------------------------------- sheet and camera

    def _on_a_sheet(self, ink: Mask, printed: Mask, height: float, rng: Rng) -> NDArray[np.uint8]:
        kind = rng.choice(["photo", "scan", "drawn"], p=[0.5, 0.3, 0.2])
        is_dark = rng.random() < {"photo": 0.1, "scan": 0.05, "drawn": 0.3}[str(kind)]
        if kind == "drawn":
            level, tone = (0.0, 255.0) if is_dark else (255.0, 0.0)
            if rng.random() < 0.4:
                level = abs(level - rng.uniform(0, 60))
                tone = abs(tone - rng.uniform(0, 120))
            sheet: Plane = np.full((SIDE, SIDE), level, np.float32)
        else:
            level = rng.uniform(8, 100) if is_dark else rng.triangular(110, 235, 255)
            tone = rng.uniform(level + 60, 255) if is_dark else level * rng.triangular(0, 0.25, 0.8)
            sheet = paper.blank_sheet(level, self._noise, rng)
        contrast = abs(tone - level)
        sign = np.sign(tone - level)
        if kind != "drawn":
            if rng.random() < 0.34:
                pattern = paper.guilloche(SIDE, height, rng)
                sheet += pattern * np.float32(sign * rng.uniform(0.08, 0.5) * contrast)
            if rng.random() < 0.06:
                sheet += paper.checks(SIDE, rng) * np.float32(
                    sign * rng.uniform(0, 0.25) * contrast
                )
            if rng.random() < 0.1:  # print that shows through
                behind = np.roll(ink[:, ::-1], tuple(rng.integers(0, SIDE, 2)), (0, 1))
                sheet += behind * np.float32(sign * rng.uniform(0.03, 0.2) * contrast)
            if rng.random() < 0.15:
                sheet += paper.specks(SIDE, 2, rng) * np.float32(sign * contrast)
        darkness = rng.uniform(0.3, 1.3) if rng.random() < 0.75 else rng.uniform(0.05, 0.3)
        sheet = sheet + printed * np.float32(sign * darkness * contrast)
        cover = ink
        if kind != "drawn":
            cover = ink * np.float32(rng.uniform(0.75, 1.0))
            if rng.random() < 0.35:  # a pencil's grain, uneven ink
                grain = self._noise(rng.choice([2, 2, 3, 6, 15]), rng)
                cover = cover * (1 - (grain * 0.5).clip(0, 1) * np.float32(rng.uniform(0.1, 0.8)))
        sheet = sheet * (1 - cover) + np.float32(tone) * cover
        if kind == "photo":
            if rng.random() < 0.15:
                desk = paper.blank_sheet(rng.uniform(5, 245), self._noise, rng)
                beyond = paper.beyond_the_edge(SIDE, rng) * (1 - ink)
                sheet = sheet * (1 - beyond) + desk * beyond
            photo = camera.photographed(sheet, height, contrast, self._noise, rng)
        elif kind == "scan":
            photo = camera.scanned(sheet, contrast, self._noise, rng)
        elif rng.random() < 0.6:
            photo = camera.enlarged(sheet, tone, level, rng)
        else:
            photo = sheet
        return camera.as_levels(photo)


@cache
def _noise() -> Noise:
    """Every generator's: it is the same each time, of 7 MB, and takes its time to be drawn."""
    return Noise(SIDE, np.random.default_rng(0))


def _around_one(boxes: Sequence[Box], height: float, rng: Rng) -> tuple[float, float]:
    """From where to where a picture shows one sign of a row, and little of its neighbours."""
    place = int(rng.integers(len(boxes)))
    near, far = rng.uniform(0.05, 0.6, 2) * height
    left, right = boxes[place][0] - near, boxes[place][2] + far
    if place > 0:
        start, _, end, _ = boxes[place - 1]
        left = max(left, end - rng.uniform(0, 0.4) * (end - start))
    if place + 1 < len(boxes):
        start, _, end, _ = boxes[place + 1]
        right = min(right, start + rng.uniform(0, 0.4) * (end - start))
    return min(left, boxes[place][0]), max(right, boxes[place][2])


def _page(picture: NDArray[np.uint8], canvas: Canvas) -> DrawnPage:
    boxes = np.array(canvas.boxes, np.float32).reshape(-1, 4)
    kinds, seen = np.array(canvas.kinds, np.int64), np.array(canvas.seen)
    kinds[seen < LEAST_SEEN] = -1
    is_piece = seen >= SLIVER
    numbers = np.append(0, np.where(is_piece, is_piece.cumsum(), 0)).astype(np.uint8)
    ink, owner = (canvas.ink * 255).astype(np.uint8), numbers[canvas.owner]
    return DrawnPage(picture, ink, owner, boxes[is_piece], kinds[is_piece])
