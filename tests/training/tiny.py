"""A recipe that trains in seconds."""

from torch import nn

from inkdigits.training.recipes import Recipe

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
