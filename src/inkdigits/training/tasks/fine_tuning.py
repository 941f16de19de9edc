"""The task of learning from corrections, while what was learned before is replayed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from inkdigits.datasets.convert import like_mnist
from inkdigits.datasets.corrections import CorrectionsDataset
from inkdigits.datasets.dataset import Batch
from inkdigits.datasets.mnist import load_mnist
from inkdigits.datasets.spec import open_dataset
from inkdigits.datasets.strokes import Stroke, WrittenDigit
from inkdigits.errors import InvalidDataset
from inkdigits.modelfile.normalizer import Normalizer
from inkdigits.synthesis.pens import Pen, draw_with
from inkdigits.synthesis.strokes import StrokeAugmentation, StrokeGenerator
from inkdigits.training.crops import NO_DIGIT
from inkdigits.training.data import MNIST, Data, Source, with_real_ink
from inkdigits.training.drawings import FOR_TRAINING, Drawer
from inkdigits.training.fit import Settings
from inkdigits.training.folder import RunFolder
from inkdigits.training.tasks.digits import Digits
from inkdigits.training.writers import DataDir, written_digits

HELD_OUT_WRITERS = "25-30"
"""Nothing that ships has learned from these writers of pendigits."""
HELD_BACK = 0.3
"""The share of the corrections that judge, and are never learned from."""
HALF = 0.5
"""As a run's `validation`: about half of the corrections judge, with the next seed all others."""
SHARE = 0.25
"""Of an epoch: so much of it are corrections."""
WRITTEN_ANEW = 8
"""So many times strokes are, with as many pens."""
VALIDATION_DIGITS = 100
"""So many of the pen strokes are drawn to calibrate with."""


@dataclass(frozen=True)
class Corrections:
    """What people have said that pictures are."""

    digits: Batch
    strokes: list[list[Stroke] | None]
    """Of each digit, where they are known."""
    no_digits: list[NDArray[np.uint8]]

    @property
    def labels(self) -> NDArray[np.uint8]:
        """(N,) of the digits."""
        assert self.digits.labels is not None
        return self.digits.labels


class FineTuning(Digits):
    """Corrections; replayed beside them are MNIST, pen strokes and what is no digit."""

    def load(self, settings: Settings, data_dir: DataDir) -> tuple[Data, Drawer]:
        rng = np.random.default_rng([settings.seed, FOR_TRAINING])
        views, labels = zip(
            *(
                view
                for spec in settings.data_sets
                for view in _views(corrections(spec, data_dir), settings, rng)
            ),
            strict=True,
        )
        pictures = like_mnist(Batch(list(views), None, [""] * len(views)), Normalizer())
        real_ink = self._recipe.real_ink.limited(settings.limit)
        replay = min(self._recipe.replay, settings.limit or self._recipe.replay)
        replayed = Source(*load_mnist("train", data_dir), replay)
        others = replay + real_ink.strokes + real_ink.families
        validation, validation_labels = load_mnist("validation", data_dir)
        data = Data(
            pictures,
            np.array(labels, np.uint8),
            validation,
            validation_labels,
            times=max(round(SHARE / (1 - SHARE) * others / len(labels)), 1),
            beside=(replayed,),
            validation_parts={f"{MNIST}:validation": slice(len(validation_labels))},
        )
        digits = written_digits(data_dir, settings.without_writers)
        return data, Drawer(digits, real_ink, data_dir, settings.seed)

    def prepared(
        self, data: Any, settings: Settings, folder: RunFolder, console: Console | None
    ) -> Data:
        training, drawer = data
        return with_real_ink(
            training, drawer, folder.drawings, settings.limit or VALIDATION_DIGITS, console
        )

    def trained_on(self, settings: Settings, data: Data) -> str:
        return (
            f"{settings.data}, {len(data.labels):,} pictures, going on from trained weights while "
            "MNIST and pen strokes were replayed"
        )


def corrections(spec: str, data_dir: DataDir) -> Corrections:
    """All that a data set says. Raises InvalidDataset if it has no labels."""
    dataset = open_dataset(spec, data_dir)
    if not isinstance(dataset, CorrectionsDataset):
        digits = dataset.load()
        if digits.labels is None:
            raise InvalidDataset(f"{spec} has no labels to learn from.")
        return Corrections(digits, [None] * len(digits), [])
    said = list(dataset.corrections())
    of_digits = [(each, origin) for each, origin in said if each.label is not None]
    return Corrections(
        Batch(
            [each.pixels() for each, _ in of_digits],
            np.array([each.label for each, _ in of_digits], np.uint8),
            [origin for _, origin in of_digits],
        ),
        [
            [np.array(stroke)[:, :2] for stroke in each.strokes] if each.strokes else None
            for each, _ in of_digits
        ],
        [each.pixels() for each, _ in said if each.label is None],
    )


def held_back(pictures: Iterable[NDArray[Any]]) -> NDArray[np.bool_]:
    """Which pictures judge. A picture's pixels say it, so that it judges as long as it is kept,
    however many others are added."""
    held_back: NDArray[np.bool_] = _lots(pictures)[:, 0] < HELD_BACK * 256
    return held_back


def judges(given: Corrections, validation: float | None, seed: int) -> NDArray[np.bool_]:
    """Which digits (N,) a run does not learn from: with a `validation` of 0 none, of `HALF` some
    half, with the next seed the other half, and else those held back."""
    if validation is None:
        return held_back(given.digits.pictures)
    half: NDArray[np.bool_] = _lots(given.digits.pictures)[:, 1] % 2 == seed % 2
    return half & (validation == HALF)


def _lots(pictures: Iterable[NDArray[Any]]) -> NDArray[np.uint8]:
    """Bytes (N, 32) that pictures' pixels draw: the same picture always the same."""
    drawn = b"".join(hashlib.sha256(picture.tobytes()).digest() for picture in pictures)
    return np.frombuffer(drawn, np.uint8).reshape(-1, 32)


def _views(
    given: Corrections, settings: Settings, rng: np.random.Generator
) -> Iterator[tuple[NDArray[np.uint8], int]]:
    """All pictures that are learned of corrections, and their labels: each digit as it is, and
    as its strokes are written anew; and what is no digit."""
    for picture in given.no_digits:
        yield picture, NO_DIGIT
    for place in np.flatnonzero(~judges(given, settings.validation, settings.seed)):
        picture, label = given.digits.pictures[place], int(given.labels[place])
        yield picture, label
        if strokes := given.strokes[place]:
            yield from ((anew, label) for anew in _written_anew(strokes, label, rng))


def _written_anew(
    strokes: list[Stroke], label: int, rng: np.random.Generator
) -> Iterator[NDArray[np.uint8]]:
    alone = replace(StrokeAugmentation(), mix=0.0)
    generator = StrokeGenerator([WrittenDigit(label, 0, strokes)], alone)
    for _ in range(WRITTEN_ANEW):
        bent = generator.bent(0, rng)
        yield draw_with(Pen.random(rng), bent, rng, size=rng.uniform(0.55, 0.85))
