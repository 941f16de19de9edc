"""Figures of merit, by scikit-learn and SciPy wherever they have them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score, classification_report, confusion_matrix, log_loss

from inkdigits.evaluation.predictions import CLASSES, NONE, Predictions

BINS = 15
"""Of confidence, for the calibration error: as in Guo et al. 2017."""
COVERAGES = (1.0, 0.99, 0.98, 0.95, 0.9, 0.8)
REAL = 0.05
"""A difference that would come by chance less often than that is called real."""


def evaluate(predictions: Predictions) -> dict[str, Any]:
    """All figures, as JSON can hold them. Shares are from 0 to 1; None where there is nothing to
    have a share of.
    """
    labels, right, sure = predictions.labels, predictions.right, predictions.sure
    count = len(labels)
    interval = binomtest(int(right.sum()), count).proportion_ci(0.95, method="wilson")
    blank = int((predictions.answers == NONE).sum())
    return {
        "dataset": predictions.dataset,
        "pictures": count,
        "accuracy": float(accuracy_score(labels, predictions.answers)),
        "accuracy_interval_95": [float(interval.low), float(interval.high)],
        "misread": int((~right).sum()),
        "no_ink_seen": blank,
        "log_loss": float(log_loss(labels, predictions.probabilities, labels=range(CLASSES))),
        "brier_score": brier_score(predictions.probabilities, labels),
        "expected_calibration_error": calibration(predictions).error,
        "sure": float(sure.mean()),
        "accuracy_where_sure": float(right[sure].mean()) if sure.any() else None,
        "digits": _by_digit(predictions),
        "confusion_matrix": confusion_matrix(
            labels, predictions.answers, labels=range(CLASSES)
        ).tolist(),
        "coverage": coverage(predictions),
        "pictures_per_second": count / predictions.seconds,
    }


def brier_score(probabilities: NDArray[Any], labels: NDArray[Any]) -> float:
    """The mean over pictures of the summed squared errors of all ten probabilities, 0 to 2.

    Brier 1950, "Verification of forecasts expressed in terms of probability", equation 2.
    """
    errors = probabilities.astype(np.float64)
    errors[np.arange(len(labels)), labels] -= 1
    return float((errors**2).sum(axis=1).mean())


@dataclass(frozen=True)
class CalibrationBins:
    """Pictures in bins by confidence: in each, is the accuracy what the confidence says?"""

    counts: NDArray[np.int64]
    confidence: NDArray[np.float64]
    """The mean of each bin; NaN where it is empty."""
    accuracy: NDArray[np.float64]

    @property
    def error(self) -> float:
        """The expected calibration error: the bins' mean gap, weighted by their counts."""
        gaps = np.nan_to_num(np.abs(self.confidence - self.accuracy))
        return float((gaps * self.counts).sum() / self.counts.sum())


def calibration(predictions: Predictions) -> CalibrationBins:
    """Bins of equal width (Guo et al. 2017, "On Calibration of Modern Neural Networks")."""
    confidence = predictions.confidence.astype(np.float64)
    places = np.minimum((confidence * BINS).astype(int), BINS - 1)
    counts = np.bincount(places, minlength=BINS)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(places, confidence, BINS) / counts
        accuracy = np.bincount(places, predictions.right, BINS) / counts
    return CalibrationBins(counts, mean, accuracy)


def coverage(predictions: Predictions) -> list[dict[str, float]]:
    """The accuracy of the most confident answers, as more of the others are left out."""
    order = np.argsort(-predictions.confidence, kind="stable")
    right = predictions.right[order]
    kept = [max(round(share * len(right)), 1) for share in COVERAGES]
    return [
        {"coverage": share, "accuracy": float(right[:count].mean())}
        for share, count in zip(COVERAGES, kept, strict=True)
    ]


@dataclass(frozen=True)
class Difference:
    """Whether one model is better than another on the same pictures."""

    only_first: int
    """Pictures that only the first reads right."""
    only_second: int
    p_value: float

    @property
    def is_real(self) -> bool:
        return self.p_value < REAL


def difference(first: Predictions, second: Predictions) -> Difference:
    """McNemar's test, exact: of the pictures that just one reads right, is it a coin's toss which?

    McNemar 1947, "Note on the sampling error of the difference between correlated proportions".
    """
    only_first = int((first.right & ~second.right).sum())
    only_second = int((second.right & ~first.right).sum())
    differing = only_first + only_second
    p_value = binomtest(only_first, differing).pvalue if differing else 1.0
    return Difference(only_first, only_second, float(p_value))


def _by_digit(predictions: Predictions) -> dict[str, dict[str, float]]:
    report = classification_report(
        predictions.labels,
        predictions.answers,
        labels=range(CLASSES),
        output_dict=True,
        zero_division=0.0,
    )
    return {
        str(digit): {
            "precision": float(report[str(digit)]["precision"]),
            "recall": float(report[str(digit)]["recall"]),
            "f1": float(report[str(digit)]["f1-score"]),
            "pictures": int(report[str(digit)]["support"]),
        }
        for digit in range(CLASSES)
    }
