"""Train a recipe: fit, checkpoint, resume, calibrate and write the model file."""

from __future__ import annotations

import csv
import json
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor, distributed, nn
from torch.nn import functional as F
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel

from inkdigits import __version__
from inkdigits.datasets.mnist import Split, load_mnist
from inkdigits.errors import InkDigitsError
from inkdigits.model_file import Calibration, Facts, build_model, revision, write_model
from inkdigits.normalize import Normalizer
from inkdigits.reader import Reader
from inkdigits.training.calibration import calibrate
from inkdigits.training.curve import plot_curve
from inkdigits.training.export import to_onnx
from inkdigits.training.recipes import Recipe


class InvalidRun(InkDigitsError):
    """A run's folder cannot be used as asked."""


class Interrupted(InkDigitsError):
    """Ctrl-C stopped the training; what it had so far is kept."""


@dataclass(frozen=True)
class Epoch:
    """One row of the history. Losses are cross-entropies, accuracies shares in 0..1."""

    epoch: int
    learning_rate: float
    loss: float
    accuracy: float
    validation_loss: float
    validation_accuracy: float
    seconds: float


@dataclass
class Progressed:
    """How far a run is: all that a checkpoint holds beside the weights."""

    history: list[Epoch] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)
    """The averaged network's state after its best epoch."""

    @property
    def best_epoch(self) -> Epoch:
        # Of equals the later one: its weights are averaged over more.
        return max(self.history, key=lambda row: (row.validation_accuracy, row.epoch))


@dataclass(frozen=True)
class RunFolder:
    """The files that a run leaves."""

    folder: Path

    @property
    def model(self) -> Path:
        return self.folder / "model.onnx"

    @property
    def metrics(self) -> Path:
        return self.folder / "metrics.json"

    @property
    def history(self) -> Path:
        return self.folder / "history.csv"

    @property
    def curve(self) -> Path:
        return self.folder / "curve.png"

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.pt"


@dataclass(frozen=True)
class Team:
    """The processes that train together, one of them this one (`torchrun` starts several)."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process measures, reports and writes."""
        return self.rank == 0


def train(
    recipe: Recipe,
    out: str | os.PathLike[str],
    *,
    epochs: int | None = None,
    seed: int = 0,
    data_dir: str | os.PathLike[str] | None = None,
    device: str = "auto",
    resume: bool = False,
    measure_test: bool = False,
    limit: int | None = None,
    console: Console | None = None,
) -> dict[str, Any]:
    """Train `recipe` on MNIST's training part and leave a model file and its story in `out`.

    Args:
        recipe: what to train.
        out: the run's folder; made if it does not exist.
        epochs: passes over the data, the recipe's own number if left out.
        seed: of the weights, the order of the pictures and how they are bent.
        data_dir: see `inkdigits.datasets.mnist.load_mnist`.
        device: "cpu", "cuda", "mps", or "auto" for the fastest there is.
        resume: go on from the checkpoint in `out`. On the same machine the weights end as those
            of a run that was never interrupted.
        measure_test: measure accuracy on MNIST's test part once, at the end, through the file.
        limit: train on only so many pictures, to try things out.
        console: where progress is shown; standard error if left out.

    Returns:
        What metrics.json holds.

    Raises:
        InvalidRun: `out` holds a run already, or none that `resume` could go on with.
        InvalidDataset: MNIST is missing or damaged.
        Interrupted: Ctrl-C; the best so far has been written.
    """
    epochs = recipe.epochs if epochs is None else epochs
    if epochs < 1:
        raise InvalidRun(f"epochs is {epochs}; train for 1 or more.")
    folder = RunFolder(Path(out))
    console = console or Console(stderr=True)
    settings = {"recipe": recipe.name, "epochs": epochs, "seed": seed, "limit": limit}
    _check_folder(folder, resume, settings)
    with _team() as team:
        # The one that leads fetches what is missing; the others then find it.
        with _leader_first(team):
            data = _load(data_dir, limit)
        fitting = Fitting(recipe, settings, data, _device(device, team), team)
        if resume:
            fitting.restore(folder.checkpoint)
        if team.leads:
            folder.folder.mkdir(parents=True, exist_ok=True)
        try:
            fitting.run(folder, console)
        except KeyboardInterrupt:
            if not team.leads or not fitting.so_far.history:
                raise Interrupted("Interrupted before the first epoch ended: nothing is kept.") from None
            _finish(fitting, folder, data_dir, measure_test=False)
            done = len(fitting.so_far.history)
            raise Interrupted(
                f"Interrupted after {done} of {epochs} epochs. The best so far is {folder.model}; "
                "go on with --resume."
            ) from None
        return _finish(fitting, folder, data_dir, measure_test) if team.leads else {}


@dataclass(frozen=True)
class Data:
    """Pictures to bend and train on, and what the network sees of those it is judged by."""

    pictures: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    validation_pictures: NDArray[np.uint8]
    validation_labels: NDArray[np.uint8]


