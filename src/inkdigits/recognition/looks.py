"""Looks at one picture: what each of them sees, and what several say together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from inkdigits.reading import Expect, Reading
from inkdigits.recognition.page import Pieces, Rules
from inkdigits.recognition.text import Opinions, read_pieces


class Look(NamedTuple):
    """What both model files make of a picture, in one size and position."""

    pieces: Pieces
    opinions: Opinions

    def read(self, rules: Rules, expect: Expect, length: int | None) -> Reading | None:
        """See `read_pieces`."""
        return read_pieces(self.pieces, self.opinions, rules, expect, length)


def likeliest(readings: Sequence[Reading]) -> Reading:
    """The first of those whose digits are most confident, all that say the same together."""
    said = [_digits_of(reading) for reading in readings]
    votes = dict.fromkeys(said, 0.0)
    for text, reading in zip(said, readings, strict=True):
        votes[text] += reading.confidence
    return readings[said.index(max(votes, key=lambda text: votes[text]))]


def agreed(readings: Sequence[Reading | None]) -> Reading | None:
    """The first of readings that are all sure of the same number of several digits; else None.

    What is no digit and looks like one does so in every width: of a single one they say no more.
    """
    sure = [reading for reading in readings if reading and reading.sure and len(reading.digits) > 1]
    is_agreed = len(sure) == len(readings) and len(set(map(_digits_of, sure))) == 1
    return sure[0] if is_agreed else None


def _digits_of(reading: Reading) -> str:
    return "".join(str(digit.value) for digit in reading.digits)
