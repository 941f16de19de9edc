"""Is a layer's gradient right? Change each number a little, and compare."""

from __future__ import annotations

import copy

import numpy as np

from inkdigits.errors import InvalidNetwork
from inkdigits.scratch.layers import Array, Layer, Shape

STEP = 1e-6
NEAR = 1e-6
"""A gradient that is so near, relative to its length, is right."""
SHORT = 0.1
"""A gradient of 0, such as that of biases before a BatchNorm, is measured with some noise."""


def check_gradients(
    layer: Layer, shape: Shape, *, examples: int = 5, seed: int = 0
) -> dict[str, float]:
    """How far a layer's gradients are from slopes that are measured, for examples of `shape`.

    >>> check_gradients(Conv2D(3, padding=1), (6, 5, 2))
    {'weights': 7.9e-10, 'biases': 5.1e-10, 'x': 1.1e-09}

    In float64, by central differences: (L(w + h) - L(w - h)) / 2 h, where the loss L is a weighted
    sum of what comes out, for each parameter w and each number of the input x. The layer itself
    stays as it is.

    Returns:
        Relative errors by name: the distance over the length of what was measured, or over
        `SHORT` if that is longer.

    Raises:
        InvalidNetwork: a gradient is wrong, and which; or the layer does not take such examples.
    """
    rng = np.random.default_rng(seed)
    layer = copy.deepcopy(layer)
    layer.build(shape, np.random.default_rng(seed), np.float64)
    for parameter in layer.parameters.values():
        parameter += rng.normal(0, 0.5, parameter.shape)  # away from 0, where much goes unnoticed
    x = rng.normal(size=(examples, *shape))
    fresh = copy.deepcopy(layer)
    y = layer.forward(x, training=True)
    weights = rng.normal(size=y.shape)
    layer.backward_parameters(weights)
    gradients = {**layer.gradients, "x": layer.backward(weights)}

    def loss() -> float:
        """Of a copy, so that what is random is the same each time."""
        return float((copy.deepcopy(fresh).forward(x, training=True) * weights).sum())

    errors = {}
    for name, numbers in {**fresh.parameters, "x": x}.items():
        measured = np.zeros_like(numbers)
        for place in np.ndindex(numbers.shape):
            before = numbers[place]
            numbers[place] = before + STEP
            above = loss()
            numbers[place] = before - STEP
            measured[place] = (above - loss()) / (2 * STEP)
            numbers[place] = before
        errors[name] = _relative_error(gradients[name], measured)
    if wrong := [name for name, error in errors.items() if not error < NEAR]:
        where = {"x": "backward"}.get(wrong[0], "backward_parameters")
        raise InvalidNetwork(
            f"{layer}: the gradient of {wrong[0]} is wrong, by {errors[wrong[0]]:.2g} of its "
            f"length. Look at {where}."
        )
    return errors


def _relative_error(gradient: Array, measured: Array) -> float:
    if gradient.shape != measured.shape:
        return float("inf")
    return float(np.linalg.norm(gradient - measured) / max(float(np.linalg.norm(measured)), SHORT))
