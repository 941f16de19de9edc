"""What a network looks like, and which learning rate it should begin with."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits

from inkdigits.errors import Diverged, InvalidNetwork
from inkdigits.scratch import (
    SGD,
    Conv2D,
    Dense,
    Flatten,
    NeuralNetwork,
    ReLU,
    Reshape,
    find_learning_rate,
)
from scratch.clouds import clouds


@pytest.fixture(scope="module")
def digits() -> tuple[NDArray[Any], NDArray[Any]]:
    pixels, labels = load_digits(return_X_y=True)
    return pixels, np.array(["none", *"123456789"])[labels]


@pytest.fixture(scope="module")
def network(digits: tuple[NDArray[Any], NDArray[Any]]) -> NeuralNetwork:
    pixels, labels = digits
    return NeuralNetwork([Dense(12), ReLU(), Dense()], epochs=3, random_state=0).fit(pixels, labels)


def colours(picture: Any) -> int:
    """How many a notebook shows."""
    with Image.open(io.BytesIO(picture._repr_png_())) as image:
        return len(image.convert("RGB").getcolors(2**20) or [])


def test_a_networks_history_weights_and_mistakes_can_be_looked_at(
    network: NeuralNetwork, digits: tuple[NDArray[Any], NDArray[Any]]
) -> None:
    assert colours(network.plot_history()) > 20
    assert colours(network.plot_weights()) > 100
    mistakes = network.plot_mistakes(*digits)
    assert colours(mistakes) > 20
    wrong = int((network.predict(digits[0]) != digits[1]).sum())
    [axes] = mistakes.axes
    assert axes.get_title().startswith(f"network: {wrong} of 1,797 misread")
    assert any("none" in text.get_text() for text in axes.texts)


def test_no_loss_is_called_another_than_it_is() -> None:
    network = NeuralNetwork(loss="mean_squared_error", epochs=1).fit(*clouds())
    assert network.plot_history().axes[0].get_ylabel() == "loss"


def test_of_a_convolution_the_filters_are_shown(digits: tuple[NDArray[Any], NDArray[Any]]) -> None:
    layers = [Reshape((8, 8, 1)), Conv2D(4), ReLU(), Flatten(), Dense()]
    network = NeuralNetwork(layers, epochs=1, random_state=0).fit(digits[0][:200], digits[1][:200])
    [panel] = network.plot_weights().axes
    assert "4 filters across" in panel.get_title()


def test_what_is_no_picture_is_not_drawn() -> None:
    x, y = clouds()
    network = NeuralNetwork([Dense(3)], epochs=1).fit(x[:, :2], y)
    for plot in (network.plot_weights, lambda: network.plot_mistakes(x[:, :2], y)):
        with pytest.raises(InvalidNetwork, match="no square pictures"):
            plot()


def test_a_learning_rate_is_found_with_which_the_network_learns(
    digits: tuple[NDArray[Any], NDArray[Any]],
) -> None:
    pixels, labels = digits[0] / 16, digits[1]
    network = NeuralNetwork([Dense(12), ReLU(), Dense()], optimizer=SGD(5.0), random_state=0)
    found = find_learning_rate(network, pixels, labels, most=100.0)
    assert not hasattr(network, "layers_")
    assert 0.005 < found.suggestion < 5
    assert found.rates[-1] < 100  # it had long become worse
    assert colours(found.plot()) > 20
    network.set_params(optimizer=SGD(found.suggestion), epochs=10).fit(pixels, labels)
    assert network.score(pixels, labels) > 0.9


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"least": 0}, "must rise from above 0, not from 0 to 10"),
        ({"least": 2.0, "most": 1.0}, "not from 2.0 to 1.0"),
        ({"least": float("nan")}, "not from nan"),
        ({"steps": 0}, "epochs must be a whole number from 1"),
    ],
)
def test_a_search_that_cannot_rise_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidNetwork, match=message):
        find_learning_rate(NeuralNetwork(), *clouds(), **options)


def test_a_search_without_any_loss_says_why(digits: tuple[NDArray[Any], NDArray[Any]]) -> None:
    with pytest.raises(Diverged, match="the examples are too large"):
        find_learning_rate(NeuralNetwork(), digits[0] * 1e37, digits[1])


def test_a_search_without_examples_is_an_error_of_the_data() -> None:
    with pytest.raises(ValueError, match="0 sample"):
        find_learning_rate(NeuralNetwork(), np.empty((0, 4)), [])
