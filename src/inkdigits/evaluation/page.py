"""An evaluation as one HTML file that needs nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np

from inkdigits.evaluation import figures
from inkdigits.evaluation.html_page import render
from inkdigits.evaluation.metrics import calibration
from inkdigits.evaluation.predictions import NONE, Predictions


def page(model: str, predictions: Predictions, figures_of: dict[str, Any]) -> str:
    """The HTML for what `evaluate` says of the predictions."""
    matrix = np.array(figures_of["confusion_matrix"])
    return render(
        "evaluation.html",
        title=f"{model} on {predictions.dataset}",
        in_words=_in_words(figures_of, matrix),
        plots={
            "confusion": figures.confusion(matrix),
            "reliability": figures.reliability(calibration(predictions)),
            "coverage": figures.coverage(predictions.right, predictions.confidence),
        },
        mistakes=predictions.mistakes,
        picture=figures.picture,
        NONE=NONE,
        **figures_of,
    )


def _in_words(figures_of: dict[str, Any], matrix: np.ndarray[Any, Any]) -> str:
    """What stands out."""
    digits = figures_of["digits"]
    present = [digit for digit in digits if digits[digit]["pictures"]]
    weakest = min(present, key=lambda digit: digits[digit]["recall"])
    text = f"It reads {digits[weakest]['recall']:.1%} of the {weakest}s, its weakest digit."
    off = matrix.copy()
    np.fill_diagonal(off, 0)
    if off.max():
        label, answer = np.unravel_index(off.argmax(), off.shape)
        times = "once" if off.max() == 1 else f"{off.max()} times"
        text += f" Its most common mistake is to read {label} as {answer}, {times}."
    return text
