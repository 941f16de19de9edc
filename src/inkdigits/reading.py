"""What was read: a Reading of Digits and Marks, in lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 in the upright picture's pixels; x1 and y1 are exclusive."""
Expect = Literal["digit", "number"] | None
"""What a picture holds, if that is known; see `Reader.read`."""


@dataclass(frozen=True)
class Digit:
    """One digit that was read."""

    value: int
    """0 to 9."""
    confidence: float
    """The calibrated probability of `value`, in 0..1."""
    sure: bool
    """Whether the confidence is above the point where 99 % of real digits are accepted."""
    box: Box
    """Of the ink."""
    probabilities: tuple[float, ...]
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

    @property
    def number(self) -> int | Decimal | None:
        """The value if the text is one plain number, else None.

        Plain are digits with at most one decimal point, between digits: 0755 is 755 and 3.14 is
        Decimal("3.14"). A comma says different things in different countries, and a dash before a
        number is not always a minus, so 3,14 and -5 are None, and so are 12+7 and 12 7.
        """
        if re.fullmatch("[0-9]+", self.text):
            return int(self.text)
        return Decimal(self.text) if re.fullmatch(r"[0-9]+\.[0-9]+", self.text) else None

    @property
    def lines(self) -> tuple[str, ...]:
        """The text line by line."""
        return tuple(self.text.split("\n"))

    def to_dict(self, *, seen: bool = False) -> dict[str, Any]:
        """Everything that JSON can hold; `seen=True` adds to each digit what the network saw."""
        number = self.number
        return {
            "text": self.text,
            "confidence": self.confidence,
            "sure": self.sure,
            "lines": list(self.lines),
            "number": float(number) if isinstance(number, Decimal) else number,
            "digits": [digit.to_dict(seen=seen) for digit in self.digits],
            "marks": [mark.to_dict() for mark in self.marks],
            "skipped": [list(box) for box in self.skipped],
            "turned": self.turned,
            "warnings": list(self.warnings),
        }
