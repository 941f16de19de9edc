"""Learning: forward, loss, backward, step, for one batch after the other."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from inkdigits.errors import Diverged, InvalidNetwork
from inkdigits.scratch.layers import Array, Layer
from inkdigits.scratch.losses import Labels, Loss
from inkdigits.scratch.optimizers import Optimizer

Batch = tuple[Array, Labels, Array, float]
"""Examples, their labels and weights (1 on average), and the learning rate for their step."""


def learn(
    layers: Sequence[Layer],
    loss_function: Loss,
    optimizer: Optimizer,
    batches: Iterable[Batch],
    report: Callable[[int, float], None] | None = None,
) -> tuple[float, float]:
    """Take a step for each batch; the mean loss, and the share of right answers.

    `report` is told after each step: how many examples there were so far, and their mean loss.
    Raises Diverged for a loss, or for weights, that are infinite or not a number.
    """
    parameters, gradients, shrunk = joined(layers)
    loss_sum, right, count = 0.0, 0, 0
    for step, (examples, labels, weights, rate) in enumerate(batches, start=1):
        logits = forward(layers, examples, training=True)
        loss, gradient = loss_function(logits, labels, weights)
        backward(layers, gradient)
        if step == 1:
            _check_views(layers, parameters, gradients)
        optimizer.step(parameters, gradients, rate, shrunk=shrunk)
        if not math.isfinite(loss):
            raise Diverged(f"step {step}: the loss became {loss}. {_cause(examples, rate)}")
        loss_sum += loss * len(labels)
        right += int((logits.argmax(axis=1) == labels).sum())
        count += len(labels)
        if report:
            report(count, loss_sum / count)
    if not np.isfinite(parameters).all():
        raise Diverged(f"step {step}: the weights became infinite. {_cause(examples, rate)}")
    return loss_sum / count, right / count


def forward(layers: Iterable[Layer], x: Array, training: bool = False) -> Array:
    """The last layer's output for the first one's input."""
    for layer in layers:
        x = layer.forward(x, training)
    return x


def backward(layers: Sequence[Layer], gradient: Array) -> None:
    """Let each layer work out its parameters' gradients, from the last to the first.

    Before the first layer that has parameters, nobody needs the gradient.
    """
    first = next(i for i, layer in enumerate(layers) if layer.parameters)
    for layer in reversed(layers[first + 1 :]):
        layer.backward_parameters(gradient)
        gradient = layer.backward(gradient)
    layers[first].backward_parameters(gradient)


def joined(layers: Iterable[Layer]) -> tuple[Array, Array, slice]:
    """All parameters as one vector, all gradients as another, and which part of them is weights.

    The layers' own arrays become views of the two, so that a step of the optimizer is a few
    operations on vectors, however many layers there are.
    """
    slots = [(layer, name) for layer in layers for name in layer.parameters]
    slots.sort(key=lambda slot: not slot[1].endswith("weights"))  # weights first
    arrays = [layer.parameters[name] for layer, name in slots]
    if not arrays:
        raise InvalidNetwork("The network has nothing to learn with: give it a Dense layer.")
    parameters = np.concatenate([array.ravel() for array in arrays])
    gradients = np.zeros_like(parameters)
    ends = np.cumsum([array.size for array in arrays])
    parts = zip(np.split(parameters, ends[:-1]), np.split(gradients, ends[:-1]), strict=True)
    for (layer, name), array, (values, slopes) in zip(slots, arrays, parts, strict=True):
        layer.parameters[name] = values.reshape(array.shape)
        layer.gradients[name] = slopes.reshape(array.shape)
    weights = sum(layer.parameters[name].size for layer, name in slots if name.endswith("weights"))
    return parameters, gradients, slice(0, weights)


def _check_views(layers: Iterable[Layer], parameters: Array, gradients: Array) -> None:
    """Raise InvalidNetwork if a layer has put an array of its own where it had a view."""
    for number, layer in enumerate(layers, start=1):
        for name in layer.parameters:
            for word, array, vector in (
                ("parameters", layer.parameters[name], parameters),
                ("gradients", layer.gradients[name], gradients),
            ):
                if not np.may_share_memory(array, vector):
                    raise InvalidNetwork(
                        f'Layer {number}, {layer}: it has replaced {word}["{name}"], which the '
                        f'optimizer then does not see. Write into it: {word}["{name}"][:] = …'
                    )


def _cause(examples: Array, rate: float) -> str:
    """The likely cause of a loss that is not a number, and what to do."""
    largest = float(np.abs(examples).max())
    if largest > 20:
        return (
            f"Most likely the examples are too large: they go up to {largest:.4g}. Scale them to "
            "about 0 to 1; pixels of 0 to 255, say, divided by 255."
        )
    return (
        f"Most likely the learning rate, {rate:.4g} at that step, is too large (or the weight "
        "decay is): each step overshot and the weights grew without end. Divide it by 10, again "
        "and again, until it learns."
    )
