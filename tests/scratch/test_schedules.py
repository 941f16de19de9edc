"""Schedules: the learning rate over a training."""

import pytest
import torch

from inkdigits import InkDigitsError
from inkdigits.scratch import Constant, Cosine, OneCycle, Schedule, Step


def pytorchs(make: object, epochs: int) -> list[float]:
    """The learning rate of each epoch with a schedule of PyTorch's, from 0.1."""
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    scheduler = make(optimizer)  # type: ignore[operator]
    rates = []
    for _ in range(epochs):
        rates.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return rates


def test_a_constant_one_stays() -> None:
    assert {Constant(0.1).at(epoch, 10) for epoch in (0, 0.5, 9.99)} == {0.1}


def test_steps_are_pytorchs() -> None:
    expected = pytorchs(lambda o: torch.optim.lr_scheduler.StepLR(o, 3, 0.5), 10)
    rates = [Step(0.1, every=3, factor=0.5).at(epoch, 10) for epoch in range(10)]
    assert rates == pytest.approx(expected)


def test_the_cosine_is_pytorchs() -> None:
    expected = pytorchs(lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 10), 10)
    assert [Cosine(0.1).at(epoch, 10) for epoch in range(10)] == pytest.approx(expected)


def test_one_cycle_goes_where_pytorchs_goes() -> None:
    # PyTorch's counts the steps between the first and the last, ours those of the training.
    steps = 1000
    expected = pytorchs(
        lambda o: torch.optim.lr_scheduler.OneCycleLR(o, 0.1, total_steps=steps), steps
    )
    rates = [OneCycle(0.1).at(step / 100, 10) for step in range(steps)]
    assert rates == pytest.approx(expected, abs=0.1 * 0.006)
    assert rates[0] == pytest.approx(0.1 / 25)
    assert max(rates) == pytest.approx(0.1)
    assert rates[-1] < 1e-5


@pytest.mark.parametrize("kind", [Constant, Step, Cosine, OneCycle])
@pytest.mark.parametrize("rate", [0.0, -0.1, float("nan"), float("inf")])
def test_a_learning_rate_has_to_be_above_0_and_finite(kind: type[Schedule], rate: float) -> None:
    with pytest.raises(InkDigitsError, match="learning rate must be above 0"):
        kind(rate)


def test_settings_that_make_no_sense_are_explained() -> None:
    with pytest.raises(InkDigitsError, match="every must be a whole number from 1"):
        Step(0.1, every=0)
    with pytest.raises(InkDigitsError, match="warm_up must be above 0"):
        OneCycle(0.1, warm_up=1.0)
