"""Opening model files, of both kinds alike."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import inkdigits
from inkdigits import InvalidModel
from inkdigits.recognition import session
from inkdigits.recognition.digits import DigitsFile
from inkdigits.recognition.page import PageFile


@pytest.mark.parametrize(
    ("file", "output", "opened"),
    [("digits.onnx", "probabilities", DigitsFile), ("page.onnx", "kind", PageFile)],
)
def test_a_file_that_never_answers_is_refused(
    file: str, output: str, opened: Callable[[bytes], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "PATIENCE", 0.1)
    with pytest.raises(InvalidModel, match="it has no answer on small pictures"):
        opened(waiting_for_ever(file, output))


def waiting_for_ever(file: str, output: str) -> bytes:
    """The file that ships, but to one of its outputs the sum of a loop without an end is added."""
    model = onnx.load(Path(inkdigits.__file__).parent / "models" / file)
    for node in model.graph.node:
        node.output[:] = [f"{output}/soon" if name == output else name for name in node.output]
    number, goes_on, total = (
        helper.make_tensor_value_info(name, kind, [])
        for name, kind in (
            ("number", TensorProto.INT64),
            ("goes on", TensorProto.BOOL),
            ("total", TensorProto.FLOAT),
        )
    )
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["goes on"], ["still"]),
            helper.make_node("Abs", ["total"], ["more"]),
        ],
        "body",
        [number, goes_on, total],
        [
            helper.make_tensor_value_info("still", TensorProto.BOOL, []),
            helper.make_tensor_value_info("more", TensorProto.FLOAT, []),
        ],
    )
    model.graph.initializer.extend(
        [
            numpy_helper.from_array(np.array(True), "yes"),
            numpy_helper.from_array(np.zeros((), "f"), "0"),
        ]
    )
    model.graph.node.extend(
        [
            helper.make_node("Loop", ["", "yes", "0"], ["never"], body=body),
            helper.make_node("Add", [f"{output}/soon", "never"], [output]),
        ]
    )
    kept = [entry for entry in model.metadata_props if entry.key != "sha256"]
    del model.metadata_props[:]
    model.metadata_props.extend(kept)
    return model.SerializeToString()
