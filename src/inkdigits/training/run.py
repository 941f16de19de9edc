"""Train a recipe: a folder with its checkpoint, history, curve, metrics and model file."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from inkdigits import __version__
from inkdigits.datasets.mnist import load_mnist
from inkdigits.errors import InkDigitsError
from inkdigits.model_file import Facts, build_model, describe, revision, write_model
from inkdigits.normalize import normalizer
from inkdigits.reader import Reader
from inkdigits.training.calibration import calibrate
from inkdigits.training.curve import plot_curve
from inkdigits.training.export import to_onnx
from inkdigits.training.fit import Data, Epoch, Fitting, Settings
from inkdigits.training.recipes import Recipe
from inkdigits.training.team import joined_team, team_size

DataDir = str | os.PathLike[str] | None


class InvalidRun(InkDigitsError):
    """A run cannot be started or resumed as asked."""


class Interrupted(InkDigitsError):
    """Ctrl-C stopped the training; the best so far, if there was any, has been written."""


@dataclass(frozen=True)
class RunFolder:
    """The files that a run leaves."""

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
        return self.path / "curve.png"

    @property
    def checkpoint(self) -> Path:
        return self.path / "checkpoint.pt"

    def make(self) -> None:
        """Make the folder if it is not there yet."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InvalidRun(
                f"The folder {self.path} cannot be made: {error.strerror}. Choose another (--out)."
            ) from error


def train(
    recipe: Recipe,
    out: str | os.PathLike[str],
    *,
    epochs: int | None = None,
    seed: int | None = None,
    limit: int | None = None,
    data_dir: DataDir = None,
    device: str = "auto",
    resume: bool = False,
    measure_test: bool = False,
    console: Console | None = None,
) -> dict[str, Any]:
    """Train `recipe` on MNIST's training part and leave a model file and its story in `out`.

    Args:
        recipe: what to train.
        out: the run's folder; made if it does not exist.
        epochs: passes over the data; the recipe's own number if left out.
        seed: of the weights, the order of the pictures and how they are bent; 0 if left out.
        limit: train on only so many pictures, to try things out.
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
        InvalidDataset: MNIST is missing or damaged.
        Interrupted: Ctrl-C.
    """
    folder = RunFolder(Path(out))
    usable_device = _usable_device(device)
    checkpoint = _read_checkpoint(folder) if resume else None
    if checkpoint is None and folder.checkpoint.exists():
        raise InvalidRun(
            f"{folder.path} holds a run already. "
            "Go on with it (--resume), or choose another folder (--out)."
        )
    settings = _settings(folder, checkpoint, recipe, epochs, seed, limit)
    with joined_team(usable_device) as team:
        # The leader fetches what is missing; the others then find it.
        with team.leader_first():
            pictures, labels = load_mnist("train", data_dir)
            validation = load_mnist("validation", data_dir)
        data = Data(pictures[: settings.limit], labels[: settings.limit], *validation)
        fitting = Fitting(recipe, settings, data, usable_device, team)
        if checkpoint:
            fitting.restore(checkpoint)
        if team.leads:
            folder.make()
        try:
            _fit(fitting, folder, console or Console(stderr=True))
        except KeyboardInterrupt:
            if not team.leads:
                return {}  # the leader says what is to be said
            raise _interrupted(fitting, folder) from None
        if not team.leads:
            return {}
        test = load_mnist("test", data_dir) if measure_test else None
        return _finish(fitting, folder, test)


def _settings(
    folder: RunFolder,
    checkpoint: dict[str, Any] | None,
    recipe: Recipe,
    epochs: int | None,
    seed: int | None,
    limit: int | None,
) -> Settings:
    """What was asked for; when resuming what was asked for then, which must not differ."""
    now = Settings(
        recipe=recipe.name,
        epochs=epochs or recipe.epochs,
        seed=seed or 0,
        limit=limit,
        processes=team_size(),
        code=_code(recipe),
        revision=revision(),
    )
    if checkpoint is None:
        return now
    earlier = Settings(**checkpoint["settings"])
    another = "Resume it as it was started, or start another (--out)."
    asked = {"epochs": epochs, "seed": seed, "limit": limit}
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
    """Changes with all that a run's outcome depends on beside its settings and data."""
    parts = (recipe.fingerprint().encode(), normalizer().SerializeToString(deterministic=True))
    return hashlib.sha256(b"".join(parts)).hexdigest()