class Fitting:
    """The state of one training run, an epoch at a time.

    Everything random in an epoch comes from the seed, the epoch's number and the process's rank,
    so that a run which resumes at an epoch goes on as if it had never stopped.
    """

    def __init__(
        self, recipe: Recipe, settings: dict[str, Any], data: Data, device: torch.device, team: Team
    ) -> None:
        self.recipe, self.settings, self.data = recipe, settings, data
        self.device, self.team = device, team
        self.so_far = Progressed()
        self._normalize = Normalizer(threads=torch.get_num_threads())
        self.validation = torch.from_numpy(self._normalize(data.validation_pictures))

        torch.manual_seed(settings["seed"])
        self.network = recipe.network().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = AveragedModel(
            self.network,
            multi_avg_fn=_moving_average(recipe.average_decay),
            use_buffers=True,
        )
        self._replicated: nn.Module = self.network
        if team.size > 1:
            self._replicated = DistributedDataParallel(self.network)
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self.steps = math.ceil(len(data.labels) / recipe.batch_size)
        self.scheduler = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer,
            max_lr=recipe.learning_rate,
            total_steps=self.steps * settings["epochs"] + 1,
            pct_start=0.2,
        )
        self._bfloat16 = _is_fast_in_bfloat16(device)

    def run(self, folder: RunFolder, console: Console) -> None:
        """Fit the epochs that are left, with a checkpoint after each."""
        total, done = self.settings["epochs"], len(self.so_far.history)
        with _progress(console, self.team) as progress:
            bar = progress.add_task(
                "", total=total * self.steps, completed=done * self.steps, status=""
            )
            for number in range(done + 1, total + 1):
                start = time.perf_counter()
                learning_rate = self.scheduler.get_last_lr()[0]
                loss, accuracy = self._fit_epoch(number, progress, bar)
                if not self.team.leads:
                    continue
                validation_loss, validation_accuracy = self._validate()
                row = Epoch(
                    number,
                    learning_rate,
                    loss,
                    accuracy,
                    validation_loss,
                    validation_accuracy,
                    time.perf_counter() - start,
                )
                self.so_far.history.append(row)
                if self.so_far.best_epoch is row:
                    state = self.average.module.state_dict()
                    self.so_far.best = {key: value.clone() for key, value in state.items()}
                self.save(folder.checkpoint)
                _write_history(folder.history, self.so_far.history)
                progress.console.print(_row_text(row, total), highlight=False)

    def save(self, path: Path) -> None:
        """Write the checkpoint, whole or not at all."""
        state = {
            "settings": self.settings,
            "history": [asdict(row) for row in self.so_far.history],
            "best": self.so_far.best,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
        }
        temporary = path.with_name(f"{path.name}.part")
        torch.save(state, temporary)
        temporary.replace(path)

    def restore(self, path: Path) -> None:
        """Go back to a checkpoint that `save` wrote."""
        state = _read_checkpoint(path)
        self.so_far = Progressed([Epoch(**row) for row in state["history"]], state["best"])
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])

    def best_network(self) -> nn.Sequential:
        """The averaged network after its best epoch, on the CPU."""
        network = self.recipe.network()
        network.load_state_dict(self.so_far.best)
        return network.eval()

    def _fit_epoch(self, number: int, progress: Progress, bar: Any) -> tuple[float, float]:
        """Loss and accuracy over the epoch's (bent) training pictures."""
        seed = self.settings["seed"]
        order = torch.randperm(len(self.data.labels), generator=_generator(seed, number))
        bending = _generator(seed, number, 1 + self.team.rank)
        torch.manual_seed(bending.initial_seed())  # for dropout
        self._replicated.train()
        totals = torch.zeros(3)
        for batch in order.split(self.recipe.batch_size):
            mine = batch[self.team.rank :: self.team.size]
            loss, right = self._step(mine, bending)
            totals += torch.tensor([loss * len(mine), right, len(mine)])
            status = f"epoch {number}/{self.settings['epochs']}  loss {totals[0] / totals[2]:.4f}"
            if self.so_far.history:
                status += f"  validation {self.so_far.history[-1].validation_accuracy:.2%}"
            progress.update(bar, advance=1, status=status)
        return float(totals[0] / totals[2]), float(totals[1] / totals[2])

    def _step(self, batch: Tensor, bending: torch.Generator) -> tuple[float, int]:
        pictures = torch.from_numpy(self.data.pictures[batch.numpy()])
        bent = self.recipe.augmentation(pictures, bending)
        seen = torch.from_numpy(self._normalize(bent.numpy())).to(self.device)
        labels = torch.from_numpy(self.data.labels[batch.numpy()]).long().to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._bfloat16):
            logits = self._replicated(seen)
        loss = F.cross_entropy(
            logits.float(), labels, label_smoothing=self.recipe.label_smoothing
        )
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        self.scheduler.step()
        self.average.update_parameters(self.network)
        return loss.item(), int((logits.argmax(1) == labels).sum())

    @torch.inference_mode()
    def _validate(self) -> tuple[float, float]:
        """Loss and accuracy of the averaged network on the validation pictures."""
        self.average.eval()
        logits = torch.cat(
            [self.average(part.to(self.device)).cpu() for part in self.validation.split(1000)]
        )
        labels = torch.from_numpy(self.data.validation_labels).long()
        accuracy = (logits.argmax(1) == labels).float().mean()
        return F.cross_entropy(logits, labels).item(), accuracy.item()


