"""Fit a network with PyTorch: what all tasks have in common."""

from __future__ import annotations

import io
import math
import os
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel

from inkdigits.atomic_file import write_atomically
from inkdigits.training.fit import PYTORCH_CHECKPOINT, Epoch, Fitting, InvalidRun, Report, Settings
from inkdigits.training.process_group import ProcessGroup, group_size

Tensors = tuple[Tensor, ...] | list[Tensor]


class TorchFitting(Fitting):
    """The state of one training run: a network, its moving average, an optimiser.

    Everything random in an epoch comes from the seed, the epoch's number and the process's rank,
    so that a run which resumes at an epoch goes on as if it had never stopped.
    """

    checkpoint_name = PYTORCH_CHECKPOINT
    warm_up: ClassVar[float]
    """For this share of the steps the learning rate rises."""
    longest_gradient: ClassVar[float] = math.inf
    """A longer gradient is made so long: gradient clipping."""

    def __init__(
        self,
        recipe: Any,
        settings: Settings,
        data: Any,
        device: str,
        group: ProcessGroup,
        *,
        network: Callable[[], nn.Module],
        steps: int,
    ) -> None:
        """`network` makes a new one; an epoch has so many `steps`."""
        super().__init__(recipe, settings, data, device, group)
        self.best: dict[str, Tensor] = {}
        """The averaged network's state after its best epoch."""
        self.steps = steps
        self._new_network = network
        if settings.threads:
            torch.set_num_threads(settings.threads)
        torch.manual_seed(settings.seed)
        self.network = network().to(device)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._average = AveragedModel(
            self.network, multi_avg_fn=moving_average(recipe.average_decay)
        )
        self._together: nn.Module = self.network
        if self.group.size > 1:
            self._together = DistributedDataParallel(self.network)
        self._optimizer, self._scheduler = adamw_in_one_cycle(
            self.network,
            recipe.learning_rate,
            recipe.weight_decay,
            steps=steps * settings.epochs,
            warm_up=self.warm_up,
        )
        self._device_type = torch.device(device).type
        self._bfloat16 = is_fast_in_bfloat16(self._device_type)

    @staticmethod
    def usable_device(name: str) -> str:
        if name == "auto":
            name = "cuda" if torch.cuda.is_available() else "cpu"
        if name == "cuda" and group_size() > 1:
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

    @abstractmethod
    def fit_epoch(self, number: int, report: Report) -> tuple[float, float]:
        """Fit one epoch: its mean loss, and how much was right."""

    @abstractmethod
    def validate(self, network: nn.Module) -> tuple[float, float]:
        """A network's loss on the validation set, and how much is right."""

    def epochs(self, report: Report) -> Iterator[Epoch]:
        for number in range(len(self.history) + 1, self.settings.epochs + 1):
            start = time.perf_counter()
            learning_rate = self._scheduler.get_last_lr()[0]
            self._together.train()
            loss, accuracy = self.fit_epoch(number, report)
            # Only the main process's figures are ever shown or kept.
            validation = (math.nan, math.nan)
            if self.group.is_main:
                validation = self.validate(self._average.module.eval())
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

    def outputs(self, seen: Tensor) -> Any:
        """What the network gives, while it learns, for what it sees."""
        with torch.autocast(self._device_type, torch.bfloat16, enabled=self._bfloat16):
            return self._together(seen.to(self.device))

    def descend(self, loss: Tensor) -> None:
        """One step down the gradient of a loss."""
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        if self.longest_gradient < math.inf:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.longest_gradient)
        self._optimizer.step()
        self._scheduler.step()
        self._average.update_parameters(self.network)

    def averaged_network(self) -> tuple[Epoch, nn.Module]:
        """The averaged network of the result, on the CPU, and the epoch it is from."""
        row = self.history[-1] if self.is_finished else self.best_epoch
        state = self._average.module.state_dict() if self.is_finished else self.best
        network = self._new_network()
        network.load_state_dict(state)
        return row, network.eval()

    def start_from(self, *paths: Path) -> None:
        mean: dict[str, Any] = dict.fromkeys(self.network.state_dict(), 0.0)
        for path in paths:
            self._load_weights(path)
            for name, value in self.network.state_dict().items():
                mean[name] = mean[name] + value.double() / len(paths)
        self.network.load_state_dict(mean)

    def _load_weights(self, path: Path) -> None:
        try:
            self.network.load_state_dict(safetensors.torch.load_file(path))
        except Exception as error:  # of safetensors and PyTorch
            what = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".: ")
            raise InvalidRun(
                f"Training cannot start from {path}: {what}. Name the weights.safetensors in the "
                f"folder of a run of {self.settings.recipe}."
            ) from error

    def save_weights(self, path: Path) -> None:
        """Leave the averaged network of the result for another run to start from.

        Kernels and matrices are float16, which takes half the space.
        """
        state = self.averaged_network()[1].state_dict()
        smaller = {
            key: (value.half() if value.is_floating_point() and value.ndim > 1 else value)
            for key, value in state.items()
        }
        content = {key: value.contiguous() for key, value in smaller.items()}
        write_atomically(path, safetensors.torch.save(content))

    def save(self, path: Path) -> None:
        state = {
            **self.also_kept(),
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

    def also_kept(self) -> dict[str, Any]:
        """What else stands in a checkpoint."""
        return {}

    def restore(self, checkpoint: dict[str, Any]) -> None:
        self.remember([Epoch(**row) for row in checkpoint["history"]])
        self.best = checkpoint["best"]
        self.network.load_state_dict(checkpoint["network"])
        self._average.load_state_dict(checkpoint["average"])
        self._optimizer.load_state_dict(checkpoint["optimizer"])
        earlier = checkpoint["scheduler"]
        if checkpoint["settings"]["epochs"] == self.settings.epochs:
            self._scheduler.load_state_dict(earlier)
        else:  # where a run of so many epochs would be by now
            done = {"last_epoch": earlier["last_epoch"] - 1, "_step_count": earlier["_step_count"]}
            self._scheduler.load_state_dict(done)
            self._scheduler.step()


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
    """A generator for that combination of numbers, and no other but the same with zeros at its end:
    NumPy does not tell these apart."""
    [state] = np.random.SeedSequence(seeds).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state >> np.uint64(1)))


def is_fast_in_bfloat16(device: str) -> bool:
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    if device != "cpu" or not hasattr(torch.cpu, "get_capabilities"):
        return False
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
