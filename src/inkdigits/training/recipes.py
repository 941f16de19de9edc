"""Recipes: a network as a list of layers, and how it is trained."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from torch import nn

from inkdigits.scratch.own_code import own_code
from inkdigits.training.augmentation import Augmentation
from inkdigits.training.blocks import Residual
from inkdigits.training.drawings import RealInk
from inkdigits.training.ensemble import Ensemble
from inkdigits.training.page_network import PageNetwork
from inkdigits.training.trial import check_outputs, layers_of


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what a training run ends with, but the seed and the data."""

    name: str
    layers: Callable[[], list[nn.Module]]
    """New layers that turn pictures (N, 1, 28, 28) into logits (N, 10)."""
    epochs: int
    batch_size: int = 256
    learning_rate: float = 0.004
    """The peak of the one-cycle schedule (Smith, Topin 2018, "Super-Convergence")."""
    weight_decay: float = 0.01
    label_smoothing: float = 0.1
    """Share of the target that goes to all digits alike (Szegedy et al. 2016, section 7). It helps
    a little: benchmarks/label_smoothing.py."""
    average_decay: float = 0.998
    """How slowly the exponential moving average of the weights follows them, per step."""
    teachers_share: float = 0.5
    """Share of the target that is what teachers say, if there are any, and not the label."""
    augmentation: Augmentation | None = field(default_factory=Augmentation)
    """Without one, the pictures are normalised once and each epoch sees them as they are."""
    rough: Augmentation | None = None
    """Bends some of the pictures instead: paper, scanners and cameras are hard on digits."""
    rough_share: float = 0.25
    """So many of them. It is decided for each batch, and in it for each source of pictures."""
    real_ink: RealInk | None = None
    """What it learns from beside MNIST."""
    replay: int = 0
    """So many of MNIST's pictures are in each epoch of a fine-tuning, which learns from others."""
    kept: float = 0.0
    """Of a fine-tuning: the share of the weights that it started from in those that it ends with
    (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models")."""
    float16_weights: bool = False
    """Whether the file keeps weights in half the space."""
    several_views: bool = False
    """Whether the finished network looks at each picture in several ways: `SeveralViews`."""

    def fingerprint(self) -> str:
        """The same for recipes that train the same way.

        Raises InvalidRun if the network does not turn pictures into logits.
        """
        network = self.network()
        check_outputs(network)
        sizes = [(name, tuple(tensor.shape)) for name, tensor in network.state_dict().items()]
        settings = replace(self, layers=list)
        described = f"{settings} {network} {sizes}{own_code(network.modules())}"
        return hashlib.sha256(described.encode()).hexdigest()

    def network(self) -> nn.Sequential:
        """A new, untrained network from `seen` (N, 28, 28) to logits (N, 10)."""
        return nn.Sequential(nn.Unflatten(1, (1, 28)), *layers_of(self.layers))


