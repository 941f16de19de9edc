"""What a run trains on, and its validation data."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from inkdigits.datasets.convert import like_mnist
from inkdigits.datasets.dataset import Batch
from inkdigits.datasets.mnist import VALIDATION_SIZE, load_mnist
from inkdigits.datasets.spec import open_dataset
from inkdigits.datasets.strokes import WrittenDigit, draw
from inkdigits.errors import InvalidDataset
from inkdigits.modelfile.build import CLASSES
from inkdigits.modelfile.normalizer import Normalizer
from inkdigits.training.drawings import KINDS, Drawer, drawings
from inkdigits.training.writers import DataDir

MNIST = "mnist"
VALIDATION = 0.1
"""The share of a data set's pictures that is kept for validation, if it has no part of its own."""
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
    times: int = 1
    """So often each picture is in an epoch."""

    @property
    def missing(self) -> list[int]:
        """The digits of which there is no picture to learn from."""
        sources = [self.labels, *(source.labels for source in self.beside)]
        return sorted(set(range(CLASSES)) - set(np.concatenate(sources).tolist()))

    @property
    def per_epoch(self) -> int:
        """How many pictures an epoch has."""
        return len(self.labels) * self.times + sum(source.per_epoch for source in self.beside)

    @cached_property
    def checksum(self) -> int:
        """Of the pictures and labels, but not of those beside."""
        checksum = 0
        for array in (
            *(self.pictures, self.labels),
            *(self.validation_pictures, self.validation_labels),
        ):
            checksum = zlib.crc32(np.ascontiguousarray(array).data, checksum)
        return checksum


def training_data(
    specs: Sequence[str],
    limit: int | None,
    data_dir: DataDir,
    *,
    validation: float | None = None,
    fold: str | None = None,
    seed: int = 0,
) -> Data:
    """MNIST or the data sets of those specs together, `limit` pictures of them at most.

    The share `validation` of each digit's pictures, chosen by the seed, is kept for validation;
    `VALIDATION` if left out. MNIST has a part of its own, which a `validation` of 0 trains on, too.
    With the `fold` "2/5" it is the second of five such parts, of MNIST as well.

    Raises InvalidDataset if one is missing, damaged or too small.
    """
    rng = np.random.default_rng(seed)
    parts = {spec: _part(spec, data_dir, validation, fold, rng) for spec in specs}
    pictures, labels = _joined([training for training, _ in parts.values()])
    # Digits and data sets may come one after the other, but those of MNIST's are mixed already.
    chosen = slice(limit) if [*specs] == [MNIST] else rng.permutation(len(labels))[:limit]
    held_out = {f"{spec}:validation": kept for spec, (_, kept) in parts.items() if len(kept[1])}
    ends = np.cumsum([0, *(len(kept[1]) for kept in held_out.values())]).tolist()
    return Data(
        pictures[chosen],
        labels[chosen],
        *_joined([kept for _, kept in parts.values()]),
        validation_parts=dict(zip(held_out, map(slice, ends, ends[1:]), strict=False)),
    )


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
        beside=(
            *data.beside,
            *(
                Source(*drawings(drawer, kind, folder, console), getattr(drawer.real_ink, kind))
                for kind in KINDS
                if getattr(drawer.real_ink, kind)
            ),
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


def _part(
    spec: str,
    data_dir: DataDir,
    validation: float | None,
    fold: str | None,
    rng: np.random.Generator,
) -> tuple[Labelled, Labelled]:
    """What is trained on of a data set, and what is kept for validation."""
    if spec != MNIST or fold:
        pictures, labels = _all_of(spec, data_dir)
        count = len(labels)
        kept = _held_out(labels, VALIDATION if validation is None else validation, fold, rng)
        if kept.all() or (validation != 0 and not kept.any()):
            few = f"{spec} has only {count} pictures: too few to keep some for validation"
            if validation and count > 1 and not kept.any():
                enough = math.ceil(10_000 / count) / 10_000 if count < 10_000 else 1 / count
                raise InvalidDataset(
                    f"{few} by a share of {validation:g}. Name {enough:g} or more (--validation), "
                    "or keep none (--validation 0)."
                )
            else_ = "take fewer folds (--folds)" if fold else "keep none (--validation 0)"
            raise InvalidDataset(f"{few}. Add some, or {else_}.")
        return (pictures[~kept], labels[~kept]), (pictures[kept], labels[kept])
    if validation:
        raise InvalidDataset(
            "MNIST has a validation part of its own. Leave out --validation, or train on that part "
            "as well (--validation 0)."
        )
    pictures, labels = load_mnist("train+validation", data_dir)
    end = len(labels) if validation == 0 else -VALIDATION_SIZE
    return (pictures[:end], labels[:end]), (pictures[end:], labels[end:])


def _all_of(spec: str, data_dir: DataDir) -> Labelled:
    if spec == MNIST:
        return load_mnist("train+validation", data_dir)
    dataset = open_dataset(spec, data_dir)
    normalize = Normalizer()
    batches = [(like_mnist(batch, normalize), batch.labels) for batch in dataset.batches()]
    if not batches:
        raise InvalidDataset(f"{spec} is empty: it holds no pictures.")
    if batches[0][1] is None:
        raise InvalidDataset(f"{spec} has no labels to learn from.")
    return _joined([(pictures, labels) for pictures, labels in batches if labels is not None])


def _held_out(
    labels: NDArray[np.uint8], share: float, fold: str | None, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Which pictures (N,) are kept for validation: any of each digit, but as many as it has."""
    by_digit = np.lexsort((rng.random(len(labels)), labels))  # in each digit by chance
    kept = np.zeros(len(labels), np.bool_)
    if fold:
        number, folds = map(int, fold.split("/"))
        kept[by_digit[number - 1 :: folds]] = True
        return kept
    count = round(share * len(labels))
    kept[by_digit[((np.arange(count) + 0.5) * len(labels) / max(count, 1)).astype(int)]] = True
    return kept


def _joined(parts: Sequence[Labelled]) -> Labelled:
    pictures, labels = zip(*parts, strict=True)
    return np.concatenate(pictures), np.concatenate(labels)
