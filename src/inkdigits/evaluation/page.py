"""An evaluation as one HTML file that needs nothing else."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from inkdigits.evaluation import figures
from inkdigits.evaluation.html_page import document, image
from inkdigits.evaluation.metrics import calibration
from inkdigits.evaluation.predictions import NONE, Mistake, Predictions


def page(model: str, predictions: Predictions, figures_of: dict[str, Any]) -> str:
    """The HTML for what `evaluate` says of the predictions."""
    low, high = figures_of["accuracy_interval_95"]
    matrix = np.array(figures_of["confusion_matrix"])
    blank = figures_of["no_ink_seen"]
    sections = [
        f"<h1>{escape(model)} on {escape(predictions.dataset)}</h1>",
        f'<p class="lead">{_in_words(figures_of, matrix)}</p>',
        f'<p><span class="big">{figures_of["accuracy"]:.2%}</span> right of '
        f"{figures_of['pictures']:,} pictures; with 95 % certainty between {low:.2%} and "
        f"{high:.2%}.{f' In {blank} it saw no ink at all.' if blank else ''}</p>",
        "<h2>By digit</h2>",
        _by_digit(figures_of["digits"]),
        "<h2>What is taken for what</h2>",
        image(figures.confusion(matrix), "The confusion matrix"),
        "<h2>Does its confidence mean what it says?</h2>",
        f"<p>Expected calibration error {figures_of['expected_calibration_error']:.2%}, log loss "
        f"{figures_of['log_loss']:.4f}, Brier score {figures_of['brier_score']:.4f}. It calls "
        f"{figures_of['sure']:.1%} of its answers sure, and {figures_of['accuracy_where_sure']:.2%}"
        " of these are right.</p>",
        '<div class="pair">',
        image(figures.reliability(calibration(predictions)), "Accuracy by confidence"),
        "<div>",
        image(figures.coverage(predictions.right, predictions.confidence), "Error by coverage"),
        _coverage(figures_of["coverage"]),
        "</div></div>",
        f"<h2>{_mistakes_title(predictions, figures_of['misread'])}</h2>",
        '<div class="gallery">',
        *(_mistake(mistake) for mistake in predictions.mistakes),
        "</div>",
        f'<p class="lead">{figures_of["pictures_per_second"]:,.0f} pictures a second.</p>',
    ]
    return document(f"{model} on {predictions.dataset}", "\n".join(sections))


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


def _by_digit(digits: dict[str, dict[str, float]]) -> str:
    rows = "".join(
        f"<tr><td>{digit}</td><td>{row['precision']:.2%}</td><td>{row['recall']:.2%}</td>"
        f"<td>{row['f1']:.2%}</td><td>{row['pictures']:,}</td></tr>"
        for digit, row in digits.items()
    )
    heads = "".join(f"<th>{h}</th>" for h in ("digit", "precision", "recall", "F1", "pictures"))
    return f"<table><tr>{heads}</tr>{rows}</table>"


def _coverage(rows: list[dict[str, float]]) -> str:
    cells = "".join(
        f"<tr><td>{row['coverage']:.0%}</td><td>{row['accuracy']:.2%}</td></tr>" for row in rows
    )
    return f"<table><tr><th>answered</th><th>right of these</th></tr>{cells}</table>"


def _mistakes_title(predictions: Predictions, count: int) -> str:
    if not count:
        return "No mistakes"
    shown = len(predictions.mistakes)
    return f"Its {count} mistakes" if shown == count else f"The worst {shown} of {count} mistakes"


def _mistake(mistake: Mistake) -> str:
    answer = "no ink" if mistake.answer == NONE else str(mistake.answer)
    at = "" if mistake.answer == NONE else f" at {mistake.confidence:.1%}"
    return (
        f"<figure>{image(figures.picture(mistake.picture), 'the picture')} "
        f"{image(figures.picture(mistake.seen), 'what the network saw')}"
        f"<figcaption><b>{mistake.label}</b>, read as <b>{answer}</b>{at}<br>"
        f"{escape(mistake.origin)}</figcaption></figure>"
    )
