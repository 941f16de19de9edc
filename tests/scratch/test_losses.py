"""Losses: their gradients, and that they hold where numbers get large."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from inkdigits.scratch.layers import Array
from inkdigits.scratch.losses import LOSSES, Labels, cross_entropy, mean_squared_error, softmax

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(0, 2, (6, 10))
LABELS = RNG.integers(0, 10, 6)


WEIGHTS = np.array([0, 2, 1, 1, 0.5, 1.5])


@pytest.mark.parametrize("weights", [1.0, WEIGHTS])
@pytest.mark.parametrize("name", LOSSES)
def test_gradients_are_those_of_central_differences(name: str, weights: Array | float) -> None:
    def loss(logits: Array, labels: Labels) -> tuple[float, Array]:
        return LOSSES[name](logits, labels, weights)

    _, gradient = loss(LOGITS, LABELS)
    expected = np.zeros_like(LOGITS)
    step = 1e-6
    for place in np.ndindex(LOGITS.shape):
        change = np.zeros_like(LOGITS)
        change[place] = step
        expected[place] = loss(LOGITS + change, LABELS)[0] - loss(LOGITS - change, LABELS)[0]
    expected /= 2 * step
    assert np.linalg.norm(gradient - expected) / np.linalg.norm(expected) < 1e-6


def test_losses_and_gradients_are_pytorchs() -> None:
    labels = torch.from_numpy(LABELS)
    for ours, theirs in (
        (cross_entropy, lambda z: F.cross_entropy(z, labels)),
        (mean_squared_error, lambda z: F.mse_loss(z.softmax(1), F.one_hot(labels, 10).double())),
    ):
        logits = torch.from_numpy(LOGITS).requires_grad_()
        their_loss = theirs(logits)
        their_loss.backward()
        loss, gradient = ours(LOGITS, LABELS)
        assert loss == pytest.approx(their_loss.item())
        assert logits.grad is not None
        np.testing.assert_allclose(gradient, logits.grad, atol=1e-12)


def test_the_largest_logits_neither_overflow_nor_lose_their_loss() -> None:
    logits = np.array([[1000.0, 0.0, -1000.0]], np.float32)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        assert cross_entropy(logits, np.array([0]))[0] == 0
        assert cross_entropy(logits, np.array([2]))[0] == 2000
        np.testing.assert_array_equal(softmax(logits), [[1, 0, 0]])


def test_the_worst_mistake_teaches_cross_entropy_but_not_the_squared_error() -> None:
    logits = np.array([[30.0, 0.0]])
    label = np.array([1])
    assert np.abs(cross_entropy(logits, label)[1]).max() > 0.99
    assert np.abs(mean_squared_error(logits, label)[1]).max() < 1e-10
