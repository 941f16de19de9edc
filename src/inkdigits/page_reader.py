"""Reads what `ink.py` finds on a page: digits one by one, and where they touch, together."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits.errors import NoInk
from inkdigits.ink import Crop, Found, cut_from, find_ink
from inkdigits.ink_network import InkNetwork
from inkdigits.number_reader import NumberReader, NumberSeen, on_white
from inkdigits.number_text import one_digit
from inkdigits.reading import Box, Digit, Expect, Reading

Grey = NDArray[np.uint8]

AT_ONCE = 64
"""Crops in one run."""
WIDE = 1.1
"""A crop that is wider than so many times its height may hold several digits, whatever it seems."""
WIDEST_DIGIT, IMPLAUSIBLE = 1.8, 0.1
"""A digit is no wider than so many times its height: if it were, it is so much less likely."""
SURE_TOGETHER = 0.99
"""Digits that touch are sure from this confidence on: shapes that are none look like some, too."""
LONGEST = 6
"""Digits that touch, at most."""
JOINED_WIDTH = 1.2
"""Two crops may be one digit if together they are no wider than so many times their height."""
JOINED_FROM = 0.95
"""and if that is read with at least this confidence."""
WINDOW = 5
"""So many neighbours are seen together,"""
VIEW = 5.0
"""if they are no wider than so many times their height."""
OVERLAP = 0.1
"""Crops that overlap by this share of the narrower one's width may have cut a digit in two."""
PARTS = 0.5
"""How much less likely digits are whose crops overlap."""
LIKELY = 0.3
"""Crops give way to what is read of them together if that is at least so likely."""
SPACE = 0.7
"""A gap of this share of the digits' height parts two numbers."""
STRANGE = 0.34
"""A page on which more than this share of the pieces is no sure digit is no page of numbers:
nothing on it is sure."""
TALLY = 3
"""So many strokes side by side may be a tally, or hatching, as well as a row of 1s."""
MUCH_TEXT = 60
"""On a page with so many pieces that are no digits, and most are none, nobody looks for digits that
touch."""
DOUBTFUL, MOSTLY_SURE = 0.5, 0.75
"""A page with no more confidence may lie on its side, if it has more when it is turned, and there
this share of its digits are sure."""

SAME_UPSIDE_DOWN = set("01689 \n")
"""What is a digit upside down, too: nobody can tell 9181 from 1816 turned, and it is read as it
lies."""


@dataclass(frozen=True)
class _Option:
    """One way to read a crop."""

    digits: tuple[Digit, ...]
    confidence: float

    @property
    def sure(self) -> bool:
        return all(digit.sure for digit in self.digits)


@dataclass
class _Unit:
    """A crop, and the ways to read it by how many digits they make of it."""

    crop: Crop
    options: dict[int, _Option] = field(default_factory=dict)
    seen: NumberSeen | None = None

    @property
    def is_wide(self) -> bool:
        return self.crop.width > WIDE * self.crop.height

    @property
    def is_doubtful(self) -> bool:
        return self.is_wide or not self.best.sure

    @property
    def best(self) -> _Option:
        return max(self.options.values(), key=lambda option: option.confidence)


_Word = list[_Unit]
"""Neighbours in a line, with no wide gap between them."""


