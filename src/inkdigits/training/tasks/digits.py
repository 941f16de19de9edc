"""The task of reading single digits: `digits.onnx`, in NumPy or with PyTorch."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from inkdigits import __version__, figures
from inkdigits.cores import cores
from inkdigits.datasets.mnist import load_mnist
from inkdigits.modelfile.build import CLASSES, Facts, build_model, describe
from inkdigits.modelfile.calibration import calibrate
from inkdigits.modelfile.normalizer import Normalizer, normalizer
from inkdigits.reader import Reader
from inkdigits.scratch.recipes import ScratchRecipe
from inkdigits.training.data import MNIST, Data, training_data, with_real_ink
from inkdigits.training.drawings import Drawer
from inkdigits.training.fit import AND, DigitFitting, Fitting, InvalidRun, Result, Settings
from inkdigits.training.folder import RunFolder
from inkdigits.training.tasks.task import Outcome, Task
from inkdigits.training.writers import (
    DataDir,
    handwriting_fonts,
    other_characters,
    written_digits,
)


class Digits(Task):
    """MNIST, or another data set of single digits, and perhaps drawings beside it."""

    data = MNIST
    missed = "misread"

    def __init__(self, recipe: Any) -> None:
        """Of `inkdigits.scratch.recipes` or `inkdigits.training.recipes`."""
        self._recipe = recipe
        self._real_ink = None if isinstance(recipe, ScratchRecipe) else recipe.real_ink

    @property
    def fitting(self) -> type[Fitting]:
        """Each imports what it needs."""
        if isinstance(self._recipe, ScratchRecipe):
            from inkdigits.training.scratch_fit import ScratchFitting

            return ScratchFitting
        from inkdigits.training.tasks.torch_digits import TorchDigits

        return TorchDigits

    def code(self) -> bytes:
        normalising = normalizer().SerializeToString(deterministic=True)
        fingerprint: str = self._recipe.fingerprint()
        return fingerprint.encode() + bytes(normalising)

    def batch_size(self, settings: Settings) -> float:
        usual = self._recipe.batch_size or math.inf
        return min(usual, settings.limit or usual)

    def check(self, settings: Settings) -> None:
        super().check(settings)
        if settings.start_from and isinstance(self._recipe, ScratchRecipe):
            raise InvalidRun(f"{settings.recipe} starts anew. Leave out --start-from.")
        if settings.without_writers is not None and self._real_ink is None:
            raise InvalidRun(
                f"{settings.recipe} learns from no writer's pen strokes: all are kept out."
            )

    def load(self, settings: Settings, data_dir: DataDir) -> tuple[Data, Drawer | None]:
        data = training_data(
            settings.data_sets,
            settings.limit,
            data_dir,
            validation=settings.validation,
            fold=settings.fold,
            seed=settings.seed,
        )
        if not self._real_ink:
            return data, None
        load_mnist("train", data_dir)  # whoever draws looks for these later
        handwriting_fonts(data_dir)
        other_characters(data_dir)
        digits = written_digits(data_dir, settings.without_writers)
        return data, Drawer(digits, self._real_ink.limited(settings.limit), data_dir, settings.seed)

    def prepared(
        self, data: Any, settings: Settings, folder: RunFolder, console: Console | None
    ) -> Data:
        training: Data = data[0]
        drawer: Drawer | None = data[1]
        if drawer:
            training = with_real_ink(training, drawer, folder.drawings, settings.limit, console)
        if training.missing:
            digits = ", ".join(map(str, training.missing))
            (console or Console(stderr=True)).print(
                f"{settings.data} has no pictures of {digits} to learn from, so the network will "
                "never read these.",
                soft_wrap=True,
            )
        return training

    def trained_on(self, settings: Settings, data: Data) -> str:
        """As the model file says it."""
        whole = settings.fold or settings.validation == 0
        mnist = "mnist:train+validation" if whole else "MNIST"
        names = [mnist if name == MNIST else name for name in settings.data_sets]
        trained_on = f"{AND.join(names)}, {len(data.labels):,} training pictures"
        if data.beside:
            trained_on += ", pen strokes of UCI's pendigits"
            if settings.without_writers:
                trained_on += f" but those of writers {settings.without_writers}"
            trained_on += ", national forms, handwriting fonts, pages, and what is no digit"
        if settings.teachers:
            trained_on += f"; taught by other networks: {len(settings.teachers.split())}"
        return trained_on

    def outcome(self, fitting: DigitFitting, data_dir: DataDir, *, measure_test: bool) -> Outcome:
        data, settings = fitting.data, fitting.settings
        result = fitting.result()
        calibration = calibrate(result.validation_logits, data.validation_labels)
        facts = Facts(
            name=settings.recipe,
            version=__version__,
            trained_on=self.trained_on(settings, data),
            revision=settings.revision,
        )
        model = build_model(result.network, calibration, facts)
        reader = Reader(model.SerializeToString(), threads=cores())
        probabilities = np.empty((0, CLASSES), np.float32)
        if len(data.validation_labels):
            probabilities = reader.outputs(data.validation_pictures)["probabilities"]
        right = probabilities.argmax(axis=1) == data.validation_labels
        accuracy = {name: float(right[part].mean()) for name, part in data.validation_parts.items()}
        if measure_test:
            pictures, labels = load_mnist("test", data_dir)
            accuracy["mnist:test"] = float((reader.predict(pictures) == labels).mean())
        facts = replace(facts, accuracy=accuracy)
        describe(model, facts)
        story = {
            **asdict(facts),
            **asdict(calibration),
            "validation_pictures": len(data.validation_labels),
            "parameters": result.parameters,
            "epoch": result.epoch.epoch,
        }

        def leave(folder: RunFolder) -> None:
            fitting.save_network(folder.path, calibration)
            _draw(settings.recipe, data, result, probabilities, folder)

        return Outcome(model, story, leave)


def _draw(
    name: str, data: Data, result: Result, probabilities: NDArray[np.float32], folder: RunFolder
) -> None:
    if len(data.validation_labels):
        seen = Normalizer()(data.validation_pictures)
        mistakes = figures.mistakes(seen, data.validation_labels, probabilities, name)
        figures.write(mistakes, folder.mistakes)
    if result.pixel_weights is not None:
        figures.write(figures.units(result.pixel_weights, name), folder.units)
    if result.kernels:
        figures.write(figures.filters(result.kernels, name), folder.filters)
