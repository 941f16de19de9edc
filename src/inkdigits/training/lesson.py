"""Train a network on pictures that are drawn anew for each of its steps.

A `Lesson` is a network, what is drawn for it, and what it is judged by; there is one, which finds
the writing on pages (`tasks/pages.py`). Nothing is seen twice, so nothing can be learned by heart,
and what is kept is the last epoch's network.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import onnx
import safetensors.torch
import torch
from numpy.typing import NDArray
from rich.console import Console
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from inkdigits import __version__
from inkdigits.atomic_file import write_atomically
from inkdigits.model_file import Facts, revision, write_model
from inkdigits.progress import TrainingBar
from inkdigits.training.data import DataDir
from inkdigits.training.fit import NUMPY_CHECKPOINT, PYTORCH_CHECKPOINT, Epoch, InvalidRun
from inkdigits.training.pictures import draw_curve
from inkdigits.training.run import (
    NOTHING_TO_KEEP,
    Interrupted,
    RunFolder,
    damaged,
    holds_a_run,
    nothing_to_resume,
    of_another_recipe,
    write_history,
)
from inkdigits.training.team import team_size
from inkdigits.training.torch_fit import (
    TorchFitting,
    adamw_in_one_cycle,
    generator_of,
    is_fast_in_bfloat16,
    moving_average,
)

AT_ONCE = 50
"""Pictures to judge by."""
STEEPEST = 5.0
"""A longer gradient is made so long."""
WEIGHTS = "weights.safetensors"
"""The averaged network of a run, in float16: another run may start from it."""


@dataclass(frozen=True)
class LessonRecipe:
    """What decides, beside the seed and the data, what a run ends with."""

    epochs: int
    pictures: int
    """In each epoch, every one of them new."""
    batch_size: int
    learning_rate: float = 0.003
    """The peak of the one-cycle schedule."""
    weight_decay: float = 0.01
    average_decay: float = 0.998
    judges: int = 1500
    """Pictures to judge by."""

    @property
    def steps(self) -> int:
        """In each epoch."""
        return max(self.pictures // self.batch_size, 1)

    def limited(self, limit: int | None) -> LessonRecipe:
        """A trial: of so many pictures an epoch, at most, and little of all else."""
        if limit is None:
            return self
        return replace(
            self,
            pictures=min(self.pictures, limit),
            batch_size=min(self.batch_size, limit),
            judges=min(self.judges, limit),
        )


class Lesson(ABC):
    """A network, what is drawn for it, and what it is judged by.

    What a network gives is a tuple of tensors, its maps.
    """

    name: ClassVar[str]
    recipe_type: ClassVar[type[LessonRecipe]]
    judged_by: ClassVar[str]
    """What `right` is the share of, as metrics.json names it."""
    missed: ClassVar[str]
    """What the rest is, as the curve names it."""
    trained_on: ClassVar[str]

    @abstractmethod
    def __init__(
        self,
        recipe: Any,
        seed: int,
        without_writers: str | None,
        data_dir: DataDir,
        workers: int = 1,
    ) -> None:
        """So many processes draw; 0: the one that learns does.

        Raises InvalidDataset if there is nothing to draw with.
        """

    @staticmethod
    @abstractmethod
    def network() -> nn.Module: ...

    @abstractmethod
    def batches(
        self, seed: int, epoch: int, steps: int, batch_size: int
    ) -> Iterator[tuple[NDArray[Any], Any]]:
        """New pictures and the truth about them, in so many batches; the same numbers give the
        same pictures."""

    @staticmethod
    def depends_on() -> bytes:
        """What else a run's outcome depends on: if it changes, none can be resumed."""
        return b""

    @abstractmethod
    def seen(self, pictures: NDArray[Any]) -> Tensor:
        """What the network sees of pictures that were drawn."""

    @property
    @abstractmethod
    def judges(self) -> tuple[Tensor, Any]:
        """What it sees of the pictures to judge by, which are always the same, and the truth."""

    @staticmethod
    @abstractmethod
    def loss(maps: Any, truth: Any) -> Tensor:
        """How far the maps are from the truth: a mean over pictures."""

    @staticmethod
    @abstractmethod
    def right(maps: Any, truth: Any) -> float:
        """How much of the truth the maps say, in 0..1."""

    @abstractmethod
    def draw(self, model: bytes, folder: Path) -> None:
        """Leave pictures of what the model file finds."""

    @abstractmethod
    def model_file(
        self, network: nn.Module, judged: Any, facts: Facts
    ) -> tuple[onnx.ModelProto, dict[str, Any]]:
        """The model file of a network that gave the maps `judged`, and what there is to tell."""


