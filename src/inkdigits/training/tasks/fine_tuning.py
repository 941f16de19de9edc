"""The task of learning from corrections, while what was learned before is replayed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from inkdigits.datasets.convert import like_mnist
from inkdigits.datasets.dataset import Batch
from inkdigits.datasets.mnist import load_mnist
from inkdigits.datasets.spec import open_dataset
from inkdigits.errors import InvalidDataset
from inkdigits.modelfile.normalizer import Normalizer
from inkdigits.training.data import MNIST, Data, Source, with_real_ink
from inkdigits.training.drawings import Drawer
from inkdigits.training.fit import Settings
from inkdigits.training.folder import RunFolder
from inkdigits.training.tasks.digits import Digits
from inkdigits.training.writers import DataDir, written_digits

HELD_OUT_WRITERS = "25-30"
"""Nothing that ships has learned from these writers of pendigits."""
HELD_BACK = 0.3
"""The share of the corrections that judge, and are never learned from."""
SHARE = 0.25
"""Of an epoch: so much of it are corrections."""
VALIDATION_DIGITS = 100
"""So many of the pen strokes are drawn to calibrate with."""


class FineTuning(Digits):
    """Corrections; replayed beside them are MNIST, pen strokes and what is no digit."""

    def load(self, settings: Settings, data_dir: DataDir) -> tuple[Data, Drawer]:
        batches = [corrections(spec, data_dir) for spec in settings.data_sets]
        normalize = Normalizer()
        pictures = np.concatenate([like_mnist(batch, normalize) for batch in batches])
        labels = np.concatenate([batch.labels for batch in batches if batch.labels is not None])
        judge = np.concatenate([held_back(batch.pictures) for batch in batches])
        learned = np.full(len(labels), True) if settings.validation == 0 else ~judge
        real_ink = self._recipe.real_ink.limited(settings.limit)
        replay = min(self._recipe.replay, settings.limit or self._recipe.replay)
        replayed = Source(*load_mnist("train", data_dir), replay)
        others = replay + real_ink.strokes + real_ink.families
        validation, validation_labels = load_mnist("validation", data_dir)
        data = Data(
            pictures[learned],
            labels[learned],
            validation,
            validation_labels,
            times=max(round(SHARE / (1 - SHARE) * others / max(learned.sum(), 1)), 1),
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


def corrections(spec: str, data_dir: DataDir) -> Batch:
    """All pictures of a data set. Raises InvalidDataset if it is empty or has no labels."""
    batch = open_dataset(spec, data_dir).load()
    if batch.labels is None:
        raise InvalidDataset(f"{spec} has no labels to learn from.")
    return batch


def held_back(pictures: Iterable[NDArray[Any]]) -> NDArray[np.bool_]:
    """Which pictures judge. A picture's pixels say it, so that it judges as long as it is kept,
    however many others are added."""
    first = [hashlib.sha256(picture.tobytes()).digest()[0] for picture in pictures]
    return np.array(first) < HELD_BACK * 256
