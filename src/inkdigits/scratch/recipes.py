"""Recipes: networks as lists of layers, and how each is trained.

They reproduce what people who write a network for MNIST build first, and go past it.
`inkdigits train mlp --out runs/mine` trains one; settings were chosen on MNIST's validation part.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from inkdigits.scratch.files import Part
from inkdigits.scratch.layers import (
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPool2D,
    ReLU,
    Reshape,
)
from inkdigits.scratch.layers.skip import with_those_inside
from inkdigits.scratch.network import NeuralNetwork
from inkdigits.scratch.optimizers import SGD, Adam, AdamW, Optimizer
from inkdigits.scratch.own_code import own_code
from inkdigits.scratch.schedules import OneCycle


@dataclass(frozen=True)
class ScratchRecipe:
    """Everything that decides what a training run ends with, but the seed and the data."""

    name: str
    layers: list[Layer]
    """From pictures (28, 28) to 10 logits."""
    optimizer: Optimizer
    epochs: int
    batch_size: int | None
    """None: each step is of all pictures (full batch)."""

    @property
    def parts(self) -> list[Part]:
        """The layers, those inside of them, the optimizer, and its schedule."""
        return [*with_those_inside(self.layers), self.optimizer, self.optimizer.schedule]

    def fingerprint(self) -> str:
        """The same for recipes that train the same way."""
        return hashlib.sha256(f"{self}{own_code(self.parts)}".encode()).hexdigest()

    def network(
        self, *, epochs: int | None = None, seed: int | None = None, threads: int | None = 1
    ) -> NeuralNetwork:
        """The network, before it has seen any data."""
        return NeuralNetwork(
            self.layers,
            optimizer=self.optimizer,
            epochs=epochs or self.epochs,
            batch_size=self.batch_size,
            random_state=seed,
            threads=threads,
        )


MLP = ScratchRecipe(
    "mlp",
    [
        Flatten(),
        Dropout(0.1),
        Dense(400),
        ReLU(),
        Dropout(0.4),
        Dense(10),
    ],
    optimizer=AdamW(OneCycle(0.003), weight_decay=0.1),
    epochs=30,
    batch_size=128,
)

MLP_DEEP = ScratchRecipe(
    "mlp-deep",
    [
        Flatten(),
        Dropout(0.2),
        Dense(128),
        ReLU(),
        Dense(16),
        ReLU(),
        Dense(16),
        ReLU(),
        Dense(10),
    ],
    optimizer=Adam(OneCycle(0.003)),
    epochs=20,
    batch_size=128,
)

MLP_SMALL = ScratchRecipe(
    "mlp-small",
    [
        Flatten(),
        Dense(32),
        ReLU(),
        Dense(32),
        ReLU(),
        Dense(10),
    ],
    optimizer=SGD(OneCycle(0.2), momentum=0.9, weight_decay=0.001),
    epochs=20,
    batch_size=64,
)

CNN_SCRATCH = ScratchRecipe(
    "cnn-scratch",
    [
        Reshape((28, 28, 1)),
        Conv2D(16, kernel_size=5, padding=2, bias=False),
        MaxPool2D(2),  # 14 x 14: what follows has a quarter of the work
        BatchNorm(),
        ReLU(),
        Conv2D(32, padding=1, bias=False),
        MaxPool2D(2),  # 7 x 7
        BatchNorm(),
        ReLU(),
        Conv2D(48, padding=1, bias=False),
        BatchNorm(),
        ReLU(),
        Flatten(),
        Dropout(0.4),
        Dense(10),
    ],
    optimizer=AdamW(OneCycle(0.004), weight_decay=0.05),
    epochs=15,
    batch_size=64,
)

RECIPES = {recipe.name: recipe for recipe in [MLP, MLP_DEEP, MLP_SMALL, CNN_SCRATCH]}
