"""Losses: how wrong the logits of a batch are, and the gradient of that.

All begin with the softmax, which turns logits (N, classes) into probabilities. Each takes logits
(N, classes) and labels (N,), whole numbers from 0 on, and gives the batch's mean loss and its
gradient for the logits, dL/dz (N, classes). In that mean an example counts as often as `weights`
(N,) say, which are 1 on average over all batches; without them each counts once.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from inkdigits.scratch.layers import Array

Labels = NDArray[np.integer[Any]]


class Loss(Protocol):
    def __call__(
        self, logits: Array, labels: Labels, weights: Array | float = 1.0
    ) -> tuple[float, Array]: ...


def softmax(logits: Array) -> Array:
    """Probabilities p = exp(z) / sum(exp(z)) of each row, (N, classes).

    Subtracting the largest z of a row changes nothing in p, and exp cannot overflow.
    """
    exponentials: Array = np.exp(logits - logits.max(axis=1, keepdims=True))
    exponentials /= exponentials.sum(axis=1, keepdims=True)
    return exponentials


def cross_entropy(
    logits: Array, labels: Labels, weights: Array | float = 1.0
) -> tuple[float, Array]:
    """L = -log(p of the label) = log(sum(exp(z))) - z of the label; dL/dz = p - one-hot label.

    That is for one example; in the mean over N of them each has a share of 1 / N of both.

    Softmax and logarithm in one step: a probability that rounds to 0 would have no logarithm
    (Goodfellow, Bengio, Courville 2016, "Deep Learning", section 6.2.2.3).
    """
    shares, rows = _shares(logits, weights), np.arange(len(labels))
    shifted = logits - logits.max(axis=1, keepdims=True)
    gradient = np.exp(shifted)
    sums = gradient.sum(axis=1, keepdims=True)
    loss = shares @ (np.log(sums[:, 0]) - shifted[rows, labels])
    gradient *= shares[:, None] / sums
    gradient[rows, labels] -= shares
    return float(loss), gradient


def mean_squared_error(
    logits: Array, labels: Labels, weights: Array | float = 1.0
) -> tuple[float, Array]:
    """L = the mean of (p - one-hot label)² over all classes, for comparison with `cross_entropy`.

    dL/dp = 2 (p - one-hot) / classes, and through the softmax dL/dz = p (dL/dp - sum(p dL/dp)):
    where p is near 0 or 1 that is near 0, however wrong, so it learns slowly from its worst
    mistakes.
    """
    p, shares = softmax(logits), _shares(logits, weights)
    error = p.copy()
    error[np.arange(len(labels)), labels] -= 1
    by_p = error * (2 / error.shape[1] * shares[:, None])
    gradient = p * (by_p - (p * by_p).sum(axis=1, keepdims=True))
    return float(shares @ (error**2).mean(axis=1)), gradient


def _shares(logits: Array, weights: Array | float) -> Array:
    """How much of the batch's mean each example is, (N,)."""
    return np.full(len(logits), weights / np.float64(len(logits)), logits.dtype)


LOSSES: dict[str, Loss] = {
    "cross_entropy": cross_entropy,
    "mean_squared_error": mean_squared_error,
}
