"""Calibration: a confidence that means something."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import softmax

from inkdigits.modelfile.calibration import NEVER, Calibration, calibrate


def overconfident(factor: float) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Logits whose softmax is right about itself, made `factor` times too large."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (20_000, 10))
    labels = (softmax(logits, axis=1).cumsum(axis=1) > rng.random((20_000, 1))).argmax(axis=1)
    return logits * factor, labels


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0, 3.0])
def test_the_temperature_undoes_over_and_underconfidence(factor: float) -> None:
    calibration = calibrate(*overconfident(factor))
    assert calibration.temperature == pytest.approx(factor, rel=0.05)


def sure(calibration: Calibration, logits: NDArray[np.float64]) -> NDArray[np.bool_]:
    confidence = softmax(logits / calibration.temperature, axis=1).max(axis=1)
    return np.asarray(confidence > calibration.sure_from)


def mostly_right(count: int, wrong: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Confident answers of which the least confident are wrong."""
    labels = np.arange(count) % 10
    logits = np.eye(10)[labels] * np.linspace(12, 6, count)[:, None]
    labels[count - wrong :] = (labels[count - wrong :] + 1) % 10
    return logits, labels


def test_99_percent_of_digits_are_above_the_point_where_they_are_sure() -> None:
    logits, labels = mostly_right(20_000, 20)
    assert sure(calibrate(logits, labels), logits).mean() == pytest.approx(0.99, abs=0.001)


def test_of_the_answers_that_are_sure_99_percent_are_right_however_bad_the_others_are() -> None:
    logits, labels = overconfident(2.0)
    called = sure(calibrate(logits, labels), logits)
    right = logits.argmax(axis=1) == labels
    assert right.mean() < 0.8
    assert right[called].mean() > 0.99
    assert called.any()


@pytest.mark.parametrize(
    ("count", "wrong", "some"), [(6, 0, False), (298, 0, False), (320, 0, True), (320, 100, False)]
)
def test_too_few_pictures_to_show_that_answers_are_right_make_none_sure(
    count: int, wrong: int, some: bool
) -> None:
    logits, labels = mostly_right(count, wrong)
    calibration = calibrate(logits, labels)
    assert (calibration.sure_from == NEVER) is not some
    assert sure(calibration, logits).any() == some


def test_without_any_picture_the_temperature_stays_and_nothing_is_sure() -> None:
    calibration = calibrate(np.zeros((0, 10)), np.zeros(0, int))
    assert calibration == Calibration(1.0, NEVER)


def test_a_few_digits_that_are_all_right_change_confidence_little() -> None:
    logits, labels = mostly_right(6, 0)
    assert 0.5 < calibrate(logits, labels).temperature < 1


def test_digits_that_are_all_right_do_not_make_it_certain() -> None:
    logits = np.tile(np.eye(10), (10, 1))
    calibration = calibrate(logits, np.tile(np.arange(10), 10))
    assert calibration.temperature > 0
    assert softmax(logits / calibration.temperature, axis=1).max() < 1
