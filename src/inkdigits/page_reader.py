"""Reads what `ink.py` finds on a page: digits one by one, and where they touch, together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from inkdigits.errors import NoInk, UnreadablePicture
from inkdigits.ink import Crop, Found, find_ink
from inkdigits.number_reader import NumberReader, NumberSeen, on_white
from inkdigits.number_text import one_digit
from inkdigits.reading import Box, Digit, Reading

Grey = NDArray[np.uint8]
Expect = Literal["digit", "number"] | None

MOST_PIECES = 2000
"""A page with more pieces of writing is refused."""
AT_ONCE = 64
"""Crops in one run."""
WIDE = 1.1
"""A crop that is wider than so many times its height may hold several digits, whatever it seems."""
LONGEST = 6
"""Digits that touch, at most."""
JOINED_WIDTH = 1.2
"""Two crops may be one digit if together they are no wider than so many times their height."""
JOINED_FROM = 0.8
"""and if that is read with at least this confidence."""
SPACE = 0.65
"""A gap of this share of the digits' height parts two numbers."""
TEXT_FROM, STRANGE = 3, 0.3
"""A page with at least so many pieces, of which more than this share is no digit, is no page of
numbers: nothing on it is sure."""
MUCH_TEXT = 60
"""On a page with so many pieces that are no digits nobody looks for digits that touch."""
DOUBTFUL, MOSTLY_SURE = 0.5, 0.75
"""A page with no more confidence may lie on its side, if it has more when it is turned, and there
this share of its digits are sure."""


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
    def best(self) -> _Option:
        return max(self.options.values(), key=lambda option: option.confidence)


class PageReader:
    """Reads pages with a model of single digits, and one of digits that touch.

    Args:
        digits: reads pictures (N, H, W) of one digit each; None for a blank one.
        sure_from: the confidence from which on a digit is sure, in 0..1.
        numbers: gives the reader of touching digits, which is not loaded before it is needed.
    """

    def __init__(
        self,
        digits: Callable[[Grey], Sequence[Digit | None]],
        sure_from: float,
        numbers: Callable[[], NumberReader],
    ) -> None:
        self._digits, self._sure_from, self._numbers = digits, sure_from, numbers

    def read(self, picture: Grey, expect: Expect = None, length: int | None = None) -> Reading:
        """Read a grey picture (H, W); see `Reader.read`."""
        reading = self._read_upright(picture, expect, length)
        if len(reading.digits) < 2 or reading.confidence > DOUBTFUL or _sure_share(reading) > 0.5:
            return reading
        for quarters in (2, 1, 3):
            turned = self._read_upright(np.rot90(picture, -quarters), expect, length)
            if (
                len(turned.digits) > 1
                and turned.confidence > DOUBTFUL
                and _sure_share(turned) >= MOSTLY_SURE
            ):
                return _turned_back(turned, quarters, picture.shape)
        return reading

    def _read_upright(self, picture: Grey, expect: Expect, length: int | None) -> Reading:
        found = find_ink(np.ascontiguousarray(picture))
        if not found.lines:
            raise NoInk(
                "Nothing is written in the picture. Write digits, dark on light or light on dark."
            )
        pieces = sum(len(line) for line in found.lines)
        if pieces > MOST_PIECES:
            raise UnreadablePicture(
                f"There are {pieces:,} pieces of writing in the picture, and the limit is "
                f"{MOST_PIECES:,}. Cut it into parts.",
                reason="too large",
            )
        lines = [self._units(line) for line in found.lines]
        units = [unit for line in lines for unit in line]
        self._look_for_several(units)
        if expect == "digit":
            length = 1
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

    def _look_for_several(self, units: list[_Unit]) -> None:
        """See what looks like no digit, or is wide, with the network for digits that touch."""
        doubtful = [unit for unit in units if not unit.best.sure or unit.is_wide]
        if not doubtful or len(doubtful) > MUCH_TEXT:
            return
        for unit, seen in zip(
            doubtful, self._numbers().read([unit.crop.picture for unit in doubtful]), strict=True
        ):
            unit.seen = seen
            text, confidence = seen.best()
            if len(text) > 1:
                unit.options[len(text)] = self._several(unit, text, confidence)
            unit.options[1] = self._second_opinion(unit, seen)

    def _several(self, unit: _Unit, text: str, confidence: float) -> _Option:
        assert unit.seen
        digits = unit.seen.digits(text, confidence, confidence >= self._sure_from)
        placed = tuple(replace(digit, box=unit.crop.on_page(digit.box)) for digit in digits)
        return _Option(placed, confidence)

    def _second_opinion(self, unit: _Unit, seen: NumberSeen) -> _Option:
        """What both networks say of one digit, on average; of what is wide only the other's."""
        [digit] = unit.options[1].digits
        both = one_digit(seen.outputs["probabilities"])
        if not unit.is_wide:
            both = (both + np.array(digit.probabilities)) / 2
        value = int(both.argmax())
        confidence = float(both[value])
        both /= max(float(both.sum()), 1e-9)
        digit = replace(
            digit,
            value=value,
            confidence=confidence,
            sure=confidence >= self._sure_from,
            probabilities=tuple(float(p) for p in both),
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


def _reading(lines: list[list[_Unit]], found: Found, expect: Expect, length: int | None) -> Reading:
    options = [unit.best for line in lines for unit in line]
    digits = [digit for option in options for digit in option.digits]
    strange = sum(not option.sure for option in options) + len(found.skipped)
    pieces = len(options) + len(found.skipped)
    if pieces >= TEXT_FROM and strange > STRANGE * pieces:
        digits = [replace(digit, sure=False) for digit in digits]
    as_expected = length in (None, len(digits)) and not (expect and len(lines) > 1)
    texts = [_text(line, " " if expect is None else "") for line in lines]
    confidence = float(np.prod([option.confidence for option in options]))
    return Reading(
        text="\n".join(texts),
        confidence=confidence,
        sure=all(digit.sure for digit in digits) and not found.skipped and as_expected,
        digits=tuple(digits),
        skipped=tuple(crop.box for crop in found.skipped),
    )


def _text(line: list[_Unit], space: str) -> str:
    """The digits of a line, with a space where there is a gap."""
    height = float(np.median([unit.crop.height for unit in line]))
    text = ""
    for before, unit in zip([None, *line], line, strict=False):
        if before and unit.crop.box[0] - before.crop.box[2] > SPACE * height:
            text += space
        text += "".join(str(digit.value) for digit in unit.best.digits)
    return text


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
