"""ONNX graphs, written the way NumPy is written."""

from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto

from inkdigits.modelfile.graph import Graph

FLOAT = TensorProto.FLOAT


def outcome(model: onnx.ModelProto, **inputs: NDArray[Any]) -> list[NDArray[Any]]:
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return list(session.run(None, inputs))


def twice_and_one() -> onnx.ModelProto:
    """`y` = 2 `x` + 1, and `half` of it."""
    g = Graph("more")
    y = g.Add(g.input("x") * 2.0, g.constant(1.0), name="y")
    g.Mul(y, g.constant(0.5), name="half")
    return g.model(
        inputs={"x": (FLOAT, ["N"])}, outputs={"y": (FLOAT, ["N"]), "half": (FLOAT, ["N"])}
    )


def test_a_node_of_several_outputs_gives_each_of_them() -> None:
    g = Graph("best")
    values, places = g.nodes_of("TopK", [g.input("x"), g.integers(2)], count=2, largest=1)
    g.Identity(values, name="values")
    g.Identity(places, name="places")
    model = g.model(
        inputs={"x": (FLOAT, ["N"])},
        outputs={"values": (FLOAT, [2]), "places": (TensorProto.INT64, [2])},
    )
    best, at = outcome(model, x=np.array([3, 9, 1, 5], np.float32))
    assert best.tolist() == [9, 5]
    assert at.tolist() == [1, 3]


def test_a_model_becomes_part_of_a_graph_with_its_weights() -> None:
    g = Graph("whole")
    y, half = g.inlined(twice_and_one(), {"x": g.input("given") + 10.0}, ["y", "half"])
    g.Sub(y, half, name="outcome")
    model = g.model(inputs={"given": (FLOAT, ["N"])}, outputs={"outcome": (FLOAT, ["N"])})
    [difference] = outcome(model, given=np.array([0, 1], np.float32))
    assert difference.tolist() == [10.5, 11.5]


def test_names_of_an_inlined_model_do_not_meet_the_graphs_own() -> None:
    g = Graph("whole")
    [y] = g.inlined(twice_and_one(), {"x": g.input("x")}, ["y"])
    g.Mul(y, g.constant(3.0), name="half")
    model = g.model(inputs={"x": (FLOAT, ["N"])}, outputs={"half": (FLOAT, ["N"])})
    assert outcome(model, x=np.array([1], np.float32))[0].tolist() == [9]


def test_a_graph_can_be_the_body_of_a_loop_in_another() -> None:
    body = Graph("body")
    [more] = body.inlined(twice_and_one(), {"x": body.input("body/x")}, ["y"])
    body.Identity(more, name="body/more")
    body.Less(body.ReduceMax(more, keepdims=0), body.input("limit"), name="body/again")
    each = body.body(
        inputs=[
            ("body/number", TensorProto.INT64, []),
            ("body/going_on", TensorProto.BOOL, []),
            ("body/x", FLOAT, None),
        ],
        outputs=[("body/again", TensorProto.BOOL, []), ("body/more", FLOAT, None)],
    )
    g = Graph("whole")
    often, going_on = g.constant(np.array(9)), g.constant(np.array(True))
    [last] = g.nodes_of("Loop", [often, going_on, g.input("x")], count=1, body=each)
    g.Identity(last, name="last")
    model = g.model(
        inputs={"x": (FLOAT, ["N"]), "limit": (FLOAT, [])}, outputs={"last": (FLOAT, ["N"])}
    )
    x, limit = np.array([1, 0], np.float32), np.array(10, np.float32)
    assert outcome(model, x=x, limit=limit)[0].tolist() == [15, 7]  # after 3, 7 and 15


@pytest.mark.parametrize(("least", "expected"), [(None, [-3, 2]), (0.0, [0, 2])])
def test_an_input_that_is_left_out_is_an_empty_name(
    least: float | None, expected: list[float]
) -> None:
    g = Graph("clipped")
    g.Clip(g.input("x"), "" if least is None else least, 2.0, name="y")
    model = g.model(inputs={"x": (FLOAT, ["N"])}, outputs={"y": (FLOAT, ["N"])})
    assert outcome(model, x=np.array([-3, 5], np.float32))[0].tolist() == expected
