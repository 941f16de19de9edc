"""What a model answers to every picture of a data set, and its worst mistakes."""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inkdigits.datasets.dataset import Batch, Dataset
from inkdigits.errors import InkDigitsError, InvalidDataset
from inkdigits.reader import Reader

NONE = -1
"""The answer to a picture in which the model sees no ink: always a wrong one."""
CLASSES = 10
SHOWN = 280
"""Pixels of a misread picture's longer side, at the most: photos are made smaller."""


@dataclass(frozen=True)
class Mistake:
    """A picture that was misread."""

    origin: str
    picture: NDArray[np.uint8]
    """(H, W), no side longer than `SHOWN`."""
    seen: NDArray[np.float32]
    label: int
    answer: int
    confidence: float


@dataclass(frozen=True)
class Predictions:
    """The answers to N pictures."""

    dataset: str
    labels: NDArray[np.uint8]
    """(N,)"""
    answers: NDArray[np.int64]
    """(N,) from 0 to 9, or `NONE`."""
    probabilities: NDArray[np.float32]
    """(N, 10); all alike where the answer is `NONE`."""
    sure: NDArray[np.bool_]
    """(N,)"""
    seconds: float
    """That the model took, without reading the data."""
    mistakes: list[Mistake] = field(default_factory=list)
    """The worst, first the one whose label got the least probability."""

    @property
    def right(self) -> NDArray[np.bool_]:
        """(N,)"""
        right: NDArray[np.bool_] = self.answers == self.labels
        return right

    @property
    def confidence(self) -> NDArray[np.float32]:
        """(N,) the probability of each answer."""
        most: NDArray[np.float32] = self.probabilities.max(axis=1)
        return most


def predict(
    reader: Reader, dataset: Dataset, worst: int = 40, *, by_reading: bool = False
) -> Predictions:
    """Read all of a data set, a batch at a time; keep pictures of only the `worst` mistakes.

    Pictures go straight into the model file, or, `by_reading`, the way of anybody's picture
    through `Reader.read_many`.

    Raises InvalidDataset if it is empty, damaged or without labels: nothing half-read is scored.
    """
    labels, probabilities, has_ink, sure = [], [], [], []
    mistakes: list[tuple[float, int, Mistake]] = []
    seconds, count = 0.0, 0
    for batch in dataset.batches():
        if batch.labels is None:
            raise InvalidDataset(f"{dataset.name} has no labels to judge answers by.")
        start = time.perf_counter()
        outputs = (readings_of if by_reading else outputs_of)(reader, batch)
        seconds += time.perf_counter() - start
        outputs["probabilities"][~outputs["has_ink"]] = 1 / CLASSES
        for loss, i, mistake in _mistakes(batch, outputs):
            heapq.heappush(mistakes, (loss, -count - i, mistake))
            if len(mistakes) > worst:
                heapq.heappop(mistakes)
        labels.append(batch.labels)
        probabilities.append(outputs["probabilities"])
        has_ink.append(outputs["has_ink"])
        sure.append(outputs["sure"] & outputs["has_ink"])
        count += len(batch)
    if not count:
        raise InvalidDataset(f"{dataset.name} is empty: it holds no pictures.")
    everything = np.concatenate(probabilities)
    return Predictions(
        dataset=dataset.name,
        labels=np.concatenate(labels),
        answers=np.where(np.concatenate(has_ink), everything.argmax(axis=1), NONE),
        probabilities=everything,
        sure=np.concatenate(sure),
        seconds=seconds,
        mistakes=[mistake for _, _, mistake in sorted(mistakes, reverse=True)],
    )


def outputs_of(reader: Reader, batch: Batch) -> dict[str, NDArray[Any]]:
    """The model's outputs for a batch, whose pictures may be of different sizes."""
    if isinstance(batch.pictures, np.ndarray):
        return reader.outputs(batch.pictures)
    rows = [reader.outputs(picture[None]) for picture in batch.pictures]
    return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}


def readings_of(reader: Reader, batch: Batch) -> dict[str, NDArray[Any]]:
    """As `outputs_of`, from `Reader.read_many`; what is not read as one digit has no ink."""
    count = len(batch)
    outputs: dict[str, NDArray[Any]] = {
        "probabilities": np.full((count, CLASSES), 1 / CLASSES, np.float32),
        "seen": np.zeros((count, 28, 28), np.float32),
        "has_ink": np.zeros(count, np.bool_),
        "sure": np.zeros(count, np.bool_),
    }
    for i, reading in enumerate(reader.read_many(batch.pictures, errors="return")):
        if isinstance(reading, InkDigitsError) or len(reading.digits) != 1:
            continue
        [digit] = reading.digits
        # On a page a piece may be no digit, too; here it is asked which of the ten it is.
        outputs["probabilities"][i] = np.array(digit.probabilities) / sum(digit.probabilities)
        outputs["seen"][i] = digit.seen
        outputs["has_ink"][i] = True
        outputs["sure"][i] = reading.sure
    return outputs


def _mistakes(
    batch: Batch, outputs: dict[str, NDArray[Any]]
) -> Iterator[tuple[float, int, Mistake]]:
    """How wrong, which and what, for each picture that was misread."""
    assert batch.labels is not None
    probabilities = outputs["probabilities"]
    answers = np.where(outputs["has_ink"], probabilities.argmax(axis=1), NONE)
    for i in np.flatnonzero(answers != batch.labels).tolist():
        label, answer = int(batch.labels[i]), int(answers[i])
        mistake = Mistake(
            origin=batch.origins[i],
            picture=_small(batch.pictures[i]),
            seen=outputs["seen"][i].copy(),
            label=label,
            answer=answer,
            confidence=float(probabilities[i].max()),
        )
        yield 1.0 - float(probabilities[i, label]), i, mistake


def _small(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    image = Image.fromarray(picture)
    image.thumbnail((SHOWN, SHOWN))
    return np.array(image)
