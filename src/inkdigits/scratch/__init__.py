"""A neural network in NumPy alone, to read, to change and to use.

>>> from inkdigits.scratch import Dense, NeuralNetwork, ReLU
>>> NeuralNetwork([Dense(128), ReLU(), Dense(10)]).fit(examples, labels)

In: examples and labels, as scikit-learn has them. Out: predictions; a network as safetensors, or
as a model file like those that ship.

Read in this order: layers (with initializers), losses, optimizers (with schedules), learning,
classifier, network.
"""

from inkdigits.scratch.gradients import check_gradients
from inkdigits.scratch.layers import (
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool2D,
    Layer,
    LeakyReLU,
    MaxPool2D,
    ReLU,
    Reshape,
    Sigmoid,
    Skip,
    Tanh,
)
from inkdigits.scratch.network import NeuralNetwork
from inkdigits.scratch.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop
from inkdigits.scratch.rate_search import find_learning_rate
from inkdigits.scratch.schedules import Constant, Cosine, OneCycle, Schedule, Step

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "BatchNorm",
    "Constant",
    "Conv2D",
    "Cosine",
    "Dense",
    "Dropout",
    "Flatten",
    "GlobalAveragePool2D",
    "Layer",
    "LeakyReLU",
    "MaxPool2D",
    "NeuralNetwork",
    "OneCycle",
    "Optimizer",
    "RMSprop",
    "ReLU",
    "Reshape",
    "Schedule",
    "Sigmoid",
    "Skip",
    "Step",
    "Tanh",
    "check_gradients",
    "find_learning_rate",
]
