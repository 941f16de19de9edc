"""Whether a candidate may take the place of the model that is promoted: measured, or else no."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from inkdigits.datasets.dataset import ArrayDataset, Batch, Dataset
from inkdigits.datasets.spec import find_file, open_dataset
from inkdigits.datasets.strokes import PENDIGITS, StrokesDataset, parse_writers, read_unipen
from inkdigits.evaluation.metrics import REAL, difference
from inkdigits.evaluation.predictions import CLASSES, Predictions, predict
from inkdigits.reader import Reader
from inkdigits.reading import Reading
from inkdigits.synthesis.negatives import HELD_OUT, draw_non_digits
from inkdigits.training.tasks.fine_tuning import HELD_OUT_WRITERS
from inkdigits.training.writers import DataDir

LOST = 0.0025
"""It has to be shown (95 %) that fewer than this share of other people's digits are lost."""
TAKEN = 0.01
"""Likewise of drawings that are no digit, and are surely taken for one."""
NUMBERS_LOST = 0.03
"""Likewise of numbers that other people's digits make."""
CONTRADICTED = 0.1
"""If the candidate is sure of another digit in more of the corrections, they are to be reviewed."""
NO_DIGITS = 100
"""So many of these are drawn of each family."""
NUMBERS, LENGTH = 150, 5
"""So many numbers are put together of each data set, of so many digits."""


@dataclass(frozen=True)
class Comparison:
    """A candidate beside what it would replace, on the same pictures."""

    on: str
    pictures: int
    misread_before: int
    misread_after: int
    p_value: float
    """McNemar's test, exact: how often chance alone would make such a difference."""
    passed: bool
    why: str

    def __str__(self) -> str:
        return (
            f"{self.on:22} {self.pictures:8,}  {self.misread_before:6}  {self.misread_after:5}  "
            f"{self.p_value:7.2g}  {'yes' if self.passed else 'NO':3}  {self.why}"
        )


HEADS = f"{'on':22} pictures  before  after        p  passed"


def better(before: Predictions, after: Predictions, on: str) -> Comparison:
    """Whether the candidate reads more of the corrections that nobody learned from."""
    found = difference(before, after)
    is_better = found.is_real and found.only_second > found.only_first
    why = "better" if is_better else "inconclusive" if not found.is_real else "worse"
    return _compared(before, after, on, is_better, why)


def as_good(before: Predictions, after: Predictions, on: str) -> Comparison:
    """Whether it reads as many of a few corrections: too few to show more."""
    more = int(before.right.sum()) - int(after.right.sum())
    return _compared(before, after, on, more <= 0, "as good or better" if more <= 0 else "worse")


def not_worse(before: Predictions, after: Predictions, on: str, most: float = LOST) -> Comparison:
    """Whether it is shown that it loses next to nothing of what was right before."""
    found = difference(before, after)
    lost = _at_most(found.only_first, found.only_second) / len(before.labels)
    amount = f"at most {lost:.2%}" if lost > 0 else "nothing"
    why = f"loses {amount} (95 %), and {most:.2%} is the limit"
    return _compared(before, after, on, lost < most, why)


def believable(before: Predictions, after: Predictions, on: str) -> Comparison:
    """Whether the labels can be believed: what a candidate is still sure of after it has learned
    from them is hardly ever something else."""
    wrong = int((after.sure & ~after.right).sum())
    why = f"it is sure that {wrong} are something else, and {CONTRADICTED:.0%} is the limit"
    return _compared(before, after, on, wrong <= CONTRADICTED * len(after.labels), why)


def others(data_dir: DataDir) -> list[Dataset]:
    """Other people's digits, which no fine-tuning learns from."""
    strokes = find_file(PENDIGITS, data_dir)
    writers = StrokesDataset(strokes, writers=parse_writers(HELD_OUT_WRITERS))
    writers.name = f"writers {HELD_OUT_WRITERS}"
    return [open_dataset("mnist:validation", data_dir), writers]


