"""Whether a candidate may take the place of the model that is promoted: measured, or else no."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from inkdigits.datasets.dataset import Batch, Dataset
from inkdigits.datasets.spec import find_file, open_dataset
from inkdigits.datasets.strokes import PENDIGITS, StrokesDataset, parse_writers
from inkdigits.evaluation.metrics import REAL, difference
from inkdigits.evaluation.predictions import Predictions, predict
from inkdigits.reader import Reader
from inkdigits.training.tasks.fine_tuning import HELD_OUT_WRITERS
from inkdigits.training.writers import DataDir

LOST = 0.0025
"""It has to be shown (95 %) that fewer than this share of other people's digits are lost."""
CONTRADICTED = 0.1
"""If the candidate is sure of another digit in more of the corrections, they are to be reviewed."""


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


def not_worse(before: Predictions, after: Predictions, on: str) -> Comparison:
    """Whether it is shown that it loses next to nothing of what was read before."""
    found = difference(before, after)
    lost = _at_most(found.only_first, found.only_second) / len(before.labels)
    amount = f"at most {lost:.2%}" if lost > 0 else "nothing"
    why = f"loses {amount} (95 %), and {LOST:.2%} is the limit"
    return _compared(before, after, on, lost < LOST, why)


def believable(before: Predictions, after: Predictions, on: str) -> Comparison:
    """Whether the labels can be believed: what a candidate is still sure of after it has learned
    from them is hardly ever something else."""
    wrong = int((after.sure & ~after.right).sum())
    why = f"it is sure that {wrong} are something else, and {CONTRADICTED:.0%} is the limit"
    return _compared(before, after, on, wrong <= CONTRADICTED * len(after.labels), why)


def judged(
    before: Reader,
    after: Reader,
    corrections: Batch,
    is_held_back: NDArray[np.bool_],
    data_dir: DataDir,
) -> Iterator[Comparison]:
    """All that the gate asks. Where no correction (N,) was held back, none is asked about those."""

    def both(dataset: Dataset) -> tuple[Predictions, Predictions]:
        return predict(before, dataset, worst=0), predict(after, dataset, worst=0)

    on_all = both(_Loaded(corrections))
    if is_held_back.any():
        was, now = (_only(predictions, is_held_back) for predictions in on_all)
        yield better(was, now, "held-back corrections")
    yield believable(*on_all, "labels of corrections")
    yield not_worse(*both(open_dataset("mnist:validation", data_dir)), "mnist:validation")
    strokes = find_file(PENDIGITS, data_dir)
    writers = StrokesDataset(strokes, writers=parse_writers(HELD_OUT_WRITERS))
    yield not_worse(*both(writers), f"writers {HELD_OUT_WRITERS}")


class _Loaded(Dataset):
    """Pictures that have been loaded already."""

    def __init__(self, batch: Batch) -> None:
        super().__init__("corrections")
        self.batch = batch

    def batches(self, batch_size: int = 1000) -> Iterator[Batch]:
        yield self.batch


def _only(predictions: Predictions, chosen: NDArray[np.bool_]) -> Predictions:
    """Those of some pictures (N,)."""
    return replace(
        predictions,
        labels=predictions.labels[chosen],
        answers=predictions.answers[chosen],
        probabilities=predictions.probabilities[chosen],
        sure=predictions.sure[chosen],
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
