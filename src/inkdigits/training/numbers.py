"""Train the network that reads several digits at once, where they touch.

It looks at a number from left to right and says at each of 64 places which digit is there, or
none; connectionist temporal classification turns that into a text (Graves et al. 2006,
"Connectionist Temporal Classification"). So nobody has to say where one digit ends.
"""

from __future__ import annotations

import io
import json
import math
import os
import time
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel

from inkdigits import __version__
from inkdigits.atomic_file import write_atomically
from inkdigits.datasets.mnist import load_mnist
from inkdigits.datasets.pages import Hand, PictureHand, StrokeHand, write
from inkdigits.datasets.strokes import WrittenDigit
from inkdigits.model_file import Facts, build_number_model, revision, write_model
from inkdigits.normalize import NUMBER_WIDTH, SIDE, Normalizer
from inkdigits.number_text import BLANK
from inkdigits.progress import TrainingBar
from inkdigits.training.data import ONE_DIGIT_IN, DataDir, written_digits
from inkdigits.training.export import to_onnx, with_float16_weights
from inkdigits.training.fit import NUMPY_CHECKPOINT, PYTORCH_CHECKPOINT, Epoch, InvalidRun
from inkdigits.training.number_artist import HEIGHT, NumberArtist, together
from inkdigits.training.pictures import draw_curve
from inkdigits.training.run import NOTHING_TO_KEEP, Interrupted, RunFolder, damaged, write_history
from inkdigits.training.team import team_size
from inkdigits.training.torch_fit import (
    TorchFitting,
    generator_of,
    is_fast_in_bfloat16,
    moving_average,
)

NAME = "numbers"
FEWEST_BENT = 500
"""Among so many digits of MNIST there are some of each value."""


@dataclass(frozen=True)
class NumberRecipe:
    """What decides, beside the seed and the data, what a run ends with."""

    epochs: int = 18
    numbers: int = 40_000
    """In each epoch, every one of them new."""
    batch_size: int = 128
    learning_rate: float = 0.003
    """The peak of the one-cycle schedule."""
    weight_decay: float = 0.01
    average_decay: float = 0.998
    people: int = 500
    """Who write in an epoch; then come others."""
    bent: int = 12_000
    """Of MNIST's digits, bent, the numbers of anybody are put together; then of others."""
    judges: int = 1500
    """Numbers to judge by: of touching digits, drawn as they were written."""


class Columns(nn.Module):
    """(N, C, 1, W) -> (N, W, C)"""

    def forward(self, values: Tensor) -> Tensor:
        return values[:, :, 0].transpose(1, 2)


