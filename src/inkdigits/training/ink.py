"""Teach a network to tell ink from all else in a photo: paper, printed lines, shadows, the desk.

It is a U-Net (Ronneberger et al. 2015, "U-Net: Convolutional Networks for Biomedical Image
Segmentation"), small enough for one core: what is added up at each level is what is seen there and
what was seen from further away.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from inkdigits.datasets.mnist import load_mnist
from inkdigits.ink_network import INK_STEP
from inkdigits.model_file import Facts, build_ink_model
from inkdigits.training.data import DataDir, written_digits
from inkdigits.training.export import picture_network_to_onnx, with_float16_weights
from inkdigits.training.ink_artist import InkArtist
from inkdigits.training.lesson import Lesson, LessonRecipe
from inkdigits.training.pictures import draw_found

CHANNELS = (16, 32, 48, 64, 64)
"""At a half, a quarter, ... of the picture's width and height."""
DARK = 8.0
"""Grey levels that are added, so that there is a logarithm of black."""
FOR_JUDGES = 0
"""Seed of the photos to judge by."""


@dataclass(frozen=True)
class InkRecipe(LessonRecipe):
    """What decides, beside the seed and the data, what a run ends with."""

    epochs: int = 24
    pictures: int = 6400
    batch_size: int = 16
    judges: int = 200


class InkNetwork(nn.Module):
    """From grey levels (N, H, W) in 0..255 to logits (N, H, W): above 0 is ink.

    H and W are multiples of `INK_STEP`.
    """

    def __init__(self) -> None:
        super().__init__()
        finer_and_coarser = list(pairwise(CHANNELS))
        self.start = _convolution(1, CHANNELS[0], kernel_size=5, stride=2)
        self.coarser = nn.ModuleList(
            nn.Sequential(_convolution(finer, coarser, stride=2), _convolution(coarser, coarser))
            for finer, coarser in finer_and_coarser
        )
        self.channels = nn.ModuleList(
            nn.Conv2d(coarser, finer, 1) for finer, coarser in finer_and_coarser
        )
        self.finer = nn.ModuleList(_convolution(finer, finer) for finer in CHANNELS[:-1])
        self.end = nn.Conv2d(CHANNELS[0], 4, 3, padding=1)

    def forward(self, pictures: Tensor) -> Tensor:
        # Of the logarithm, half the light takes the same from paper and ink.
        light = torch.log((pictures[:, None] + DARK) / (255 + DARK))
        levels = [self.start(light)]
        for coarser in self.coarser:
            levels.append(coarser(levels[-1]))
        seen = levels.pop()
        for channels, finer in zip(reversed(self.channels), reversed(self.finer), strict=True):
            seen = finer(levels.pop() + F.interpolate(channels(seen), scale_factor=2.0))
        return F.pixel_shuffle(self.end(seen), 2)[:, 0]


def _convolution(before: int, after: int, kernel_size: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, kernel_size, stride, kernel_size // 2, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(),
    )


class Ink(Lesson):
    """Photos of numbers and words on paper of all kinds."""

    name = "ink"
    recipe_type = InkRecipe
    judged_by = "intersection over union:validation"
    missed = "1 - intersection over union"
    trained_on = "photos, made by code, of MNIST's training digits and of UCI's pen strokes"

    def __init__(
        self, recipe: InkRecipe, seed: int, without_writers: str | None, data_dir: DataDir
    ) -> None:
        mnist, validation = (load_mnist(part, data_dir) for part in ("train", "validation"))
        digits = written_digits(data_dir, without_writers)
        self.artist = InkArtist(digits, *mnist)
        self._judges = InkArtist(digits, *validation).draw(recipe.judges, [FOR_JUDGES])

    @staticmethod
    def network() -> nn.Module:
        return InkNetwork()

    def seen(self, pictures: NDArray[np.uint8]) -> Tensor:
        return torch.from_numpy(pictures).float()

    @cached_property
    def judges(self) -> tuple[Tensor, NDArray[np.uint8]]:
        pictures, ink = self._judges
        return self.seen(pictures), ink

    @staticmethod
    def loss(logits: Tensor, truth: NDArray[np.uint8]) -> Tensor:
        """The mean cross-entropy of a pixel."""
        ink = torch.from_numpy(truth).float() / 255
        return F.binary_cross_entropy_with_logits(logits, ink)

    @staticmethod
    def right(logits: Tensor, truth: NDArray[np.uint8]) -> float:
        """Intersection over union of what is ink and what is said to be."""
        said, ink = logits > 0, torch.from_numpy(truth) > 127
        return ((said & ink).sum() / (said | ink).sum().clamp(min=1)).item()

    def model_file(
        self, network: nn.Module, judged: Tensor, facts: Facts
    ) -> tuple[onnx.ModelProto, dict[str, Any]]:
        exported = with_float16_weights(picture_network_to_onnx(network, INK_STEP))
        return build_ink_model(exported, facts), {}

    def draw(self, judged: Tensor, folder: Path) -> None:
        photos, ink = self._judges
        found = judged.sigmoid().numpy()
        draw_found(photos, ink / 255, found, folder / "found.png", self.name)
