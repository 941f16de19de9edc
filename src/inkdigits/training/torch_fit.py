"""Fit a recipe's network with PyTorch."""

from __future__ import annotations

import io
import math
import os
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel

from inkdigits.atomic_file import write_atomically
from inkdigits.model_file import CLASSES
from inkdigits.normalize import Normalizer
from inkdigits.training.data import NO_DIGIT, Data, Source
from inkdigits.training.ensemble import SeveralViews
from inkdigits.training.export import to_onnx, with_float16_weights
from inkdigits.training.fit import (
    PYTORCH_CHECKPOINT,
    Epoch,
    Fitting,
    InvalidRun,
    Report,
    Result,
    Settings,
)
from inkdigits.training.recipes import Recipe
from inkdigits.training.team import Team, team_size

Tensors = tuple[Tensor, ...] | list[Tensor]


class TorchFitting(Fitting):
    """The state of one training run.

    Everything random in an epoch comes from the seed, the epoch's number and the process's rank,
    so that a run which resumes at an epoch goes on as if it had never stopped.
    """

    checkpoint_name = PYTORCH_CHECKPOINT
    recipe: Recipe

    def __init__(
        self, recipe: Recipe, settings: Settings, data: Data, device: str, team: Team
    ) -> None:
        super().__init__(recipe, settings, data, device, team)
        self.best: dict[str, Tensor] = {}
        """The averaged network's state after its best epoch."""
        self.steps = math.ceil(data.per_epoch / recipe.batch_size)
        """In each epoch."""
        self.sources = (Source(data.pictures, data.labels, len(data.labels)), *data.beside)

        self._normalize = Normalizer(threads=torch.get_num_threads())
        self._validation_seen = torch.from_numpy(self._normalize(data.validation_pictures))
        torch.manual_seed(settings.seed)
        self.network = recipe.network().to(device)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._average = AveragedModel(
            self.network, multi_avg_fn=moving_average(recipe.average_decay)
        )
        self._together: nn.Module = self.network
        if self.team.size > 1:
            self._together = DistributedDataParallel(self.network)
        self._optimizer, self._scheduler = adamw_in_one_cycle(
            self.network,
            recipe.learning_rate,
            recipe.weight_decay,
            steps=self.steps * settings.epochs,
            warm_up=0.2,
        )
        self._device_type = torch.device(device).type
        self._bfloat16 = is_fast_in_bfloat16(self._device_type)

    @staticmethod
    def usable_device(name: str) -> str:
        if name == "auto":
            name = "cuda" if torch.cuda.is_available() else "cpu"
        if name == "cuda" and team_size() > 1:
            name = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
        try:
            torch.zeros(1, device=name)
        except (RuntimeError, AssertionError) as error:
            raise InvalidRun(
                f"The device {name} cannot be used here: {error} Choose another (--device)."
            ) from error
        return name

    @staticmethod
    def read_checkpoint(path: Path) -> dict[str, Any]:
        checkpoint: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        return checkpoint

    def epochs(self, report: Report) -> Iterator[Epoch]:
        for number in range(len(self.history) + 1, self.settings.epochs + 1):
            start = time.perf_counter()
            learning_rate = self._scheduler.get_last_lr()[0]
            loss, accuracy = self._fit(number, report)
            # Only the leader's figures are ever shown or kept: the others need not measure.
            validation = self._validate() if self.team.leads else (math.nan, math.nan)
            row = Epoch(
                epoch=number,
                learning_rate=float(learning_rate),
                loss=loss,
                accuracy=accuracy,
                validation_loss=validation[0],
                validation_accuracy=validation[1],
                seconds=time.perf_counter() - start,
            )
            self.history.append(row)
            if self.best_epoch is row:
                state = self._average.module.state_dict()
                self.best = {key: value.clone() for key, value in state.items()}
            yield row

    def result(self) -> Result:
        row, averaged = self.averaged_network()
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

    def averaged_network(self) -> tuple[Epoch, nn.Sequential]:
        """The averaged network of the result, on the CPU, and the epoch it is from."""
        row = self.history[-1] if self.is_finished else self.best_epoch
        state = self._average.module.state_dict() if self.is_finished else self.best
        network = self.recipe.network()
        network.load_state_dict(state)
        return row, network.eval()

    def validation_logits(self, network: nn.Module) -> Tensor:
        """The network's logits (N, 10) for the validation pictures."""
        with torch.no_grad():
            parts = torch.split(self._validation_seen, 1000)
            return torch.cat([network(part.to(self.device)).cpu() for part in parts])

    def save(self, path: Path) -> None:
        state = {
            "drawn": self._checksum_of_drawings(),
            "settings": asdict(self.settings),
            "history": [asdict(row) for row in self.history],
            "best": self.best,
            "network": self.network.state_dict(),
            "average": self._average.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "scheduler": self._scheduler.state_dict(),
        }
        content = io.BytesIO()
        torch.save(state, content)
        write_atomically(path, content.getvalue())

    def restore(self, checkpoint: dict[str, Any]) -> None:
        if checkpoint["drawn"] != self._checksum_of_drawings():
            raise InvalidRun(
                "What is drawn to learn from is not what the run started with: the pen strokes, or "
                "how they are drawn, have changed. Start another run (--out)."
            )
        self.history = [Epoch(**row) for row in checkpoint["history"]]
        self.best = checkpoint["best"]
        self.network.load_state_dict(checkpoint["network"])
        self._average.load_state_dict(checkpoint["average"])
        self._optimizer.load_state_dict(checkpoint["optimizer"])
        self._scheduler.load_state_dict(checkpoint["scheduler"])

    def _checksum_of_drawings(self) -> int:
        return zlib.crc32(b"".join(source.pictures[::100].tobytes() for source in self.data.beside))

    def _fit(self, number: int, report: Report) -> tuple[float, float]:
        """Fit one epoch; the loss and the accuracy over its pictures."""
        order = _order(self.sources, generator_of(self.settings.seed, number))
        batches = torch.split(order, self.recipe.batch_size)
        if len(batches[-1]) < self.team.size:  # somebody would have nothing to do
            batches = batches[:-1]
        bending = generator_of(self.settings.seed, number, 1 + self.team.rank)
        torch.manual_seed(bending.initial_seed())  # for dropout
        self._together.train()
        loss_sum, count, right, digits = 0.0, 0, 0.0, 0
        for step, batch in enumerate(batches, start=1):
            mine = batch[self.team.rank :: self.team.size]
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
        with torch.autocast(self._device_type, torch.bfloat16, enabled=self._bfloat16):
            logits = self._together(seen)
        logits = logits.reshape(len(seen), -1, CLASSES).float()  # (N, members, 10)
        targets = self._targets(labels)[:, None].expand_as(logits)
        loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten(0, 1))
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        self._scheduler.step()
        self._average.update_parameters(self.network)
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

    def _targets(self, labels: Tensor) -> Tensor:
        """What the probabilities (N, 10) should be: for what is no digit, all the same."""
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

    def _validate(self) -> tuple[float, float]:
        """Loss and accuracy of the averaged network on the validation pictures."""
        logits = self.validation_logits(self._average.eval())
        labels = torch.from_numpy(self.data.validation_labels).long()
        accuracy = (logits.argmax(1) == labels).double().mean()
        return F.cross_entropy(logits, labels).item(), accuracy.item()


