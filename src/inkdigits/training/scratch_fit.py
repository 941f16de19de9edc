"""Fit a recipe's network from scratch, in NumPy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy

from inkdigits.atomic_file import write_atomically
from inkdigits.modelfile.build import CLASSES
from inkdigits.modelfile.calibration import Calibration
from inkdigits.modelfile.normalizer import SIDE, Normalizer
from inkdigits.scratch import Conv2D, Dense, Dropout, Flatten, NeuralNetwork, files
from inkdigits.scratch.export import to_onnx
from inkdigits.scratch.layers.skip import with_those_inside
from inkdigits.scratch.recipes import ScratchRecipe
from inkdigits.training.data import Data
from inkdigits.training.fit import (
    NUMPY_CHECKPOINT,
    DigitFitting,
    Epoch,
    InvalidRun,
    Report,
    Result,
    Settings,
)
from inkdigits.training.folder import RunFolder
from inkdigits.training.process_group import ProcessGroup, group_size

BEST = "best."
"""The names of the best epoch's tensors begin with it in a checkpoint."""


class ScratchFitting(DigitFitting):
    """The state of one training run; most of it is the network's own."""

    checkpoint_name = NUMPY_CHECKPOINT
    threads = 1
    recipe: ScratchRecipe

    def __init__(
        self,
        recipe: ScratchRecipe,
        settings: Settings,
        data: Data,
        device: str,
        group: ProcessGroup,
    ) -> None:
        super().__init__(recipe, settings, data, device, group)
        self.network = recipe.network(
            epochs=settings.epochs, seed=settings.seed, threads=settings.threads
        )
        self.network.begin((SIDE, SIDE), range(CLASSES))
        to_onnx(self.network)  # or else say now what cannot be exported
        files.describe(self.network)  # or saved
        normalize = Normalizer()
        self._seen = normalize(data.pictures)
        self._validation_seen = normalize(data.validation_pictures)
        self._best: dict[str, Any] = {}

    @staticmethod
    def usable_device(name: str) -> str:
        if name not in ("auto", "cpu"):
            raise InvalidRun(
                f"A network in NumPy trains on the CPU, not on {name}. Leave out --device."
            )
        if group_size() > 1:
            raise InvalidRun("A network in NumPy trains in one process. Start it without torchrun.")
        return "cpu"

    def epochs(self, report: Report) -> Iterator[Epoch]:
        labels = self.data.validation_labels
        rows = self.network.fit_by_epoch(
            self._seen,
            self.data.labels,
            validation_data=(self._validation_seen, labels) if len(labels) else None,
            resume=True,  # from what `begin` or `restore` made
            report=report,
        )
        for row in rows:
            epoch = Epoch(**row)
            self.history.append(epoch)
            if self.best_epoch is epoch:
                self._best = self.network.tensors()
            yield epoch

    def save(self, path: Path) -> None:
        best = {f"{BEST}{name}": array for name, array in self._best.items()}
        story = {
            "settings": asdict(self.settings),
            "data": self.data.checksum,
            "network": files.describe(self.network),
        }
        content = safetensors.numpy.save(
            files.tensors(self.network) | best, metadata={"story": json.dumps(story)}
        )
        write_atomically(path, content)

    @staticmethod
    def read_checkpoint(path: Path) -> dict[str, Any]:
        with safetensors.safe_open(path, framework="numpy") as file:
            story: dict[str, Any] = json.loads(file.metadata()["story"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return story | {"tensors": tensors}

    def restore(self, checkpoint: dict[str, Any]) -> None:
        self.check_data(checkpoint.get("data"))
        last = {k: v for k, v in checkpoint["tensors"].items() if not k.startswith(BEST)}
        self._best = {
            name.removeprefix(BEST): array
            for name, array in checkpoint["tensors"].items()
            if name.startswith(BEST)
        }
        own = {type(part) for part in self.recipe.parts}
        self.network = files.restore(NeuralNetwork, checkpoint["network"], last, [*own])
        self.network.epochs = self.settings.epochs
        self.remember([Epoch(**row) for row in self.network.history_])

    def result(self) -> Result:
        if not self.is_finished:
            self.network.set_tensors(self._best)
        layers = self.network.layers_
        validation = self._validation_seen
        return Result(
            epoch=self.history[-1] if self.is_finished else self.best_epoch,
            network=to_onnx(self.network),
            validation_logits=self.network.logits(validation)
            if len(validation)
            else np.empty((0, CLASSES), np.float32),
            parameters=sum(p.size for layer in layers for p in layer.parameters.values()),
            pixel_weights=_pixel_weights(self.network),
            kernels=[
                layer.parameters["weights"].transpose(3, 2, 0, 1)
                for layer in with_those_inside(layers)
                if isinstance(layer, Conv2D)
            ],
        )

    def save_network(self, folder: Path, calibration: Calibration) -> None:
        self.network.calibration_ = calibration
        self.network.save(RunFolder(folder).network)


def _pixel_weights(network: NeuralNetwork) -> Any:
    """(units, 28, 28) if the first layer that changes the pixels is dense, else None."""
    first = next(x for x in network.layers_ if not isinstance(x, Flatten | Dropout))
    if not isinstance(first, Dense):
        return None
    return first.parameters["weights"].T.reshape(-1, SIDE, SIDE)
