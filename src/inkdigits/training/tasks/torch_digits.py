"""Fit a recipe for digits with PyTorch."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from inkdigits.modelfile.build import CLASSES
from inkdigits.modelfile.calibration import Calibration
from inkdigits.modelfile.normalizer import Normalizer
from inkdigits.training.crops import NO_DIGIT
from inkdigits.training.data import Data, Source
from inkdigits.training.ensemble import SeveralViews
from inkdigits.training.export import to_onnx, with_float16_weights
from inkdigits.training.fit import (
    DigitFitting,
    Epoch,
    InvalidRun,
    Opinion,
    Report,
    Result,
    Settings,
)
from inkdigits.training.folder import RunFolder
from inkdigits.training.process_group import ProcessGroup
from inkdigits.training.recipes import Recipe
from inkdigits.training.torch_fit import TorchFitting, generator_of


class TorchDigits(TorchFitting, DigitFitting):
    """A network for digits, and what it learns from."""

    recipe: Recipe
    data: Data
    warm_up = 0.2
    can_be_taught = True

    def __init__(
        self, recipe: Recipe, settings: Settings, data: Data, device: str, group: ProcessGroup
    ) -> None:
        self.sources = (
            Source(data.pictures, data.labels, len(data.labels) * data.times),
            *data.beside,
        )
        self._normalize = Normalizer(threads=settings.threads or torch.get_num_threads())
        self._validation_seen = torch.from_numpy(self._normalize(data.validation_pictures))
        self._start: dict[str, Tensor] = {}
        """What it started from, if some of that is kept."""
        self._teachers: Opinion | None = None
        steps = len(_batches(torch.empty(data.per_epoch), recipe.batch_size, group.size))
        super().__init__(recipe, settings, data, device, group, network=recipe.network, steps=steps)

    def start_from(self, *paths: Path) -> None:
        super().start_from(*paths)
        if self.recipe.kept:
            state = self.network.state_dict()
            self._start = {key: value.clone() for key, value in state.items()}

    def learn_from(self, teachers: Opinion) -> None:
        self._teachers = teachers

    def averaged_network(self) -> tuple[Epoch, nn.Module]:
        row, network = super().averaged_network()
        for key, value in network.state_dict().items():
            if key in self._start and value.is_floating_point():
                value.lerp_(self._start[key].cpu(), self.recipe.kept)
        return row, network

    def result(self) -> Result:
        row, averaged = self.averaged_network()
        assert isinstance(averaged, nn.Sequential)
        network = SeveralViews(averaged) if self.recipe.several_views else averaged
        exported = to_onnx(network)
        if self.recipe.float16_weights:
            exported = with_float16_weights(exported)
        convolutions = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]
        return Result(
            epoch=row,
            network=exported,
            validation_logits=self.validation_logits(network.to(self.device)).numpy(),
            parameters=sum(parameter.numel() for parameter in network.parameters()),
            kernels=[layer.weight.detach().cpu().numpy() for layer in convolutions],
        )

    def save_network(self, folder: Path, calibration: Calibration) -> None:
        self.save_weights(RunFolder(folder).weights)

    def validation_logits(self, network: nn.Module) -> Tensor:
        """The network's logits (N, 10) for the validation pictures."""
        with torch.no_grad():
            parts = torch.split(self._validation_seen, 1000)
            return torch.cat([network(part.to(self.device)).cpu() for part in parts])

    def validate(self, network: nn.Module) -> tuple[float, float]:
        if not len(self.data.validation_labels):
            return math.nan, math.nan
        logits = self.validation_logits(network)
        labels = torch.from_numpy(self.data.validation_labels).long()
        accuracy = (logits.argmax(1) == labels).double().mean()
        return F.cross_entropy(logits, labels).item(), accuracy.item()

    def also_kept(self) -> dict[str, Any]:
        return {
            "data": self.data.checksum,
            "drawn": self._checksum_of_drawings(),
            "start": self._start,
        }

    def restore(self, checkpoint: dict[str, Any]) -> None:
        self.check_data(checkpoint.get("data"))
        if checkpoint["drawn"] != self._checksum_of_drawings():
            raise InvalidRun(
                "What is drawn to learn from is not what the run started with: the pen strokes, or "
                "how they are drawn, have changed. Start another run (--out)."
            )
        super().restore(checkpoint)
        self._start = checkpoint.get("start", {})

    def _checksum_of_drawings(self) -> int:
        return zlib.crc32(b"".join(source.pictures[::100].tobytes() for source in self.data.beside))

    def fit_epoch(self, number: int, report: Report) -> tuple[float, float]:
        order = _order(self.sources, generator_of(self.settings.seed, number))
        size = self.group.size
        batches = _batches(order, self.recipe.batch_size, size)
        if len(batches[-1]) < size:
            raise InvalidRun(f"{size} processes need as many pictures, and there are {len(order)}.")
        bending = generator_of(self.settings.seed, number, 1 + self.group.rank)
        torch.manual_seed(bending.initial_seed())  # for dropout
        loss_sum, count, right, digits = 0.0, 0, 0.0, 0
        for step, batch in enumerate(batches, start=1):
            mine = batch[self.group.rank :: self.group.size]
            loss, right_here, digits_here = self._step(mine, bending)
            loss_sum, count = loss_sum + loss * len(mine), count + len(mine)
            right, digits = right + right_here, digits + digits_here
            report(number, step / len(batches), loss_sum / count)
        return loss_sum / count, right / max(digits, 1)

    def _step(self, batch: Tensor, bending: torch.Generator) -> tuple[float, float, int]:
        """One step down the gradient: the mean loss, how many digits it had right, and of how many.

        Of an ensemble the first two are the mean over its members.
        """
        seen, labels = self._bent(batch, bending)
        try:
            outputs = self.outputs(seen)
        except ValueError as error:
            if len(seen) > 1:
                raise
            raise InvalidRun(
                f"{self.recipe.name} cannot learn from one picture in a step: its batch "
                "normalisation needs two. Take more pictures, or larger steps (--batch-size)."
            ) from error
        logits = outputs.reshape(len(seen), -1, CLASSES).float()  # (N, members, 10)
        targets = self._targets(seen, labels)[:, None].expand_as(logits)
        loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten(0, 1))
        self.descend(loss)
        right = (logits.argmax(2) == labels[:, None]).float().mean(1)
        return loss.item(), right.sum().item(), int((labels != NO_DIGIT).sum())

    def _bent(self, batch: Tensor, bending: torch.Generator) -> tuple[Tensor, Tensor]:
        """What the network sees of a batch of `_order`, and the labels."""
        seen, labels = [], []
        for number, source in enumerate(self.sources):
            chosen = batch[batch[:, 0] == number, 1].numpy()
            if not len(chosen):
                continue
            labels.append(torch.from_numpy(source.labels[chosen]).long())
            bend, rough = self.recipe.augmentation, self.recipe.rough
            if bend is None:
                seen.append(self._unbent[number][chosen])
                continue
            if rough and torch.rand(1, generator=bending) < self.recipe.rough_share:
                bend = rough
            bent = bend(torch.from_numpy(source.pictures[chosen]), bending)
            seen.append(torch.from_numpy(self._normalize(bent.numpy())))
        return torch.cat(seen).to(self.device), torch.cat(labels).to(self.device)

    def _targets(self, seen: Tensor, labels: Tensor) -> Tensor:
        """What the probabilities (N, 10) should be: for what is no digit, all the same."""
        targets = self._targets_of_labels(labels)
        if not self._teachers:
            return targets
        taught = torch.from_numpy(self._teachers(seen.cpu().numpy())).to(targets.device)
        return targets.lerp(taught, self.recipe.teachers_share)

    def _targets_of_labels(self, labels: Tensor) -> Tensor:
        digits = F.one_hot(labels.clamp(max=CLASSES - 1), CLASSES).float()
        smoothing = torch.full_like(digits[:, :1], self.recipe.label_smoothing)
        smoothing[labels == NO_DIGIT] = 1.0
        return digits * (1 - smoothing) + smoothing / CLASSES

    @cached_property
    def _unbent(self) -> list[Tensor]:
        """What the network sees of each source's pictures as they are.

        The first epoch's time counts it.
        """
        return [torch.from_numpy(self._normalize(source.pictures)) for source in self.sources]


def _batches(order: Tensor, batch_size: int, processes: int) -> Sequence[Tensor]:
    """The pictures of each step; without those that are left at the end, if they are too few."""
    batches = torch.split(order, batch_size)
    # Of one picture batch normalisation has no spread; of none somebody has nothing to do.
    if len(batches) > 1 and len(batches[-1]) < min(2 * processes, batch_size):
        return batches[:-1]
    return batches


def _order(sources: Sequence[Source], generator: torch.Generator) -> Tensor:
    """The pictures (N, 2) of an epoch, shuffled: the number of a source, and a place in it."""
    chosen = []
    for number, source in enumerate(sources):
        count = len(source.labels)
        times = max(math.ceil(source.per_epoch / max(count, 1)), 1)
        rounds = [torch.randperm(count, generator=generator) for _ in range(times)]
        places = torch.cat(rounds)[: source.per_epoch]
        chosen.append(torch.stack([torch.full_like(places, number), places], 1))
    together = torch.cat(chosen)
    return together[torch.randperm(len(together), generator=generator)]
