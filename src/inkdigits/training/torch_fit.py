"""Fit a recipe's network with PyTorch."""

from __future__ import annotations

import io
import math
import os
import time
from collections.abc import Callable, Iterator
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
from inkdigits.normalize import Normalizer
from inkdigits.training.export import to_onnx
from inkdigits.training.fit import (
    PYTORCH_CHECKPOINT,
    Data,
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
        self.steps = math.ceil(len(data.labels) / recipe.batch_size)
        """In each epoch."""

        self._normalize = Normalizer(threads=torch.get_num_threads())
        self._validation_seen = torch.from_numpy(self._normalize(data.validation_pictures))
        torch.manual_seed(settings.seed)
        self.network = recipe.network().to(device)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._average = AveragedModel(
            self.network, multi_avg_fn=_moving_average(recipe.average_decay)
        )
        self._together: nn.Module = self.network
        if self.team.size > 1:
            self._together = DistributedDataParallel(self.network)
        self._optimizer = torch.optim.AdamW(
            self.network.parameters(),
            lr=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            fused=True,
        )
        self._scheduler = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer,
            max_lr=recipe.learning_rate,
            # PyTorch divides by zero in a cycle of a few steps, which only a trial has.
            total_steps=max(self.steps * settings.epochs + 1, 10),
            pct_start=0.2,
        )
        self._device_type = torch.device(device).type
        self._bfloat16 = _is_fast_in_bfloat16(self._device_type)

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
        row, network = self.averaged_network()
        convolutions = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]
        return Result(
            epoch=row,
            network=to_onnx(network),
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
        self.history = [Epoch(**row) for row in checkpoint["history"]]
        self.best = checkpoint["best"]
        self.network.load_state_dict(checkpoint["network"])
        self._average.load_state_dict(checkpoint["average"])
        self._optimizer.load_state_dict(checkpoint["optimizer"])
        self._scheduler.load_state_dict(checkpoint["scheduler"])

    def _fit(self, number: int, report: Report) -> tuple[float, float]:
        """Fit one epoch; the loss and the accuracy over its pictures."""
        order = torch.randperm(
            len(self.data.labels), generator=_generator(self.settings.seed, number)
        )
        batches = torch.split(order, self.recipe.batch_size)
        if len(batches[-1]) < self.team.size:  # somebody would have nothing to do
            batches = batches[:-1]
        bending = _generator(self.settings.seed, number, 1 + self.team.rank)
        torch.manual_seed(bending.initial_seed())  # for dropout
        self._together.train()
        loss_sum, right, count = 0.0, 0, 0
        for step, batch in enumerate(batches, start=1):
            mine = batch[self.team.rank :: self.team.size]
            loss, right_here = self._step(mine, bending)
            loss_sum, right, count = (
                loss_sum + loss * len(mine),
                right + right_here,
                count + len(mine),
            )
            report(number, step / len(batches), loss_sum / count)
        return loss_sum / count, right / count

    def _step(self, batch: Tensor, bending: torch.Generator) -> tuple[float, int]:
        """One step down the gradient; the batch's mean loss and how many it had right."""
        seen = self._seen(batch, bending).to(self.device)
        labels = torch.from_numpy(self.data.labels[batch.numpy()]).long().to(self.device)
        with torch.autocast(self._device_type, torch.bfloat16, enabled=self._bfloat16):
            logits = self._together(seen)
        loss = F.cross_entropy(logits.float(), labels, label_smoothing=self.recipe.label_smoothing)
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        self._scheduler.step()
        self._average.update_parameters(self.network)
        return loss.item(), int((logits.argmax(1) == labels).sum())

    def _seen(self, batch: Tensor, bending: torch.Generator) -> Tensor:
        """What the network sees of these pictures: (len(batch), 28, 28)."""
        if self.recipe.augmentation is None:
            return self._all_seen[batch]
        pictures = torch.from_numpy(self.data.pictures[batch.numpy()])
        bent = self.recipe.augmentation(pictures, bending)
        return torch.from_numpy(self._normalize(bent.numpy()))

    @cached_property
    def _all_seen(self) -> Tensor:
        """What the network sees of all pictures as they are; the first epoch's time counts it."""
        return torch.from_numpy(self._normalize(self.data.pictures))

    def _validate(self) -> tuple[float, float]:
        """Loss and accuracy of the averaged network on the validation pictures."""
        logits = self.validation_logits(self._average.eval())
        labels = torch.from_numpy(self.data.validation_labels).long()
        accuracy = (logits.argmax(1) == labels).double().mean()
        return F.cross_entropy(logits, labels).item(), accuracy.item()


def _moving_average(decay: float) -> Callable[[Tensors, Tensors, Tensor | int], None]:
    """An exponential moving average that starts fast, so that short runs have one too."""

    def update(averaged: Tensors, current: Tensors, count: Tensor | int) -> None:
        kept = min(decay, (1 + int(count)) / (10 + int(count)))
        torch._foreach_lerp_(averaged, current, 1 - kept)

    return update


def _generator(*seeds: int) -> torch.Generator:
    """A generator for that combination of numbers, and no other."""
    [state] = np.random.SeedSequence(seeds).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state >> np.uint64(1)))


def _is_fast_in_bfloat16(device: str) -> bool:
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    if device != "cpu" or not hasattr(torch.cpu, "get_capabilities"):
        return False
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