def network() -> nn.Sequential:
    """From `seen` (N, 28, 128) to logits (N, 64, 11): ten digits, and none."""

    def convolution(
        before: int,
        after: int,
        kernel: tuple[int, int] = (3, 3),
        padding: tuple[int, int] = (1, 1),
        stride: int = 1,
    ) -> list[nn.Module]:
        return [
            nn.Conv2d(before, after, kernel, stride, padding, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(),
        ]

    return nn.Sequential(
        nn.Unflatten(1, (1, SIDE)),
        *convolution(1, 16),
        *convolution(16, 48, stride=2),  # 14 x 64
        *convolution(48, 64),
        *convolution(64, 64),
        nn.MaxPool2d((2, 1)),  # 7 x 64
        nn.Dropout2d(0.05),
        *convolution(64, 96),
        *convolution(96, 96),
        nn.MaxPool2d((2, 1)),  # 3 x 64
        *convolution(96, 128, padding=(0, 1)),  # 1 x 64
        nn.Dropout2d(0.1),
        *convolution(128, 128, kernel=(1, 5), padding=(0, 2)),
        *convolution(128, 128, kernel=(1, 5), padding=(0, 2)),
        nn.Dropout2d(0.1),
        nn.Conv2d(128, BLANK + 1, 1),
        Columns(),
    )


@dataclass(frozen=True)
class Settings:
    """What a run was started with; it resumes with the same."""

    recipe: NumberRecipe
    seed: int
    without_writers: str | None
    revision: str
    limit: int | None = None
    """What `limited` made the recipe smaller with."""

    @property
    def epochs(self) -> int:
        return self.recipe.epochs


class NumberFitting:
    """The state of one training run; everything random in an epoch comes from the seed and its
    number."""

    def __init__(
        self,
        settings: Settings,
        artist: NumberArtist,
        judges: tuple[NDArray[np.uint8], list[str]],
    ) -> None:
        recipe = self.recipe = settings.recipe
        self.settings, self._artist = settings, artist
        self.history: list[Epoch] = []
        self._normalize = Normalizer(torch.get_num_threads(), NUMBER_WIDTH)
        self._judged = torch.from_numpy(self._normalize(judges[0]))
        self._texts = judges[1]
        torch.manual_seed(settings.seed)
        self.network = network().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._average = AveragedModel(
            self.network, multi_avg_fn=moving_average(recipe.average_decay)
        )
        self.averaged: nn.Module = self._average.module
        """The moving average of the network after the last epoch that ended."""
        self._optimizer = torch.optim.AdamW(
            self.network.parameters(),
            lr=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            fused=True,
        )
        self.steps = max(recipe.numbers // recipe.batch_size, 1)
        """In each epoch."""
        self._scheduler = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer,
            max_lr=recipe.learning_rate,
            total_steps=max(self.steps * recipe.epochs + 1, 10),
            pct_start=0.15,
        )
        self._bfloat16 = is_fast_in_bfloat16("cpu")

    def epochs(self, bar: TrainingBar) -> Iterator[Epoch]:
        """Fit the epochs that are left."""
        for number in range(len(self.history) + 1, self.recipe.epochs + 1):
            start = time.perf_counter()
            learning_rate = float(self._scheduler.get_last_lr()[0])
            loss, accuracy = self._fit(number, bar)
            averaged = deepcopy(self._average.module).eval()
            logits = self.judged_logits(averaged)
            right = np.mean(
                [text == best for text, best in zip(self._texts, _texts(logits), strict=True)]
            )
            row = Epoch(
                epoch=number,
                learning_rate=learning_rate,
                loss=loss,
                accuracy=accuracy,
                validation_loss=_loss(logits, self._texts).item(),
                validation_accuracy=float(right),
                seconds=time.perf_counter() - start,
            )
            self.averaged = averaged
            self.history.append(row)
            yield row

    def judged_logits(self, network: nn.Module) -> Tensor:
        """Of the numbers to judge by: (N, 64, 11)."""
        with torch.no_grad():
            return torch.cat([network(part) for part in torch.split(self._judged, 250)])

    def temperature(self) -> float:
        """With which the numbers to judge by are the least surprising (Guo et al. 2017)."""
        from scipy.optimize import minimize_scalar

        logits = self.judged_logits(self.averaged)

        def loss(log_temperature: float) -> float:
            return _loss(logits / math.exp(log_temperature), self._texts).item()

        return float(np.exp(minimize_scalar(loss, bounds=(-1.0, 1.6), method="bounded").x))

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
        """Fit one epoch: the mean loss, and the share of texts that were right."""
        self._artist.change_hands(number)
        torch.manual_seed(generator_of(self.settings.seed, number).initial_seed())  # for dropout
        self.network.train()
        losses, right = 0.0, 0
        for step in range(self.steps):
            pictures, texts = self._artist.draw(
                self.recipe.batch_size, [self.settings.seed, number, step]
            )
            seen = torch.from_numpy(self._normalize(pictures))
            with torch.autocast("cpu", torch.bfloat16, enabled=self._bfloat16):
                logits = self.network(seen)
            loss = _loss(logits.float(), texts)
            self._optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
            self._optimizer.step()
            self._scheduler.step()
            self._average.update_parameters(self.network)
            losses += loss.item()
            right += sum(a == b for a, b in zip(texts, _texts(logits), strict=True))
            bar.report(number, (step + 1) / self.steps, losses / (step + 1))
        return losses / self.steps, right / (self.steps * self.recipe.batch_size)


def _loss(logits: Tensor, texts: list[str]) -> Tensor:
    """The mean negative log-likelihood of the texts."""
    targets = torch.tensor([int(digit) for text in texts for digit in text], dtype=torch.long)
    lengths = torch.tensor([len(text) for text in texts])
    log_probabilities = logits.log_softmax(2).transpose(0, 1)  # (T, N, 11)
    places = torch.full((len(texts),), len(log_probabilities))
    losses = F.ctc_loss(
        log_probabilities, targets, places, lengths, BLANK, reduction="none", zero_infinity=True
    )
    return losses.mean()


def _texts(logits: Tensor) -> list[str]:
    """The text of the likeliest digit at each place: quicker than a beam search."""
    texts = []
    for row in logits.argmax(2).tolist():
        said = [now for now, before in zip(row, [BLANK, *row], strict=False) if now != before]
        texts.append("".join(str(digit) for digit in said if digit != BLANK))
    return texts


def train_numbers(
    out: str | os.PathLike[str],
    recipe: NumberRecipe | None = None,
    *,
    epochs: int | None = None,
    seed: int | None = None,
    limit: int | None = None,
    without_writers: str | None = None,
    data_dir: DataDir = None,
    resume: bool = False,
    console: Console | None = None,
) -> dict[str, Any]:
    """Train the number network, and leave a model file and its story in the folder `out`.

    Args and errors are those of `inkdigits.training.run.train`; `limit` is of the numbers in an
    epoch. Returns what metrics.json holds.
    """
    folder = RunFolder(Path(out))
    if team_size() > 1:
        raise InvalidRun("The number network trains in one process. Start it without torchrun.")
    checkpoint_file = folder.path / PYTORCH_CHECKPOINT
    if (folder.path / NUMPY_CHECKPOINT).exists():
        raise _of_another_recipe(folder)
    checkpoint = _read_checkpoint(folder, checkpoint_file) if resume else None
    if checkpoint is None and checkpoint_file.exists():
        raise InvalidRun(
            f"{folder.path} holds a run already. "
            "Go on with it (--resume), or choose another folder (--out)."
        )
    asked = {"epochs": epochs, "seed": seed, "limit": limit, "without_writers": without_writers}
    settings = _settings(folder, checkpoint, recipe, asked)
    try:
        fitting = _begun(settings, data_dir)
    except KeyboardInterrupt:
        raise Interrupted(NOTHING_TO_KEEP) from None
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


def limited(recipe: NumberRecipe, limit: int | None) -> NumberRecipe:
    """A trial of the recipe: of so many numbers an epoch, at most, and little of all else."""
    if limit is None:
        return recipe
    return replace(
        recipe,
        numbers=min(recipe.numbers, limit),
        batch_size=min(recipe.batch_size, limit),
        people=min(recipe.people, limit),
        bent=min(recipe.bent, max(limit, FEWEST_BENT)),
        judges=min(recipe.judges, limit),
    )


def _settings(
    folder: RunFolder,
    checkpoint: dict[str, Any] | None,
    recipe: NumberRecipe | None,
    asked: dict[str, Any],
) -> Settings:
    """What was asked for; when resuming what was asked for then, which must not differ."""
    if checkpoint is None:
        recipe = recipe or NumberRecipe()
        return Settings(
            recipe=limited(
                replace(recipe, epochs=asked["epochs"] or recipe.epochs), asked["limit"]
            ),
            seed=asked["seed"] or 0,
            without_writers=asked["without_writers"],
            revision=revision(),
            limit=asked["limit"],
        )
    earlier = _settings_of(checkpoint)
    another = "Resume it as it was started, or start another (--out)."
    for name, value in asked.items():
        if value not in (None, getattr(earlier, name)):
            raise InvalidRun(
                f"The run in {folder.path} has {name} {getattr(earlier, name)}, not {value}. "
                f"{another}"
            )
    if recipe and earlier.recipe != limited(replace(recipe, epochs=earlier.epochs), earlier.limit):
        raise InvalidRun(f"The run in {folder.path} was started with another recipe. {another}")
    return earlier


def _settings_of(checkpoint: dict[str, Any]) -> Settings:
    settings = checkpoint["settings"]
    return Settings(**{**settings, "recipe": NumberRecipe(**settings["recipe"])})


def _read_checkpoint(folder: RunFolder, path: Path) -> dict[str, Any]:
    if not path.exists():
        raise InvalidRun(
            f"{folder.path} holds no {path.name} to resume. Leave out --resume to start a run."
        )
    try:
        checkpoint = TorchFitting.read_checkpoint(path)
        of_another = isinstance(checkpoint["settings"]["recipe"], str)
        if not of_another:
            _settings_of(checkpoint)
    except Exception as error:  # pickle, zip and PyTorch each have their own kinds
        raise damaged(path, error) from error
    if of_another:
        raise _of_another_recipe(folder)
    return checkpoint


def _of_another_recipe(folder: RunFolder) -> InvalidRun:
    return InvalidRun(
        f"{folder.path} holds a run of another recipe. Choose another folder (--out)."
    )


def _begun(settings: Settings, data_dir: DataDir) -> NumberFitting:
    """A training run before its first epoch."""
    recipe = settings.recipe
    pictures, labels = load_mnist("train", data_dir)
    digits = written_digits(data_dir, settings.without_writers)
    judges = numbers_to_judge(
        digits[::ONE_DIGIT_IN], *load_mnist("validation", data_dir), recipe.judges
    )
    digits = [digit for place, digit in enumerate(digits) if place % ONE_DIGIT_IN]
    artist = NumberArtist(digits, pictures, labels, recipe.people, recipe.bent, settings.seed)
    return NumberFitting(settings, artist, judges)


def numbers_to_judge(
    digits: list[WrittenDigit], pictures: NDArray[np.uint8], labels: NDArray[np.uint8], count: int
) -> tuple[NDArray[np.uint8], list[str]]:
    """Touching numbers (N, H, W) and their texts: half of pen strokes, half of `pictures`."""
    hands: list[Hand] = [StrokeHand(digits), PictureHand(pictures, labels)]
    rng = np.random.default_rng(0)
    masks, texts = [], []
    for number in range(count):
        text = "".join(map(str, rng.integers(0, 10, rng.integers(2, 5))))
        written = write(text, hands[number % 2], HEIGHT, rng, touching=True)
        masks.append((written.ink * 255).astype(np.uint8))
        texts.append(text)
    return together(masks), texts


def _finish(fitting: NumberFitting, folder: RunFolder) -> dict[str, Any]:
    exported = with_float16_weights(to_onnx(fitting.averaged, NUMBER_WIDTH))
    settings = fitting.settings
    temperature = fitting.temperature()
    trained_on = "numbers of MNIST's training digits and of the pen strokes of UCI's pendigits"
    if settings.without_writers:
        trained_on += f" but those of writers {settings.without_writers}"
    last = fitting.history[-1]
    facts = Facts(
        name=NAME,
        version=__version__,
        trained_on=trained_on,
        accuracy={"touching:validation": last.validation_accuracy},
        revision=settings.revision,
    )
    write_model(folder.model, build_number_model(exported, temperature, facts))
    metrics = {
        **asdict(settings),
        **asdict(facts),
        "recipe": NAME,
        "epochs": settings.epochs,
        "temperature": temperature,
        "parameters": sum(parameter.numel() for parameter in fitting.averaged.parameters()),
        "epochs_done": len(fitting.history),
        "seconds": round(sum(row.seconds for row in fitting.history), 1),
        "file_bytes": folder.model.stat().st_size,
    }
    write_atomically(folder.metrics, (json.dumps(metrics, indent=2) + "\n").encode())
    draw_curve([asdict(row) for row in fitting.history], folder.curve, NAME)
    return metrics
