"""What fine-tuning on a few corrections is worth, and whether wrong ones get through the gate.

    inkdigits train best --set real_ink=none --epochs 2 --out runs/mnist-only      Ctrl-C after one
    python benchmarks/finetune.py writers runs/mnist-only
    python benchmarks/finetune.py wrong-labels runs/mnist-only

The run has to be one that has seen no pen strokes, for what ships reads its held-out writers too
well to show anything: of 250 digits it misreads none to four. So each of pendigits' 30 writers is
one that it has never seen. Nothing of pendigits is replayed either.

- writers: of the five that are misread most, 20 digits each are learned from, any of them; errors
  are counted on all others of that writer. Each is drawn once, on a canvas of 280x280.
- wrong-labels: 80 corrections of writers 1 to 12 as they are, with 30 % wrong labels, and with 7s
  of which all are called 1; and what the gate says of each.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console

from inkdigits import InkDigitsError, Reader
from inkdigits.corrections.fine_tune import fine_tune
from inkdigits.corrections.gate import HEADS
from inkdigits.corrections.versions import Versions
from inkdigits.datasets.mnist import load_mnist
from inkdigits.datasets.spec import find_file
from inkdigits.datasets.strokes import PENDIGITS, StrokesDataset
from inkdigits.training.folder import RunFolder
from inkdigits.training.recipes import BEST, fine_tuning
from inkdigits.training.run import train

CORRECTIONS = 20
NO_STROKES = {"real_ink.strokes": "0", "real_ink.families": "0"}
QUIET = Console(quiet=True)


@dataclasses.dataclass(frozen=True)
class Ink:
    """Everybody's digits, and what a model reads there."""

    pictures: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    writers: NDArray[np.int64]
    answers: NDArray[np.int64]

    @property
    def misread(self) -> NDArray[np.bool_]:
        return self.answers != self.labels


def ink_of(reader: Reader, data_dir: Path | None, of: range) -> Ink:
    dataset = StrokesDataset(find_file(PENDIGITS, data_dir), writers=of)
    batch = dataset.load()
    assert batch.labels is not None
    pictures = np.asarray(batch.pictures)
    return Ink(pictures, batch.labels, dataset.writers, reader.predict(pictures))


def write(folder: Path, pictures: NDArray[np.uint8], labels: NDArray[np.uint8]) -> str:
    for number, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
        (folder / str(label)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(folder / str(label) / f"{number}.png")
    return f"folder:{folder}"


def writers(run: RunFolder, data_dir: Path | None) -> None:
    before = Reader(run.model)
    ink = ink_of(before, data_dir, range(1, 31))
    errors = np.bincount(ink.writers, ink.misread).astype(int)
    worst = np.argsort(-errors, kind="stable")[:5].tolist()
    print(f"misread of each writer's digits, 1 to 30: {' '.join(map(str, errors[1:]))}")
    validation, labels = load_mnist("validation", data_dir)
    on_mnist = (before.predict(validation) == labels).mean()
    print("writer  other digits  before  after    cut   MNIST validation   seconds  processor's")
    for writer in worst:
        own = np.flatnonzero(ink.writers == writer)
        chosen = np.random.default_rng(writer).permutation(own)[:CORRECTIONS]
        others = np.setdiff1d(own, chosen)
        start, used = time.perf_counter(), time.process_time()
        with tempfile.TemporaryDirectory() as folder:
            spec = write(Path(folder) / "mine", ink.pictures[chosen], ink.labels[chosen])
            train(
                fine_tuning(BEST),
                Path(folder) / "run",
                data=spec,
                validation=0.0,
                start_from=run.weights,
                changes=NO_STROKES,
                data_dir=data_dir,
                console=QUIET,
            )
            after = Reader(Path(folder) / "run")
        seconds, processor = time.perf_counter() - start, time.process_time() - used
        was = int(ink.misread[others].sum())
        now = int((after.predict(ink.pictures[others]) != ink.labels[others]).sum())
        mnist = (after.predict(validation) == labels).mean()
        print(
            f"{writer:6}  {len(others):12}  {was:6}  {now:5}  {1 - now / was:4.0%}  "
            f"{on_mnist:.2%} -> {mnist:.2%}  {seconds:8.0f}  {processor:11.0f}",
            flush=True,
        )


def wrong_labels(run: RunFolder, data_dir: Path | None) -> None:
    ink = ink_of(Reader(run.model), data_dir, range(1, 13))
    rng = np.random.default_rng(0)
    misread = rng.permutation(np.flatnonzero(ink.misread))[:80]
    sevens = rng.permutation(np.flatnonzero(ink.labels == 7))[:24]
    at_random = ink.labels[misread].copy()
    at_random[:24] = (at_random[:24] + rng.integers(1, 10, 24)) % 10
    batches: dict[str, tuple[NDArray[np.int64], NDArray[np.uint8]]] = {
        "24 of 80 labels at random": (misread, at_random),
        "24 sevens among 80, all called 1": (
            np.concatenate([misread[:56], sevens]),
            np.concatenate([ink.labels[misread[:56]], np.ones(24, np.uint8)]),
        ),
        "right labels": (misread, ink.labels[misread]),
    }
    for name, (chosen, labels) in batches.items():
        with tempfile.TemporaryDirectory() as folder:
            versions = Versions(Path(folder) / "versions")
            ours = versions.add(run.model, {"passed": True, "judged": []})
            versions.promote(ours.name)
            version, comparisons = fine_tune(
                write(Path(folder) / "batch", ink.pictures[chosen], labels),
                Path(folder) / "run",
                versions,
                start_from=run.weights,
                changes=NO_STROKES,
                data_dir=data_dir,
                console=QUIET,
            )
        print(f"{name}: the gate says {'yes' if version.passed else 'NO'}")
        print(HEADS, *comparisons, "", sep="\n", flush=True)


def main() -> None:
    commands: dict[str, Callable[[RunFolder, Path | None], None]] = {
        "writers": writers,
        "wrong-labels": wrong_labels,
    }
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=commands)
    parser.add_argument("run", type=Path, help="of the recipe best, without real_ink")
    parser.add_argument("--data-dir", type=Path)
    options = parser.parse_args()
    commands[options.what](RunFolder(options.run), options.data_dir)


if __name__ == "__main__":
    try:
        main()
    except InkDigitsError as error:
        sys.exit(str(error))
