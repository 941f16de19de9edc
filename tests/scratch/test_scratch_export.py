"""Export: a network from scratch becomes a model file that everything else reads with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray

from handwriting import written
from inkdigits import Reader
from inkdigits.datasets.mnist import load_mnist
from inkdigits.errors import InvalidNetwork
from inkdigits.modelfile.graph import Graph, Value
from inkdigits.modelfile.normalizer import Normalizer
from inkdigits.scratch import (
    Adam,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool2D,
    LeakyReLU,
    MaxPool2D,
    NeuralNetwork,
    ReLU,
    Reshape,
    Sigmoid,
    Skip,
    Tanh,
)
from inkdigits.scratch.export import add_layer

EVERY_LAYER = [
    Reshape((28, 28, 1)),
    Conv2D(8, kernel_size=5, stride=2, padding=2),
    BatchNorm(),
    LeakyReLU(0.1),
    MaxPool2D(3, stride=2),
    Conv2D(12, bias=False),
    Tanh(),
    Dropout(0.2),
    Skip([Conv2D(12, padding=1), ReLU()]),
    Conv2D(48, kernel_size=2),
    GlobalAveragePool2D(),
    Reshape((4, 4, 3)),
    Flatten(),
    Dense(32, bias=False),
    BatchNorm(),
    Sigmoid(),
    Dense(24),
    ReLU(),
    Dense(),
]
Pictures = tuple[NDArray[Any], NDArray[Any]]


@pytest.fixture(scope="module")
def mnist(data_dir: str) -> Pictures:
    """3,000 pictures as the network sees them, and their labels."""
    pictures, labels = load_mnist("train", data_dir)
    return Normalizer()(pictures[:3000]), labels[:3000]


@pytest.fixture(scope="module")
def network(mnist: Pictures) -> NeuralNetwork:
    fitted = NeuralNetwork(EVERY_LAYER, epochs=4, optimizer=Adam(0.003), random_state=0)
    return fitted.fit(mnist[0][:2500], mnist[1][:2500])


def answers(path: Path, pictures: NDArray[np.uint8]) -> list[NDArray[Any]]:
    """The probabilities of a model file, and what its network saw."""
    session = onnxruntime.InferenceSession(path)
    return list(session.run(["probabilities", "seen", "sure"], {"picture": pictures}))


def test_the_file_gives_the_probabilities_that_numpy_gives_for_what_it_saw(
    network: NeuralNetwork, tmp_path: Path, data_dir: str
) -> None:
    network.export(tmp_path / "mine.onnx")
    pictures, _ = load_mnist("validation", data_dir)
    probabilities, seen, _ = answers(tmp_path / "mine.onnx", pictures[:500])
    assert np.abs(probabilities - network.predict_proba(seen)).max() < 1e-5


def test_a_calibrated_network_and_its_file_are_equally_sure(
    network: NeuralNetwork, mnist: Pictures, tmp_path: Path, data_dir: str
) -> None:
    network.calibrate(mnist[0][2500:], mnist[1][2500:])
    assert network.calibration_.temperature != 1
    network.export(tmp_path / "mine.onnx")
    pictures, _ = load_mnist("validation", data_dir)
    probabilities, seen, sure = answers(tmp_path / "mine.onnx", pictures[:500])
    ours = network.predict_proba(seen)
    assert np.abs(probabilities - ours).max() < 1e-5
    clear = np.abs(ours.max(axis=1) - network.calibration_.sure_from) > 1e-4
    expected = ours.max(axis=1) >= network.calibration_.sure_from
    np.testing.assert_array_equal(sure[clear], expected[clear])


def test_the_reader_reads_with_it(network: NeuralNetwork, tmp_path: Path) -> None:
    network.export(tmp_path / "mine.onnx")
    reader = Reader(tmp_path / "mine.onnx")
    right = [reader.read(written(value)).text == str(value) for value in range(10)]
    assert sum(right) >= 6  # it saw 2,500 digits, four times
    assert reader.metadata["name"] == "scratch"


def test_only_standard_operators_are_used(network: NeuralNetwork, tmp_path: Path) -> None:
    network.export(tmp_path / "mine.onnx")
    assert {node.domain for node in onnx.load(tmp_path / "mine.onnx").graph.node} == {""}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_flat_pictures_and_doubles_are_exported_too(
    mnist: Pictures, tmp_path: Path, dtype: str
) -> None:
    flat = mnist[0].reshape(-1, 784)
    network = NeuralNetwork([Dense()], epochs=2, random_state=0, dtype=dtype).fit(flat, mnist[1])
    network.export(tmp_path / "flat.onnx")
    pictures = (255 * mnist[0][:50]).astype(np.uint8)
    probabilities, seen, _ = answers(tmp_path / "flat.onnx", pictures)
    assert np.abs(probabilities - network.predict_proba(seen.reshape(-1, 784))).max() < 1e-5


def test_a_network_that_does_not_read_digits_is_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    letters = NeuralNetwork(epochs=1).fit(rng.random((20, 784)), list("ab") * 10)
    with pytest.raises(InvalidNetwork, match=r"digits 0 to 9 .* classes are"):
        letters.export(tmp_path / "mine.onnx")
    small = NeuralNetwork(epochs=1).fit(rng.random((20, 64)), list(range(10)) * 2)
    with pytest.raises(InvalidNetwork, match=r"pictures of 28 x 28.* not \(64,\)"):
        small.export(tmp_path / "mine.onnx")
    assert not list(tmp_path.iterdir())


def test_a_layer_of_your_own_has_to_say_how(tmp_path: Path) -> None:
    class Clipped(ReLU):
        def forward(self, x: NDArray[Any], training: bool = False) -> NDArray[Any]:
            return np.minimum(super().forward(x, training), 6)

    rng = np.random.default_rng(0)
    network = NeuralNetwork([Clipped(), Dense()], epochs=1, random_state=0)
    network.fit(9 * rng.random((20, 784)), list(range(10)) * 2)
    with pytest.raises(InvalidNetwork, match=r"Clipped\(\) cannot be exported.*register"):
        network.export(tmp_path / "mine.onnx")

    @add_layer.register(Clipped)
    def _(layer: Clipped, g: Graph, x: Value) -> Value:
        return g.Clip(x, g.constant(0.0), g.constant(6.0))

    network.export(tmp_path / "mine.onnx")
    probabilities, seen, _ = answers(
        tmp_path / "mine.onnx", rng.integers(0, 255, (5, 28, 28), np.uint8)
    )
    assert np.abs(probabilities - network.predict_proba(seen.reshape(-1, 784))).max() < 1e-5
