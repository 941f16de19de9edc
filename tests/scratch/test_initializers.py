"""Initialisation: variances, and signals that neither fade nor swell."""

import numpy as np
import pytest

from inkdigits.scratch import Conv2D, Dense, Layer, ReLU, Tanh
from inkdigits.scratch.initializers import glorot, he, zeros


def test_variances_are_those_of_the_papers() -> None:
    rng = np.random.default_rng(0)
    assert he((500, 400), 500, 400, rng).var() == pytest.approx(2 / 500, rel=0.02)
    assert glorot((500, 400), 500, 400, rng).var() == pytest.approx(2 / 900, rel=0.02)
    assert not zeros((3, 2), 3, 2, rng).any()


@pytest.mark.parametrize(
    ("dense", "activation"),
    [(Dense(300), ReLU()), (Dense(300, initializer="glorot"), Tanh())],
    ids=str,
)
def test_a_signal_passes_ten_layers_and_neither_fades_nor_swells(
    dense: Layer, activation: Layer
) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 300))
    for _ in range(10):
        dense.build((300,), rng, np.float64)
        x = activation.forward(dense.forward(x))
    assert 0.1 < x.std() < 2


def test_a_convolution_counts_all_the_pixels_that_a_filter_sees() -> None:
    layer = Conv2D(64, kernel_size=5)
    layer.build((28, 28, 16), np.random.default_rng(0), np.float64)
    assert layer.parameters["weights"].var() == pytest.approx(2 / (5 * 5 * 16), rel=0.03)
