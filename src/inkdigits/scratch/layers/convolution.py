"""Layers that look at pictures: convolution and pooling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import DTypeLike

from inkdigits.errors import InvalidNetwork
from inkdigits.scratch.initializers import initial
from inkdigits.scratch.layers.layer import Array, Layer, Shape, column_sums, whole


@dataclass
class Conv2D(Layer):
    """Convolution, (height, width, channels) -> (rows, columns, filters).

    Each output pixel is a weighted sum of the k x k pixels under the kernel, so a filter finds the
    same thing wherever it is. `padding` zeros surround the picture, and the kernel moves by
    `stride` pixels: rows = (height + 2 padding - k) // stride + 1.

    All patches under the kernel, side by side, are a matrix of (N rows columns, k k channels), and
    then it is a `Dense` layer on patches ("im2col": Chellapilla, Puri, Simard 2006, "High
    Performance Convolutional Neural Networks for Document Processing").
    """

    filters: int
    kernel_size: int = 3
    stride: int = 1
    padding: int = 0
    initializer: Literal["he", "glorot", "zeros"] = "he"
    bias: bool = True

    def build(self, shape: Shape, rng: np.random.Generator, dtype: DTypeLike) -> Shape:
        height, width, channels = _picture_shape(shape)
        k, filters = whole(self, "kernel_size"), whole(self, "filters")
        padding = whole(self, "padding", least=0)
        size = (height + 2 * padding, width + 2 * padding)
        rows, columns = _places(size, k, whole(self, "stride"))
        weights = initial(
            self.initializer, (k, k, channels, filters), k * k * channels, k * k * filters, rng
        )
        biases = {"biases": np.zeros(filters)} if self.bias else {}
        self.hold({"weights": weights} | biases, dtype)
        return (rows, columns, filters)

    def forward(self, x: Array, training: bool = False) -> Array:
        k, s, p = self.kernel_size, self.stride, self.padding
        padded = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0))) if p else x
        # (N, rows, columns, channels, k, k), without copying anything yet
        windows = sliding_window_view(padded, (k, k), axis=(1, 2))[:, ::s, ::s]
        # (N rows columns, k k channels): the channels go last, where the weights have them
        patches = windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, k * k * x.shape[3])
        y = patches @ self._matrix()
        if self.bias:
            y += self.parameters["biases"]
        if training:
            self.kept = patches, padded.shape
        return y.reshape(*windows.shape[:3], self.filters)

    def backward_parameters(self, gradient: Array) -> None:
        """As for Dense, with patches as examples."""
        patches, _ = self.kept
        gradient = gradient.reshape(-1, self.filters)
        weights = self.gradients["weights"].reshape(-1, self.filters)
        np.matmul(patches.T, gradient, out=weights)
        if self.bias:
            self.gradients["biases"][:] = column_sums(gradient)

    def backward(self, gradient: Array) -> Array:
        """Each patch's gradient goes back to its pixels, which are in up to k k patches."""
        k, s, p = self.kernel_size, self.stride, self.padding
        count, rows, columns, _ = gradient.shape
        _, shape = self.kept
        _, height, width, channels = shape
        patches = gradient.reshape(-1, self.filters) @ self._matrix().T
        patches = patches.reshape(count, rows, columns, k, k, channels)
        padded = np.zeros(shape, gradient.dtype)
        for i, j in np.ndindex(k, k):
            pixels = padded[:, i : i + s * rows : s, j : j + s * columns : s]
            pixels += patches[:, :, :, i, j]
        return padded[:, p : height - p, p : width - p]

    def _matrix(self) -> Array:
        """The weights as (k k channels, filters)."""
        return self.parameters["weights"].reshape(-1, self.filters)


@dataclass
class MaxPool2D(Layer):
    """The largest of each `size` x `size` pixels, by channel.

    (height, width, channels) -> (rows, columns, channels), rows = (height - size) // stride + 1.
    The stride is the size if left out; what is over at the right and bottom is not seen.
    """

    size: int = 2
    stride: int | None = None

    def build(self, shape: Shape, rng: np.random.Generator, dtype: DTypeLike) -> Shape:
        height, width, channels = _picture_shape(shape)
        self._stride = self.size if self.stride is None else whole(self, "stride")
        self._rows, self._columns = _places((height, width), whole(self, "size"), self._stride)
        self.hold({}, dtype)
        return (self._rows, self._columns, channels)

    def forward(self, x: Array, training: bool = False) -> Array:
        y = self._pixels(x, 0, 0)
        for i, j in np.ndindex(self.size, self.size):
            y = np.maximum(y, self._pixels(x, i, j))
        if training:
            self.kept = x, y
        return y

    def backward(self, gradient: Array) -> Array:
        """The largest pixel gets the gradient, the others have no part in the output.

        Of equals it is the first.
        """
        x, y = self.kept
        x_gradient = np.zeros(x.shape, gradient.dtype)
        waiting = np.ones(y.shape, bool)
        for i, j in np.ndindex(self.size, self.size):
            largest = (self._pixels(x, i, j) == y) & waiting
            waiting &= ~largest
            pixels = self._pixels(x_gradient, i, j)
            pixels += gradient * largest
        return x_gradient

    def _pixels(self, x: Array, i: int, j: int) -> Array:
        """The pixel at (i, j) of each window, as a view of x."""
        s = self._stride
        return x[:, i : i + s * self._rows : s, j : j + s * self._columns : s]


@dataclass
class GlobalAveragePool2D(Layer):
    """The mean of each channel: (height, width, channels) -> (channels,).

    Where something was found does not matter any more (Lin, Chen, Yan 2014, "Network In Network").
    """

    def build(self, shape: Shape, rng: np.random.Generator, dtype: DTypeLike) -> Shape:
        self._size = _picture_shape(shape)[:2]
        self.hold({}, dtype)
        return shape[2:]

    def forward(self, x: Array, training: bool = False) -> Array:
        return x.mean(axis=(1, 2))

    def backward(self, gradient: Array) -> Array:
        """Each pixel has an equal part in the mean."""
        height, width = self._size
        shape = (len(gradient), height, width, gradient.shape[1])
        return np.broadcast_to(gradient[:, None, None] / (height * width), shape).copy()


def _picture_shape(shape: Shape) -> Shape:
    if len(shape) != 3:
        raise InvalidNetwork(
            f"it takes pictures of shape (height, width, channels) but gets {shape}. "
            "Put a Reshape before it, such as Reshape((28, 28, 1))."
        )
    return shape


def _places(size: tuple[int, int], window: int, stride: int) -> tuple[int, int]:
    """At how many places down and across a window fits into a picture of that size."""
    if window > min(size):
        raise InvalidNetwork(
            f"its window is {window} x {window}, but the picture it gets is only "
            f"{size[0]} x {size[1]} (with padding, if it has any)."
        )
    return (size[0] - window) // stride + 1, (size[1] - window) // stride + 1
