"""Confidence that means something: the temperature, and from where on a digit is sure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

ACCEPTED = 0.99
"""The share of real digits that `sure` accepts."""
COLDEST, HOTTEST = 0.2, 5.0
"""Validation digits that are all read right would drive the temperature to 0, confidence to 1."""


@dataclass(frozen=True)
class Calibration:
    """How logits become a confidence that means something."""

    temperature: float = 1.0
    """Logits are divided by it (Guo et al. 2017, "On Calibration of Modern Neural Networks")."""
    sure_from: float = 0.99
    """The confidence that 99 % of real digits reach, in 0..1; where that is not known, one that
    few wrong answers reach."""


def calibrate(logits: NDArray[np.floating[Any]], labels: NDArray[np.integer[Any]]) -> Calibration:
    """The temperature with the least cross-entropy on `logits` (N, 10) that were not trained on.

    Method: Guo et al. 2017, section 4.2. Labels (N,) are 0 to 9.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    logits = np.asarray(logits, np.float64)
    rows = np.arange(len(labels))

    def cross_entropy(log_temperature: float) -> float:
        scaled = log_softmax(logits / np.exp(log_temperature), axis=1)
        return float(-scaled[rows, labels].mean())

    bounds = np.log([COLDEST, HOTTEST])
    temperature = float(np.exp(minimize_scalar(cross_entropy, bounds=bounds, method="bounded").x))
    confidence = np.exp(log_softmax(logits / temperature, axis=1)).max(axis=1)
    return Calibration(temperature, float(np.quantile(confidence, 1 - ACCEPTED)))