def _fit(fitting: Fitting, folder: RunFolder, console: Console) -> None:
    """Fit the epochs that are left, with a bar, and a checkpoint after each."""
    leads, total = fitting.team.leads, fitting.settings.epochs
    with Progress(
        BarColumn(),
        TextColumn("{task.description}"),
        TextColumn("time left"),
        TimeRemainingColumn(),
        console=console,
        disable=not leads,
    ) as progress:
        bar = progress.add_task("starting", total=total * fitting.steps)

        def report(epoch: int, step: int, loss: float) -> None:
            text = f"epoch {epoch}/{total}  loss {loss:.4f}"
            if fitting.history:
                text += f"  validation accuracy {fitting.history[-1].validation_accuracy:.2%}"
            done = (epoch - 1) * fitting.steps + step
            progress.update(bar, completed=done, description=text)

        for row in fitting.epochs(report):
            if leads:
                fitting.save(folder.checkpoint)
                _write_history(folder.history, fitting.history)
                progress.console.print(_row_text(row, total), highlight=False, soft_wrap=True)


def _interrupted(fitting: Fitting, folder: RunFolder) -> Interrupted:
    done, total = len(fitting.history), fitting.settings.epochs
    if not done:
        return Interrupted("Interrupted before the first epoch ended: there is nothing to keep.")
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
    epoch, network = fitting.result()
    logits = fitting.validation_logits(network.to(fitting.device))
    calibration = calibrate(logits, torch.from_numpy(data.validation_labels).long())

    facts = Facts(
        name=fitting.recipe.name,
        version=__version__,
        trained_on=f"MNIST, {len(data.labels):,} training pictures",
        revision=fitting.settings.revision,
    )
    model = build_model(to_onnx(network), calibration, facts)
    reader = Reader(model.SerializeToString(), threads=torch.get_num_threads())
    parts = {"mnist:validation": (data.validation_pictures, data.validation_labels)}
    if test is not None:
        parts["mnist:test"] = test
    accuracy = {
        name: float((reader.predict(pictures) == labels).mean())
        for name, (pictures, labels) in parts.items()
    }
    facts = replace(facts, accuracy=accuracy)
    describe(model, facts)
    write_model(folder.model, model)

    metrics = {
        **asdict(fitting.settings),
        **asdict(facts),
        **asdict(calibration),
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "epochs_done": len(fitting.history),
        "epoch": epoch.epoch,
        "seconds": round(sum(row.seconds for row in fitting.history), 1),
        "device": str(fitting.device),
        "file_bytes": folder.model.stat().st_size,
    }
    folder.metrics.write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    plot_curve([asdict(row) for row in fitting.history], folder.curve, title=fitting.recipe.name)
    return metrics


def _read_checkpoint(folder: RunFolder) -> dict[str, Any]:
    path = folder.checkpoint
    if not path.exists():
        raise InvalidRun(
            f"{folder.path} holds no checkpoint to resume. Leave out --resume to start a run."
        )
    try:
        checkpoint: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        Settings(**checkpoint["settings"])
    except Exception as error:  # pickle, zip and PyTorch each have their own kinds
        raise InvalidRun(
            f"{path} is damaged, or of another version of inkdigits: {error!r}. "
            "Start the run anew in another folder (--out)."
        ) from error
    return checkpoint


def _write_history(path: Path, history: list[Epoch]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(asdict(history[0])))
        writer.writeheader()
        writer.writerows(asdict(row) for row in history)


def _row_text(row: Epoch, total: int) -> str:
    return (
        f"epoch {row.epoch:>3}/{total}  loss {row.loss:.4f}  accuracy {row.accuracy:.2%}  "
        f"validation loss {row.validation_loss:.4f}  "
        f"validation accuracy {row.validation_accuracy:.2%}  {row.seconds:.1f} s"
    )


def _usable_device(name: str) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and team_size() > 1:
        name = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InvalidRun(
            f"The device {name} cannot be used here: {error} Choose another (--device)."
        ) from error
    return device
