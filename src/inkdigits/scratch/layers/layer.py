"""What every layer does: turn a batch of examples into another, and a gradient back again.

A layer is first a description, such as `Dense(128)`. `build` tells it the shape of an example, and
it makes its parameters. Then, for each batch,

    forward              the output y for the input x
    backward_parameters  dL/dW for each of its parameters W, from dL/dy
    backward             dL/dx, from dL/dy: it is the dL/dy of the layer before

where L is the loss, and dL/dy has the shape of y. All of it is the chain rule; see for instance
Goodfellow, Bengio, Courville 2016, "Deep Learning", section 6.5 (www.deeplearningbook.org).

Shapes leave out N, the number of examples in a batch, where they are about one example. Pictures
are (height, width, channels), as in Keras.
"""

from __future__ import annotations

import inspect
from collections.abc import MutableMapping
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from inkdigits.errors import InvalidNetwork

Array = NDArray[Any]
"""Of float32 or float64, as the network's dtype is."""
Shape = tuple[int, ...]


class Layer:
    """What all layers have in common; alone, it passes everything on."""

    parameters: MutableMapping[str, Array]
    """What is trained. "weights", and "2.weights" of a layer inside, are shrunk by weight decay;
    what has another name is not."""
    gradients: MutableMapping[str, Array]
    """dL/d of each parameter, in its shape. `backward_parameters` writes *into* these arrays
    (`[:] =`): while a network trains they are views of one vector, and so are the parameters."""
    statistics: MutableMapping[str, Array]
    """What else is learned from the data."""
    kept: Any = None
    """What `forward` keeps in training for the way back."""

    def build(self, shape: Shape, rng: np.random.Generator, dtype: DTypeLike) -> Shape:
        """Make the parameters, with `hold`, for examples of `shape`; give the output's shape.

        Raises InvalidNetwork if the layer cannot take examples of that shape.
        """
        self.hold({}, dtype)
        return shape

    def forward(self, x: Array, training: bool = False) -> Array:
        """The output for `x`."""
        return x

    def backward_parameters(self, gradient: Array) -> None:
        """Write dL/d of each parameter into `gradients`, from dL/dy."""

    def backward(self, gradient: Array) -> Array:
        """dL/dx from dL/dy."""
        return gradient

    def forget(self) -> None:
        """Let go of what `forward` has kept."""
        self.kept = None

    def __str__(self) -> str:
        """`Dense(units=128)`: what differs from the default."""
        settings = getattr(self, "__dataclass_fields__", {})
        told = [
            f"{name}={getattr(self, name)!r}"
            for name, field in settings.items()
            if getattr(self, name) != field.default
        ]
        return f"{type(self).__name__}({', '.join(told)})"

    __repr__ = __str__

    def hold(
        self, parameters: dict[str, Any], dtype: DTypeLike, statistics: dict[str, Any] | None = None
    ) -> None:
        """For `build`: begin with these parameters and statistics, and room for the gradients."""
        self.parameters = {name: np.array(value, dtype) for name, value in parameters.items()}
        self.gradients = {name: np.zeros_like(value) for name, value in self.parameters.items()}
        self.statistics = {
            name: np.array(value, dtype) for name, value in (statistics or {}).items()
        }


def build_checked(layer: Layer, shape: Shape, rng: np.random.Generator, dtype: DTypeLike) -> Shape:
    """Build the layer for examples of `shape`; the shape of what it gives.

    Raises InvalidNetwork if it cannot be, or if what it does has no way back: it would train, and
    learn what is wrong.
    """
    output = layer.build(shape, rng, dtype)
    if not isinstance(output, tuple) or not hasattr(layer, "parameters"):
        raise InvalidNetwork(
            "its build has to call self.hold(parameters, dtype) and return the shape of what comes "
            "out."
        )
    kind = type(layer)
    if kind.forward is Layer.forward and kind is not Layer:
        has = "neither a forward nor" if kind.backward is Layer.backward else "no forward, only"
        raise InvalidNetwork(f"it has {has} a backward. Write both, by these names.")
    for way in ("backward", "backward_parameters") if layer.parameters else ("backward",):
        if kind is not Layer and not _knows_forward(kind, way):
            owner = _owner(kind, way)
            others = "" if owner is Layer else f" but that of {owner.__name__}"
            raise InvalidNetwork(
                f"it has a forward and no {way}{others}. Write one; check_gradients({layer}, "
                f"{shape}) says whether it is right."
            )
    return output


def _knows_forward(kind: type[Layer], way: str) -> bool:
    """Whether that way back was written for the layer's forward, or for one that it calls."""
    writer, owner = _owner(kind, "forward"), _owner(kind, way)
    if owner is Layer:
        return False
    if writer is owner or not issubclass(writer, owner):
        return True
    code = getattr(inspect.unwrap(kind.forward), "__code__", None)
    return code is None or "forward" in code.co_names  # as in super().forward(x)


def _owner(kind: type[Layer], method: str) -> type:
    """The class that the method is from."""
    return next(parent for parent in kind.__mro__ if method in vars(parent))


def whole(layer: Layer, name: str, least: int = 1) -> int:
    """A layer's setting, which must be a whole number from `least` on."""
    value = getattr(layer, name)
    if not isinstance(value, (int, np.integer)) or value < least:
        raise InvalidNetwork(f"its {name} must be a whole number from {least} on, not {value!r}.")
    return int(value)


def column_sums(rows: Array) -> Array:
    """(N, features) -> (features,). It is sum(axis=0), which is slow where features are few."""
    sums: Array = np.einsum("nf->f", rows)
    return sums
