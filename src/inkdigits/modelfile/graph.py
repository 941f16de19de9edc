"""Write ONNX graphs the way NumPy is written, with `onnx` alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 20
IR_VERSION = 10
LAST = 2**62
"""Where a slice without an end ends."""


class Graph:
    """Collects nodes: `graph.Relu(x)` adds a Relu and returns its output, a `Value`."""

    def __init__(self, name: str) -> None:
        """`name` is the graph's, and the start of the names of what is in it."""
        self.name = name
        self.nodes: list[onnx.NodeProto] = []
        self._outputs: dict[tuple[str | None, ...], str] = {}  # what was written is not repeated
        self._constants: dict[tuple[str, tuple[int, ...], bytes], tuple[str, TensorProto]] = {}

    def input(self, name: str) -> Value:
        """The graph's input of that name."""
        return Value(self, name)

    def constant(self, value: Any) -> Value:
        """A constant: a Python number becomes float32, an array keeps its type."""
        array = np.asarray(value if isinstance(value, np.ndarray) else np.float32(value))
        key = (str(array.dtype), array.shape, array.tobytes())
        if key not in self._constants:
            name = f"{self.name}/constant_{len(self._constants)}"
            self._constants[key] = (name, numpy_helper.from_array(array, name))
        return Value(self, self._constants[key][0])

    def integers(self, *values: int) -> Value:
        """A constant vector of int64, as shapes and axes are given."""
        return self.constant(np.array(values, np.int64))

    def __getattr__(self, op_type: str) -> Callable[..., Value]:
        if not op_type[0].isupper():
            raise AttributeError(op_type)

        def add_node(*inputs: Any, name: str | None = None, **attributes: Any) -> Value:
            names = self._names(inputs)
            key = (op_type, *names, str(sorted(attributes.items())), name)
            if key not in self._outputs:
                output = self._outputs[key] = name or (
                    f"{self.name}/{op_type.lower()}_{len(self.nodes)}"
                )
                self.nodes.append(helper.make_node(op_type, names, [output], **attributes))
            return Value(self, self._outputs[key])

        return add_node

    def nodes_of(
        self, op_type: str, inputs: Sequence[Any], *, count: int, **attributes: Any
    ) -> list[Value]:
        """A node with several outputs, and these."""
        outputs = [f"{self.name}/{op_type.lower()}_{len(self.nodes)}_{n}" for n in range(count)]
        self.nodes.append(helper.make_node(op_type, self._names(inputs), outputs, **attributes))
        return [Value(self, output) for output in outputs]

    def inlined(
        self, model: onnx.ModelProto, inputs: Mapping[str, Value], outputs: Sequence[str]
    ) -> list[Value]:
        """The outputs of a model whose nodes and weights become part of this graph."""
        names = {name: value.name for name, value in inputs.items()}

        def renamed(name: str) -> str:
            return names.get(name) or (name and f"{self.name}/{model.graph.name}/{name}")

        for tensor in model.graph.initializer:
            own = onnx.TensorProto.FromString(tensor.SerializeToString())
            own.name = renamed(tensor.name)
            self._constants[own.name, (), b""] = (own.name, own)
        for node in model.graph.node:
            own_node = onnx.NodeProto.FromString(node.SerializeToString())
            own_node.name = ""
            own_node.input[:] = map(renamed, node.input)
            own_node.output[:] = map(renamed, node.output)
            self.nodes.append(own_node)
        return [Value(self, renamed(name)) for name in outputs]

    def body(
        self,
        inputs: Sequence[tuple[str, int, list[int | str] | None]],
        outputs: Sequence[tuple[str, int, list[int | str] | None]],
    ) -> onnx.GraphProto:
        """The graph as part of another, such as a loop's body; what it lacks is that one's."""
        return helper.make_graph(
            self.nodes,
            self.name,
            [helper.make_tensor_value_info(*each) for each in inputs],
            [helper.make_tensor_value_info(*each) for each in outputs],
            [tensor for _, tensor in self._constants.values()],
        )

    def _names(self, inputs: Sequence[Any]) -> list[str]:
        """Of values, and of constants; "" stands for an input that is left out."""
        return [
            value.name
            if isinstance(value, Value)
            else (value if isinstance(value, str) and not value else self.constant(value).name)
            for value in inputs
        ]

    def model(
        self,
        *,
        inputs: dict[str, tuple[int, list[int | str]]],
        outputs: dict[str, tuple[int, list[int | str]]],
    ) -> onnx.ModelProto:
        """The graph as a checked model; inputs and outputs are name: (element type, shape)."""
        graph = helper.make_graph(
            self.nodes,
            self.name,
            [helper.make_tensor_value_info(key, *kind) for key, kind in inputs.items()],
            [helper.make_tensor_value_info(key, *kind) for key, kind in outputs.items()],
            [tensor for _, tensor in self._constants.values()],
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
        )
        onnx.checker.check_model(model, full_check=True)
        return model


class Value:
    """A tensor in a graph; its operators add nodes."""

    def __init__(self, graph: Graph, name: str) -> None:
        self.graph = graph
        self.name = name

    def __add__(self, other: Any) -> Value:
        return self.graph.Add(self, other)

    def __sub__(self, other: Any) -> Value:
        return self.graph.Sub(self, other)

    def __rsub__(self, other: Any) -> Value:
        return self.graph.Sub(other, self)

    def __mul__(self, other: Any) -> Value:
        return self.graph.Mul(self, other)

    def __truediv__(self, other: Any) -> Value:
        return self.graph.Div(self, other)

    def __rtruediv__(self, other: Any) -> Value:
        return self.graph.Div(other, self)

    def __matmul__(self, other: Any) -> Value:
        return self.graph.MatMul(self, other)

    def __getitem__(self, key: slice | tuple[slice, ...]) -> Value:
        """Slices, one for each of the first axes; all axes stay: `boxes[:, 2:4]`."""
        value, graph = self, self.graph
        for axis, part in enumerate(key if isinstance(key, tuple) else (key,)):
            if part != slice(None):
                stop = LAST if part.stop is None else part.stop
                value = graph.Slice(
                    value,
                    graph.integers(part.start or 0),
                    graph.integers(stop),
                    graph.integers(axis),
                )
        return value

    def __lt__(self, other: Any) -> Value:
        return self.graph.Less(self, other)

    def __gt__(self, other: Any) -> Value:
        return self.graph.Greater(self, other)

    def __ge__(self, other: Any) -> Value:
        return self.graph.GreaterOrEqual(self, other)

    def __and__(self, other: Any) -> Value:
        return self.graph.And(self, other)

    __radd__ = __add__
    __rmul__ = __mul__
