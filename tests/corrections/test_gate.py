"""The gate: what cannot be shown is a no."""

import numpy as np
import pytest

from handwriting import written
from inkdigits import Reader
from inkdigits.corrections.gate import (
    Comparison,
    as_good,
    believable,
    better,
    not_worse,
    numbers_of,
    read_as_numbers,
)
from inkdigits.datasets.dataset import Batch
from inkdigits.evaluation.predictions import Predictions


def answers(right: str, sure: bool = False) -> Predictions:
    """To pictures of 7s: a 1 where there is an x."""
    labels = np.full(len(right), 7, np.uint8)
    given = np.array([1 if each == "x" else 7 for each in right])
    probabilities = np.eye(10, dtype=np.float32)[given]
    return Predictions("sevens", labels, given, probabilities, np.full(len(right), sure), 0.0)


def test_six_corrections_of_six_are_the_fewest_that_show_something() -> None:
    assert better(answers("xxxxxx"), answers("......"), "").passed
    assert better(answers("xxxxx"), answers("....."), "").why == "inconclusive"


@pytest.mark.parametrize(("after", "why"), [("......", "inconclusive"), ("xxxxxx", "worse")])
def test_no_better_is_a_no(after: str, why: str) -> None:
    found = better(answers("......"), answers(after), "")
    assert (found.passed, found.why) == (False, why)


def test_of_a_few_it_is_enough_to_read_as_many() -> None:
    assert as_good(answers("x...."), answers("....x"), "").passed
    assert not as_good(answers("x...."), answers("x...x"), "").passed


def lost_and_won(lost: int, won: int, pictures: int = 5000) -> Comparison:
    rest = "." * (pictures - lost - won)
    before, after = answers("." * lost + "x" * won + rest), answers("x" * lost + "." * won + rest)
    return not_worse(before, after, "")


def test_a_few_that_are_lost_for_as_many_that_are_won_are_not_worse() -> None:
    assert lost_and_won(0, 0).passed
    assert lost_and_won(5, 5).passed


def test_it_is_worse_if_many_may_be_lost_though_no_test_says_that_they_are() -> None:
    found = lost_and_won(8, 1)
    assert found.p_value < 0.05
    assert not lost_and_won(40, 30).passed
    assert lost_and_won(40, 30).p_value > 0.05
    assert not lost_and_won(1, 0, pictures=300).passed


def test_the_bound_is_that_of_clopper_and_pearson() -> None:
    from scipy.stats import binomtest

    high = binomtest(5, 8, alternative="less").proportion_ci(0.95).high
    assert f"{(2 * high - 1) * 8 / 5000:.2%}" in lost_and_won(5, 3).why


def test_numbers_are_some_digits_beside_each_other_and_what_is_left_over_is_none() -> None:
    pictures = np.arange(12, dtype=np.uint8)[:, None, None] * np.ones((4, 3), np.uint8)
    numbers = numbers_of(Batch(pictures, np.arange(12, dtype=np.uint8) % 10, [""] * 12))
    assert [len(text) for text, _ in numbers] == [5, 5]
    written = np.concatenate([picture[0, ::3] for _, picture in numbers])
    assert len(np.unique(written)) == 10
    assert "".join(text for text, _ in numbers) == "".join(str(value % 10) for value in written)


def test_a_number_is_right_if_each_of_its_digits_is(reader: Reader) -> None:
    picture = np.hstack([written(int(digit)) for digit in "40817"])
    blank = np.full_like(picture, 255)
    read = read_as_numbers(reader, [("40817", picture), ("40811", picture), ("4", blank)])
    assert read.right.tolist() == [True, False, False]


def test_labels_that_the_candidate_surely_contradicts_are_to_be_reviewed() -> None:
    before, after = answers("." * 20), "xx" + "." * 18
    assert believable(before, answers(after, True), "").passed
    assert not believable(before, answers("x" + after[:-1], True), "").passed
    assert believable(before, answers("x" * 20), "").passed  # it is sure of nothing
