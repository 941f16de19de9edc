"""Optimizers: which step to take, given the gradient.

All the parameters of a network are one vector, `parameters`, and so is `gradient`; a step changes
`parameters` in place. Only a part of them is `shrunk` by weight decay: the weights, but not the
biases. Every formula is PyTorch's, so that settings carry over.
"""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass

import numpy as np

from inkdigits.errors import InvalidNetwork
from inkdigits.scratch.layers import Array
from inkdigits.scratch.schedules import Constant, Schedule

EVERYTHING = slice(None)


@dataclass
class Optimizer:
    """A step against the direction that `_direction` makes of the gradient.

    `weight_decay` adds the gradient of weight_decay / 2 · ‖weights‖² (L2 regularisation).
    """

    learning_rate: float | Schedule = 0.001
    _: KW_ONLY
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.learning_rate, Schedule):
            self.learning_rate = Constant(self.learning_rate).learning_rate
        if not 0 <= self.weight_decay < math.inf:
            raise InvalidNetwork(f"The weight decay must be 0 or more, not {self.weight_decay}.")
        self.steps = 0
        self.state: dict[str, Array] = {}

    def remembers(self) -> tuple[str, ...]:
        """The names of the vectors that it keeps in `state` from step to step."""
        return ()

    @property
    def schedule(self) -> Schedule:
        rate = self.learning_rate
        return rate if isinstance(rate, Schedule) else Constant(rate)

    def step(
        self,
        parameters: Array,
        gradient: Array,
        learning_rate: float,
        shrunk: slice = EVERYTHING,
    ) -> None:
        """Change `parameters` in place. `gradient` is used up."""
        if not self.steps:
            self.state = {name: np.zeros_like(parameters) for name in self.remembers()}
        self.steps += 1
        if self.weight_decay:
            gradient = self._decay(parameters, gradient, learning_rate, shrunk)
        step = self._direction(gradient)
        step *= learning_rate
        parameters -= step

    def _decay(
        self, parameters: Array, gradient: Array, learning_rate: float, shrunk: slice
    ) -> Array:
        """Let the weights decay: here, the gradient with that of the L2 penalty added.

        `AdamW`, which alone needs the learning rate, shrinks the weights themselves instead.
        """
        gradient[shrunk] += self.weight_decay * parameters[shrunk]
        return gradient

    def _direction(self, gradient: Array) -> Array:
        """Against which direction to go, in an array that may be changed."""
        raise NotImplementedError


@dataclass
class SGD(Optimizer):
    """Stochastic gradient descent: the gradient itself, or a running sum of past ones.

    With `momentum` v = momentum · v + g, as a ball keeps rolling (Polyak 1964); `nesterov` looks
    one step ahead (Sutskever et al. 2013, "On the importance of initialization and momentum").
    """

    learning_rate: float | Schedule = 0.1
    momentum: float = 0.0
    nesterov: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self.momentum = _share("momentum", self.momentum)
        if self.nesterov and not self.momentum:
            raise InvalidNetwork("nesterov=True needs a momentum above 0, such as 0.9.")

    def remembers(self) -> tuple[str, ...]:
        return ("velocity",) if self.momentum else ()

    def _direction(self, gradient: Array) -> Array:
        if not self.momentum:
            return gradient
        velocity = self.state["velocity"]
        velocity *= self.momentum
        velocity += gradient
        return gradient + self.momentum * velocity if self.nesterov else velocity.copy()


@dataclass
class RMSprop(Optimizer):
    """Each parameter's gradient over the root of its recent mean square.

    Tieleman, Hinton 2012, "Neural Networks for Machine Learning", lecture 6.5.
    """

    decay: float = 0.99
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        self.decay = _share("decay", self.decay)
        self.epsilon = _small("epsilon", self.epsilon)

    def remembers(self) -> tuple[str, ...]:
        return ("mean_square",)

    def _direction(self, gradient: Array) -> Array:
        mean_square = self.state["mean_square"]
        mean_square += (1 - self.decay) * (gradient**2 - mean_square)
        return gradient / (np.sqrt(mean_square) + self.epsilon)


@dataclass
class Adam(Optimizer):
    """Momentum over the root of the recent mean square, both corrected for starting at 0.

    Kingma, Ba 2015, "Adam: A Method for Stochastic Optimization", algorithm 1.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        self.beta1 = _share("beta1", self.beta1)
        self.beta2 = _share("beta2", self.beta2)
        self.epsilon = _small("epsilon", self.epsilon)

    def remembers(self) -> tuple[str, ...]:
        return ("mean", "mean_square")

    def _direction(self, gradient: Array) -> Array:
        mean, mean_square = self.state["mean"], self.state["mean_square"]
        mean += (1 - self.beta1) * (gradient - mean)
        mean_square += (1 - self.beta2) * (gradient**2 - mean_square)
        corrected = mean / (1 - self.beta1**self.steps)
        return corrected / (np.sqrt(mean_square / (1 - self.beta2**self.steps)) + self.epsilon)


@dataclass
class AdamW(Adam):
    """Adam, with weight decay beside the gradient: weights shrink by learning rate · weight decay.

    Loshchilov, Hutter 2019, "Decoupled Weight Decay Regularization", algorithm 2.
    """

    _: KW_ONLY
    weight_decay: float = 0.01

    def _decay(
        self, parameters: Array, gradient: Array, learning_rate: float, shrunk: slice
    ) -> Array:
        parameters[shrunk] *= 1 - learning_rate * self.weight_decay
        return gradient


def _share(name: str, value: float) -> float:
    if not 0 <= value < 1:
        raise InvalidNetwork(f"{name} must be from 0 to below 1, not {value}.")
    return float(value)  # a float64 of NumPy's would make float64 of everything


def _small(name: str, value: float) -> float:
    if not 0 < value < 1:
        raise InvalidNetwork(f"{name} must be above 0 and below 1, not {value}.")
    return float(value)
