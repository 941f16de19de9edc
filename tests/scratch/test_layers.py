"""Layers: their gradients against central differences and against PyTorch's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from inkdigits import InkDigitsError
from inkdigits.scratch import (
    AdamW,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool2D,
    Layer,
    LeakyReLU,
    MaxPool2D,
    NeuralNetwork,
    ReLU,
    Reshape,
    Sigmoid,
    Skip,
    Tanh,
    check_gradients,
)
from scratch.clouds import clouds

Array = NDArray[Any]

LAYERS = [
    (Dense(4), (7,)),
    (Dense(4, bias=False, initializer="glorot"), (7,)),
    (Conv2D(3), (6, 5, 2)),
    (Conv2D(3, padding=1), (6, 5, 2)),
    (Conv2D(2, kernel_size=2, stride=2, bias=False), (7, 6, 3)),
    (Conv2D(2, kernel_size=3, stride=2, padding=2), (6, 5, 1)),
    (Conv2D(4, kernel_size=1), (3, 3, 2)),
    (MaxPool2D(2), (6, 4, 3)),
    (MaxPool2D(2), (7, 5, 2)),
    (MaxPool2D(3, stride=1), (5, 6, 2)),
    (MaxPool2D(3, stride=2), (7, 7, 1)),
    (GlobalAveragePool2D(), (4, 5, 3)),
    (Skip([Dense(4), Tanh(), Dropout(0.4), Dense(4)]), (4,)),
    (Skip([Conv2D(2, padding=1), BatchNorm(), Skip([Sigmoid()])]), (4, 3, 2)),
    (BatchNorm(), (5,)),
    (BatchNorm(), (3, 4, 2)),
    (Dropout(0.4), (8,)),
    (Flatten(), (3, 2, 4)),
    (Reshape((4, 3, 1)), (12,)),
    (ReLU(), (6,)),
    (LeakyReLU(0.2), (3, 3, 2)),
    (Sigmoid(), (6,)),
    (Tanh(), (6,)),
]


def layer_id(value: object) -> str:
    return str(value)


def built(layer: Layer, shape: tuple[int, ...], seed: int = 0) -> tuple[Layer, Array]:
    """The layer, with parameters that are all away from 0, and 5 examples for it, in float64."""
    rng = np.random.default_rng(seed)
    layer.build(shape, np.random.default_rng(seed), np.float64)
    for parameter in layer.parameters.values():
        parameter += rng.normal(0, 0.5, parameter.shape)
    return layer, rng.normal(size=(5, *shape))


def forward(layer: Layer, x: Array) -> Array:
    """The output in training; what is random in it is the same each time."""
    if isinstance(layer, Dropout):
        layer.build(x.shape[1:], np.random.default_rng(3), np.float64)
    return layer.forward(x, training=True)


def relative_error(one: Array, other: Array) -> float:
    return float(np.linalg.norm(one - other) / max(np.linalg.norm(other), 1e-12))


@pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=layer_id)
def test_gradients_are_those_of_central_differences(layer: Layer, shape: tuple[int, ...]) -> None:
    errors = check_gradients(layer, shape)
    assert set(errors) == {*built(layer, shape)[0].parameters, "x"}
    assert max(errors.values()) < 1e-6


class Forgetful(Dense):
    """Leaves out its biases' gradient."""

    def backward_parameters(self, gradient: Array) -> None:
        np.matmul(self.kept.T, gradient, out=self.gradients["weights"])


class Backwards(ReLU):
    def backward(self, gradient: Array) -> Array:
        return -super().backward(gradient)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (Forgetful(3), r"gradient of biases is wrong, by 1 .*Look at backward_parameters"),
        (Backwards(), r"Backwards\(\): the gradient of x is wrong, by 2 .*Look at backward\."),
        (Skip([Backwards()]), "gradient of x is wrong"),
        (Conv2D(3), "takes pictures of shape"),
    ],
)
def test_a_wrong_gradient_is_named(layer: Layer, message: str) -> None:
    with pytest.raises(InkDigitsError, match=message):
        check_gradients(layer, (4,))


