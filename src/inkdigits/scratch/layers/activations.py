"""Activations: a function of each value. Dense layers without one between them are one layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inkdigits.scratch.layers.layer import Array, Layer


@dataclass
class ReLU(Layer):
    """max(x, 0), for each value; any shape.

    Nair, Hinton 2010, "Rectified Linear Units Improve Restricted Boltzmann Machines".
    """

    def forward(self, x: Array, training: bool = False) -> Array:
        y = np.maximum(x, 0)
        if training:
            self.kept = y > 0
        return y

    def backward(self, gradient: Array) -> Array:
        """dy/dx is 1 above 0 and 0 below; at 0, where there is none, 0."""
        return gradient * self.kept


@dataclass
class LeakyReLU(Layer):
    """x above 0, `slope` x below, for each value; any shape.

    Maas, Hannun, Ng 2013, "Rectifier Nonlinearities Improve Neural Network Acoustic Models".
    """

    slope: float = 0.01

    def forward(self, x: Array, training: bool = False) -> Array:
        factor = np.where(x > 0, x.dtype.type(1), x.dtype.type(self.slope))
        if training:
            self.kept = factor
        return x * factor

    def backward(self, gradient: Array) -> Array:
        """dy/dx is 1 above 0, `slope` below."""
        return gradient * self.kept


@dataclass
class Sigmoid(Layer):
    """1 / (1 + exp(-x)), in 0..1, for each value; any shape."""

    def forward(self, x: Array, training: bool = False) -> Array:
        y = 0.5 * np.tanh(0.5 * x) + 0.5  # the same, and no exp to overflow
        if training:
            self.kept = y
        return y

    def backward(self, gradient: Array) -> Array:
        """dy/dx = y (1 - y)."""
        return gradient * self.kept * (1 - self.kept)


@dataclass
class Tanh(Layer):
    """tanh(x), in -1..1, for each value; any shape."""

    def forward(self, x: Array, training: bool = False) -> Array:
        y = np.tanh(x)
        if training:
            self.kept = y
        return y

    def backward(self, gradient: Array) -> Array:
        """dy/dx = 1 - y²."""
        return gradient * (1 - self.kept**2)
