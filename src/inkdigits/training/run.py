"""Train a recipe: a folder with its checkpoint, history, pictures, metrics and model file."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from inkdigits import __version__
from inkdigits.atomic_file import write_atomically
from inkdigits.calibration import calibrate
from inkdigits.datasets.mnist import load_mnist
from inkdigits.errors import InkDigitsError
from inkdigits.model_file import Facts, build_model, describe, revision, write_model
from inkdigits.normalize import Normalizer, normalizer
from inkdigits.progress import TrainingBar
from inkdigits.reader import Reader
from inkdigits.scratch.recipes import ScratchRecipe
from inkdigits.training import pictures as drawn
from inkdigits.training.data import (
    MNIST,
    Data,
    DataDir,
    training_data,
    with_real_ink,
    written_digits,
)
from inkdigits.training.fit import (
    CHECKPOINT_NAMES,
    Epoch,
    Fitting,
    InvalidRun,
    Recipe,
    Result,
    Settings,
)
from inkdigits.training.team import joined_team, team_size

NOTHING_TO_KEEP = "Interrupted before the first epoch ended: there is nothing to keep."


class Interrupted(InkDigitsError):
    """Ctrl-C stopped the training; the best so far, if there was any, has been written."""


@dataclass(frozen=True)
class RunFolder:
    """The files that a run leaves, beside its checkpoint."""

    path: Path

    @property
    def model(self) -> Path:
        return self.path / "model.onnx"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics.json"

    @property
    def history(self) -> Path:
        return self.path / "history.csv"

    @property
    def curve(self) -> Path:
        """Loss and accuracy of each epoch."""
        return self.path / "curve.png"

    @property
    def mistakes(self) -> Path:
        """The worst of them."""
        return self.path / "mistakes.png"

    @property
    def weights(self) -> Path:
        """What the units of a first dense layer look for."""
        return self.path / "weights.png"

    @property
    def filters(self) -> Path:
        """What the convolutions look for."""
        return self.path / "filters.png"

    def make(self) -> None:
        """Make the folder if it is not there yet, and see that it can be written to."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=self.path).close()
        except OSError as error:
            raise InvalidRun(
                f"The folder {self.path} cannot be made or written to: {error.strerror}. "
                "Choose another (--out)."
            ) from error


def train(
    recipe: Recipe,
    out: str | os.PathLike[str],
    *,
    epochs: int | None = None,
    seed: int | None = None,
    limit: int | None = None,
    data: str | None = None,
    without_writers: str | None = None,
    data_dir: DataDir = None,
    device: str = "auto",
    resume: bool = False,
    measure_test: bool = False,
    console: Console | None = None,
) -> dict[str, Any]:
    """Train `recipe`, and leave a model file and its story in `out`.

    Args:
        recipe: what to train, of `inkdigits.scratch.recipes` or `inkdigits.training.recipes`.
        out: the run's folder; made if it does not exist.
        epochs: passes over the data; the recipe's own number if left out.
        seed: of the weights, the order of the pictures and how they are bent; 0 if left out.
        limit: train on only so many pictures, to try things out.
        data: what to train on, as `inkdigits.datasets.spec.open_dataset` names it, such as
            "csv:train.csv"; every tenth picture of it is kept for validation. MNIST's training
            part, and its validation part, if left out.
        without_writers: keep the pen strokes of these writers out, such as "25-30", of a recipe
            that learns from pen strokes; it can then be judged by them.
        data_dir: see `inkdigits.datasets.mnist.load_mnist`.
        device: "cpu", "cuda", "mps", or "auto" for "cuda" if PyTorch sees such a GPU, else "cpu".
        resume: go on from the checkpoint in `out`. On the same machine the weights end as those
            of a run that was never interrupted.
        measure_test: measure accuracy on MNIST's test part once, at the end, through the file.
        console: where progress is shown; standard error if left out.

    Returns:
        What metrics.json holds; nothing in the processes of a team that do not lead it.

    Raises:
        InvalidRun: `out` holds a run already, or none that can be resumed as asked.
        InvalidDataset: MNIST, or the pen strokes, are missing or damaged, or of no such writers.
        Interrupted: Ctrl-C.
    """
    folder = RunFolder(Path(out))
    fitting_type = _fitting_type(recipe)
    usable_device = fitting_type.usable_device(device)
    checkpoint_file = folder.path / fitting_type.checkpoint_name
    others = {name for name in CHECKPOINT_NAMES if (folder.path / name).exists()}
    if others - {checkpoint_file.name}:
        raise of_another_recipe(folder.path)
    checkpoint = _read_checkpoint(fitting_type, checkpoint_file) if resume else None
    if checkpoint is None and checkpoint_file.exists():
        raise holds_a_run(folder.path)
    if without_writers is not None and recipe.real_ink is None:
        raise InvalidRun(f"{recipe.name} learns from no writer's pen strokes: all are kept out.")
    asked = {
        "epochs": epochs,
        "seed": seed,
        "limit": limit,
        "data": data,
        "without_writers": without_writers,
    }
    settings = _settings(folder, checkpoint, recipe, asked)
    with joined_team(usable_device) as team:
        # The leader fetches what is missing; the others then find it.
        with team.leader_first():
            training = training_data(settings.data, settings.limit, data_dir)
            digits = written_digits(data_dir, settings.without_writers) if recipe.real_ink else []
        if team.leads:
            folder.make()
        try:
            if recipe.real_ink:
                training = with_real_ink(
                    training,
                    recipe.real_ink,
                    digits,
                    settings.limit,
                    settings.seed,
                    console if team.leads else Console(quiet=True),
                )
        except KeyboardInterrupt:
            if not team.leads:
                return {}  # the leader says what is to be said
            raise Interrupted(NOTHING_TO_KEEP) from None
        fitting = fitting_type(recipe, settings, training, usable_device, team)
        if checkpoint:
            _restore(fitting, checkpoint, checkpoint_file)
        try:
            _fit(fitting, checkpoint_file, folder, console)
        except KeyboardInterrupt:
            if not team.leads:
                return {}
            raise _interrupted(fitting, folder) from None
        if not team.leads:
            return {}
        test = load_mnist("test", data_dir) if measure_test else None
        return _finish(fitting, folder, test)


