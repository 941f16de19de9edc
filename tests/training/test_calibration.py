"""Calibration: a confidence that means something."""

import pytest
import torch

from inkdigits.training.calibration import calibrate


def overconfident(factor: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits whose softmax is right about itself, made `factor` times too large."""
    torch.manual_seed(0)
    logits = torch.randn(20_000, 10) * 3
    labels = torch.multinomial(logits.softmax(1), 1)[:, 0]
    return logits * factor, labels


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0, 3.0])
def test_the_temperature_undoes_over_and_underconfidence(factor: float) -> None:
    calibration = calibrate(*overconfident(factor))
    assert calibration.temperature == pytest.approx(factor, rel=0.05)


def test_99_percent_of_digits_are_above_the_point_where_they_are_sure() -> None:
    logits, labels = overconfident(2.0)
    calibration = calibrate(logits, labels)
    confidence = (logits / calibration.temperature).softmax(1).amax(1)
    assert (confidence >= calibration.sure_from).float().mean() == pytest.approx(0.99, abs=0.001)


def test_digits_that_are_all_right_do_not_make_it_certain() -> None:
    logits = torch.eye(10).repeat(10, 1)
    calibration = calibrate(logits, torch.arange(10).repeat(10))
    assert calibration.temperature > 0
    assert (logits / calibration.temperature).softmax(1).amax() < 1
