"""A layer in which every unit sees every input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import DTypeLike

from inkdigits.errors import InvalidNetwork
from inkdigits.scratch.initializers import initial
from inkdigits.scratch.layers.layer import Array, Layer, Shape, column_sums, whole


@dataclass
class Dense(Layer):
    """Fully connected, (inputs,) -> (units,): y = x W + b, with W (inputs, units) and b (units,).

    Each unit is a weighted sum of all inputs. Without `units`, one for each class.
    """

    units: int | None = None
    initializer: Literal["he", "glorot", "zeros"] = "he"
    bias: bool = True

    def build(self, shape: Shape, rng: np.random.Generator, dtype: DTypeLike) -> Shape:
        if len(shape) != 1:
            raise InvalidNetwork(
                f"it takes examples of shape (inputs,) but gets {shape}. Put a Flatten() before it."
            )
        units = whole(self, "units")
        weights = initial(self.initializer, (*shape, units), shape[0], units, rng)
        self.hold({"weights": weights} | ({"biases": np.zeros(units)} if self.bias else {}), dtype)
        return (units,)

    def forward(self, x: Array, training: bool = False) -> Array:
        if training:
            self.kept = x
        y = x @ self.parameters["weights"]
        if self.bias:
            y += self.parameters["biases"]
        return y

    def backward_parameters(self, gradient: Array) -> None:
        """dL/dW = xᵀ dL/dy and dL/db = the sum of dL/dy over the examples."""
        np.matmul(self.kept.T, gradient, out=self.gradients["weights"])
        if self.bias:
            self.gradients["biases"][:] = column_sums(gradient)

    def backward(self, gradient: Array) -> Array:
        """dL/dx = dL/dy Wᵀ."""
        return gradient @ self.parameters["weights"].T
