"""Styles: ways of writing a digit that are found in its strokes."""

import numpy as np
import pytest

from inkdigits.datasets.strokes import Stroke, WrittenDigit
from inkdigits.synthesis.styles import find_styles, resampled, shares

PLAIN = [np.array([[0.5, 0.0], [0.5, 1.0]])]
FLAGGED = [np.array([[0.0, 0.4], [0.5, 0.0], [0.5, 1.0]])]
WITH_A_FOOT = [*FLAGGED, np.array([[0.2, 1.0], [0.8, 1.0]])]


def ones(strokes: list[Stroke], count: int, seed: int) -> list[WrittenDigit]:
    """Digits written by hands that are not steady."""
    rng = np.random.default_rng(seed)
    return [
        WrittenDigit(1, 1, [stroke + rng.normal(0, 0.02, stroke.shape) for stroke in strokes])
        for _ in range(count)
    ]


DIGITS = ones(PLAIN, 80, 0) + ones(FLAGGED, 20, 1) + ones(WITH_A_FOOT, 10, 2)


def test_flagged_plain_and_footed_ones_are_three_styles() -> None:
    styles = find_styles(DIGITS)
    assert {style.members for style in styles} == {
        tuple(range(80)),
        tuple(range(80, 100)),
        tuple(range(100, 110)),
    }
    assert {style.strokes for style in styles} == {1, 2}


@pytest.mark.filterwarnings("ignore:Number of distinct clusters")
def test_digits_that_are_all_the_same_are_one_style() -> None:
    assert len(find_styles([WrittenDigit(1, 1, PLAIN)] * 20)) == 1


def test_each_digit_has_one_style() -> None:
    members = [place for style in find_styles(DIGITS) for place in style.members]
    assert sorted(members) == list(range(len(DIGITS)))


def test_rare_styles_are_drawn_more_often_than_they_are_written() -> None:
    share = shares(find_styles(DIGITS), len(DIGITS))
    assert share[100:].sum() > 10 / 110 * 1.5
    assert share[:80].sum() > share[80:100].sum() > share[100:].sum()


def test_a_single_slip_of_the_pen_is_not_drawn_more_often_than_one_of_a_rare_style() -> None:
    slip = WrittenDigit(1, 1, [*PLAIN, *PLAIN, *PLAIN])
    digits = [*DIGITS, slip]
    share = shares(find_styles(digits), len(digits))
    assert share[-1] < 1.2 * share[100]


def test_each_digit_gets_the_same_share_whatever_it_was_written_like() -> None:
    sevens = [WrittenDigit(7, 1, digit.strokes) for digit in ones(FLAGGED, 30, 3)]
    digits = DIGITS + sevens
    share = shares(find_styles(digits), len(digits))
    np.testing.assert_allclose([share[:110].sum(), share[110:].sum()], 0.5)


def test_resampled_strokes_are_even_and_fill_a_box_of_one() -> None:
    [path] = resampled([np.array([[10.0, 30.0], [10.0, 31.0], [10.0, 130.0]])])
    steps = np.hypot(*np.diff(path, axis=0).T)
    np.testing.assert_allclose(steps, steps[0])
    np.testing.assert_allclose(path[[0, -1]], [[0, -0.5], [0, 0.5]])