def test_what_layers_give_is_added_to_what_they_get() -> None:
    skip, x = built(Skip([Dense(6), Tanh()]), (6,))
    dense, tanh = skip.layers  # type: ignore[attr-defined]
    np.testing.assert_allclose(skip.forward(x), x + tanh.forward(dense.forward(x)))
    with pytest.raises(InkDigitsError, match=r"give, \(5,\), cannot be added to .*\(6,\)"):
        built(Skip([Dense(5)]), (6,))


def test_a_deep_network_of_skips_learns_and_is_saved_whole(tmp_path: Path) -> None:
    x, y = clouds()
    block = Skip([Dense(8), BatchNorm(), ReLU(), Dense(8)])
    layers = [Dense(8), *[block] * 12, Dense()]
    network = NeuralNetwork(layers, epochs=10, optimizer=AdamW(0.01), random_state=0).fit(x, y)
    assert network.score(x, y) > 0.9
    assert len(network.tensors()) == 2 + 12 * (2 + 4 + 2) + 2
    network.save(tmp_path / "deep.safetensors")
    again = NeuralNetwork.load(tmp_path / "deep.safetensors")
    np.testing.assert_array_equal(again.predict_proba(x), network.predict_proba(x))


PEERS = [
    (Dense(4), (7,), lambda: nn.Linear(7, 4)),
    (Conv2D(3, padding=1), (6, 5, 2), lambda: nn.Conv2d(2, 3, 3, padding=1)),
    (
        Conv2D(3, kernel_size=4, stride=3, padding=2),
        (9, 8, 2),
        lambda: nn.Conv2d(2, 3, 4, stride=3, padding=2),
    ),
    (MaxPool2D(2), (7, 6, 3), lambda: nn.MaxPool2d(2)),
    (
        GlobalAveragePool2D(),
        (7, 6, 3),
        lambda: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
    ),
    (MaxPool2D(3, stride=2), (8, 7, 2), lambda: nn.MaxPool2d(3, stride=2)),
    (BatchNorm(), (6,), lambda: nn.BatchNorm1d(6)),
    (BatchNorm(), (4, 5, 3), lambda: nn.BatchNorm2d(3)),
    (ReLU(), (6,), lambda: nn.ReLU()),
    (LeakyReLU(0.1), (6,), lambda: nn.LeakyReLU(0.1)),
    (Sigmoid(), (6,), lambda: nn.Sigmoid()),
    (Tanh(), (6,), lambda: nn.Tanh()),
]
IN_PYTORCH = {"weights": "weight", "biases": "bias", "scale": "weight", "shift": "bias"}


def to_torch(array: Array) -> torch.Tensor:
    """Channels first, as PyTorch has them; dense weights have their outputs first."""
    axes = {2: (1, 0), 4: (3, 2, 0, 1)}.get(array.ndim, (0,))
    return torch.from_numpy(array.transpose(axes).copy())


def pictures_to_torch(array: Array) -> torch.Tensor:
    return torch.from_numpy(array.transpose(0, 3, 1, 2) if array.ndim == 4 else array).clone()


@pytest.mark.parametrize(
    ("layer", "shape", "peer"), PEERS, ids=lambda x: str(x) if isinstance(x, Layer) else ""
)
def test_outputs_and_gradients_are_pytorchs(
    layer: Layer, shape: tuple[int, ...], peer: Any
) -> None:
    layer, x = built(layer, shape)
    other = peer().double().train()
    for name, parameter in layer.parameters.items():
        getattr(other, IN_PYTORCH[name]).data = to_torch(parameter)
    y = layer.forward(x, training=True)
    weights = np.random.default_rng(1).normal(size=y.shape)
    layer.backward_parameters(weights)
    gradient = layer.backward(weights)

    other_x = pictures_to_torch(x).requires_grad_()
    other_y = other(other_x)
    other_y.backward(pictures_to_torch(weights))
    torch.testing.assert_close(pictures_to_torch(y), other_y.detach())
    torch.testing.assert_close(pictures_to_torch(gradient), other_x.grad)
    for name in layer.parameters:
        theirs = getattr(other, IN_PYTORCH[name]).grad
        torch.testing.assert_close(to_torch(layer.gradients[name]), theirs)