def _fitting_type(recipe: Recipe) -> type[Fitting]:
    """Who fits that recipe; each imports what it needs."""
    if isinstance(recipe, ScratchRecipe):
        from inkdigits.training.scratch_fit import ScratchFitting

        return ScratchFitting
    from inkdigits.training.torch_fit import TorchFitting

    return TorchFitting


def _settings(
    folder: RunFolder,
    checkpoint: dict[str, Any] | None,
    recipe: Recipe,
    asked: dict[str, Any],
) -> Settings:
    """What was asked for; when resuming what was asked for then, which must not differ."""
    now = Settings(
        recipe=recipe.name,
        epochs=asked["epochs"] or recipe.epochs,
        seed=asked["seed"] or 0,
        limit=asked["limit"],
        processes=team_size(),
        code=_code(recipe),
        revision=revision(),
        data=asked["data"] or MNIST,
        without_writers=asked["without_writers"],
    )
    if checkpoint is None:
        return now
    earlier = Settings(**checkpoint["settings"])
    another = "Resume it as it was started, or start another (--out)."
    for name, value in {**asked, "recipe": now.recipe, "processes": now.processes}.items():
        if value not in (None, getattr(earlier, name)):
            raise InvalidRun(
                f"The run in {folder.path} has {name} {getattr(earlier, name)}, not {value}. "
                f"{another}"
            )
    if now.code != earlier.code:
        raise InvalidRun(
            f"The recipe or the normaliser has changed since revision {earlier.revision} started "
            f"the run in {folder.path}. {another}"
        )
    return earlier


def _code(recipe: Recipe) -> str:
    """Changes with what a run's outcome depends on beside its settings and data."""
    parts = (recipe.fingerprint().encode(), normalizer().SerializeToString(deterministic=True))
    return hashlib.sha256(b"".join(parts)).hexdigest()


def _fit(fitting: Fitting, checkpoint: Path, folder: RunFolder, console: Console | None) -> None:
    """Fit the epochs that are left, with a bar, and a checkpoint after each."""
    if fitting.is_finished:
        return
    leads = fitting.team.leads
    bar = TrainingBar(fitting.settings.epochs, console=console, shown=leads)

    def kept_rows() -> Iterator[dict[str, Any]]:
        for row in fitting.epochs(bar.report):
            if leads:
                fitting.save(checkpoint)
                write_history(folder.history, fitting.history)
            yield asdict(row)

    for _ in bar.follow(kept_rows()):
        pass


def _interrupted(fitting: Fitting, folder: RunFolder) -> Interrupted:
    done, total = len(fitting.history), fitting.settings.epochs
    if not done:
        return Interrupted(NOTHING_TO_KEEP)
    _finish(fitting, folder)
    return Interrupted(
        f"Interrupted after {done} of {total} epochs. The best so far is {folder.model}; "
        "go on with --resume."
    )


