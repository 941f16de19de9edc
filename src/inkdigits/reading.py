"""What was read: a Reading of Digits and Marks, in lines and in Numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from math import prod
from reprlib import Repr
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from inkdigits.layout import rows_and_columns, slope_of
from inkdigits.sketch import SKIPPED, SURE, UNSURE, sketch

Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels of the picture as its EXIF orientation shows it, before it was turned
(`Reading.turned`); x1 and y1 are exclusive."""
Expect = Literal["digit", "number"] | None
"""What a picture holds, if that is known; see `Reader.read`."""
DOUBT = "?"
"""Stands behind what is not sure."""
LARGEST_IN_JSON = 2**53
"""Up to here JavaScript, Parquet and others have every whole number."""

_short = Repr()
_short.maxstring = 60


@dataclass(frozen=True)
class Digit:
    """One digit that was read."""

    value: int
    """0 to 9."""
    confidence: float
    """The calibrated probability of `value`, in 0..1."""
    sure: bool
    """Whether the confidence is one that 99 % of real digits reach and, on a page, both model files
    agree; see "Sure, or not" in the README."""
    box: Box
    """Of the ink."""
    probabilities: tuple[float, ...] = field(repr=False)
    """The calibrated probability of each digit from 0 to 9; what is missing to 1 is that it is
    none."""
    seen: NDArray[np.float32] = field(repr=False, compare=False)
    """What the network saw: (28, 28) in 0..1, ink bright."""

    def to_dict(self, *, seen: bool = False) -> dict[str, Any]:
        """Everything that JSON can hold; `seen=True` adds the picture as nested lists."""
        row: dict[str, Any] = {
            "value": self.value,
            "confidence": self.confidence,
            "sure": self.sure,
            "box": list(self.box),
            "probabilities": list(self.probabilities),
        }
        if seen:
            row["seen"] = self.seen.astype(float).round(3).tolist()
        return row


@dataclass(frozen=True)
class Mark:
    """A sign that is read and is no digit."""

    text: str
    """One of `. , - + × ÷ / = :`."""
    confidence: float
    """The calibrated probability of `text`, in 0..1."""
    sure: bool
    """Whether the confidence is above the point where marks are accepted."""
    box: Box
    """Of the ink."""

    def to_dict(self) -> dict[str, Any]:
        """Everything that JSON can hold."""
        return {
            "text": self.text,
            "confidence": self.confidence,
            "sure": self.sure,
            "box": list(self.box),
        }


@dataclass(frozen=True)
class Number:
    """One number of a reading: what no space parts, its marks included."""

    text: str
    """Such as "305", "3.14" or "12+7"."""
    confidence: float
    """The calibrated probability that the whole text is right, in 0..1."""
    sure: bool
    """Whether each digit and mark is sure, also which of a point and a comma it is, and no sign in
    it or at it was left out or may be there, too faint to be read. None is sure where a hint has
    turned out wrong, or `Reading.warnings` says why something may be missing."""
    box: Box
    """Around all of its digits and marks."""
    line: int
    """In which line of the reading it is, from 0."""
    digits: tuple[Digit, ...] = field(repr=False)
    """From left to right."""
    marks: tuple[Mark, ...] = field(repr=False)
    """From left to right."""

    @property
    def value(self) -> int | Decimal | None:
        """What it says if it is plain, else None: 3.14 is Decimal("3.14"), but what 3,14 and -5
        are depends on who wrote them; see `Reading.number`."""
        return _value_of(self.text)

    def to_dict(self) -> dict[str, Any]:
        """Everything that JSON can hold, but for the digits and marks that the reading has."""
        return {
            "text": self.text,
            "value": _in_json(self.value),
            "confidence": self.confidence,
            "sure": self.sure,
            "box": list(self.box),
            "line": self.line,
        }


