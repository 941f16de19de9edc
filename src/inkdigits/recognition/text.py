"""From pieces of writing to a text: marks, spaces, hints, and the one place that decides `sure`.

It is arithmetic on what the two model files say, short enough to be repeated in another language.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

import numpy as np
from numpy.typing import NDArray

from inkdigits.reading import Box, Digit, Expect, Mark, Reading
from inkdigits.recognition.page import MARKS, Pieces, Rules

PERHAPS = 0.1
"""A piece is looked at as a digit if it is one with at least this probability."""
CHANCE, LEAST = 0.1, 1e-4
"""What ten digits share if none is seen, and what `digits.onnx` is never surer than against one."""
LIKE_ONE = "/,"
"""Marks that alone look like a 1."""
NO_DIGIT, THIS_MARK = 0.05, 0.7
"""What is read as a mark costs no sureness if it is less likely a digit, and so much of it this
mark; of other writing only the first is asked."""
ALIKE = ".,"
"""Many people write these two alike: which of them it is costs no sureness."""
NOT_THERE = 0.25
"""What is too weak to be read costs no sureness if it is less likely a digit. (Marks so weak are
rarely there: texts of validation pages are less often right if they are read.)"""
STRANGE = 1 / 3
"""Where more than this share of the pieces is other writing or not sure, nothing is sure."""
PARTS = {":": ".,", "÷": ".,-:", "=": "-", "+": "-"}
"""Marks of which others are a part, if they lie within them."""
COVERED, LIKELY = 0.5, 0.3
"""A weak piece is only another view of a stronger one that covers this share of it, unless it is
this likely itself."""
USUAL = 1.6
"""A gap parts two numbers if the next digit is so many times as far as digits of this line usually
are."""
FAR = 3.0
"""A gap of so many times the least space parts two numbers in any case."""
BEFORE_SPACE = frozenset("0123456789.,:")
"""After these a space may stand; there is none around signs, as in 12 + 7."""

Opinions = Mapping[int, Digit | None]
"""What `digits.onnx` reads in pieces' crops, by their places; None where it sees no ink."""


@dataclass(frozen=True)
class _Piece:
    """One piece of writing, and what the two files make of it."""

    place: int
    """In reading order."""
    box: Box
    line: int
    score: float
    """How likely there is anything."""
    sign: Digit | Mark | None
    """None is other writing."""
    confidence: float
    sure: bool
    """That it is this digit; of a mark that it is no digit, and this mark or one like it."""
    digit: Digit | None
    """Which digit it is if it is any; none if that cannot be."""
    missed: bool
    """Whether a digit may be missing if it is not read."""

    @property
    def area(self) -> int:
        return (self.box[2] - self.box[0]) * (self.box[3] - self.box[1])

    def doubted(self) -> _Piece:
        """The same, and not sure."""
        sign = replace(self.sign, sure=False) if self.sign else None
        return replace(self, sign=sign, sure=False)

    def read_as(self, sign: Digit | None) -> _Piece:
        """The same, against what is likeliest, and so not sure."""
        confidence = sign.confidence if sign else PERHAPS
        return replace(self, sign=sign, confidence=confidence, sure=False)


def perhaps_digits(pieces: Pieces) -> NDArray[np.intp]:
    """The places of the pieces whose crops `digits.onnx` is to read."""
    return np.flatnonzero(pieces.kind[:, :10].sum(1) >= PERHAPS)


