"""A connection that skips layers."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import DTypeLike

from inkdigits.errors import InvalidNetwork
from inkdigits.scratch.layers.layer import Array, Layer, Shape, build_checked

Kind = Literal["parameters", "gradients", "statistics"]


@dataclass
class Skip(Layer):
    """y = x + f(x), where f are `layers` that give the shape that they get; any shape.

    The layers learn only what is to be changed about x, and the gradient has a way past them, so
    that a network can be deep (He et al. 2016, "Deep Residual Learning for Image Recognition").
    """

    layers: Sequence[Layer]

    def build(self, shape: Shape, rng: np.random.Generator, dtype: DTypeLike) -> Shape:
        self.layers = [copy.deepcopy(layer) for layer in self.layers]
        inside = shape
        for layer in self.layers:
            inside = build_checked(layer, inside, rng, dtype)
        if inside != shape:
            raise InvalidNetwork(
                f"what its layers give, {inside}, cannot be added to what they get, {shape}: let "
                "them keep the shape, as Conv2D(..., padding=1) does with as many filters as there "
                "are channels."
            )
        self.parameters = _Inside(self.layers, "parameters")
        self.gradients = _Inside(self.layers, "gradients")
        self.statistics = _Inside(self.layers, "statistics")
        return shape

    def forward(self, x: Array, training: bool = False) -> Array:
        y = x
        for layer in self.layers:
            y = layer.forward(y, training)
        return x + y

    def backward_parameters(self, gradient: Array) -> None:
        """dL/dy is the gradient of what the last of the layers gives, too."""
        for layer in reversed(self.layers):
            layer.backward_parameters(gradient)
            gradient = layer.backward(gradient)
        self.kept = gradient

    def backward(self, gradient: Array) -> Array:
        """dL/dx = dL/dy + dL/dy f'(x), of which `backward_parameters` has found the second."""
        return gradient + self.kept

    def forget(self) -> None:
        super().forget()
        for layer in self.layers:
            layer.forget()


def with_those_inside(layers: Iterable[Layer]) -> Iterator[Layer]:
    """The layers, and those that they hold."""
    for layer in layers:
        yield layer
        if isinstance(layer, Skip):
            yield from with_those_inside(layer.layers)


class _Inside(MutableMapping[str, Array]):
    """All arrays of a kind that some layers have: "2.weights" are those of the second."""

    def __init__(self, layers: Sequence[Layer], kind: Kind) -> None:
        self._layers, self._kind = layers, kind

    def _of(self, number: str) -> MutableMapping[str, Array]:
        arrays: MutableMapping[str, Array] = getattr(self._layers[int(number) - 1], self._kind)
        return arrays

    def __getitem__(self, name: str) -> Array:
        number, _, own = name.partition(".")
        return self._of(number)[own]

    def __setitem__(self, name: str, array: Array) -> None:
        number, _, own = name.partition(".")
        self._of(number)[own] = array

    def __delitem__(self, name: str) -> None:
        number, _, own = name.partition(".")
        del self._of(number)[own]

    def __iter__(self) -> Iterator[str]:
        for number in range(1, len(self._layers) + 1):
            yield from (f"{number}.{name}" for name in self._of(str(number)))

    def __len__(self) -> int:
        return sum(1 for _ in self)
