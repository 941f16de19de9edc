"""Which learning rate to begin with: raise it step by step, and see where the loss falls."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone

from inkdigits.errors import Diverged, InvalidNetwork
from inkdigits.scratch.network import NeuralNetwork
from inkdigits.scratch.optimizers import Adam
from inkdigits.scratch.schedules import Schedule

if TYPE_CHECKING:
    from inkdigits.figures import Picture

KEPT = 0.9
"""So much of the smoothed loss is that of the step before."""
FAR = 4.0
"""The search ends where the loss is so many times its least."""


@dataclass
class Rising(Schedule):
    """From `least` up to the learning rate, by the same factor in each step."""

    least: float = 1e-5

    def at(self, epoch: float, epochs: int) -> float:
        return self.least * float(self.learning_rate / self.least) ** (epoch / epochs)


@dataclass(frozen=True)
class RateSearch:
    """What the loss was while the learning rate rose."""

    rates: NDArray[np.float64]
    """(steps,)"""
    losses: NDArray[np.float64]
    """(steps,) smoothed."""

    @property
    def suggestion(self) -> float:
        """A tenth of the rate with the least loss, at which it is about to grow again."""
        return float(self.rates[self.losses.argmin()] / 10)

    def plot(self) -> Picture:
        """The loss at each learning rate, and the suggestion."""
        from inkdigits.figures import rate_search

        return rate_search(self.rates, self.losses, self.suggestion)


def find_learning_rate(
    network: NeuralNetwork,
    X: ArrayLike,  # noqa: N803 (scikit-learn's name)
    y: ArrayLike,
    *,
    least: float = 1e-5,
    most: float = 10.0,
    steps: int = 200,
) -> RateSearch:
    """Train a copy of the network for `steps` or more, while the learning rate rises to `most`.

    >>> find_learning_rate(NeuralNetwork([Dense(32), ReLU(), Dense(10)]), examples, labels).plot()

    The network itself learns nothing. Method: Smith 2017, "Cyclical Learning Rates for Training
    Neural Networks", section 3.3.

    Raises InvalidNetwork for rates that do not rise, or a network and examples that do not fit
    together, and Diverged if there is no loss even at first.
    """
    if not 0 < least < most:
        raise InvalidNetwork(
            f"The learning rate must rise from above 0, not from {least!r} to {most!r}."
        )
    rising = Rising(most, least)
    total = max(len(np.asarray(y)), 1)
    an_epoch = math.ceil(total / (network.batch_size or total))
    epochs = math.ceil(steps / an_epoch)
    trial = clone(network).set_params(
        optimizer=replace(network.optimizer or Adam(), learning_rate=rising),
        epochs=epochs,
        validation_fraction=0,
        patience=None,
        callbacks=(),
        progress=False,
        warm_start=False,
    )
    losses: list[float] = []
    before = (0.0, 0.0)

    def report(epoch: int, done: float, mean: float) -> None:
        """`mean` is that of the epoch's losses so far; the last one alone is what counts."""
        nonlocal before
        share, sum_before = (0.0, 0.0) if done <= before[0] else before
        loss = (mean * done - sum_before) / (done - share)
        before = done, mean * done
        losses.append(KEPT * losses[-1] + (1 - KEPT) * loss if losses else loss)
        if losses[-1] > FAR * min(losses):
            raise Diverged

    try:
        for _ in trial.fit_by_epoch(X, y, report=report):
            pass
    except Diverged:
        if not losses:
            raise
    rates = [rising.at(step / an_epoch, epochs) for step in range(len(losses))]
    return RateSearch(np.array(rates), np.array(losses))
