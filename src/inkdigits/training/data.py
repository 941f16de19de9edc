"""What a run trains on, and its validation data."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from inkdigits.datasets.convert import like_mnist
from inkdigits.datasets.dataset import Batch
from inkdigits.datasets.mnist import load_mnist
from inkdigits.datasets.spec import open_dataset
from inkdigits.datasets.strokes import WrittenDigit, draw
from inkdigits.errors import InvalidDataset
from inkdigits.modelfile.normalizer import Normalizer
from inkdigits.training.drawings import KINDS, Drawer, drawings
from inkdigits.training.writers import DataDir

MNIST = "mnist"
ONE_IN = 10
"""So many pictures of a data set that has no validation part of its own keep one for it."""
ONE_DIGIT_IN = 20
"""Of so many written digits one is for validation; its writer is trained on."""
DRAWINGS = 4
"""Each digit for validation is drawn so many times."""


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
    drawer: Drawer,
    folder: Path | None = None,
    limit: int | None = None,
    console: Console | None = None,
) -> Data:
    """The same data, and beside it what `drawer` draws: once, if there is a `folder` to keep it in.

    Some of its written digits are kept out for validation.
    """
    digits = drawer.digits
    held_out = digits[::ONE_DIGIT_IN]
    drawer = replace(
        drawer, digits=[digit for place, digit in enumerate(digits) if place % ONE_DIGIT_IN]
    )
    if limit:  # a trial: of the others there are few, too
        held_out = held_out[:: len(held_out) // limit + 1]
    drawn, drawn_labels = _drawn_for_validation(held_out)
    count = len(data.validation_labels)
    console = console or Console(stderr=True)
    return replace(
        data,
        validation_pictures=np.concatenate([data.validation_pictures, drawn]),
        validation_labels=np.concatenate([data.validation_labels, drawn_labels]),
        beside=tuple(
            Source(*drawings(drawer, kind, folder, console), getattr(drawer.real_ink, kind))
            for kind in KINDS
            if getattr(drawer.real_ink, kind)
        ),
        validation_parts={
            **data.validation_parts,
            "strokes:validation": slice(count, count + len(drawn_labels)),
        },
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
