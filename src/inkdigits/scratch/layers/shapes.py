"""Layers that change the shape of examples and no value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike

from inkdigits.errors import InvalidNetwork
from inkdigits.scratch.layers.layer import Array, Layer, Shape


@dataclass
class Flatten(Layer):
    """All values of an example in a row: any shape -> (values,)."""

    def build(self, shape: Shape, rng: np.random.Generator, dtype: DTypeLike) -> Shape:
        self._shape = shape
        self.hold({}, dtype)
        return (int(np.prod(shape)),)

    def forward(self, x: Array, training: bool = False) -> Array:
        return x.reshape(len(x), -1)

    def backward(self, gradient: Array) -> Array:
        return gradient.reshape(-1, *self._shape)


@dataclass
class Reshape(Layer):
    """The same values in another shape: (784,) or (28, 28) -> (28, 28, 1), say."""

    shape: Shape

    def build(self, shape: Shape, rng: np.random.Generator, dtype: DTypeLike) -> Shape:
        if not isinstance(self.shape, tuple):
            raise InvalidNetwork(
                f"its shape must be a tuple, such as (28, 28, 1), not {self.shape}."
            )
        if np.prod(shape) != np.prod(self.shape):
            raise InvalidNetwork(
                f"it takes examples of {np.prod(self.shape)} values, for {tuple(self.shape)}, but "
                f"gets {shape}, which is {np.prod(shape)}."
            )
        self._before = shape
        self.hold({}, dtype)
        return tuple(self.shape)

    def forward(self, x: Array, training: bool = False) -> Array:
        return x.reshape(-1, *self.shape)

    def backward(self, gradient: Array) -> Array:
        return gradient.reshape(-1, *self._before)
