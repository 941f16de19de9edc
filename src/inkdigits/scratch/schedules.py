"""Schedules: how the learning rate changes while a network trains.

`schedule.at(epoch, epochs)` is the learning rate after `epoch` of `epochs` epochs. `epoch` has a
fraction: it is 1.5 in the middle of the second epoch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any

from inkdigits.errors import InvalidNetwork


@dataclass
class Schedule:
    """Goes up to `learning_rate`, or begins there; alone, it stays there."""

    learning_rate: float

    def __post_init__(self) -> None:
        rate: Any = self.learning_rate
        if not isinstance(rate, Real) or not 0 < float(rate) < math.inf:
            raise InvalidNetwork(f"The learning rate must be above 0 and finite, not {rate!r}.")
        self.learning_rate = float(rate)

    def at(self, epoch: float, epochs: int) -> float:
        """The learning rate after `epoch`, such as 1.5, of `epochs` epochs."""
        return self.learning_rate


class Constant(Schedule):
    """The same all the time."""


@dataclass
class Step(Schedule):
    """Times `factor` after every `every` epochs."""

    every: int = 10
    factor: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.every, int) or self.every < 1 or not 0 < self.factor <= 1:
            raise InvalidNetwork(
                f"{self}: every must be a whole number from 1 on, factor above 0 and at most 1."
            )

    def at(self, epoch: float, epochs: int) -> float:
        return self.learning_rate * self.factor ** int(epoch // self.every)


@dataclass
class Cosine(Schedule):
    """Down to 0 along half a cosine: slowly at first, and slowly at the end.

    Loshchilov, Hutter 2017, "SGDR: Stochastic Gradient Descent with Warm Restarts", equation 5.
    """

    def at(self, epoch: float, epochs: int) -> float:
        return _between(self.learning_rate, 0.0, epoch / epochs)


@dataclass
class OneCycle(Schedule):
    """Up from 1/25 in the first `warm_up` of the training (0..1), then down to almost 0.

    Large steps in the middle find a wide valley (Smith, Topin 2018, "Super-Convergence"), with the
    cosines and the defaults of PyTorch's OneCycleLR.
    """

    warm_up: float = 0.3

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.warm_up < 1:
            raise InvalidNetwork(f"warm_up must be above 0 and below 1, not {self.warm_up}.")

    def at(self, epoch: float, epochs: int) -> float:
        start, peak, done = self.learning_rate / 25, self.learning_rate, epoch / epochs
        if done < self.warm_up:
            return _between(start, peak, done / self.warm_up)
        return _between(peak, start / 1e4, (done - self.warm_up) / (1 - self.warm_up))


def _between(start: float, end: float, done: float) -> float:
    """Half a cosine from `start` (done = 0) to `end` (done = 1)."""
    return end + (start - end) * (1 + math.cos(math.pi * done)) / 2
