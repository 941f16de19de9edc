"""Calibration: a confidence that means something."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import softmax

from inkdigits.modelfile.calibration import calibrate


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


def test_99_percent_of_digits_are_above_the_point_where_they_are_sure() -> None:
    logits, labels = overconfident(2.0)
    calibration = calibrate(logits, labels)
    confidence = softmax(logits / calibration.temperature, axis=1).max(axis=1)
    assert (confidence >= calibration.sure_from).mean() == pytest.approx(0.99, abs=0.001)


def test_digits_that_are_all_right_do_not_make_it_certain() -> None:
    logits = np.tile(np.eye(10), (10, 1))
    calibration = calibrate(logits, np.tile(np.arange(10), 10))
    assert calibration.temperature > 0
    assert softmax(logits / calibration.temperature, axis=1).max() < 1
