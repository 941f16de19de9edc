"""Layers: each turns a batch of examples into another, and the loss's gradient back again.

In: a batch, and later the gradient of what came out. Out: likewise, and the parameters' gradients.
`layer` says what every layer does; the rest are the kinds there are.
"""

from inkdigits.scratch.layers.activations import LeakyReLU, ReLU, Sigmoid, Tanh
from inkdigits.scratch.layers.convolution import Conv2D, GlobalAveragePool2D, MaxPool2D
from inkdigits.scratch.layers.dense import Dense
from inkdigits.scratch.layers.layer import Array, Layer, Shape
from inkdigits.scratch.layers.regularization import BatchNorm, Dropout
from inkdigits.scratch.layers.shapes import Flatten, Reshape
from inkdigits.scratch.layers.skip import Skip

__all__ = [
    "Array",
    "BatchNorm",
    "Conv2D",
    "Dense",
    "Dropout",
    "Flatten",
    "GlobalAveragePool2D",
    "Layer",
    "LeakyReLU",
    "MaxPool2D",
    "ReLU",
    "Reshape",
    "Shape",
    "Sigmoid",
    "Skip",
    "Tanh",
]
