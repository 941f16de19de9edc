"""Recipes that train in seconds."""

from typing import Any

import pytest
from torch import nn

from inkdigits import figures
from inkdigits.scratch import (
    Adam,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    OneCycle,
    ReLU,
    Reshape,
)
from inkdigits.scratch.recipes import ScratchRecipe
from inkdigits.training.recipes import Recipe
from inkdigits.training.run import train

TINY = Recipe(
    "tiny",
    lambda: [
        nn.Conv2d(1, 8, 5, stride=3),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Flatten(),
        nn.Dropout(0.1),
        nn.Linear(512, 10),
    ],
    epochs=2,
    batch_size=100,
)

TINY_SCRATCH = ScratchRecipe(
    "tiny-scratch",
    [
        Reshape((28, 28, 1)),
        Conv2D(8, kernel_size=5, stride=3, bias=False),
        BatchNorm(),
        ReLU(),
        Flatten(),
        Dropout(0.1),
        Dense(10),
    ],
    optimizer=Adam(OneCycle(0.01)),
    epochs=2,
    batch_size=50,
)


def train_unseen(*arguments: Any, **options: Any) -> dict[str, Any]:
    """`train`, without its pictures: to draw them takes longer than to train a tiny network."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("curve", "filters", "mistakes", "units", "write"):
            patch.setattr(figures, name, lambda *_: None)
        return train(*arguments, **options)