def judged(
    before: Reader,
    after: Reader,
    corrections: Batch,
    unseen: Sequence[tuple[Reader, Batch]],
    data_dir: DataDir,
    *,
    personal: bool,
) -> Iterator[Comparison]:
    """All that the gate asks. `unseen` are corrections, each with a reader that has learned as the
    candidate has, but not from them: the candidate itself, of those held back."""

    def both(dataset: Dataset) -> tuple[Predictions, Predictions]:
        return predict(before, dataset, worst=0), predict(after, dataset, worst=0)

    was = _joined([predict(before, _Loaded(batch), worst=0) for _, batch in unseen])
    now = _joined([predict(reader, _Loaded(batch), worst=0) for reader, batch in unseen])
    if personal:
        yield as_good(was, now, "halves by each other")
    else:
        yield better(was, now, "held-back corrections")
    yield believable(*both(_Loaded(corrections)), "labels of corrections")
    numbers: list[tuple[str, NDArray[np.uint8]]] = []
    for dataset in others(data_dir):
        loaded = _Loaded(dataset.load())
        yield not_worse(*both(loaded), dataset.name, most=LOST)
        numbers += numbers_of(loaded.batch)
    was, now = (read_as_numbers(reader, numbers) for reader in (before, after))
    yield not_worse(was, now, "numbers of others", most=NUMBERS_LOST)
    was, now = (_answers("no digits", 0, each.sure) for each in both(no_digits(data_dir)))
    yield not_worse(was, now, "sure of no digits", most=TAKEN)


Numbers = Sequence[tuple[str, NDArray[np.uint8]]]
"""Texts, and what they are to be read from: grey pictures (H, W)."""


def numbers_of(digits: Batch) -> Numbers:
    """Some that digits make beside each other, drawn by lot: of these `page.onnx` has a say."""
    assert digits.labels is not None
    count = min(NUMBERS, len(digits) // LENGTH)
    chosen = np.random.default_rng(0).permutation(len(digits))[: count * LENGTH]
    return [
        (
            "".join(map(str, digits.labels[places])),
            np.hstack([digits.pictures[place] for place in places]),
        )
        for places in chosen.reshape(count, LENGTH)
    ]


def read_as_numbers(reader: Reader, numbers: Numbers) -> Predictions:
    """Which of them are read right: a 1 is."""
    texts, pictures = zip(*numbers, strict=True)
    readings = reader.read_many(pictures, expect="number", errors="return")
    right = [
        isinstance(reading, Reading) and reading.text == text
        for reading, text in zip(readings, texts, strict=True)
    ]
    return _answers("numbers", 1, np.array(right, np.int64))


def no_digits(data_dir: DataDir) -> Dataset:
    """Letters, symbols and the like of families that no recipe learns from."""
    writers = read_unipen(find_file(PENDIGITS, data_dir), parse_writers(HELD_OUT_WRITERS))
    drawn = [draw_non_digits(family, NO_DIGITS, 0, writers) for family in sorted(HELD_OUT)]
    pictures = np.concatenate(drawn)
    return ArrayDataset("no digits", pictures, np.zeros(len(pictures), np.uint8))


class _Loaded(Dataset):
    """Pictures that have been loaded already."""

    def __init__(self, batch: Batch) -> None:
        super().__init__("corrections")
        self.batch = batch

    def batches(self, batch_size: int = 1000) -> Iterator[Batch]:
        yield self.batch


def _joined(parts: Sequence[Predictions]) -> Predictions:
    return replace(
        parts[0],
        labels=np.concatenate([part.labels for part in parts]),
        answers=np.concatenate([part.answers for part in parts]),
        probabilities=np.concatenate([part.probabilities for part in parts]),
        sure=np.concatenate([part.sure for part in parts]),
    )


def _answers(name: str, right: int, given: NDArray[Any]) -> Predictions:
    """Answers yes (1) or no (0), of which only one is ever right."""
    return Predictions(
        name,
        labels=np.full(len(given), right, np.uint8),
        answers=given.astype(np.int64),
        probabilities=np.eye(CLASSES, dtype=np.float32)[given.astype(np.int64)],
        sure=np.ones(len(given), np.bool_),
        seconds=0.0,
    )


def _at_most(lost: int, won: int) -> float:
    """How many pictures net may be lost for good: of the lost and won ones, the share that is lost
    is at most what the one-sided test of Clopper and Pearson says (95 %)."""
    differing = lost + won
    if not differing:
        return 0.0
    share = float(beta.ppf(1 - REAL, lost + 1, won)) if won else 1.0
    return (2 * share - 1) * differing


def _compared(
    before: Predictions, after: Predictions, on: str, passed: bool, why: str
) -> Comparison:
    return Comparison(
        on,
        pictures=len(before.labels),
        misread_before=int(np.sum(~before.right)),
        misread_after=int(np.sum(~after.right)),
        p_value=difference(before, after).p_value,
        passed=passed,
        why=why,
    )