@dataclass(frozen=True)
class LessonSettings:
    """What a run was started with; it resumes with the same."""

    lesson: str
    recipe: LessonRecipe
    seed: int
    without_writers: str | None
    revision: str
    limit: int | None
    """What made the recipe smaller."""
    code: str
    """Changes with what the lesson depends on."""
    start_from: str | None = None
    """SHA-256 of the file of weights that the network began with; None: with random ones."""

    @property
    def epochs(self) -> int:
        return self.recipe.epochs


class LessonFitting:
    """The state of one training run; everything random in an epoch comes from the seed and its
    number."""

    def __init__(self, settings: LessonSettings, lesson: Lesson) -> None:
        recipe = self.recipe = settings.recipe
        self.settings, self.lesson = settings, lesson
        self.history: list[Epoch] = []
        torch.manual_seed(settings.seed)
        self.network = lesson.network().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._average = AveragedModel(
            self.network, multi_avg_fn=moving_average(recipe.average_decay)
        )
        self.averaged: nn.Module = self._average.module
        """The moving average of the network after the last epoch that ended."""
        self._optimizer, self._scheduler = adamw_in_one_cycle(
            self.network,
            recipe.learning_rate,
            recipe.weight_decay,
            steps=recipe.steps * recipe.epochs,
            warm_up=0.06,
        )
        self._bfloat16 = is_fast_in_bfloat16("cpu")

    def start_from(self, path: Path) -> None:
        """Take over the weights of another run; raises InvalidRun if they are of another kind."""
        try:
            self.network.load_state_dict(safetensors.torch.load_file(path))
        except Exception as error:  # of the file system, safetensors and PyTorch
            raise InvalidRun(
                f"Training cannot start from {path}: {_first_line(error)}. Name the {WEIGHTS} in "
                f"the folder of a run of {self.settings.lesson}."
            ) from error
        self._average.module.load_state_dict(self.network.state_dict())

    def weights(self) -> bytes:
        """The averaged network, for another run to start from."""
        state = self.averaged.state_dict()
        half = {
            key: value.half() if value.is_floating_point() else value
            for key, value in state.items()
        }
        return safetensors.torch.save({key: value.contiguous() for key, value in half.items()})

    def epochs(self, bar: TrainingBar) -> Iterator[Epoch]:
        """Fit the epochs that are left."""
        for number in range(len(self.history) + 1, self.recipe.epochs + 1):
            start = time.perf_counter()
            learning_rate = float(self._scheduler.get_last_lr()[0])
            loss, accuracy = self._fit(number, bar)
            averaged = deepcopy(self._average.module).eval()
            maps, truth = self.judged(averaged), self.lesson.judges[1]
            row = Epoch(
                epoch=number,
                learning_rate=learning_rate,
                loss=loss,
                accuracy=accuracy,
                validation_loss=self.lesson.loss(maps, truth).item(),
                validation_accuracy=self.lesson.right(maps, truth),
                seconds=time.perf_counter() - start,
            )
            self.averaged = averaged
            self.history.append(row)
            yield row

    def judged(self, network: nn.Module) -> tuple[Tensor, ...]:
        """The maps of the pictures to judge by."""
        with torch.no_grad():
            parts = [network(part) for part in torch.split(self.lesson.judges[0], AT_ONCE)]
        return tuple(torch.cat(outputs) for outputs in zip(*parts, strict=True))

    def save(self, path: Path) -> None:
        state = {
            "settings": asdict(self.settings),
            "history": [asdict(row) for row in self.history],
            "network": self.network.state_dict(),
            "average": self._average.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "scheduler": self._scheduler.state_dict(),
        }
        content = io.BytesIO()
        torch.save(state, content)
        write_atomically(path, content.getvalue())

    def restore(self, checkpoint: dict[str, Any]) -> None:
        self.history = [Epoch(**row) for row in checkpoint["history"]]
        self.network.load_state_dict(checkpoint["network"])
        self._average.load_state_dict(checkpoint["average"])
        self._optimizer.load_state_dict(checkpoint["optimizer"])
        self._scheduler.load_state_dict(checkpoint["scheduler"])
        self.averaged = deepcopy(self._average.module).eval()

    def _fit(self, number: int, bar: TrainingBar) -> tuple[float, float]:
        """Fit one epoch: the mean loss, and how much was right."""
        torch.manual_seed(generator_of(self.settings.seed, number).initial_seed())  # for dropout
        self.network.train()
        losses, right, steps = 0.0, 0.0, self.recipe.steps
        drawn = self.lesson.batches(self.settings.seed, number, steps, self.recipe.batch_size)
        for step, (pictures, truth) in enumerate(drawn, start=1):
            seen = self.lesson.seen(pictures)
            with torch.autocast("cpu", torch.bfloat16, enabled=self._bfloat16):
                maps = self.network(seen)
            maps = tuple(part.float() for part in maps)
            loss = self.lesson.loss(maps, truth)
            self._optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(self.network.parameters(), STEEPEST)
            self._optimizer.step()
            self._scheduler.step()
            self._average.update_parameters(self.network)
            losses += loss.item()
            right += self.lesson.right(maps, truth)
            bar.report(number, step / steps, losses / step)
        return losses / steps, right / steps


