"""A digit is sure from where on hardly any is wrong, on pages that nothing learned from."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from inkdigits.reading import Digit
from inkdigits.recognition.page import Pieces
from inkdigits.synthesis.pages import DrawnPage
from inkdigits.training.page_calibration import calibrated_peaks, calibrated_rules
from pieces import Piece, opinion, pieces_of

COUNT = 400
"""Pieces on a page; every tenth of those that score low is wrong."""


class _Agreeing:
    """Stands for `digits.onnx`: reads a 3 in every crop."""

    def read(self, pictures: NDArray[np.uint8]) -> Iterator[Digit | None]:
        return (opinion(3) for _ in pictures)


def _pieces(least: float) -> tuple[list[Piece], NDArray[np.float32]]:
    boxes = [
        (20 * (n % 50), 40 * (n // 50), 20 * (n % 50) + 12, 40 * (n // 50) + 30)
        for n in range(COUNT)
    ]
    scores = np.linspace(least, 0.999, COUNT)
    pieces = [
        Piece("3", box, score=float(score), line=n // 50)
        for n, (box, score) in enumerate(zip(boxes, scores, strict=True))
    ]
    return pieces, np.array(boxes, np.float32)


def _page(boxes: NDArray[np.float32], kinds: NDArray[np.int64]) -> DrawnPage:
    blank = np.zeros((400, 1010), np.uint8)
    return DrawnPage(blank, blank, blank, boxes, kinds)


def _rules(kinds: NDArray[np.int64], pieces: list[Piece], boxes: NDArray[np.float32]) -> float:
    def find(_: NDArray[np.uint8]) -> Pieces:
        return pieces_of(pieces)

    return calibrated_rules(find, _Agreeing(), [_page(boxes, kinds)]).sure_from  # type: ignore[arg-type]


def test_what_is_often_wrong_is_not_sure() -> None:
    pieces, boxes = _pieces(least=0.5)
    kinds = np.full(COUNT, 3)
    kinds[: COUNT // 2 : 10] = 5  # below a score of 0.75 every tenth is something else
    assert 0.87 < _rules(kinds, pieces, boxes) < 0.92  # both files together are surer than one


def test_what_is_never_wrong_is_sure() -> None:
    pieces, boxes = _pieces(least=0.7)
    assert (
        _rules(np.full(COUNT, 3), pieces, boxes) < 0.88
    )  # the score from which on pieces count, and both files agree


def test_what_the_edge_cuts_off_is_not_held_against_it() -> None:
    pieces, boxes = _pieces(least=0.7)
    kinds = np.full(COUNT, 3)
    kinds[::10] = -1
    assert _rules(kinds, pieces, boxes) < 0.88


def test_what_is_found_where_nothing_is_counts_as_wrong() -> None:
    pieces, boxes = _pieces(least=0.7)
    assert _rules(np.full(COUNT, 3), pieces, np.add(boxes, 5000)) == 1.0


def test_scores_of_peaks_become_how_likely_there_is_a_piece() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(-1, 1, 20_000)
    is_piece = rng.random(20_000) < 1 / (1 + np.exp(-(2 * logits + 1.5)))
    scale, shift = calibrated_peaks(logits, is_piece)
    assert (scale, shift) == pytest.approx((2, 1.5), abs=0.15)


@pytest.mark.parametrize("all_are", [True, False])
def test_scores_stay_as_they_are_where_there_is_nothing_to_compare(all_are: bool) -> None:
    assert calibrated_peaks(np.zeros(9), np.full(9, all_are)) == (1.0, 0.0)
