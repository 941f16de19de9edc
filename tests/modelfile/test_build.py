"""Model files: a network, the normaliser and a calibration in one, by the contract."""

import copy
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from handwriting import written
from inkdigits import InvalidModel, Reader
from inkdigits.modelfile.build import (
    Calibration,
    Facts,
    build_model,
    describe,
    stamp,
    write_model,
)
from inkdigits.modelfile.graph import Graph

FACTS = Facts("bars", "1.2.3", "nothing", {"made-up": 0.5}, licence="CC0", revision="abc")


def network(scale: float = 1.0) -> onnx.ModelProto:
    """A network without PyTorch: the logit of each digit is the ink in some of the columns."""
    g = Graph("bars")
    columns = np.repeat(np.eye(10, dtype=np.float32), 3, axis=0)[:28] * np.float32(scale)
    g.Identity(
        g.ReduceSum(g.input("seen"), g.integers(1), keepdims=0) @ g.constant(columns),
        name="logits",
    )
    return g.model(
        inputs={"seen": (TensorProto.FLOAT, ["N", 28, 28])},
        outputs={"logits": (TensorProto.FLOAT, ["N", 10])},
    )


def read(model: onnx.ModelProto) -> Reader:
    return Reader(model.SerializeToString())


def test_a_network_written_by_hand_becomes_a_model_file(tmp_path: Path) -> None:
    path = tmp_path / "bars.onnx"
    write_model(path, build_model(network(), Calibration(1.0, 0.5), FACTS))
    outputs = Reader(path).outputs(written(1)[None])
    logits = outputs["seen"][0].sum(0) @ np.repeat(np.eye(10), 3, axis=0)[:28]
    expected = np.exp(logits - logits.max())
    np.testing.assert_allclose(outputs["probabilities"][0], expected / expected.sum(), atol=1e-5)


def test_nothing_half_written_is_left_behind(tmp_path: Path) -> None:
    write_model(tmp_path / "bars.onnx", build_model(network(), Calibration(1.0, 0.5), FACTS))
    assert [path.name for path in tmp_path.iterdir()] == ["bars.onnx"]


def written_bytes(folder: Path, model: onnx.ModelProto) -> bytes:
    write_model(folder / "model.onnx", model)
    return (folder / "model.onnx").read_bytes()