def train_lesson(
    lesson_type: type[Lesson],
    out: str | os.PathLike[str],
    recipe: LessonRecipe | None = None,
    *,
    epochs: int | None = None,
    seed: int | None = None,
    limit: int | None = None,
    without_writers: str | None = None,
    start_from: str | os.PathLike[str] | None = None,
    data_dir: DataDir = None,
    resume: bool = False,
    workers: int = 1,
    console: Console | None = None,
) -> dict[str, Any]:
    """Teach a lesson, and leave a model file and its story in the folder `out`.

    Args and errors are those of `inkdigits.training.run.train`; `limit` is of the pictures in an
    epoch, and so many `workers` are processes that draw, which changes no picture; 0: none but the
    one that learns. `start_from` is the `weights.safetensors` of another run of the lesson. Returns
    what metrics.json holds.
    """
    folder = RunFolder(Path(out))
    if team_size() > 1:
        raise InvalidRun(f"{lesson_type.name} trains in one process. Start it without torchrun.")
    checkpoint_file = folder.path / PYTORCH_CHECKPOINT
    if (folder.path / NUMPY_CHECKPOINT).exists():
        raise of_another_recipe(folder.path)
    checkpoint = _read_checkpoint(lesson_type, checkpoint_file) if resume else None
    if checkpoint is None and checkpoint_file.exists():
        raise holds_a_run(folder.path)
    asked = {"epochs": epochs, "seed": seed, "limit": limit, "without_writers": without_writers}
    asked["start_from"] = None if start_from is None else _fingerprint(Path(start_from))
    settings = _settings(lesson_type, folder, checkpoint, recipe, asked)
    try:
        lesson = lesson_type(
            settings.recipe, settings.seed, settings.without_writers, data_dir, workers
        )
    except KeyboardInterrupt:
        raise Interrupted(NOTHING_TO_KEEP) from None
    fitting = LessonFitting(settings, lesson)
    if start_from is not None and not checkpoint:
        fitting.start_from(Path(start_from))
    if checkpoint:
        try:
            fitting.restore(checkpoint)
        except Exception as error:  # of many kinds
            raise damaged(checkpoint_file, error) from error
    folder.make()
    bar = TrainingBar(settings.epochs, console=console)

    def kept_rows() -> Iterator[dict[str, Any]]:
        for row in fitting.epochs(bar):
            fitting.save(checkpoint_file)
            write_history(folder.history, fitting.history)
            yield asdict(row)

    try:
        for _ in bar.follow(kept_rows()):
            pass
    except KeyboardInterrupt:
        if not fitting.history:
            raise Interrupted(NOTHING_TO_KEEP) from None
        _finish(fitting, folder)
        raise Interrupted(
            f"Interrupted after {len(fitting.history)} of {settings.epochs} epochs. What came of "
            f"them is {folder.model}; go on with --resume."
        ) from None
    return _finish(fitting, folder)