def read_pieces(
    pieces: Pieces,
    opinions: Opinions,
    rules: Rules,
    expect: Expect = None,
    length: int | None = None,
) -> Reading | None:
    """What the pieces say; None if none is there from `rules.piece_from` on.

    `opinions` are of `perhaps_digits`. See `Reader.read` for the hints.
    """
    found = [_piece(place, pieces, opinions.get(place), rules) for place in range(len(pieces.box))]
    chosen = [piece for piece in found if piece.score >= rules.piece_from]
    chosen = [piece for piece in chosen if not _is_part(piece, chosen)]
    if not chosen:
        return None
    boxes = np.array([piece.box for piece in chosen])
    weak = [
        piece
        for piece in found
        if piece.score < rules.piece_from
        and (piece.score >= LIKELY or not _is_covered(piece, boxes))
    ]
    strange = sum(piece.sign is None or not piece.sure for piece in chosen)
    if strange > STRANGE * len(chosen):
        chosen = [piece.doubted() for piece in chosen]
    rest: list[_Piece] = []
    if expect == "digit":
        chosen, weak, rest = _the_digit(chosen, weak)
        if any(piece.sign for piece in rest):
            chosen = [piece.doubted() for piece in chosen]
    elif length is not None:
        chosen, weak = _of_length(chosen, weak, length)
    lines = [list(line) for _, line in groupby(chosen, lambda piece: piece.line)]
    texts = list(filter(None, (_text(line, rules.space, expect is None) for line in lines)))
    digits = [replace(p.sign, sure=p.sure) for p in chosen if isinstance(p.sign, Digit)]
    marks = [p.sign for p in chosen if isinstance(p.sign, Mark)]
    left_out = [*rest, *(piece for piece in chosen if piece.sign is None)]
    missed = [piece for piece in weak if piece.missed]
    warnings = []
    if len(found) >= rules.most_pieces:
        warnings = [
            f"There are {len(found):,} pieces of writing or more in the picture, and only the "
            f"clearest {len(found):,} were read. Cut it into parts."
        ]
    confidence = np.prod([p.confidence for p in chosen] + [1 - p.score for p in missed])
    reading = Reading(
        text="\n".join(texts),
        confidence=float(confidence) if digits else 0.0,
        sure=bool(digits and not missed) and all(piece.sure for piece in chosen),
        digits=tuple(digits),
        skipped=tuple(piece.box for piece in sorted(left_out, key=_place)),
        marks=tuple(marks),
        warnings=tuple(warnings),
        faint=tuple(piece.box for piece in missed),
    )
    return reading if is_as_expected(reading, expect, length) else replace(reading, sure=False)


def is_as_expected(reading: Reading, expect: Expect, length: int | None) -> bool:
    """Whether what was read may be all that is there, by the hints and by its warnings."""
    is_one = not expect or len(reading.lines) <= 1
    return is_one and length in (None, len(reading.digits)) and not reading.warnings


def _piece(place: int, pieces: Pieces, opinion: Digit | None, rules: Rules) -> _Piece:
    """What a piece is: a digit, if all ten together are likeliest, or a mark, or other writing."""
    seen = pieces.kind[place].astype(float)
    kind = _both(seen, opinion, rules.digits_weight) if opinion else seen
    x0, y0, x1, y1 = map(int, pieces.box[place])
    box = (x0, y0, x1, y1)
    others = kind[10:]
    digit = None
    if seen[:10].sum() >= PERHAPS:
        shares = _which(kind[:10], opinion, rules) if opinion else kind[:10]
        value = int(shares.argmax())
        agreed = opinion and opinion.sure and value == opinion.value == int(seen[:10].argmax())
        sure = bool(agreed and kind[value] >= rules.sure_from)
        looked = opinion.seen if opinion else np.zeros((28, 28), np.float32)
        digit = Digit(value, float(shares[value]), sure, box, tuple(shares.tolist()), looked)
    likeliest = int(others.argmax())
    sign: Digit | Mark | None = None
    if digit and kind[:10].sum() >= others[likeliest]:
        sign, confidence, sure = digit, digit.confidence, digit.sure
    else:
        confidence, sure = float(others[likeliest]), bool(seen[:10].sum() < NO_DIGIT)
        if likeliest < len(MARKS):
            sign = Mark(MARKS[likeliest], confidence, confidence >= rules.mark_sure_from, box)
            alike = [MARKS.index(mark) for mark in (ALIKE if sign.text in ALIKE else sign.text)]
            sure = bool(sure and others[alike].sum() >= THIS_MARK * others.sum())
    missed = bool(seen[:10].sum() >= NOT_THERE)
    line = int(pieces.line[place])
    return _Piece(place, box, line, float(seen.sum()), sign, confidence, sure, digit, missed)


def _both(kind: NDArray[np.float64], opinion: Digit, weight: float) -> NDArray[np.float64]:
    """How likely each kind (20,) is after `digits.onnx` has seen the crop, too: Bayes' rule.

    What it says of each digit is how well that digit explains the crop; what is no digit is
    explained by none better than by chance, but for marks that look like a 1. That there is no
    piece at all stays as likely as a piece that is no digit.
    """
    likelihood = np.full(20, CHANCE)
    likelihood[:10] = np.array(opinion.probabilities).clip(LEAST)
    for mark in LIKE_ONE:
        likelihood[10 + MARKS.index(mark)] = max(likelihood[1], CHANCE)
    both = kind * likelihood**weight
    shares: NDArray[np.float64] = both / (both.sum() + (1 - kind.sum()) * CHANCE**weight)
    return shares


