"""Confidence that means something: the temperature, and from where on a digit is sure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

ACCEPTED = 0.99
"""The share of real digits that `sure` accepts, if it can."""
RIGHT = 0.99
"""So many of the sure answers have to be right, and validation pictures have to show it: …"""
CHANCE = 0.05
"""… if it were not so, they would look like that less often than this."""
NEVER = 1.0
"""A confidence that none is above: from there on a model is sure of nothing."""
COLDEST, HOTTEST = 0.2, 5.0
SPREAD = 0.5
"""Before a picture is seen, the temperature's logarithm is expected to be so far from 0. A few
digits that are all read right would drive it to the coldest, and every confidence to 1."""


@dataclass(frozen=True)
class Calibration:
    """How logits become a confidence that means something."""

    temperature: float = 1.0
    """Logits are divided by it (Guo et al. 2017, "On Calibration of Modern Neural Networks")."""
    sure_from: float = 0.99
    """The confidence, in 0..1, above which an answer is sure; see `calibrate`. Where that is not
    known, one that few wrong answers reach."""


def calibrate(logits: NDArray[np.floating[Any]], labels: NDArray[np.integer[Any]]) -> Calibration:
    """What `logits` (N, 10) that were not trained on, and their labels (N,) from 0 to 9, show.

    The temperature with the least cross-entropy (Guo et al. 2017, section 4.2), of few digits one
    nearer to 1 (`SPREAD`), and the confidence that 99 % of the digits reach or, if less than 99 %
    of those may be right, a higher one; `NEVER` where so few or so bad answers show it of none. It
    takes 299 that are all right.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    if not len(labels):
        return Calibration(sure_from=NEVER)
    logits = np.asarray(logits, np.float64)
    rows = np.arange(len(labels))

    def unlikely(log_temperature: float) -> float:
        scaled = log_softmax(logits / np.exp(log_temperature), axis=1)
        return float(-scaled[rows, labels].sum() + (log_temperature / SPREAD) ** 2 / 2)

    bounds = np.log([COLDEST, HOTTEST])
    temperature = float(np.exp(minimize_scalar(unlikely, bounds=bounds, method="bounded").x))
    confidence = np.exp(log_softmax(logits / temperature, axis=1)).max(axis=1)
    accepted = float(np.quantile(confidence, 1 - ACCEPTED))
    shown = _shown_right_from(confidence, logits.argmax(axis=1) == labels)
    return Calibration(temperature, max(accepted, shown))


def _shown_right_from(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """The least confidence of which these answers (N,) show that `RIGHT` of those above are right.

    The one-sided test of Clopper, Pearson 1934, "The use of confidence or fiducial limits".
    """
    from scipy.stats import binom

    order = np.argsort(-confidence)
    wrong, count = np.cumsum(~right[order]), np.arange(1, len(order) + 1)
    shown = np.flatnonzero(binom.cdf(wrong, count, 1 - RIGHT) <= CHANCE)
    # Above the next one's confidence are just those that show it.
    return float(np.append(confidence[order], 0.0)[shown[-1] + 1]) if len(shown) else NEVER