@dataclass(frozen=True)
class Reading:
    """What is written in one picture."""

    text: str
    """Digits and marks, with a space between numbers and a newline between lines. It is empty if
    there is only other writing."""
    confidence: float
    """The calibrated probability that the whole text is right, in 0..1."""
    sure: bool
    """Whether every digit and mark is sure, and nothing else may be there that was not read. Which
    of a point and a comma it is, which many people write alike, says only `Mark.sure`."""
    digits: tuple[Digit, ...]
    """In reading order."""
    skipped: tuple[Box, ...] = ()
    """Of other writing: letters, scribbles. It is not in the text."""
    turned: int = 0
    """By how many degrees clockwise the picture had to be turned to be read: 0, 90, 180 or 270.
    Boxes are in the picture as it was."""
    marks: tuple[Mark, ...] = ()
    """In reading order."""
    warnings: tuple[str, ...] = ()
    """Why something may be missing from the text, in words; then it is not sure."""
    model: str = ""
    """Which version of `digits.onnx` read it, or of another's model file in its place: the first 12
    digits of the SHA-256 in its metadata, which is of all bytes before that one."""
    faint: tuple[Box, ...] = field(default=(), repr=False)
    """Where a digit may be that is too faint to be read: the text is not sure then, nor is a number
    beside it."""

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        text = _short.repr(self.text)
        return f"Reading({text}, confidence={self.confidence:.6g}, sure={self.sure})"

    def _repr_html_(self) -> str:
        """For notebooks: what was read where, as SVG."""
        upright = self.upright()
        signs = [
            *((digit.box, str(digit.value), digit.sure) for digit in upright.digits),
            *((mark.box, mark.text, mark.sure) for mark in upright.marks),
        ]
        return sketch(
            [(box, text, SURE if sure else UNSURE) for box, text, sure in signs]
            + [(box, "", SKIPPED) for box in upright.skipped]
        )

    @property
    def numbers(self) -> tuple[Number, ...]:
        """The numbers of the text in its order, each with its digits and where it is."""
        digits, marks = iter(self.digits), iter(self.marks)
        return tuple(
            self._number(
                text, line, [next(digits) if sign.isdigit() else next(marks) for sign in text]
            )
            for line, words in enumerate(self.lines)
            for text in words.split()
        )

    def table(self, *, sure_from: float = 0.0) -> list[list[str]]:
        """The numbers in rows, each of as many columns; "" where a row has nothing in a column.

        Numbers that lie above each other are a column, those beside each other a row, also on a
        page that is not quite upright. One that is not sure, or less likely than `sure_from`, has
        a question mark behind it.
        """
        upright = self.upright()
        numbers = upright.numbers
        sure = [number.sure and number.confidence >= sure_from for number in numbers]
        return rows_and_columns(
            np.array([number.box for number in numbers]),
            [
                n.text if is_sure else n.text + DOUBT
                for n, is_sure in zip(numbers, sure, strict=True)
            ],
            slope_of(np.array([digit.box for digit in upright.digits])) if numbers else 0.0,
        )

    def upright(self, height: int = 0, width: int = 0) -> Reading:
        """The same in the picture turned upright, `height` and `width` being those before.

        Without them boxes are right but for where the picture begins.
        """
        turned = self.turned
        return replace(self.moved(lambda box: turned_box(box, turned, height, width)), turned=0)

    def moved(self, move: Callable[[Box], Box]) -> Reading:
        """The same, with each box where `move` says."""
        return replace(
            self,
            digits=tuple(replace(digit, box=move(digit.box)) for digit in self.digits),
            marks=tuple(replace(mark, box=move(mark.box)) for mark in self.marks),
            skipped=tuple(map(move, self.skipped)),
            faint=tuple(map(move, self.faint)),
        )

    def doubted(self) -> Reading:
        """The same, but nothing in it is sure."""
        return replace(
            self,
            sure=False,
            digits=tuple(replace(digit, sure=False) for digit in self.digits),
            marks=tuple(replace(mark, sure=False) for mark in self.marks),
        )

    @property
    def number(self) -> int | Decimal | None:
        """The value if the text is one plain number, else None.

        Plain are digits with at most one decimal point, between digits: 0755 is 755 and 3.14 is
        Decimal("3.14"). A comma says different things in different countries, and a dash before a
        number is not always a minus, so 3,14 and -5 are None, and so are 12+7 and 12 7.
        """
        return _value_of(self.text)

    @property
    def lines(self) -> tuple[str, ...]:
        """The text line by line."""
        return tuple(self.text.split("\n"))

    def _number(self, text: str, line: int, signs: Sequence[Digit | Mark]) -> Number:
        box = _around([sign.box for sign in signs])
        boxes = (box, *self.skipped, *self.faint)
        upright, *left_out = (turned_box(each, self.turned, 0, 0) for each in boxes)
        return Number(
            text,
            confidence=prod(sign.confidence for sign in signs),
            sure=all(sign.sure for sign in signs)
            and not any(_touches(upright, sign) for sign in left_out),
            box=box,
            line=line,
            digits=tuple(sign for sign in signs if isinstance(sign, Digit)),
            marks=tuple(sign for sign in signs if isinstance(sign, Mark)),
        )

    def to_dict(self, *, seen: bool = False) -> dict[str, Any]:
        """Everything that JSON can hold; `seen=True` adds to each digit what the network saw."""
        return {
            "text": self.text,
            "confidence": self.confidence,
            "sure": self.sure,
            "lines": list(self.lines),
            "number": _in_json(self.number),
            "numbers": [number.to_dict() for number in self.numbers],
            "digits": [digit.to_dict(seen=seen) for digit in self.digits],
            "marks": [mark.to_dict() for mark in self.marks],
            "skipped": [list(box) for box in self.skipped],
            "faint": [list(box) for box in self.faint],
            "turned": self.turned,
            "warnings": list(self.warnings),
            "model": self.model,
        }


