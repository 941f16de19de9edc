"""Layers that help a network to learn and do nothing by themselves."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from inkdigits.errors import InvalidNetwork
from inkdigits.scratch.layers.layer import Array, Layer, Shape, column_sums


@dataclass
class BatchNorm(Layer):
    """Each feature, or channel, gets the mean `shift` and the standard deviation `scale`, learned.

    Any shape; the last axis is the features. In training, mean and variance are those of the batch
    (and of all pixels); afterwards, running averages of them: after each batch, average =
    momentum · average + (1 - momentum) · batch. (PyTorch's momentum is 1 minus this one.)

    Ioffe, Szegedy 2015, "Batch Normalization", algorithm 1.
    """

    momentum: float = 0.9
    epsilon: float = 1e-5

    def build(self, shape: Shape, rng: np.random.Generator, dtype: DTypeLike) -> Shape:
        if not 0 <= self.momentum < 1 or not 0 < self.epsilon < 1:
            raise InvalidNetwork(
                f"its momentum must be from 0 to below 1, not {self.momentum}, and its epsilon "
                f"above 0 and below 1, not {self.epsilon}."
            )
        features = shape[-1]
        self.hold(
            {"scale": np.ones(features), "shift": np.zeros(features)},
            dtype,
            {"mean": np.zeros(features), "variance": np.ones(features)},
        )
        return shape

    def forward(self, x: Array, training: bool = False) -> Array:
        mean, variance = self.statistics["mean"], self.statistics["variance"]
        rows = x.reshape(-1, x.shape[-1])
        if training:
            mean, variance = self._batch_statistics(rows)
        deviation = np.sqrt(variance + float(self.epsilon))
        normal = (rows - mean) / deviation
        if training:
            self.kept = normal, deviation
        return (normal * self.parameters["scale"] + self.parameters["shift"]).reshape(x.shape)

    def backward_parameters(self, gradient: Array) -> None:
        normal, _ = self.kept
        gradient = gradient.reshape(-1, gradient.shape[-1])
        self.gradients["scale"][:] = np.einsum("nf,nf->f", gradient, normal)
        self.gradients["shift"][:] = column_sums(gradient)

    def backward(self, gradient: Array) -> Array:
        """The mean and the variance depend on x, too: what they explain is taken out.

        dL/dx = (g - mean(g) - n mean(g n)) / deviation, with g = scale dL/dy and the normalised n.
        """
        normal, deviation = self.kept
        g = gradient.reshape(-1, gradient.shape[-1]) * self.parameters["scale"]
        along = np.einsum("nf,nf->f", g, normal) / len(g)
        return ((g - column_sums(g) / len(g) - normal * along) / deviation).reshape(gradient.shape)

    def _batch_statistics(self, rows: Array) -> tuple[Array, Array]:
        """The batch's mean and variance, which the running ones take note of.

        One row has no variance. It may be what is left of the examples in the end, but there is
        nothing to learn from batches that are all like that.
        """
        count = len(rows)
        if count == 1 and not self.statistics["mean"].any():
            raise InvalidNetwork(
                "BatchNorm learns nothing from 1 sample at a time: take a larger batch_size."
            )
        mean = column_sums(rows) / count
        variance = column_sums((rows - mean) ** 2) / count
        if count > 1:
            unbiased = variance * count / (count - 1)
            for name, now in ("mean", mean), ("variance", unbiased):
                running = self.statistics[name]
                running += (1 - float(self.momentum)) * (now - running)
        return mean, variance


@dataclass
class Dropout(Layer):
    """In training, each value becomes 0 with probability `rate`; any shape.

    The others grow by 1 / (1 - rate), so that the sum stays about the same, and nothing has to be
    done afterwards. A unit cannot rely on one other unit (Srivastava et al. 2014, "Dropout").
    """

    rate: float = 0.5

    def build(self, shape: Shape, rng: np.random.Generator, dtype: DTypeLike) -> Shape:
        rate: Any = self.rate
        if not isinstance(rate, Real) or not 0 <= float(rate) < 1:
            raise InvalidNetwork(f"its rate must be from 0 to below 1, not {rate!r}.")
        self._rng = rng
        self.hold({}, dtype)
        return shape

    def forward(self, x: Array, training: bool = False) -> Array:
        if not training:
            return x
        on = self._rng.random(x.shape, np.float32) >= self.rate
        self.kept = on * x.dtype.type(1 / (1 - self.rate))
        return x * self.kept

    def backward(self, gradient: Array) -> Array:
        """dL/dx = dL/dy times the same factors."""
        return gradient * self.kept
