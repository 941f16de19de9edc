"""Train a recipe: a folder with its checkpoint, history, pictures, metrics and model file."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from inkdigits import figures
from inkdigits.atomic_file import write_atomically
from inkdigits.cores import cores
from inkdigits.errors import InkDigitsError
from inkdigits.modelfile.build import revision, write_model
from inkdigits.progress import TrainingBar
from inkdigits.scratch.recipes import ScratchRecipe
from inkdigits.training.changes import changed
from inkdigits.training.fit import (
    AND,
    CHECKPOINT_NAMES,
    Epoch,
    Fitting,
    InvalidRun,
    Recipe,
    Settings,
)
from inkdigits.training.folder import RunFolder
from inkdigits.training.process_group import group_size, joined_group
from inkdigits.training.tasks.task import Task
from inkdigits.training.teachers import Teachers
from inkdigits.training.writers import DataDir

TEST = "mnist:test"


class Interrupted(InkDigitsError):
    """Ctrl-C stopped the training; the best so far, if there was any, has been written."""


def train(
    recipe: Recipe,
    out: str | os.PathLike[str],
    *,
    epochs: int | None = None,
    seed: int | None = None,
    limit: int | None = None,
    data: str | Sequence[str] | None = None,
    validation: float | None = None,
    fold: str | None = None,
    changes: Mapping[str, str] | None = None,
    without_writers: str | None = None,
    start_from: str | os.PathLike[str] | Sequence[Path] | None = None,
    teachers: Sequence[Path] = (),
    data_dir: DataDir = None,
    device: str = "auto",
    threads: int | None = None,
    resume: bool = False,
    overwrite: bool = False,
    measure_test: bool = False,
    tensorboard: bool = False,
    console: Console | None = None,
) -> dict[str, Any]:
    """Train `recipe`, and leave a model file and its story in `out`.

    Args:
        recipe: what to train, of `inkdigits.scratch.recipes` or `inkdigits.training.recipes`.
        out: the run's folder; made if it does not exist.
        epochs: passes over the data; the recipe's own number if left out. A run that is resumed may
            be given another number: its schedule then goes on as that of a run of so many.
        seed: of the weights, the order of the pictures and how they are bent; 0 if left out.
        limit: train on at most so many pictures, or pages an epoch, to try things out.
        data: what to train on, as `inkdigits.datasets.spec.open_dataset` names it, such as
            "csv:train.csv", or several; "mnist" is MNIST's training part, with its validation
            part, and what is trained on if left out.
        validation: the share of other data sets that is kept for validation, chosen by the seed
            and of each digit alike; a tenth if left out. With 0 nothing is kept: no epoch is the
            best but the last, and of nothing the model is sure.
        fold: what is kept instead, such as "2/5": the second of five parts; see
            `inkdigits.training.folds`.
        changes: settings of the recipe to change, such as {"learning_rate": "0.01"}; see
            `inkdigits.training.changes.changed`.
        without_writers: keep the pen strokes of these writers out, such as "25-30", of a recipe
            that learns from pen strokes; it can then be judged by them.
        start_from: the weights.safetensors of another run with PyTorch, instead of random ones; of
            several runs that once began with the same weights it is their mean (Wortsman et al.
            2022, "Model soups").
        teachers: model files, or runs' folders, from whose probabilities a network of PyTorch
            learns beside the labels; see `inkdigits.training.teachers`. To resume the run takes
            them again.
        data_dir: see `inkdigits.datasets.mnist.load_mnist`.
        device: "cpu", "cuda", "mps", or "auto" for "cuda" if PyTorch sees such a GPU, else "cpu".
        threads: how many compute, on the CPU. If left out, one for each core with PyTorch, and one
            in NumPy: see `inkdigits.scratch.threads`.
        resume: go on from the checkpoint in `out`. On the same machine's CPU the weights end as
            those of a run that was never interrupted.
        overwrite: start anew where a run is; what it has drawn is drawn anew, too, and what another
            recipe would not leave is taken away.
        measure_test: measure on the test part, too, once, at the very end.
        tensorboard: write the history as events, too, for TensorBoard; this needs tensorboardX.
        console: where progress is shown; standard error if left out.

    Returns:
        What metrics.json holds; nothing in a process that is not the main one.

    Raises:
        InvalidRun: `out` holds a run already, or a file that a run would replace, or no run that
            can be resumed as asked.
        InvalidDataset: MNIST, or the pen strokes, are missing or damaged, or of no such writers.
        Interrupted: Ctrl-C.
    """
    folder, fitting_type = RunFolder(Path(out)), _task(recipe).fitting
    usable_device = fitting_type.usable_device(device)
    checkpoint_file = folder.path / fitting_type.checkpoint_name
    earlier = {file for name in CHECKPOINT_NAMES if (file := folder.path / name).exists()}
    if earlier - {checkpoint_file} and (resume or not overwrite):
        raise InvalidRun(
            f"{folder.path} holds a run of another recipe. Choose another folder (--out), or start "
            "anew in this one (--overwrite)."
        )
    checkpoint = _read_checkpoint(fitting_type, checkpoint_file) if resume else None
    if not resume and not overwrite:
        _check_that_nothing_is_lost(folder, checkpoint_file)
    if changes is None and checkpoint:
        changes = Settings(**checkpoint["settings"]).changes
    recipe = changed(recipe, changes or {})
    if isinstance(start_from, (str, os.PathLike)):
        start_from = [Path(start_from)]
    weights = start_from or []
    said_by = Teachers(teachers, threads or cores()) if teachers else None
    asked = {
        "epochs": epochs,
        "seed": seed,
        "limit": limit,
        "data": data if data is None or isinstance(data, str) else AND.join(data),
        "validation": validation,
        "fold": fold,
        "changes": changes and dict(changes),
        "without_writers": without_writers,
        "start_from": " ".join(map(_fingerprint, weights)) or None,
        "teachers": said_by.fingerprint if said_by else None,
        "threads": threads,
    }
    task = _task(recipe)
    settings = _settings(folder, checkpoint, recipe, task, asked)
    task.check(settings)
    if measure_test and TEST in settings.data_sets:
        raise InvalidRun(
            f"A run that learns from {TEST} cannot be measured on it. Leave out --measure-test, or "
            f"{TEST} (--data)."
        )
    fitting, is_interrupted = None, False
    with joined_group(usable_device) as group:
        try:
            # The main process fetches what is missing; the others then find it.
            with group.main_first():
                training = task.load(settings, data_dir)
            if group.is_main:
                folder.make()
                if overwrite and not resume:
                    if earlier or folder.metrics.exists():  # or what is there is no run's
                        folder.clear(kept=weights)
                    for file in earlier:
                        file.unlink(missing_ok=True)
            # It draws, too, and the others find what it has drawn.
            with group.main_first():
                training = task.prepared(
                    training, settings, folder, console if group.is_main else Console(quiet=True)
                )
            fitting = task.fitting(recipe, settings, training, usable_device, group)
            if checkpoint:
                _restore(fitting, checkpoint, checkpoint_file)
            elif weights:
                fitting.start_from(*weights)
            if said_by:
                fitting.learn_from(said_by)
            _fit(fitting, checkpoint_file, folder, tensorboard, console)
        except KeyboardInterrupt:
            is_interrupted = True
    if not group.is_main:
        return {}
    if not fitting or not fitting.history:
        raise Interrupted(_nothing_new(folder, checkpoint is not None))
    try:
        metrics = _finish(task, fitting, folder, data_dir, measure_test and not is_interrupted)
    except KeyboardInterrupt:
        raise Interrupted(
            "Interrupted before the model file was written; --resume writes it."
        ) from None
    if is_interrupted:
        raise Interrupted(
            f"Interrupted after {len(fitting.history)} of {settings.epochs} epochs. The best so "
            f"far is {folder.model}; go on with --resume."
        )
    return metrics


def _task(recipe: Recipe) -> Task:
    """What the recipe is to learn; each task imports what it needs."""
    if not isinstance(recipe, ScratchRecipe):
        from inkdigits.training.recipes import PagesRecipe
        from inkdigits.training.recipes import Recipe as TorchRecipe

        if isinstance(recipe, PagesRecipe):
            from inkdigits.training.tasks.pages import Pages

            return Pages(recipe)
        if isinstance(recipe, TorchRecipe) and recipe.replay:
            from inkdigits.training.tasks.fine_tuning import FineTuning

            return FineTuning(recipe)
    from inkdigits.training.tasks.digits import Digits

    return Digits(recipe)


def _nothing_new(folder: RunFolder, is_resumed: bool) -> str:
    """What to say if no epoch has ended."""
    if is_resumed:
        return f"Interrupted: the run in {folder.path} is as it was. Go on with --resume."
    kept = "nothing is kept"
    if folder.drawings.is_dir():
        kept += f" but {folder.drawings}, with which it starts sooner"
    return f"Interrupted before the first epoch ended: {kept}. Start the run again."


def _check_that_nothing_is_lost(folder: RunFolder, checkpoint: Path) -> None:
    """Raise InvalidRun if there is a run in the folder, or a file that a run would replace."""
    if not (checkpoint.exists() or folder.metrics.exists()):
        if taken := next(filter(Path.exists, folder.files), None):
            raise InvalidRun(
                f"A run would replace {taken}. Choose another folder (--out), or let it "
                "(--overwrite)."
            )
        return
    going_on = "Go on with it (--resume), choose" if checkpoint.exists() else "Choose"
    raise InvalidRun(
        f"{folder.path} holds a run already. {going_on} another folder (--out), or start anew in "
        "this one (--overwrite)."
    )


def _fingerprint(weights: Path) -> str:
    try:
        return hashlib.sha256(weights.read_bytes()).hexdigest()
    except OSError as error:
        raise InvalidRun(
            f"Training cannot start from {weights}: {error.strerror}. Name the "
            "weights.safetensors in the folder of another run."
        ) from error


def _settings(
    folder: RunFolder,
    checkpoint: dict[str, Any] | None,
    recipe: Recipe,
    task: Task,
    asked: dict[str, Any],
) -> Settings:
    """What was asked for; when resuming what was asked for then, which must not differ."""
    now = Settings(
        recipe=recipe.name,
        epochs=asked["epochs"] or recipe.epochs,
        seed=asked["seed"] or 0,
        limit=asked["limit"],
        processes=group_size(),
        code=hashlib.sha256(task.code()).hexdigest(),
        revision=revision(),
        data=asked["data"] or task.data,
        validation=asked["validation"],
        fold=asked["fold"],
        changes=asked["changes"] or {},
        without_writers=asked["without_writers"],
        start_from=asked["start_from"],
        teachers=asked["teachers"],
        threads=asked["threads"] or task.fitting.threads,
    )
    if checkpoint is None:
        return now
    earlier = Settings(**checkpoint["settings"])
    another = "Resume it as it was started, or start another (--out)."
    if asked.pop("start_from") not in (None, earlier.start_from):
        raise InvalidRun(f"The run in {folder.path} did not start from these weights. {another}")
    if asked.pop("teachers") != earlier.teachers:
        teachers = "the teachers that it was started with" if earlier.teachers else "no --teacher"
        raise InvalidRun(f"To go on with the run in {folder.path}, name {teachers}. {another}")
    epochs = asked.pop("epochs") or earlier.epochs
    for name, value in {"recipe": now.recipe, **asked, "processes": now.processes}.items():
        if value not in (None, getattr(earlier, name)):
            raise InvalidRun(
                f"The run in {folder.path} has {name} {_told(getattr(earlier, name))}, not "
                f"{_told(value)}. {another}"
            )
    if now.code != earlier.code:
        raise InvalidRun(
            f"The recipe, or what it stands on, has changed since revision {earlier.revision} "
            f"started the run in {folder.path}. {another}"
        )
    return replace(earlier, epochs=epochs)


def _told(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name}={setting}" for name, setting in value.items()) or "none"
    return str(value)


def _fit(
    fitting: Fitting,
    checkpoint: Path,
    folder: RunFolder,
    tensorboard: bool,
    console: Console | None,
) -> None:
    """Fit the epochs that are left, with a bar, and a checkpoint after each."""
    if fitting.is_finished:
        return
    is_main = fitting.group.is_main
    bar = TrainingBar(fitting.settings.epochs, console=console, shown=is_main)

    def kept_rows() -> Iterator[dict[str, Any]]:
        for row in fitting.epochs(bar.report):
            if is_main:
                fitting.save(checkpoint)
                folder.write_history(fitting.history)
            yield _numbers(row)

    rows = kept_rows()
    if tensorboard and is_main:
        from inkdigits.training.tensorboard import with_events

        rows = with_events(rows, folder.events, [_numbers(row) for row in fitting.history])
    for _ in bar.follow(rows):
        pass


def _numbers(row: Epoch) -> dict[str, Any]:
    """Those of the row that there are."""
    return {name: value for name, value in asdict(row).items() if not math.isnan(value)}


def _finish(
    task: Task, fitting: Fitting, folder: RunFolder, data_dir: DataDir, measure_test: bool
) -> dict[str, Any]:
    """Write the model file, and tell the story of the run."""
    outcome = task.outcome(fitting, data_dir, measure_test=measure_test)
    write_model(folder.model, outcome.model)
    metrics = {
        **asdict(fitting.settings),
        **outcome.story,
        "epochs_done": len(fitting.history),
        "seconds": round(sum(row.seconds for row in fitting.history), 1),
        "device": fitting.device,
        "file_bytes": folder.model.stat().st_size,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    write_atomically(folder.metrics, (json.dumps(metrics, indent=2) + "\n").encode())
    history = [asdict(row) for row in fitting.history]
    pictures = outcome.story.get("validation_pictures")
    curve = figures.curve(history, fitting.settings.recipe, task.missed, pictures)
    figures.write(curve, folder.curve)
    outcome.leave(folder)
    return metrics


def _read_checkpoint(fitting_type: type[Fitting], path: Path) -> dict[str, Any]:
    if not path.exists():
        raise InvalidRun(
            f"{path.parent} holds no {path.name} to resume. Leave out --resume to start a run."
        )
    try:
        checkpoint = fitting_type.read_checkpoint(path)
        Settings(**checkpoint["settings"])
    except Exception as error:  # pickle, zip, PyTorch and safetensors each have their own kinds
        raise _damaged(path, error) from error
    return checkpoint


def _restore(fitting: Fitting, checkpoint: dict[str, Any], path: Path) -> None:
    try:
        fitting.restore(checkpoint)
    except InvalidRun:
        raise
    except Exception as error:  # likewise
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> InvalidRun:
    return InvalidRun(
        f"{path} is damaged, or of another version of inkdigits: {error!r}. "
        "Start the run anew in another folder (--out)."
    )
