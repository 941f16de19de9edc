"""From a network in NumPy to ONNX, layer by layer, with `onnx` alone."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import singledispatch

import numpy as np
import onnx
from onnx import TensorProto

from inkdigits import __version__
from inkdigits.errors import InvalidNetwork
from inkdigits.modelfile.build import CLASSES, Facts, build_model, revision, write_model
from inkdigits.modelfile.graph import Graph, Value
from inkdigits.modelfile.normalizer import SIDE
from inkdigits.scratch import layers
from inkdigits.scratch.classifier import Classifier
from inkdigits.scratch.layers import Layer


def export(network: Classifier, path: str | os.PathLike[str], facts: Facts | None = None) -> None:
    """Write the network as a model file; see `NeuralNetwork.export`."""
    facts = facts or Facts("scratch", __version__, revision=revision())
    write_model(path, build_model(to_onnx(network), network.calibration_, facts))


def to_onnx(network: Classifier) -> onnx.ModelProto:
    """The network as ONNX, from `seen` (N, 28, 28) to `logits` (N, 10), in float32.

    Raises InvalidNetwork if it does not read pictures of 28x28 or does not tell digits apart.
    """
    if not np.array_equal(network.classes_, np.arange(CLASSES)):
        raise InvalidNetwork(
            f"A model file tells the digits 0 to 9 apart, as numbers; this network's classes are "
            f"{network.classes_}."
        )
    shape = network.input_shape_
    if shape not in ((SIDE, SIDE), (SIDE * SIDE,), (SIDE, SIDE, 1)):
        raise InvalidNetwork(
            f"A model file's network reads pictures of {SIDE} x {SIDE}: fit it with examples of "
            f"shape ({SIDE}, {SIDE}) or ({SIDE * SIDE},), not {shape}."
        )
    g = Graph("scratch")
    x = g.Reshape(g.input("seen"), g.integers(-1, *shape))
    g.Identity(_added(network.layers_, g, x), name="logits")
    return g.model(
        inputs={"seen": (TensorProto.FLOAT, ["N", SIDE, SIDE])},
        outputs={"logits": (TensorProto.FLOAT, ["N", CLASSES])},
    )


def _added(network: Iterable[Layer], g: Graph, x: Value) -> Value:
    for layer in network:
        if type(layer) not in add_layer.registry:  # it may do something else than its parent
            raise InvalidNetwork(
                f"{layer} cannot be exported: say how, with "
                "@inkdigits.scratch.export.add_layer.register."
            )
        x = add_layer(layer, g, x)
    return x


@singledispatch
def add_layer(layer: Layer, g: Graph, x: Value) -> Value:
    """Add what the layer does to `x`, in the shapes of the layer. Register one for your own."""
    raise NotImplementedError(layer)


@add_layer.register
def _(layer: layers.Dense, g: Graph, x: Value) -> Value:
    y = x @ _constant(g, layer, "weights")
    return y + _constant(g, layer, "biases") if layer.bias else y


@add_layer.register
def _(layer: layers.Conv2D, g: Graph, x: Value) -> Value:
    weights = layer.parameters["weights"].transpose(3, 2, 0, 1).astype(np.float32)
    y = g.Conv(
        _channels_first(g, x),
        g.constant(np.ascontiguousarray(weights)),
        strides=[layer.stride] * 2,
        pads=[layer.padding] * 4,
    )
    y = _channels_last(g, y)
    return y + _constant(g, layer, "biases") if layer.bias else y


@add_layer.register
def _(layer: layers.MaxPool2D, g: Graph, x: Value) -> Value:
    pooled = g.MaxPool(
        _channels_first(g, x),
        kernel_shape=[layer.size] * 2,
        strides=[layer.stride or layer.size] * 2,
    )
    return _channels_last(g, pooled)


@add_layer.register
def _(layer: layers.GlobalAveragePool2D, g: Graph, x: Value) -> Value:
    return g.ReduceMean(x, g.integers(1, 2), keepdims=0)


@add_layer.register
def _(layer: layers.Skip, g: Graph, x: Value) -> Value:
    return x + _added(layer.layers, g, x)


@add_layer.register
def _(layer: layers.BatchNorm, g: Graph, x: Value) -> Value:
    deviation = np.sqrt(layer.statistics["variance"] + layer.epsilon)
    factor = layer.parameters["scale"] / deviation
    offset = layer.parameters["shift"] - layer.statistics["mean"] * factor
    return x * g.constant(factor.astype(np.float32)) + g.constant(offset.astype(np.float32))


@add_layer.register
def _(layer: layers.Dropout, g: Graph, x: Value) -> Value:
    return x


@add_layer.register
def _(layer: layers.Flatten, g: Graph, x: Value) -> Value:
    return g.Flatten(x, axis=1)


@add_layer.register
def _(layer: layers.Reshape, g: Graph, x: Value) -> Value:
    return g.Reshape(x, g.integers(-1, *layer.shape))


@add_layer.register
def _(layer: layers.ReLU, g: Graph, x: Value) -> Value:
    return g.Relu(x)


@add_layer.register
def _(layer: layers.LeakyReLU, g: Graph, x: Value) -> Value:
    return g.LeakyRelu(x, alpha=float(layer.slope))


@add_layer.register
def _(layer: layers.Sigmoid, g: Graph, x: Value) -> Value:
    return g.Sigmoid(x)


@add_layer.register
def _(layer: layers.Tanh, g: Graph, x: Value) -> Value:
    return g.Tanh(x)


def _constant(g: Graph, layer: Layer, name: str) -> Value:
    return g.constant(layer.parameters[name].astype(np.float32))


def _channels_first(g: Graph, x: Value) -> Value:
    return g.Transpose(x, perm=[0, 3, 1, 2])


def _channels_last(g: Graph, x: Value) -> Value:
    return g.Transpose(x, perm=[0, 2, 3, 1])
