"""What makes `page.onnx` honest: how warm its probabilities are, and from where on it is sure.

Measured on validation pages, through both model files and the same code that makes a text of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits.reading import Digit, Mark
from inkdigits.recognition.digits import DigitsFile
from inkdigits.recognition.page import Pieces, Rules
from inkdigits.recognition.text import perhaps_digits, read_pieces
from inkdigits.synthesis.handwriting import KIND
from inkdigits.synthesis.pages import DrawnPage

WRONG = 0.008
"""Of sure digits so many are wrong, at most, on pages that are harder than most."""
WRONG_MARKS = 0.03
"""Of sure marks so many are wrong, at most: a number has fewer of them."""
UNCALIBRATED = Rules(
    piece_from=0.7, sure_from=0.0, mark_sure_from=0.0, space=0.6, digits_weight=0.5
)
"""With these a digit is sure wherever both files agree. From where on a piece counts and what the
crops are worth was chosen on real pictures, as `benchmarks/page_choices.py` prints it."""


def calibrated_peaks(
    logits: NDArray[np.floating[Any]], is_piece: NDArray[np.bool_]
) -> tuple[float, float]:
    """What the logits (N,) of peaks are multiplied by and what is added, so that their sigmoid is
    how likely there is a piece (Platt 1999, "Probabilistic Outputs for Support Vector Machines").

    They are left as they are if all are pieces, or none is.
    """
    from sklearn.linear_model import LogisticRegression

    if is_piece.all() or not is_piece.any():
        return 1.0, 0.0
    fitted = LogisticRegression(C=100.0).fit(np.asarray(logits, float)[:, None], is_piece)
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])


def calibrated_rules(
    find: Callable[[NDArray[np.uint8]], Pieces], digits: DigitsFile, pages: Iterable[DrawnPage]
) -> Rules:
    """The rules by which pieces become a text, for a page file that `find`s those of a picture."""
    signs: list[tuple[bool, float, bool, bool]] = []
    for page in pages:
        pieces = find(page.picture)
        places = perhaps_digits(pieces)
        opinions = dict(zip(places.tolist(), digits.read(pieces.crop[places]), strict=True))
        reading = read_pieces(pieces, opinions, UNCALIBRATED)
        found: list[Digit | Mark] = [*reading.digits, *reading.marks] if reading else []
        for sign in found:
            kind = sign.value if isinstance(sign, Digit) else KIND[sign.text]
            is_right = _is_right(kind, sign.box, page)
            if is_right is not None:
                signs.append((isinstance(sign, Digit), sign.confidence, sign.sure, is_right))
    is_digit, confidence, agreed, right = np.array(signs, float).reshape(-1, 4).T
    digit, mark = (is_digit == 1) & (agreed == 1), is_digit == 0
    return replace(
        UNCALIBRATED,
        sure_from=_least(confidence[digit], right[digit], WRONG),
        mark_sure_from=_least(confidence[mark], right[mark], WRONG_MARKS),
    )


def _is_right(kind: int, box: Sequence[int], page: DrawnPage) -> bool | None:
    """Whether there is such a piece at a box; None where the picture's edge cuts one off."""
    middle = np.array([box[0] + box[2], box[1] + box[3]]) / 2
    boxes = page.seen
    middles, sizes = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    there = (np.abs(middles - middle) < np.maximum(sizes / 3, 3)).all(1)
    if (~page.is_whole[there] | (page.kinds[there] == -1)).any():
        return None
    return bool((page.kinds[there] == kind).any())


def _least(confidence: NDArray[Any], right: NDArray[Any], wrong: float) -> float:
    """The least confidence above which at most so many are wrong; 1 if that is never so."""
    order = np.argsort(-confidence)
    mistakes = np.cumsum(1 - right[order])
    fits = np.flatnonzero(mistakes <= wrong * np.arange(1, len(order) + 1))
    return round(float(confidence[order[fits[-1]]]), 4) if fits.size else 1.0
