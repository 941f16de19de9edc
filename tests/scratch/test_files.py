"""Saving and loading: all of a network, and clear words where a file is not one."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import safetensors.torch
import torch

from inkdigits import InkDigitsError, InvalidModel
from inkdigits.scratch import (
    SGD,
    Adam,
    BatchNorm,
    Cosine,
    Dense,
    Dropout,
    NeuralNetwork,
    ReLU,
    Reshape,
    Step,
    Tanh,
)
from scratch.clouds import clouds

X, Y = clouds()


@pytest.fixture(scope="module")
def network() -> NeuralNetwork:
    layers = [Reshape((2, 2, 1)), Reshape((4,)), Dense(16), BatchNorm(), ReLU(), Dropout(), Dense()]
    optimizer = Adam(Step(0.01, every=3), weight_decay=1e-3)
    fitted = NeuralNetwork(layers, optimizer=optimizer, epochs=3, random_state=7).fit(X, Y)
    return fitted.calibrate(*clouds(seed=1))


@pytest.fixture
def saved(network: NeuralNetwork, tmp_path: Path) -> Path:
    path = tmp_path / "mine.safetensors"
    network.save(path)
    return path


def change(description: Path, **values: Any) -> None:
    described = json.loads(description.read_text())
    description.write_text(json.dumps(described | values))


def test_a_network_that_was_saved_answers_as_before(network: NeuralNetwork, saved: Path) -> None:
    loaded = NeuralNetwork.load(saved)
    np.testing.assert_array_equal(loaded.predict_proba(X), network.predict_proba(X))
    assert loaded.calibration_ == network.calibration_
    assert loaded.layers_ == network.layers_
    assert loaded.history_ == network.history_
    assert loaded.get_params()["epochs"] == 3
    assert loaded.optimizer == network.optimizer


def test_a_loaded_network_goes_on_learning_as_if_it_had_never_been_saved(saved: Path) -> None:
    layers = [Dense(8), BatchNorm(), Tanh(), Dropout(0.2), Dense()]
    optimizer = SGD(Cosine(0.1), momentum=0.9, nesterov=True)
    whole = NeuralNetwork(layers, optimizer=optimizer, random_state=0, epochs=2).fit(X, Y)
    whole.save(saved)
    parts = NeuralNetwork.load(saved)
    whole.partial_fit(X, Y)
    parts.partial_fit(X, Y)
    assert whole.history_[-1]["loss"] == parts.history_[-1]["loss"]
    for name, array in whole.tensors().items():
        np.testing.assert_array_equal(array, parts.tensors()[name], err_msg=name)


def test_classes_may_be_words(saved: Path) -> None:
    words = np.array(["ash", "birch", "cedar"])[Y]
    NeuralNetwork(epochs=1, random_state=0).fit(X, words).save(saved)
    assert set(NeuralNetwork.load(saved).predict(X)) <= {"ash", "birch", "cedar"}


def test_what_numpy_counts_with_can_be_saved_too(saved: Path) -> None:
    network = NeuralNetwork(
        [Dense(np.int64(5)), ReLU(), Dense()],  # type: ignore[arg-type]
        optimizer=Adam(np.float32(0.01)),
        epochs=np.int64(2),  # type: ignore[arg-type]
        dtype=np.float32,  # type: ignore[arg-type]
        random_state=np.random.RandomState(0),
    ).fit(X, Y.astype(np.uint8))
    network.save(saved)
    loaded = NeuralNetwork.load(saved)
    np.testing.assert_array_equal(loaded.predict_proba(X), network.predict_proba(X))
    assert loaded.classes_.dtype == np.uint8
    assert loaded.epochs == 2


def test_a_save_that_fails_leaves_the_one_before(network: NeuralNetwork, saved: Path) -> None:
    class Unsaved(ReLU):
        def __init__(self, factor: float = 1.0) -> None:
            self.factor = factor

    with pytest.raises(InvalidModel):
        NeuralNetwork([Unsaved(5.0), Dense()], epochs=1).fit(X, Y).save(saved)
    np.testing.assert_array_equal(NeuralNetwork.load(saved).predict(X), network.predict(X))


def test_somebody_elses_json_is_not_overwritten(network: NeuralNetwork, tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text('{"my": "notes"}')
    with pytest.raises(InvalidModel, match="is there already and does not describe a network"):
        network.save(tmp_path / "mine.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.json"]


def test_the_description_can_be_read_by_people(saved: Path) -> None:
    described = json.loads(saved.with_suffix(".json").read_text())
    assert described["layers"][2] == {
        "type": "Dense",
        "units": 16,
        "initializer": "he",
        "bias": True,
    }
    assert described["classes"] == [0, 1, 2]
    assert safetensors.numpy.load_file(saved)["3.weights"].shape == (4, 16)


def test_a_layer_of_your_own_is_loaded_if_you_name_it(saved: Path) -> None:
    @dataclass
    class Doubled(Dense):
        def forward(self, x: Any, training: bool = False) -> Any:
            return super().forward(2 * x, training)

    network = NeuralNetwork([Doubled(3)], epochs=1).fit(X, Y)
    network.save(saved)
    loaded = NeuralNetwork.load(saved, layers=[Doubled])
    np.testing.assert_array_equal(loaded.predict_proba(X), network.predict_proba(X))
    with pytest.raises(InvalidModel, match=r"nothing here is called Doubled.*layers=\[Doubled\]"):
        NeuralNetwork.load(saved)


def test_a_layer_whose_settings_would_be_lost_is_not_saved(tmp_path: Path) -> None:
    class Sharp(ReLU):
        def __init__(self, factor: float = 1.0) -> None:
            self.factor = factor

    network = NeuralNetwork([Sharp(5.0), Dense()], epochs=1).fit(X, Y)
    with pytest.raises(InvalidModel, match=r"Sharp has settings that cannot be saved.*@dataclass"):
        network.save(tmp_path / "mine.safetensors")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("value", [np.ones(4), {"slope": 1}, np.tanh, [{1, 2}]])
def test_a_setting_that_could_not_be_loaded_again_is_not_saved(tmp_path: Path, value: Any) -> None:
    @dataclass
    class Made(ReLU):
        setting: Any = None

    network = NeuralNetwork([Made(value), Dense()], epochs=1).fit(X, Y)
    with pytest.raises(InvalidModel, match=r"Made has a setting that cannot be saved, .*a number"):
        network.save(tmp_path / "mine.safetensors")
    assert not list(tmp_path.iterdir())


def test_a_missing_file_is_named(saved: Path) -> None:
    with pytest.raises(InvalidModel, match=r"absent\.safetensors cannot be read"):
        NeuralNetwork.load(saved.with_name("absent.safetensors"))
    saved.with_suffix(".json").unlink()
    with pytest.raises(InvalidModel, match=r"mine\.json cannot be read.*two files"):
        NeuralNetwork.load(saved)


@pytest.mark.parametrize("keep", [0, 10, 0.5, -1])
def test_a_truncated_file_is_an_error(saved: Path, keep: float) -> None:
    content = saved.read_bytes()
    saved.write_bytes(content[: int(keep * len(content)) if 0 < keep < 1 else int(keep)])
    with pytest.raises(InvalidModel, match=r"mine\.safetensors is damaged"):
        NeuralNetwork.load(saved)


def test_a_flipped_bit_is_an_error(saved: Path) -> None:
    content = bytearray(saved.read_bytes())
    content[-20] ^= 1
    saved.write_bytes(content)
    with pytest.raises(InvalidModel, match=r"mine\.safetensors is damaged"):
        NeuralNetwork.load(saved)


@pytest.mark.parametrize("content", [b"", b"nonsense", "bfloat16", "nan", "float64"])
def test_weights_that_are_none_are_an_error_even_with_the_right_checksum(
    saved: Path, content: bytes | str
) -> None:
    arrays = safetensors.numpy.load_file(saved)
    if content == "bfloat16":
        weights = {"3.weights": torch.zeros(4, 16, dtype=torch.bfloat16)}
        content = safetensors.torch.save(weights)
    elif isinstance(content, str):
        arrays["3.weights"] = arrays["3.weights"] * np.array(np.nan, np.float32)
        if content == "float64":
            arrays["3.weights"] = np.zeros((4, 16))
        content = safetensors.numpy.save(arrays)
    saved.write_bytes(content)
    change(saved.with_suffix(".json"), sha256=hashlib.sha256(content).hexdigest())
    with pytest.raises(InvalidModel, match=r"mine\."):
        NeuralNetwork.load(saved)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"format": "x"}', "\x00\xff", "[" * 200_000])
def test_a_description_that_is_none_is_an_error(saved: Path, text: str) -> None:
    saved.with_suffix(".json").write_text(text)
    with pytest.raises(InvalidModel, match=r"mine\.json does not describe a network"):
        NeuralNetwork.load(saved)


def test_the_weights_of_another_network_are_refused(saved: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    NeuralNetwork([Dense(8), ReLU(), Dense()], epochs=1).fit(X, Y).save(other)
    other.replace(saved)
    with pytest.raises(InvalidModel, match=r"not what .* describes"):
        NeuralNetwork.load(saved)


def test_a_description_of_another_architecture_names_the_tensor(saved: Path) -> None:
    description = saved.with_suffix(".json")
    layers = json.loads(description.read_text())["layers"]
    layers[2]["units"] = 32
    change(description, layers=layers)
    with pytest.raises(
        InvalidModel, match=r"another architecture: 3\.\w+ should be \(.*32.*, but is"
    ):
        NeuralNetwork.load(saved)


@pytest.mark.parametrize(
    "damage",
    [
        {"format": "inkdigits.scratch 99"},
        {"layers": None},
        {"layers": [{"units": 3}]},
        {"layers": [{"type": "Dense", "unit": 3}]},
        {"optimizer": {"type": "Adam", "learning_rate": 0.0}},
        {"optimizer": {"type": "Adam"}, "optimizer_steps": None},
        {"settings": {"nonsense": 1}},
        {"input_shape": [5]},
        {"input_shape": "wide"},
        {"rng": {}},
        {"classes": []},
        {"calibration": {"temperature": 1, "heat": 2}},
        {"calibration": {"temperature": "x", "sure_from": 0.9}},
        {"calibration": {"temperature": 0, "sure_from": 0.9}},
        {"layers": [5]},
        {"layers": [{"type": "InvalidNetwork"}]},
        {"layers": [{"type": "Dense", "units": 10**14}]},
        {"optimizer": "adam"},
        {"optimizer_steps": "7"},
        {"history": 5},
        {"history": [{}]},
        {"classes": [2, 1, 0]},
        {"classes": [0, 0, 1]},
        {"settings": {"dtype": "float16"}},
        {"rng": {"bit_generator": "PCG64", "state": {"state": -1, "inc": 1}}},
    ],
    ids=str,
)
def test_a_description_that_makes_no_sense_is_an_error(saved: Path, damage: dict[str, Any]) -> None:
    change(saved.with_suffix(".json"), **damage)
    with pytest.raises(InvalidModel, match=r"mine\.json: "):
        NeuralNetwork.load(saved)


def test_any_missing_part_of_a_description_is_an_error(saved: Path) -> None:
    description = saved.with_suffix(".json")
    whole = description.read_text()
    for name in json.loads(whole):
        described = json.loads(whole)
        del described[name]
        description.write_text(json.dumps(described))
        with pytest.raises(InvalidModel, match=r"mine\.json"):
            NeuralNetwork.load(saved)


def test_another_ending_is_refused_before_anything_is_written(
    network: NeuralNetwork, tmp_path: Path
) -> None:
    with pytest.raises(InvalidModel, match=r'has to end in "\.safetensors"'):
        network.save(tmp_path / "mine.json")
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_is_named(network: NeuralNetwork, tmp_path: Path) -> None:
    with pytest.raises(InkDigitsError, match="cannot be written"):
        network.save(tmp_path / "absent" / "mine.safetensors")


def test_nothing_is_pickled(saved: Path) -> None:
    assert sorted(path.name for path in saved.parent.iterdir()) == ["mine.json", "mine.safetensors"]
    assert b"cnumpy" not in saved.read_bytes()