def test_a_file_with_one_changed_byte_is_refused(tmp_path: Path) -> None:
    content = written_bytes(tmp_path, build_model(network(), Calibration(1.0, 0.5), FACTS))
    Reader(content)
    before_its_name = len(content) - 80
    for place in (*range(0, before_its_name, before_its_name // 300), len(content) - 1):
        changed = bytearray(content)
        changed[place] ^= 1
        with pytest.raises(InvalidModel, match=r"is damaged.*SHA-256"):
            Reader(bytes(changed))


def test_a_file_with_more_behind_its_end_is_refused(tmp_path: Path) -> None:
    content = written_bytes(tmp_path, build_model(network(), Calibration(1.0, 0.5), FACTS))
    with pytest.raises(InvalidModel, match="is damaged"):
        Reader(content + network().SerializeToString())


def test_the_same_model_is_the_same_file_with_a_name_of_its_own(tmp_path: Path) -> None:
    model = build_model(network(), Calibration(1.0, 0.5), FACTS)
    content = written_bytes(tmp_path, model)
    assert written_bytes(tmp_path, model) == content
    assert written_bytes(tmp_path, onnx.load_from_string(content)) == content
    another = written_bytes(tmp_path, build_model(network(2.0), Calibration(1.0, 0.5), FACTS))
    assert Reader(another).metadata["sha256"] != Reader(content).metadata["sha256"]


def test_a_changed_model_is_read_once_it_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "bars.onnx"
    write_model(path, build_model(network(), Calibration(1.0, 0.5), FACTS))
    model = onnx.load(path)
    model.producer_name = "other"
    onnx.save(model, path)
    with pytest.raises(InvalidModel, match="changed after it was written"):
        Reader(path)
    stamp(path)
    assert onnx.load(path).producer_name == "other"
    assert Reader(path).metadata["name"] == "bars"


def test_a_model_that_is_described_anew_is_not_the_one_that_was_written(tmp_path: Path) -> None:
    content = written_bytes(tmp_path, build_model(network(), Calibration(1.0, 0.5), FACTS))
    model = onnx.load_from_string(content)
    describe(model, replace(FACTS, name="other"))
    assert read(model).metadata["name"] == "other"


def test_a_file_without_a_sha256_is_read_and_may_be_given_one(tmp_path: Path) -> None:
    path = tmp_path / "bars.onnx"
    path.write_bytes(build_model(network(), Calibration(1.0, 0.5), FACTS).SerializeToString())
    assert "sha256" not in Reader(path).metadata
    stamp(path)
    assert len(Reader(path).metadata["sha256"]) == 64


@pytest.mark.parametrize("key", ["sure_from", "temperature"])
@pytest.mark.parametrize("value", ["nan", "inf", "-5", "much", ""])
def test_a_file_whose_calibration_cannot_be_is_refused(key: str, value: str) -> None:
    model = build_model(network(), Calibration(1.0, 0.5), FACTS)
    said = {entry.key: entry.value for entry in model.metadata_props}
    helper.set_model_props(model, {**said, key: value})
    with pytest.raises(InvalidModel, match=f"{key} in its metadata must be a number from"):
        read(model)


def test_a_file_that_is_right_in_pictures_of_one_size_only_is_refused() -> None:
    model = build_model(network(), Calibration(1.0, 0.5), FACTS)
    graph = model.graph
    [node] = [node for node in graph.node if "box" in node.output]
    node.output[list(node.output).index("box")] = "found"
    for name, value in (("nothing", [0]), ("always", [3, 2, 4, 7])):
        graph.initializer.append(numpy_helper.from_array(np.array(value, np.int32), name))
    graph.node.append(helper.make_node("Mul", ["found", "nothing"], ["not found"]))
    graph.node.append(helper.make_node("Add", ["not found", "always"], ["box"]))
    with pytest.raises(InvalidModel, match="it does not find the ink in two small pictures"):
        read(model)


def test_an_answer_that_is_no_number_is_an_error_and_no_digit() -> None:
    g = Graph("nowhere")  # the root of what is negative as soon as there is ink on the left
    left = np.zeros((28, 10), np.float32)
    left[:10] = -1
    ink = g.ReduceSum(g.input("seen"), g.integers(1), keepdims=0)
    g.Sqrt(ink @ g.constant(left) + 1.0, name="logits")
    nowhere = g.model(
        inputs={"seen": (TensorProto.FLOAT, ["N", 28, 28])},
        outputs={"logits": (TensorProto.FLOAT, ["N", 10])},
    )
    reader = read(build_model(nowhere, Calibration(1.0, 0.5), FACTS))
    for ask in (reader.read, lambda picture: reader.predict(picture[None])):
        with pytest.raises(InvalidModel, match="probabilities that is not from 0 to 1"):
            ask(written(0))


def test_the_file_tells_the_facts() -> None:
    metadata = read(build_model(network(), Calibration(1.5, 0.5), FACTS)).metadata
    assert metadata["name"] == "bars"
    assert metadata["version"] == "1.2.3"
    assert metadata["licence"] == "CC0"
    assert metadata["revision"] == "abc"
    assert json.loads(metadata["accuracy"]) == {"made-up": 0.5}
    assert float(metadata["temperature"]) == 1.5


def test_facts_can_be_told_anew() -> None:
    model = build_model(network(), Calibration(1.5, 0.5), FACTS)
    describe(model, replace(FACTS, accuracy={"measured": 0.75}))
    metadata = read(model).metadata
    assert json.loads(metadata["accuracy"]) == {"measured": 0.75}
    assert metadata["name"] == "bars"
    assert float(metadata["temperature"]) == 1.5


def test_a_higher_temperature_lowers_the_confidence() -> None:
    cold, hot = (
        read(build_model(network(), Calibration(temperature, 0.5), FACTS)).predict_proba(
            written(1)[None]
        )
        for temperature in (1.0, 4.0)
    )
    assert hot.argmax() == cold.argmax()
    assert hot.max() < cold.max()


@pytest.mark.parametrize(("sure_from", "sure"), [(0.2, True), (0.9999, False)])
def test_sure_is_a_confidence_above_the_threshold(sure_from: float, sure: bool) -> None:
    reader = read(build_model(network(0.05), Calibration(1.0, sure_from), FACTS))
    outputs = reader.outputs(written(1)[None])
    assert 0.2 < outputs["probabilities"].max() < 0.9999
    assert outputs["sure"].tolist() == [sure]


def test_a_blank_picture_is_never_sure() -> None:
    model = build_model(network(), Calibration(1.0, 0.0), FACTS)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    pictures = np.full((1, 9, 9), 255, np.uint8)
    has_ink, sure = session.run(["has_ink", "sure"], {"picture": pictures})
    assert not has_ink[0]
    assert not sure[0]


def test_only_standard_operators_are_used() -> None:
    model = build_model(network(), Calibration(1.0, 0.5), FACTS)
    assert {opset.domain for opset in model.opset_import} == {""}
    assert model.opset_import[0].version >= 20


def changed(change: str) -> onnx.ModelProto:
    """A model file that breaks the contract in one way."""
    model = copy.deepcopy(build_model(network(), Calibration(1.0, 0.5), FACTS))
    outputs = {output.name: output for output in model.graph.output}
    if change == "no box":
        model.graph.output.remove(outputs["box"])
    elif change == "another input":
        for node in model.graph.node:
            node.input[:] = ["image" if name == "picture" else name for name in node.input]
        model.graph.input[0].name = "image"
    elif change == "no contract version":
        del model.metadata_props[:]
    elif change == "another contract version":
        helper.set_model_props(model, {"contract": "2"})
    elif change == "not probabilities":
        for node in model.graph.node:
            if node.op_type == "Softmax":
                node.op_type = "Sigmoid"
                del node.attribute[:]
    return model


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("no box", "output box"),
        ("another input", "input must be picture"),
        ("no contract version", "contract version"),
        ("another contract version", "contract version"),
        ("not probabilities", "do not sum to 1"),
    ],
)
def test_a_file_that_breaks_the_contract_is_refused(change: str, message: str) -> None:
    with pytest.raises(InvalidModel, match=message):
        read(changed(change))


def test_a_model_of_something_else_is_refused() -> None:
    with pytest.raises(InvalidModel, match="contract"):
        read(network())