def test_batch_normalisation_reads_with_the_running_averages_that_pytorch_keeps() -> None:
    layer, x = built(BatchNorm(), (4, 5, 3))
    other = nn.BatchNorm2d(3).double().train()
    other.weight.data = torch.from_numpy(layer.parameters["scale"])
    other.bias.data = torch.from_numpy(layer.parameters["shift"])
    for batch in (x, 3 * x + 1, x - 2):
        layer.forward(batch, training=True)
        other(pictures_to_torch(batch))
    read = layer.forward(x)
    torch.testing.assert_close(pictures_to_torch(read), other.eval()(pictures_to_torch(x)).detach())


def test_of_equal_pixels_one_gets_the_gradient() -> None:
    layer, _ = built(MaxPool2D(2), (4, 4, 1))
    layer.forward(np.ones((1, 4, 4, 1)), training=True)
    gradient = layer.backward(np.ones((1, 2, 2, 1)))
    assert gradient.sum() == 4
    assert gradient[0, 0, 0, 0] == gradient[0, 2, 2, 0] == 1


def test_dropout_drops_its_share_keeps_the_mean_and_reads_everything() -> None:
    layer, _ = built(Dropout(0.3), (1000,))
    x = np.ones((100, 1000))
    y = layer.forward(x, training=True)
    assert (y == 0).mean() == pytest.approx(0.3, abs=0.01)
    assert y.mean() == pytest.approx(1, abs=0.01)
    np.testing.assert_array_equal(layer.forward(x), x)


@pytest.mark.parametrize("x", [-1000.0, 1000.0])
def test_a_sigmoid_does_not_overflow(x: float) -> None:
    layer, _ = built(Sigmoid(), (1,))
    with np.errstate(all="raise"):
        assert layer.forward(np.array([[x]]))[0, 0] == (x > 0)


@pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=layer_id)
def test_float32_stays_float32(layer: Layer, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    layer.build(shape, rng, np.float32)
    y = layer.forward(rng.normal(size=(5, *shape)).astype(np.float32), training=True)
    layer.backward_parameters(np.ones_like(y))
    gradients = [layer.backward(np.ones_like(y)), *layer.gradients.values()]
    assert {array.dtype for array in (y, *gradients)} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (Dense(4), (28, 28), r"\(inputs,\) but gets \(28, 28\).*Flatten"),
        (Dense(0), (4,), "units must be a whole number from 1"),
        (Dense(2.5), (4,), "units must be a whole number"),  # type: ignore[arg-type]
        (Dense(4, initializer="random"), (4,), "no initializer 'random'"),  # type: ignore[arg-type]
        (Conv2D(4), (28, 28), r"\(height, width, channels\) but gets \(28, 28\).*Reshape"),
        (Conv2D(4, kernel_size=5), (4, 9, 1), "5 x 5, but the picture it gets is only 4 x 9"),
        (Conv2D(4, stride=0), (9, 9, 1), "stride must be"),
        (Conv2D(4, padding=-1), (9, 9, 1), "padding must be a whole number from 0"),
        (MaxPool2D(3), (2, 2, 1), "3 x 3, but the picture it gets is only 2 x 2"),
        (MaxPool2D(2), (784,), r"pictures of shape .* but gets \(784,\)"),
        (Dropout(1.0), (4,), "rate must be from 0 to below 1"),
        (Reshape((28, 28, 1)), (100,), r"784 values.*but gets \(100,\)"),
    ],
    ids=str,
)
def test_a_shape_or_a_setting_that_does_not_fit_is_explained(
    layer: Layer, shape: tuple[int, ...], message: str
) -> None:
    with pytest.raises(InkDigitsError, match=message):
        layer.build(shape, np.random.default_rng(0), np.float32)