def _order(sources: Sequence[Source], generator: torch.Generator) -> Tensor:
    """The pictures (N, 2) of an epoch, shuffled: the number of a source, and a place in it."""
    chosen = []
    for number, source in enumerate(sources):
        places = torch.randperm(len(source.labels), generator=generator)[: source.per_epoch]
        chosen.append(torch.stack([torch.full_like(places, number), places], 1))
    together = torch.cat(chosen)
    return together[torch.randperm(len(together), generator=generator)]


def adamw_in_one_cycle(
    network: nn.Module, peak: float, weight_decay: float, steps: int, warm_up: float
) -> tuple[torch.optim.AdamW, torch.optim.lr_scheduler.OneCycleLR]:
    """An optimiser, and a schedule of `steps` whose learning rate rises to the peak for the share
    `warm_up` of them."""
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=peak, weight_decay=weight_decay, fused=True
    )
    # PyTorch divides by zero in a cycle of a few steps, which only a trial has.
    total_steps = max(steps + 1, 10)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=peak, total_steps=total_steps, pct_start=warm_up
    )
    return optimizer, scheduler


def moving_average(decay: float) -> Callable[[Tensors, Tensors, Tensor | int], None]:
    """An exponential moving average that starts fast, so that short runs have one too."""

    def update(averaged: Tensors, current: Tensors, count: Tensor | int) -> None:
        kept = min(decay, (1 + int(count)) / (10 + int(count)))
        torch._foreach_lerp_(averaged, current, 1 - kept)

    return update


def generator_of(*seeds: int) -> torch.Generator:
    """A generator for that combination of numbers, and no other."""
    [state] = np.random.SeedSequence(seeds).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state >> np.uint64(1)))


def is_fast_in_bfloat16(device: str) -> bool:
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    if device != "cpu" or not hasattr(torch.cpu, "get_capabilities"):
        return False
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