def _settings(
    lesson_type: type[Lesson],
    folder: RunFolder,
    checkpoint: dict[str, Any] | None,
    recipe: LessonRecipe | None,
    asked: dict[str, Any],
) -> LessonSettings:
    """What was asked for; when resuming what was asked for then, which must not differ."""
    code = hashlib.sha256(lesson_type.depends_on()).hexdigest()
    if checkpoint is None:
        recipe = recipe or lesson_type.recipe_type()  # type: ignore[call-arg]  # each has defaults
        recipe = replace(recipe, epochs=asked["epochs"] or recipe.epochs)
        return LessonSettings(
            lesson=lesson_type.name,
            recipe=recipe.limited(asked["limit"]),
            seed=asked["seed"] or 0,
            without_writers=asked["without_writers"],
            revision=revision(),
            limit=asked["limit"],
            code=code,
            start_from=asked["start_from"],
        )
    earlier = _settings_of(lesson_type, checkpoint)
    another = "Resume it as it was started, or start another (--out)."
    for name, value in asked.items():
        if value not in (None, getattr(earlier, name)):
            raise InvalidRun(
                f"The run in {folder.path} has {name} {getattr(earlier, name)}, not {value}. "
                f"{another}"
            )
    if recipe and earlier.recipe != replace(recipe, epochs=earlier.epochs).limited(earlier.limit):
        raise InvalidRun(f"The run in {folder.path} was started with another recipe. {another}")
    if earlier.code != code:
        raise InvalidRun(
            f"What is learned has changed since revision {earlier.revision} started the run in "
            f"{folder.path}. {another}"
        )
    return earlier


def _settings_of(lesson_type: type[Lesson], checkpoint: dict[str, Any]) -> LessonSettings:
    settings = checkpoint["settings"]
    recipe = lesson_type.recipe_type(**settings["recipe"])
    return LessonSettings(**{**settings, "recipe": recipe})


def _fingerprint(weights: Path) -> str:
    try:
        return hashlib.sha256(weights.read_bytes()).hexdigest()
    except OSError as error:
        raise InvalidRun(
            f"Training cannot start from {weights}: {error.strerror}. Name the {WEIGHTS} in the "
            "folder of another run."
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".: ")


def _read_checkpoint(lesson_type: type[Lesson], path: Path) -> dict[str, Any]:
    if not path.exists():
        raise nothing_to_resume(path)
    try:
        checkpoint = TorchFitting.read_checkpoint(path)
        of_this = checkpoint["settings"].get("lesson") == lesson_type.name
        if of_this:
            _settings_of(lesson_type, checkpoint)
    except Exception as error:  # pickle, zip and PyTorch each have their own kinds
        raise damaged(path, error) from error
    if not of_this:
        raise of_another_recipe(path.parent)
    return checkpoint


def _finish(fitting: LessonFitting, folder: RunFolder) -> dict[str, Any]:
    settings, lesson = fitting.settings, fitting.lesson
    trained_on = lesson.trained_on
    if settings.without_writers:
        trained_on += f" but those of writers {settings.without_writers}"
    last = fitting.history[-1]
    facts = Facts(
        name=lesson.name,
        version=__version__,
        trained_on=trained_on,
        accuracy={lesson.judged_by: last.validation_accuracy},
        revision=settings.revision,
    )
    judged = fitting.judged(fitting.averaged)
    model, more = lesson.model_file(fitting.averaged, judged, facts)
    write_model(folder.model, model)
    write_atomically(folder.path / WEIGHTS, fitting.weights())
    metrics = {
        **asdict(settings),
        **asdict(facts),
        "recipe": lesson.name,
        "epochs": settings.epochs,
        **more,
        "parameters": sum(parameter.numel() for parameter in fitting.averaged.parameters()),
        "epochs_done": len(fitting.history),
        "seconds": round(sum(row.seconds for row in fitting.history), 1),
        "file_bytes": folder.model.stat().st_size,
    }
    write_atomically(folder.metrics, (json.dumps(metrics, indent=2) + "\n").encode())
    draw_curve([asdict(row) for row in fitting.history], folder.curve, lesson.name, lesson.missed)
    lesson.draw(model.SerializeToString(), folder.path)
    return metrics