def _finish(
    fitting: Fitting,
    folder: RunFolder,
    data_dir: str | os.PathLike[str] | None,
    measure_test: bool,
) -> dict[str, Any]:
    """Calibrate, write the model file, and measure through that very file."""
    data, so_far = fitting.data, fitting.so_far
    network = fitting.best_network()
    with torch.no_grad():
        logits = network(fitting.validation)
    calibration = calibrate(logits, torch.from_numpy(data.validation_labels).long())
    exported = to_onnx(network)
    facts = {
        "name": fitting.recipe.name,
        "version": __version__,
        "trained_on": f"MNIST, {len(data.labels):,} training pictures",
        "revision": revision(),
    }
    draft = build_model(exported, calibration, Facts(**facts, accuracy={}))
    reader = Reader(draft.SerializeToString(), threads=torch.get_num_threads())
    accuracy = {
        "mnist:validation": _accuracy(reader, data.validation_pictures, data.validation_labels)
    }
    if measure_test:
        accuracy["mnist:test"] = _accuracy(reader, *load_mnist("test", data_dir))
    write_model(folder.model, exported, calibration, Facts(**facts, accuracy=accuracy))

    metrics = {
        **fitting.settings,
        **facts,
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "epochs_done": len(so_far.history),
        "best_epoch": so_far.best_epoch.epoch,
        "accuracy": accuracy,
        **asdict(calibration),
        "seconds": round(sum(row.seconds for row in so_far.history), 1),
        "device": str(fitting.device),
        "processes": fitting.team.size,
        "file_bytes": folder.model.stat().st_size,
    }
    folder.metrics.write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    plot_curve([asdict(row) for row in so_far.history], folder.curve, title=fitting.recipe.name)
    return metrics


def _accuracy(
    reader: Reader, pictures: NDArray[np.uint8], labels: NDArray[np.uint8]
) -> float:
    return float((reader.predict(pictures) == labels).mean())


def _load(data_dir: str | os.PathLike[str] | None, limit: int | None) -> Data:
    pictures, labels = load_mnist("train", data_dir)
    return Data(pictures[:limit], labels[:limit], *load_mnist("validation", data_dir))


def _check_folder(folder: RunFolder, resume: bool, settings: dict[str, Any]) -> None:
    if not resume:
        if folder.checkpoint.exists():
            raise InvalidRun(
                f"{folder.folder} holds a run already. Go on with it (--resume), or choose another "
                "folder (--out)."
            )
        return
    if not folder.checkpoint.exists():
        raise InvalidRun(
            f"{folder.folder} holds no checkpoint to resume. Leave out --resume to start a run."
        )
    earlier = _read_checkpoint(folder.checkpoint)["settings"]
    for name, value in settings.items():
        if earlier[name] != value:
            raise InvalidRun(
                f"The run in {folder.folder} has {name} {earlier[name]}, not {value}. "
                "Resume it with the same, or start another run (--out)."
            )


def _read_checkpoint(path: Path) -> dict[str, Any]:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)  # type: ignore[no-any-return]
    except Exception as error:  # pickle, zip and PyTorch each have their own kinds
        raise InvalidRun(
            f"{path} is damaged ({error}). Start the run anew in another folder (--out)."
        ) from error


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


def _progress(console: Console, team: Team) -> Progress:
    return Progress(
        BarColumn(),
        TextColumn("{task.fields[status]}"),
        TextColumn("time left"),
        TimeRemainingColumn(),
        console=console,
        disable=not team.leads,
    )


def _moving_average(decay: float) -> Callable[[list[Tensor], list[Tensor], Tensor | int], None]:
    """An exponential moving average that starts fast, so that short runs have one too."""

    def update(averaged: list[Tensor], current: list[Tensor], count: Tensor | int) -> None:
        weight = 1 - min(decay, (1 + int(count)) / (10 + int(count)))
        if averaged[0].is_floating_point():
            torch._foreach_lerp_(averaged, current, weight)
        else:  # batch normalisation counts its batches
            torch._foreach_copy_(averaged, current)

    return update


def _generator(*seeds: int) -> torch.Generator:
    """A generator for that combination of numbers, and no other."""
    [state] = np.random.SeedSequence(seeds).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state >> np.uint64(1)))


def _device(name: str, team: Team) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and team.size > 1:
        name = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InvalidRun(f"The device {name} cannot be used here: {error}") from error
    return device


def _is_fast_in_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    if device.type != "cpu" or not hasattr(torch.cpu, "get_capabilities"):
        return False
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


@contextmanager
def _team() -> Iterator[Team]:
    """Join the processes that `torchrun` started, if it did."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield Team()
        return
    distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield Team(distributed.get_rank(), size)
    finally:
        distributed.destroy_process_group()


@contextmanager
def _leader_first(team: Team) -> Iterator[None]:
    if not team.leads:
        distributed.barrier()
    yield
    if team.leads and team.size > 1:
        distributed.barrier()