class PageReader:
    """Reads pages with a model of single digits, one of digits that touch, and one of ink.

    Args:
        digits: reads pictures (N, H, W) of one digit each; None for a blank one.
        sure_from: the confidence from which on a digit is sure, in 0..1.
        numbers: gives the reader of touching digits, which is not loaded before it is needed;
        ink: likewise what finds ink.
    """

    def __init__(
        self,
        digits: Callable[[Grey], Sequence[Digit | None]],
        sure_from: float,
        numbers: Callable[[], NumberReader],
        ink: Callable[[], InkNetwork],
    ) -> None:
        self._digits, self._sure_from = digits, sure_from
        self._numbers, self._ink = numbers, ink

    def read(self, picture: Grey, expect: Expect = None, length: int | None = None) -> Reading:
        """Read a grey picture (H, W); see `Reader.read`."""
        found = find_ink(picture, self._ink())
        if not found.lines:
            raise NoInk(
                "Nothing is written in the picture. Write digits, dark on light or light on dark."
            )
        reading = self._read_found(found, expect, length)
        if len(reading.digits) < 2 or reading.confidence > DOUBTFUL or _sure_share(reading) > 0.5:
            return reading
        quarters = self._best_turn(found)
        if quarters:
            turned = find_ink(np.ascontiguousarray(np.rot90(picture, -quarters)), self._ink())
            better = self._read_found(turned, expect, length)
            is_better = len(better.digits) > 1 and better.confidence > reading.confidence
            either_way = quarters == 2 and set(better.text) <= SAME_UPSIDE_DOWN
            if is_better and _sure_share(better) >= MOSTLY_SURE and not either_way:
                return _turned_back(better, quarters, picture.shape)
        return reading

    def read_piece(
        self, picture: Grey, box: Box, expect: Expect = None, length: int | None = None
    ) -> Reading:
        """Read a clean picture (H, W) with one connected piece of ink, whose box is known."""
        piece = cut_from(picture, box)
        return self._read_found(Found(((piece,),), ()), expect, length)

    def _best_turn(self, found: Found) -> int:
        """The quarters of a turn clockwise after which most crops look like digits; 0 if few do."""
        crops = [crop.picture for line in found.lines for crop in line]
        crops = crops[:: len(crops) // AT_ONCE + 1]
        shares = {}
        for quarters in (2, 1, 3):
            digits = self._digits(on_white([np.rot90(crop, -quarters) for crop in crops]))
            shares[quarters] = np.mean([digit is not None and digit.sure for digit in digits])
        best = max(shares, key=lambda quarters: shares[quarters])
        return best if shares[best] >= MOSTLY_SURE else 0

    def _read_found(self, found: Found, expect: Expect, length: int | None) -> Reading:
        lines = [_words(self._units(line)) for line in found.lines]
        if not _is_text(lines):
            lines = self._read_together(lines)
        units = [unit for line in lines for word in line for unit in word]
        if expect == "digit":
            length = 1
            *others, digit = sorted(units, key=_likeness_to_a_digit)
            units, lines = [digit], [[[digit]]]
            found = Found(found.lines, found.skipped + tuple(unit.crop for unit in others))
        if length is not None:
            self._of_length(units, length)
        return _reading(lines, found, expect, length)

    def _units(self, line: Sequence[Crop]) -> list[_Unit]:
        """The crops of a line, each read as one digit; two that are one digit are joined."""
        units: list[_Unit] = []
        for unit in self._as_digits(line):
            if units and not (units[-1].best.sure and unit.best.sure):
                together = self._joined(units[-1], unit)
                if together:
                    units[-1] = together
                    continue
            units.append(unit)
        return units

    def _as_digits(self, crops: Sequence[Crop]) -> list[_Unit]:
        units = [_Unit(crop) for crop in crops]
        for start in range(0, len(units), AT_ONCE):
            part = units[start : start + AT_ONCE]
            digits = self._digits(on_white([unit.crop.picture for unit in part]))
            for unit, digit in zip(part, digits, strict=True):
                if digit is None:  # too faint for the model
                    digit = _unknown(unit.crop)
                digit = replace(digit, box=unit.crop.box)
                unit.options[1] = _Option((digit,), digit.confidence)
        return units

    def _joined(self, one: _Unit, other: _Unit) -> _Unit | None:
        """Both as one digit, if they look like one."""
        (x0, y0, x1, y1), (left, top, right, bottom) = one.crop.box, other.crop.box
        width, height = max(x1, right) - min(x0, left), max(y1, bottom) - min(y0, top)
        if width > JOINED_WIDTH * height or left - x1 > 0.3 * height:
            return None
        [together] = self._as_digits([one.crop.with_(other.crop)])
        confidence = together.best.confidence
        apart = one.best.confidence * other.best.confidence
        return together if confidence > max(JOINED_FROM, apart) else None

    def _read_together(self, lines: list[list[_Word]]) -> list[list[_Word]]:
        """The same lines, after the network for several digits has seen them, too."""
        windows = [[_windows(word) for word in line] for line in lines]
        crops = [_together(window) for line in windows for word in line for window in word]
        seen = zip(crops, self._numbers().read([crop.picture for crop in crops]), strict=True)
        return [
            [[unit for window in word for unit in self._seen(window, *next(seen))] for word in line]
            for line in windows
        ]

    def _seen(self, window: _Word, crop: Crop, seen: NumberSeen) -> _Word:
        """What becomes of a few neighbours now that they have been seen together."""
        if len(window) == 1:
            self._look_closer(window[0], seen)
            return window
        text, confidence = seen.best()
        if len(text) == len(window):
            opinions = seen.opinions(text)
            own = [opinion[int(digit)] for opinion, digit in zip(opinions, text, strict=True)]
            # That these are digits at all is as doubtful as the text beyond what each digit is.
            common = min(confidence / max(float(np.prod(own)), 1e-9), 1.0) ** (1 / len(text))
            for unit, opinion in zip(window, opinions, strict=True):
                unit.options[1] = self._both(unit, opinion * common)
            return window
        if not any(unit.is_doubtful for unit in window) and not _overlap(window):
            return window  # the gaps between them speak for themselves
        doubtful = [unit for unit in window if unit.is_doubtful]
        pictures = [unit.crop.picture for unit in doubtful]
        for unit, one in zip(doubtful, self._numbers().read(pictures), strict=True):
            self._look_closer(unit, one)
        apart = float(np.prod([unit.best.confidence for unit in window]))
        if _overlap(window):
            apart *= PARTS
        elif len(text) < len(window):
            return window  # only parts of one digit lie over each other
        if not text or confidence < max(apart, LIKELY):
            return window
        unit = _Unit(crop, seen=seen)
        unit.options[len(text)] = self._several(unit, text, confidence)
        return [unit]

    def _look_closer(self, unit: _Unit, seen: NumberSeen) -> None:
        """Add what the network for several digits says of one crop."""
        unit.seen = seen
        text, confidence = seen.best()
        if len(text) > 1:
            unit.options[len(text)] = self._several(unit, text, confidence)
        unit.options[1] = self._both(unit, one_digit(seen.outputs["probabilities"]))

    def _several(self, unit: _Unit, text: str, confidence: float) -> _Option:
        assert unit.seen
        if unit.crop.width > WIDEST_DIGIT * len(text) * unit.crop.height:
            confidence *= IMPLAUSIBLE
        digits = unit.seen.digits(text, confidence, confidence >= SURE_TOGETHER)
        placed = tuple(replace(digit, box=unit.crop.on_page(digit.box)) for digit in digits)
        return _Option(placed, confidence)

    def _both(self, unit: _Unit, opinion: NDArray[np.floating[Any]]) -> _Option:
        """One digit, as both networks see it: the mean of what they say (10,).

        Of what is wide the one for single digits has nothing to say.
        """
        [digit] = unit.options[1].digits
        both = opinion if unit.is_wide else (opinion + np.array(digit.probabilities)) / 2
        if unit.crop.width > WIDEST_DIGIT * unit.crop.height:
            both = both * IMPLAUSIBLE
        if unit.crop.width > unit.crop.height:  # a 1 leans, but it does not lie
            both = both * np.where(np.arange(10) == 1, IMPLAUSIBLE, 1.0)
        value = int(both.argmax())
        confidence = float(both[value])
        agreed = min(float(opinion[value]), confidence)
        if not unit.is_wide:
            agreed = min(agreed, digit.probabilities[value])
        digit = replace(
            digit,
            value=value,
            confidence=confidence,
            sure=agreed >= self._sure_from,
            probabilities=tuple(float(p) for p in both / max(float(both.sum()), 1e-9)),
        )
        return _Option((digit,), confidence)

    def _of_length(self, units: list[_Unit], length: int) -> None:
        """Leave each crop the one option with which all together have so many digits.

        Of all ways the likeliest; none is left as it is if there is no such way.
        """
        if sum(len(unit.best.digits) for unit in units) == length:
            return
        if len(units) > length:
            return
        for unit in units:
            if unit.seen is None:
                [unit.seen] = self._numbers().read([unit.crop.picture])
            for count in range(1, min(LONGEST, length - len(units) + 1) + 1):
                if count not in unit.options:
                    text, confidence = unit.seen.best(count)
                    if text:
                        unit.options[count] = self._several(unit, text, confidence)
        # The best way to have so many digits by the end of each crop, and its confidence.
        ways: dict[int, tuple[float, list[_Option]]] = {0: (1.0, [])}
        for unit in units:
            after: dict[int, tuple[float, list[_Option]]] = {}
            for count, (confidence, chosen) in ways.items():
                for more, option in unit.options.items():
                    total = confidence * option.confidence
                    if count + more <= length and total > after.get(count + more, (-1.0, []))[0]:
                        after[count + more] = (total, [*chosen, option])
            ways = after
        if length in ways:
            for unit, option in zip(units, ways[length][1], strict=True):
                unit.options = {len(option.digits): option}


def _likeness_to_a_digit(unit: _Unit) -> float:
    """How likely it is the one digit of a page, against what else is on it: large and clear."""
    confidence = unit.options[1].confidence if 1 in unit.options else 0.0
    return confidence * unit.crop.width * unit.crop.height


def _words(line: Sequence[_Unit]) -> list[_Word]:
    """The numbers of a line: a wide gap parts two."""
    height = float(np.median([unit.crop.height for unit in line]))
    words: list[_Word] = []
    for before, unit in zip([None, *line], line, strict=False):
        if before and unit.crop.box[0] - before.crop.box[2] <= SPACE * height:
            words[-1].append(unit)
        else:
            words.append([unit])
    return words


def _windows(word: _Word) -> list[_Word]:
    """Neighbours that fit into the network's view together, about as many in each."""
    boxes = np.array([unit.crop.box for unit in word])
    width, height = boxes[:, 2:].max(0) - boxes[:, :2].min(0)
    count = max(-(-len(word) // WINDOW), int(np.ceil(width / (VIEW * height))))
    ends = np.linspace(0, len(word), min(count, len(word)) + 1).round().astype(int)
    return [word[start:stop] for start, stop in pairwise(ends.tolist())]


def _together(window: _Word) -> Crop:
    crop = window[0].crop
    for unit in window[1:]:
        crop = crop.with_(unit.crop)
    return crop


def _overlap(window: _Word) -> bool:
    """Whether a crop reaches over or under its neighbour: a part of one may be the other's."""
    return any(
        before.crop.box[2] - after.crop.box[0] > OVERLAP * min(before.crop.width, after.crop.width)
        for before, after in pairwise(window)
    )


def _is_text(lines: list[list[_Word]]) -> bool:
    """Whether so much is no digit that nobody need look for digits that touch."""
    doubtful = [unit.is_doubtful for line in lines for word in line for unit in word]
    return sum(doubtful) > max(MUCH_TEXT, len(doubtful) / 2)


def _reading(lines: list[list[_Word]], found: Found, expect: Expect, length: int | None) -> Reading:
    options = [unit.best for line in lines for word in line for unit in word]
    digits = [digit for option in options for digit in option.digits]
    digits = _without_tallies(digits, lines)
    strange = sum(not digit.sure for digit in digits) + len(found.skipped)
    if strange > STRANGE * (len(digits) + len(found.skipped)):
        digits = [replace(digit, sure=False) for digit in digits]
    as_expected = length in (None, len(digits)) and not (expect and len(lines) > 1)
    space = " " if expect is None else ""
    texts = [space.join(map(_text, line)) for line in lines]
    confidence = float(np.prod([option.confidence for option in options]))
    return Reading(
        text="\n".join(texts),
        confidence=confidence,
        sure=all(digit.sure for digit in digits) and not found.skipped and as_expected,
        digits=tuple(digits),
        skipped=tuple(crop.box for crop in found.skipped),
    )


def _without_tallies(digits: list[Digit], lines: list[list[_Word]]) -> list[Digit]:
    """The digits; of a number that has three 1s or more in a row, these are not sure."""
    tallied = []
    for text in (_text(word) for line in lines for word in line):
        for run in re.findall(f"1{{{TALLY},}}|.", text):
            tallied += [len(run) >= TALLY] * len(run)
    return [
        replace(digit, sure=False) if in_tally else digit
        for digit, in_tally in zip(digits, tallied, strict=True)
    ]


def _text(word: _Word) -> str:
    return "".join(str(digit.value) for unit in word for digit in unit.best.digits)


def _unknown(crop: Crop) -> Digit:
    """For what is too faint to be read."""
    return Digit(0, 0.1, False, crop.box, (0.1,) * 10, np.zeros((28, 28), np.float32))


def _sure_share(reading: Reading) -> float:
    return float(np.mean([digit.sure for digit in reading.digits]))


def _turned_back(reading: Reading, quarters: int, shape: tuple[int, ...]) -> Reading:
    """A reading of the page turned clockwise by so many quarters, in the page as it was."""
    height, width = shape

    def back(box: Box) -> Box:
        x0, y0, x1, y1 = box
        if quarters == 1:
            return y0, height - x1, y1, height - x0
        if quarters == 2:
            return width - x1, height - y1, width - x0, height - y0
        return width - y1, x0, width - y0, x1

    return replace(
        reading,
        digits=tuple(replace(digit, box=back(digit.box)) for digit in reading.digits),
        skipped=tuple(map(back, reading.skipped)),
        turned=90 * quarters,
    )