@dataclass(frozen=True)
class PagesRecipe:
    """A network that finds what is written on a page, and how it is trained."""

    name: str
    epochs: int
    pages: int = 1600
    """In each epoch, every one of them new."""
    batch_size: int = 8
    learning_rate: float = 0.002
    """The peak of the one-cycle schedule."""
    weight_decay: float = 0.02
    average_decay: float = 0.998
    validation_pages: int = 160
    """By them epochs are compared."""
    calibration_pages: int = 600
    """Validation pages, others, by which it is found from where on a digit is sure."""

    @property
    def steps(self) -> int:
        """In each epoch."""
        return max(self.pages // self.batch_size, 1)

    def limited(self, limit: int | None) -> PagesRecipe:
        """A trial: of so many pages an epoch, at most, and little of all else."""
        names = ("pages", "batch_size", "validation_pages", "calibration_pages")
        values = {name: getattr(self, name) for name in names}
        return replace(self, **{k: min(v, limit or v) for k, v in values.items()})

    def fingerprint(self) -> str:
        """The same for recipes that train the same way."""
        return hashlib.sha256(f"{self} {PageNetwork()}".encode()).hexdigest()


def _convolution(
    channels_in: int, channels_out: int, kernel_size: int = 3, padding: int = 1, stride: int = 1
) -> list[nn.Module]:
    return [
        nn.Conv2d(channels_in, channels_out, kernel_size, stride, padding, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
    ]


def _cnn() -> list[nn.Module]:
    return [
        *_convolution(1, 32),
        *_convolution(32, 32),
        nn.MaxPool2d(2),  # 14 x 14
        *_convolution(32, 48),
        *_convolution(48, 48),
        nn.MaxPool2d(2),  # 7 x 7
        nn.Dropout2d(0.1),
        *_convolution(48, 96),
        *_convolution(96, 96, padding=0),
        nn.MaxPool2d(2),  # 2 x 2, of the upper left 4 x 4
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(384, 10),
    ]


def _best(first: int = 16, residual: int = 1) -> list[nn.Module]:
    """Little is done at 28 x 28: few channels, no padding, and a stride where others pool."""
    return [
        *_convolution(1, first, padding=0),
        *_convolution(first, 48, stride=2),  # 13 x 13
        *_convolution(48, 64),
        *_convolution(64, 64),
        nn.MaxPool2d(2),  # 6 x 6
        nn.Dropout2d(0.1),
        *_convolution(64, 128),
        *(Residual(128) for _ in range(residual)),
        *_convolution(128, 128, padding=0),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(512, 10),
    ]


def _kernel_5() -> list[nn.Module]:
    return [
        *_convolution(1, 32, kernel_size=5, padding=0),
        nn.MaxPool2d(2),  # 12 x 12
        *_convolution(32, 64, kernel_size=5, padding=2),
        nn.Dropout2d(0.1),
        *_convolution(64, 96, kernel_size=5, padding=0),
        nn.MaxPool2d(2),  # 4 x 4
        nn.Flatten(),
        nn.Dropout(0.4),
        nn.Linear(1536, 10),
    ]


def _kernel_7() -> list[nn.Module]:
    return [
        *_convolution(1, 32, kernel_size=7, padding=0),
        nn.MaxPool2d(2),  # 11 x 11
        *_convolution(32, 64, kernel_size=7, padding=3),
        nn.MaxPool2d(2),  # 5 x 5
        nn.Dropout2d(0.1),
        *_convolution(64, 160, kernel_size=5, padding=0),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(160, 10),
    ]


def _ensemble() -> list[nn.Module]:
    """Four networks that look at pictures through kernels of several sizes, since those err in
    different places (An et al. 2020, "An Ensemble of Simple Convolutional Neural Network Models
    for MNIST Digit Recognition")."""
    members = (_cnn(), _best(first=24, residual=0), _kernel_5(), _kernel_7())
    return [Ensemble(*(nn.Sequential(*layers) for layers in members))]


def _fast() -> list[nn.Module]:
    return [
        *_convolution(1, 16, kernel_size=5, stride=2, padding=0),  # 12 x 12
        *_convolution(16, 32, stride=2, padding=0),  # 5 x 5
        *_convolution(32, 64, padding=0),  # 3 x 3
        nn.Flatten(),
        nn.Linear(576, 10),
    ]


BEST = Recipe(
    "best",
    _best,
    epochs=60,
    learning_rate=0.003,
    augmentation=Augmentation(coarse=0.15, bilevel=0.15),
    rough=Augmentation(noise=50.0, blur=0.05, holes=0.35, coarse=0.25, bilevel=0.1),
    real_ink=RealInk(),
    float16_weights=True,
)
"""What ships."""
CNN = Recipe("cnn", _cnn, epochs=30)
"""A plain network, of MNIST alone."""
ENSEMBLE = Recipe("ensemble", _ensemble, epochs=18, several_views=True)
"""For competitions, whatever its size."""


def fine_tuning(recipe: Recipe) -> Recipe:
    """How a network that the recipe has trained goes on to learn from a few pictures of others."""
    return replace(
        recipe,
        name=f"{recipe.name}-fine-tuned",
        epochs=4,
        learning_rate=0.0005,
        real_ink=RealInk(strokes=750, signs=0, crops=0, pages=0, letters=0, families=250, drawn=1),
        replay=1500,
        kept=0.35,
    )


FAST = Recipe(
    "fast",
    _fast,
    epochs=1,
    batch_size=128,
    learning_rate=0.02,
    label_smoothing=0.05,
    average_decay=0.99,
    augmentation=None,
)
"""For the impatient."""

PAGE = PagesRecipe("page", epochs=80)
"""What ships, too: it finds what is written where."""

RECIPES: dict[str, Recipe | PagesRecipe] = {
    recipe.name: recipe for recipe in (BEST, CNN, FAST, ENSEMBLE, PAGE)
}
