"""What was read: a Reading of Digits, in lines."""

from __future__ import annotations

from dataclasses import dataclass, field
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
    """The calibrated probability of each digit from 0 to 9."""
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
            row["seen"] = self.seen.round(3).astype(float).tolist()
        return row


@dataclass(frozen=True)
class Reading:
    """What is written in one picture."""

    text: str
    """The digits, with a space between numbers and a newline between lines."""
    confidence: float
    """The calibrated probability that the whole text is right, in 0..1."""
    sure: bool
    """Whether every digit is sure, and nothing was skipped."""
    digits: tuple[Digit, ...]
    """In reading order."""
    skipped: tuple[Box, ...] = ()
    """Of what is written but is no digit: a point, a comma, a sign. It is not in the text."""
    turned: int = 0
    """By how many degrees clockwise the picture had to be turned to be read: 0, 90, 180 or 270.
    Boxes are in the picture as it was."""

    @property
    def lines(self) -> tuple[str, ...]:
        """The text line by line."""
        return tuple(self.text.split("\n"))

    def to_dict(self, *, seen: bool = False) -> dict[str, Any]:
        """Everything that JSON can hold; `seen=True` adds to each digit what the network saw."""
        return {
            "text": self.text,
            "confidence": self.confidence,
            "sure": self.sure,
            "lines": list(self.lines),
            "digits": [digit.to_dict(seen=seen) for digit in self.digits],
            "skipped": [list(box) for box in self.skipped],
            "turned": self.turned,
        }
