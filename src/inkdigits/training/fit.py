"""What a training run asks of whoever fits a network: an epoch at a time, to stop and go on."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
import onnx
from numpy.typing import NDArray

from inkdigits.errors import InkDigitsError
from inkdigits.modelfile.calibration import Calibration
from inkdigits.training.process_group import ProcessGroup

CHECKPOINT_NAMES = NUMPY_CHECKPOINT, PYTORCH_CHECKPOINT = "checkpoint.safetensors", "checkpoint.pt"


AND = " + "
"""Between data sets that are trained on together."""


class InvalidRun(InkDigitsError):
    """A run cannot be started or resumed as asked."""


class Recipe(Protocol):
    """A network, and how it is trained."""

    @property
    def name(self) -> str: ...

    @property
    def epochs(self) -> int: ...

    def fingerprint(self) -> str:
        """The same for recipes that train the same way."""


@dataclass(frozen=True)
class Settings:
    """What a run was started with. It resumes with the same, or it would not end the same."""

    recipe: str
    epochs: int
    seed: int
    limit: int | None
    processes: int = 1
    code: str = ""
    """Changes with what the outcome depends on: the recipe, the normaliser, the network."""
    revision: str = "unknown"
    """The revision of inkdigits that started the run."""
    data: str = "mnist"
    """What is trained on: MNIST's training part, or data sets by their specs, joined by `AND`."""
    validation: float | None = None
    """The share of these data sets that is kept for validation; None: as they have it."""
    fold: str | None = None
    """Which part of these data sets is kept instead: "2/5" is the second of five."""
    without_writers: str | None = None
    """Whose pen strokes are kept out, so that the network can be judged by them: "25-30"."""
    start_from: str | None = None
    """SHA-256 of the weights that the network began with, or of those whose mean it was, with a
    space between; None: with random ones."""
    teachers: str | None = None
    """SHA-256 of the model files that it learns from beside the labels, with a space between."""
    threads: int | None = None
    """How many compute; None: as many as NumPy or PyTorch takes by itself."""
    changes: dict[str, str] = field(default_factory=dict)
    """Settings of the recipe that are not its own: {"learning_rate": "0.01"}."""

    @property
    def data_sets(self) -> list[str]:
        return self.data.split(AND)


@dataclass(frozen=True)
class Epoch:
    """One row of the history. Accuracies are shares in 0..1, of digits or, as F1, of pieces."""

    epoch: int
    learning_rate: float
    """Of the epoch's first step."""
    loss: float
    accuracy: float
    """Of what is trained on, while the network was changing and, in some recipes, the pictures
    were bent; so it is often lower than the validation's."""
    validation_loss: float = math.nan
    validation_accuracy: float = math.nan
    """NaN without validation data."""
    seconds: float = 0.0


Report = Callable[[int, float, float], None]
"""Told after each step: the epoch's number, the share of it that is done, its loss so far."""


Opinion = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""The probabilities (N, 10) that trained networks give to what they see (N, 28, 28)."""


@dataclass(frozen=True)
class Result:
    """What a run ends with."""

    epoch: Epoch
    """The one that the network is from."""
    network: onnx.ModelProto
    """From `seen` (N, 28, 28) to `logits` (N, 10)."""
    validation_logits: NDArray[np.float32]
    """(N, 10), of the validation pictures, of which there may be none."""
    parameters: int
    """How many there are."""
    pixel_weights: NDArray[np.float32] | None = None
    """(units, 28, 28), if the first layer is dense: its weight for each pixel."""
    kernels: list[NDArray[np.float32]] = field(default_factory=list)
    """(filters, channels, rows, columns) of each convolution."""


class Fitting(ABC):
    """The state of one training run.

    Its result is the last epoch of a finished run, or else the best so far. (The best of a finished
    run is often an early one that was lucky with the few hard validation pictures:
    benchmarks/last_or_best.py.)
    """

    checkpoint_name: ClassVar[str]
    """The checkpoint's file in the run's folder."""
    threads: ClassVar[int | None] = None
    """How many compute if nobody says."""
    can_be_taught: ClassVar[bool] = False
    """Whether there is `learn_from`."""

    def __init__(
        self, recipe: Any, settings: Settings, data: Any, device: str, group: ProcessGroup
    ):
        self.recipe, self.settings, self.data = recipe, settings, data
        self.device, self.group = device, group
        self.history: list[Epoch] = []

    @staticmethod
    @abstractmethod
    def usable_device(name: str) -> str:
        """The device that "auto", "cpu", "cuda" or "mps" means here. Raises InvalidRun."""

    @staticmethod
    @abstractmethod
    def read_checkpoint(path: Path) -> dict[str, Any]:
        """What `save` wrote, with at least its "settings". Raises any exception if damaged."""

    @abstractmethod
    def save(self, path: Path) -> None:
        """Write a checkpoint, whole or not at all."""

    @abstractmethod
    def restore(self, checkpoint: dict[str, Any]) -> None:
        """Go back to what `save` wrote."""

    @abstractmethod
    def epochs(self, report: Report) -> Iterator[Epoch]:
        """Fit the epochs that are left, and give each one's row of the history."""

    def start_from(self, *paths: Path) -> None:
        """Take over the weights that another run has left, or the mean of several runs' weights.

        Raises InvalidRun.
        """
        raise NotImplementedError

    def learn_from(self, teachers: Opinion) -> None:
        """Learn, too, what they say of each picture."""
        raise NotImplementedError

    def remember(self, history: list[Epoch]) -> None:
        """Take over the epochs of a checkpoint. Raises InvalidRun if they are too many."""
        if len(history) > self.settings.epochs:
            raise InvalidRun(
                f"The run has had {len(history)} epochs already, more than {self.settings.epochs}. "
                "Name as many (--epochs), or more."
            )
        self.history = history

    @property
    def best_epoch(self) -> Epoch:
        """The epoch with the highest validation accuracy; of equals, or without any, the last."""
        return max(
            self.history, key=lambda row: (np.nan_to_num(row.validation_accuracy), row.epoch)
        )

    @property
    def is_finished(self) -> bool:
        return len(self.history) == self.settings.epochs


class DigitFitting(Fitting):
    """The state of a run that learns single digits."""

    def check_data(self, checksum: int | None) -> None:
        """Raise InvalidRun if that is the checksum of other data than the run learns from.

        A checkpoint of earlier versions has none.
        """
        if checksum not in (None, self.data.checksum):
            raise InvalidRun(
                f"{self.settings.data} is not what the run started with: pictures or labels, or "
                "which of them are kept for validation, have changed. Start another run (--out)."
            )

    @abstractmethod
    def result(self) -> Result: ...

    @abstractmethod
    def save_network(self, folder: Path, calibration: Calibration) -> None:
        """Write the network of the result in a form of its own, too."""