def check_hints(expect: Expect, length: int | None) -> None:
    """Raise ValueError unless a picture can hold that; see `Reader.read`."""
    if expect not in (None, "digit", "number"):
        raise ValueError(f'expect is {expect!r}; it must be "digit", "number" or None.')
    given: object = length  # which may be anything where no types are checked
    if given is not None and not isinstance(given, int | np.integer):
        raise ValueError(f"length is {length!r}; it must be a whole number.")
    if length is not None and length < 1:
        raise ValueError(f"length is {length}; it must be 1 or more.")
    if expect == "digit" and length not in (None, 1):
        raise ValueError(
            f'expect is "digit" and length {length}, but one digit has length 1. '
            "Leave one of the two out."
        )


def turned_box(box: Box, degrees: int, height: int, width: int) -> Box:
    """Where a box of a picture (height, width) is when the picture has been turned clockwise."""
    x0, y0, x1, y1 = box
    return {
        0: box,
        90: (height - y1, x0, height - y0, x1),
        180: (width - x1, height - y1, width - x0, height - y0),
        270: (y0, width - x1, y1, width - x0),
    }[degrees]


def _value_of(text: str) -> int | Decimal | None:
    if re.fullmatch("[0-9]+", text):
        return int(text)
    return Decimal(text) if re.fullmatch(r"[0-9]+\.[0-9]+", text) else None


def _in_json(value: int | Decimal | None) -> int | float | None:
    """None if those who read it would round it: the text has all digits."""
    if value is None or value > LARGEST_IN_JSON:
        return None
    if isinstance(value, int):
        return value
    return float(value) if Decimal(repr(float(value))) == value else None


def _around(boxes: Sequence[Box]) -> Box:
    left, top, right, bottom = zip(*boxes, strict=True)
    return min(left), min(top), max(right), max(bottom)


def _touches(number: Box, sign: Box) -> bool:
    """Whether a sign is within a number or beside it."""
    x0, y0, x1, y1 = number
    reach = (y1 - y0) / 2
    left, top, right, bottom = sign
    return left < x1 + reach and right > x0 - reach and top < y1 + reach and bottom > y0
