"""What a training run asks of its task."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import onnx
from rich.console import Console

from inkdigits.training.fit import Fitting, InvalidRun, Settings
from inkdigits.training.folder import RunFolder
from inkdigits.training.writers import DataDir


@dataclass(frozen=True)
class Outcome:
    """What a run leaves."""

    model: onnx.ModelProto
    story: dict[str, Any]
    """What metrics.json tells of the model, beside the run's settings."""
    leave: Callable[[RunFolder], None]
    """Writes weights and pictures."""


class Task(ABC):
    """What a kind of network learns from, and what becomes of it: digits, pages."""

    data: str
    """What is learned from if no data set is named."""
    missed: str
    """The share that the curve shows."""

    @property
    @abstractmethod
    def fitting(self) -> type[Fitting]: ...

    @abstractmethod
    def code(self) -> bytes:
        """Changes with what a run's outcome depends on beside its settings and data."""

    @abstractmethod
    def batch_size(self, settings: Settings) -> float:
        """Pictures in a step, at most, which processes share; infinite for all that there are."""

    def check(self, settings: Settings) -> None:
        """Raise InvalidRun if the recipe cannot be trained so."""
        if self.batch_size(settings) < settings.processes:
            raise InvalidRun(
                f"{settings.processes} processes need as many pictures in each step, and there "
                f"are {self.batch_size(settings)}. Start fewer, or raise --limit."
            )
        if settings.teachers and not self.fitting.can_be_taught:
            raise InvalidRun(f"{settings.recipe} learns from labels alone. Leave out --teacher.")

    @abstractmethod
    def load(self, settings: Settings, data_dir: DataDir) -> Any:
        """The data, fetched if need be. Raises InvalidDataset."""

    def prepared(
        self, data: Any, settings: Settings, folder: RunFolder, console: Console | None
    ) -> Any:
        """The data, with what is drawn before the first epoch, which takes time: it is kept in the
        run's folder."""
        return data

    @abstractmethod
    def outcome(self, fitting: Any, data_dir: DataDir, *, measure_test: bool) -> Outcome:
        """What comes of a run; measured on the test set, too, if that is asked for."""