def _finish(
    fitting: Fitting,
    folder: RunFolder,
    test: tuple[NDArray[np.uint8], NDArray[np.uint8]] | None = None,
) -> dict[str, Any]:
    """Calibrate, measure through the very file that is written, and tell the story."""
    data = fitting.data
    result = fitting.result()
    calibration = calibrate(result.validation_logits, data.validation_labels)
    fitting.save_network(folder.path, calibration)

    facts = Facts(
        name=fitting.recipe.name,
        version=__version__,
        trained_on=_trained_on(fitting.settings, data),
        revision=fitting.settings.revision,
    )
    model = build_model(result.network, calibration, facts)
    reader = Reader(model.SerializeToString(), threads=os.cpu_count() or 1)
    probabilities = reader.predict_proba(data.validation_pictures)
    right = probabilities.argmax(axis=1) == data.validation_labels
    accuracy = {name: float(right[part].mean()) for name, part in data.validation_parts.items()}
    if test is not None:
        pictures, labels = test
        accuracy["mnist:test"] = float((reader.predict(pictures) == labels).mean())
    facts = replace(facts, accuracy=accuracy)
    describe(model, facts)
    write_model(folder.model, model)

    metrics = {
        **asdict(fitting.settings),
        **asdict(facts),
        **asdict(calibration),
        "parameters": result.parameters,
        "epochs_done": len(fitting.history),
        "epoch": result.epoch.epoch,
        "seconds": round(sum(row.seconds for row in fitting.history), 1),
        "device": fitting.device,
        "file_bytes": folder.model.stat().st_size,
    }
    write_atomically(folder.metrics, (json.dumps(metrics, indent=2) + "\n").encode())
    _draw(fitting, result, probabilities, folder)
    return metrics


def _trained_on(settings: Settings, data: Data) -> str:
    name = "MNIST" if settings.data == MNIST else settings.data
    trained_on = f"{name}, {len(data.labels):,} training pictures"
    if data.beside:
        trained_on += ", pen strokes of UCI's pendigits"
        if settings.without_writers:
            trained_on += f" but those of writers {settings.without_writers}"
        trained_on += ", and drawings of no digit"
    return trained_on


def _draw(
    fitting: Fitting, result: Result, probabilities: NDArray[np.float32], folder: RunFolder
) -> None:
    """Leave the pictures of a run."""
    name, data = fitting.recipe.name, fitting.data
    drawn.draw_curve([asdict(row) for row in fitting.history], folder.curve, name)
    seen = Normalizer()(data.validation_pictures)
    drawn.draw_mistakes(seen, data.validation_labels, probabilities, folder.mistakes, name)
    if result.pixel_weights is not None:
        drawn.draw_weights(result.pixel_weights, folder.weights, name)
    if result.kernels:
        drawn.draw_filters(result.kernels, folder.filters, name)


def _read_checkpoint(fitting_type: type[Fitting], path: Path) -> dict[str, Any]:
    if not path.exists():
        raise nothing_to_resume(path)
    try:
        checkpoint = fitting_type.read_checkpoint(path)
        of_a_lesson = "lesson" in checkpoint["settings"]
        if not of_a_lesson:
            Settings(**checkpoint["settings"])
    except Exception as error:  # pickle, zip, PyTorch and safetensors each have their own kinds
        raise damaged(path, error) from error
    if of_a_lesson:
        raise of_another_recipe(path.parent)
    return checkpoint


def _restore(fitting: Fitting, checkpoint: dict[str, Any], path: Path) -> None:
    try:
        fitting.restore(checkpoint)
    except InvalidRun:
        raise
    except Exception as error:  # likewise
        raise damaged(path, error) from error


def damaged(path: Path, error: Exception) -> InvalidRun:
    return InvalidRun(
        f"{path} is damaged, or of another version of inkdigits: {error!r}. "
        "Start the run anew in another folder (--out)."
    )


def holds_a_run(folder: Path) -> InvalidRun:
    return InvalidRun(
        f"{folder} holds a run already. Go on with it (--resume), or choose another folder (--out)."
    )


def nothing_to_resume(path: Path) -> InvalidRun:
    return InvalidRun(
        f"{path.parent} holds no {path.name} to resume. Leave out --resume to start a run."
    )


def of_another_recipe(folder: Path) -> InvalidRun:
    return InvalidRun(f"{folder} holds a run of another recipe. Choose another folder (--out).")


def write_history(path: Path, history: list[Epoch]) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(asdict(history[0])))
    writer.writeheader()
    writer.writerows(asdict(row) for row in history)
    write_atomically(path, text.getvalue().encode())
