"""What a training run asks of its task."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import onnx
from rich.console import Console

from inkdigits.training.data import DataDir
from inkdigits.training.fit import Fitting, Settings
from inkdigits.training.folder import RunFolder


@dataclass(frozen=True)
class Outcome:
    """What a run leaves."""

    model: onnx.ModelProto
    story: dict[str, Any]
    """What metrics.json tells of the model, beside the run's settings."""
    draw: Callable[[RunFolder], None]
    """Leaves pictures."""


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
    def check(self, settings: Settings) -> None:
        """Raise InvalidRun if the recipe cannot be trained so."""

    @abstractmethod
    def load(self, settings: Settings, data_dir: DataDir) -> Any:
        """The data, fetched if need be. Raises InvalidDataset."""

    def drawn(self, data: Any, settings: Settings, console: Console | None) -> Any:
        """The data, with what is drawn before the first epoch, which takes time."""
        return data

    @abstractmethod
    def outcome(self, fitting: Any, data_dir: DataDir, *, measure_test: bool) -> Outcome:
        """What comes of a run, measured through the very model file, perhaps on the test set."""