def _which(shares: NDArray[np.float64], opinion: Digit, rules: Rules) -> NDArray[np.float64]:
    """The ten digits' shares (10,), of which together there are as many as before, where what
    `digits.onnx` says counts more."""
    more = rules.which_weight - rules.digits_weight
    if more <= 0:
        return shares
    weighed = shares * np.array(opinion.probabilities).clip(LEAST) ** more
    again: NDArray[np.float64] = weighed * shares.sum() / weighed.sum()
    return again


def _is_part(piece: _Piece, others: Sequence[_Piece]) -> bool:
    """Whether a mark is a part of another one, as a point is of a colon."""
    if not isinstance(piece.sign, Mark):
        return False
    wholes = [
        other.box
        for other in others
        if isinstance(other.sign, Mark) and piece.sign.text in PARTS.get(other.sign.text, "")
    ]
    return bool(wholes) and _is_covered(piece, np.array(wholes))


def _is_covered(piece: _Piece, boxes: NDArray[np.int64]) -> bool:
    """Whether one of the boxes (N, 4) covers most of the piece."""
    x0, y0, x1, y1 = piece.box
    left, top, right, bottom = boxes.T
    wide = np.minimum(x1, right) - np.maximum(x0, left)
    high = np.minimum(y1, bottom) - np.maximum(y0, top)
    return bool((wide.clip(0) * high.clip(0)).max() >= COVERED * piece.area)


def _place(piece: _Piece) -> int:
    return piece.place


def _the_digit(
    chosen: list[_Piece], weak: list[_Piece]
) -> tuple[list[_Piece], list[_Piece], list[_Piece]]:
    """The largest and clearest digit; nothing weak, which would be no part of it; and the rest."""
    perhaps = [(p.digit.confidence * p.area, p) for p in chosen if p.digit]
    if not perhaps:
        return chosen, weak, []
    best = max(perhaps, key=lambda rated: rated[0])[1]
    rest = [piece for piece in chosen if piece is not best]
    return [best if isinstance(best.sign, Digit) else best.read_as(best.digit)], [], rest


def _of_length(
    chosen: list[_Piece], weak: list[_Piece], length: int
) -> tuple[list[_Piece], list[_Piece]]:
    """What is chosen and what is weak, with so many digits chosen if that can be.

    The least likely digits are left out; or what is likeliest one of the rest is taken for one.
    """
    digits = sorted(
        (piece for piece in chosen if isinstance(piece.sign, Digit)), key=lambda p: p.confidence
    )
    if len(digits) >= length:
        changed = {piece.place: piece.read_as(None) for piece in digits[: len(digits) - length]}
    else:
        rest = [p for p in chosen if p.digit and not isinstance(p.sign, Digit)]
        rest += [p for p in weak if p.digit]
        rest.sort(key=lambda p: p.digit.confidence if p.digit else 0.0, reverse=True)
        more = rest[: length - len(digits)]
        if len(digits) + len(more) < length:
            return chosen, weak
        changed = {piece.place: piece.read_as(piece.digit) for piece in more}
    kept = {piece.place: piece for piece in chosen} | changed
    return sorted(kept.values(), key=_place), [p for p in weak if p.place not in kept]


def _text(line: Sequence[_Piece], space: float, spaced: bool) -> str:
    """The signs of a line, with spaces between its numbers if it is `spaced`."""
    digits = [piece for piece in line if isinstance(piece.sign, Digit)]
    height = _quantile([piece.box[3] - piece.box[1] for piece in digits], 3 / 4)
    # Of digits that are spread evenly over a line all gaps are wide, and none parts two numbers.
    usual = _quantile([_pitch(before, after) for before, after in pairwise(digits)], 1 / 3)

    def is_space(before: _Piece, after: _Piece) -> bool:
        gap = after.box[0] - before.box[2]
        is_unusual = _pitch(before, after) > USUAL * usual
        if len(digits) < 3:
            is_unusual = gap > USUAL * space * height
        return gap > space * height and (is_unusual or gap > FAR * space * height)

    text, last, is_parted = "", None, False
    for piece in line:
        if piece.sign is None:
            is_parted = True
            continue
        if last and spaced and isinstance(piece.sign, Digit) and text[-1] in BEFORE_SPACE:
            text += " " * (is_parted or is_space(last, piece))
        text += str(piece.sign.value) if isinstance(piece.sign, Digit) else piece.sign.text
        last, is_parted = piece, False
    return text


def _pitch(before: _Piece, after: _Piece) -> float:
    """From middle to middle."""
    return (after.box[0] + after.box[2] - before.box[0] - before.box[2]) / 2


def _quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[int(share * len(values))] if values else 0.0
