"""What a run trains on, and its validation data."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from inkdigits.datasets.convert import like_mnist
from inkdigits.datasets.dataset import Batch
from inkdigits.datasets.mnist import load_mnist
from inkdigits.datasets.spec import find_file, open_dataset
from inkdigits.datasets.strokes import PENDIGITS, WrittenDigit, draw, parse_writers, read_unipen
from inkdigits.errors import InvalidDataset
from inkdigits.modelfile.normalizer import Normalizer
from inkdigits.synthesis.negatives import FAMILIES, HELD_OUT, draw_non_digits
from inkdigits.synthesis.pens import SIDE
from inkdigits.synthesis.strokes import StrokeAugmentation, StrokeGenerator

MNIST = "mnist"
ONE_IN = 10
"""So many pictures of a data set that has no validation part of its own keep one for it."""
PENDIGITS_URL = "https://archive.ics.uci.edu/dataset/81"
ONE_DIGIT_IN = 20
"""Of so many written digits one is for validation; its writer is trained on."""
DRAWINGS = 4
"""Each digit for validation is drawn so many times."""
NO_DIGIT = 255
"""The label of what is no digit."""
FOR_TRAINING = 1
"""Beside the seed, so that nobody who draws non-digits to measure by draws the same ones."""
AT_ONCE = 1000
"""So many pictures are drawn at a time."""

DataDir = str | os.PathLike[str] | None


@dataclass(frozen=True)
class RealInk:
    """What a recipe learns from beside MNIST."""

    digits: int = 30_000
    """Drawings of pen strokes in each epoch."""
    non_digits: int = 12_000
    """Scribbles, letters and the like in each epoch."""
    drawn: int = 8
    """So many times as many are drawn before the first epoch, 3 kB each; an epoch takes some."""
    augmentation: StrokeAugmentation = field(default_factory=StrokeAugmentation)
    """How digits are written anew before they are drawn."""


@dataclass(frozen=True)
class Source:
    """Pictures of which each epoch takes some."""

    pictures: NDArray[np.uint8]
    """(N, H, W), ink bright."""
    labels: NDArray[np.uint8]
    """(N,), 0 to 9 or NO_DIGIT."""
    per_epoch: int


@dataclass(frozen=True)
class Data:
    """What is trained on, and the validation data."""

    pictures: NDArray[np.uint8]
    """(N, 28, 28)"""
    labels: NDArray[np.uint8]
    validation_pictures: NDArray[np.uint8]
    validation_labels: NDArray[np.uint8]
    beside: tuple[Source, ...] = ()
    """What is mixed into each epoch."""
    validation_parts: dict[str, slice] = field(default_factory=dict)
    """Which of the validation pictures are of which data set."""

    @property
    def per_epoch(self) -> int:
        """How many pictures an epoch has."""
        return len(self.labels) + sum(source.per_epoch for source in self.beside)


def training_data(spec: str, limit: int | None, data_dir: DataDir) -> Data:
    """MNIST or the data set of that spec, `limit` pictures of it at most.

    Raises InvalidDataset if it is missing, damaged or too small.
    """
    pictures, labels, validation = _mnist(data_dir) if spec == MNIST else _other(spec, data_dir)
    parts = {f"{spec}:validation": slice(0, len(validation[1]))}
    return Data(pictures[:limit], labels[:limit], *validation, validation_parts=parts)


def with_real_ink(
    data: Data,
    real_ink: RealInk,
    digits: list[WrittenDigit],
    limit: int | None = None,
    seed: int = 0,
    console: Console | None = None,
) -> Data:
    """The same data, and beside it drawings of `digits` and of what is no digit."""
    held_out = digits[::ONE_DIGIT_IN]
    digits = [digit for place, digit in enumerate(digits) if place % ONE_DIGIT_IN]
    if limit:  # a trial: of the others there are few, too
        held_out = held_out[:: len(held_out) // limit + 1]
        real_ink = replace(
            real_ink,
            digits=min(limit, real_ink.digits),
            non_digits=min(limit // 2, real_ink.non_digits),
            drawn=1,
        )
    drawn, drawn_labels = _drawn_for_validation(held_out)
    count = len(data.validation_labels)
    return replace(
        data,
        validation_pictures=np.concatenate([data.validation_pictures, drawn]),
        validation_labels=np.concatenate([data.validation_labels, drawn_labels]),
        beside=_drawn(digits, real_ink, seed, console),
        validation_parts={
            **data.validation_parts,
            "strokes:validation": slice(count, count + len(drawn_labels)),
        },
    )


def written_digits(data_dir: DataDir, without_writers: str | None = None) -> list[WrittenDigit]:
    """The pen strokes of UCI's pendigits, but those of writers such as "25-30".

    Raises InvalidDataset if the strokes are missing or damaged, or there are no such writers.
    """
    without = parse_writers(without_writers) if without_writers is not None else frozenset()
    path = find_file(PENDIGITS, data_dir)
    if not path.exists():
        raise InvalidDataset(
            f"There is no {PENDIGITS} in the data folder (--data-dir, or INKDIGITS_DATA_DIR), "
            f"where MNIST's files are, too. Get pendigits-orig.tra.Z from {PENDIGITS_URL}, unpack "
            "it (gzip -d), and pack it again (gzip)."
        )
    digits = read_unipen(path)
    writers = {digit.writer for digit in digits}
    if strangers := sorted(without - writers):
        raise InvalidDataset(f"{path} has no writer {strangers[0]}, only 1 to {max(writers)}.")
    kept = [digit for digit in digits if digit.writer not in without]
    if {digit.label for digit in kept} != set(range(10)):
        raise InvalidDataset(f"Without those writers {path} has too few digits left to learn from.")
    return kept


def _drawn(
    digits: list[WrittenDigit], real_ink: RealInk, seed: int, console: Console | None
) -> tuple[Source, Source]:
    """The digits and the non-digits that epochs take from."""
    generator = StrokeGenerator(digits, real_ink.augmentation)
    console = console or Console(stderr=True)
    starts = range(0, real_ink.digits * real_ink.drawn, AT_ONCE)
    parts = [
        generator.draw(AT_ONCE, [seed, start])
        for start in track(starts, "drawing digits", console=console, transient=True)
    ]
    families = sorted(set(FAMILIES) - HELD_OUT)
    each = real_ink.non_digits * real_ink.drawn // len(families) + 1
    no_digits = [
        255 - draw_non_digits(family, each, [seed, FOR_TRAINING], digits, SIDE)
        for family in track(families, "drawing what is none", console=console, transient=True)
    ]
    non_digits = np.concatenate(no_digits)
    return (
        Source(
            np.concatenate([pictures for pictures, _ in parts]),
            np.concatenate([labels for _, labels in parts]),
            real_ink.digits,
        ),
        Source(non_digits, np.full(len(non_digits), NO_DIGIT, np.uint8), real_ink.non_digits),
    )


def _drawn_for_validation(
    digits: list[WrittenDigit],
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """On canvases, as the page has them, and then the way of MNIST."""
    digits = [digit for digit in digits for _ in range(DRAWINGS)]
    canvases = [
        draw(digit.strokes, np.random.default_rng([place, digit.number]))
        for place, digit in enumerate(digits)
    ]
    batch = Batch(np.stack(canvases), None, [""] * len(canvases))
    return like_mnist(batch, Normalizer()), np.array([digit.label for digit in digits], np.uint8)


Labelled = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def _mnist(data_dir: DataDir) -> tuple[NDArray[np.uint8], NDArray[np.uint8], Labelled]:
    return *load_mnist("train", data_dir), load_mnist("validation", data_dir)


def _other(spec: str, data_dir: DataDir) -> tuple[NDArray[np.uint8], NDArray[np.uint8], Labelled]:
    dataset = open_dataset(spec, data_dir)
    normalize = Normalizer()
    batches = [(like_mnist(batch, normalize), batch.labels) for batch in dataset.batches()]
    if not batches:
        raise InvalidDataset(f"{spec} is empty: it holds no pictures.")
    if batches[0][1] is None:
        raise InvalidDataset(f"{spec} has no labels to learn from.")
    pictures = np.concatenate([pictures for pictures, _ in batches])
    labels = np.concatenate([labels for _, labels in batches if labels is not None])
    held_out = np.arange(len(labels)) % ONE_IN == ONE_IN - 1
    if not held_out.any():
        raise InvalidDataset(
            f"{spec} has only {len(labels)} pictures; it takes {ONE_IN} or more to "
            "keep one for validation."
        )
    return pictures[~held_out], labels[~held_out], (pictures[held_out], labels[held_out])
