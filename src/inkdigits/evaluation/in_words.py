"""Evaluations and comparisons as lines to read in a terminal."""

from __future__ import annotations

from typing import Any

from inkdigits.evaluation.metrics import Difference
from inkdigits.picture.sources import printable


def evaluation_in_words(model: str, figures: dict[str, Any]) -> str:
    """The figures that `evaluate` gives, as a table and sentences."""
    low, high = figures["accuracy_interval_95"]
    lines = [
        f"{model} on {figures['dataset']}, {figures['pictures']:,} pictures",
        "",
        f"accuracy   {figures['accuracy']:.2%}  (95 % interval {low:.2%} to {high:.2%}), "
        f"{figures['misread']:,} misread",
        f"log loss   {figures['log_loss']:.4f}",
        f"Brier      {figures['brier_score']:.4f}",
        f"ECE        {figures['expected_calibration_error']:.2%}  (expected calibration error)",
        f"sure       {figures['sure']:.2%} of the answers"
        + (f", {figures['accuracy_where_sure']:.2%} of these right" if figures["sure"] else ""),
    ]
    if figures["no_ink_seen"]:
        lines.append(f"no answer  to {figures['no_ink_seen']:,} pictures, which count as misread")
    lines += ["", "digit  precision  recall      F1  pictures"]
    for digit, row in figures["digits"].items():
        lines.append(
            f"{digit:>5}  {row['precision']:9.2%}  {row['recall']:6.2%}  {row['f1']:6.2%}  "
            f"{row['pictures']:8,}"
        )
    lines += ["", "label \\ read as", "      " + "".join(f"{digit:>6}" for digit in range(10))]
    for digit, row in enumerate(figures["confusion_matrix"]):
        lines.append(f"{digit:>6}" + "".join(f"{count or '.':>6}" for count in row))
    lines += ["", "answered  right of these"]
    for row in figures["coverage"]:
        lines.append(f"{row['coverage']:8.0%}  {row['accuracy']:.2%}")
    return "\n".join([*lines, "", f"{figures['pictures_per_second']:,.0f} pictures a second"])


def texts_in_words(model: str, figures: dict[str, Any]) -> str:
    """The figures as lines to read in a terminal, with each picture that was misread."""
    low, high = figures["right_interval_95"]
    misread = figures["misread"]
    lines = [
        f"{model} on {figures['dataset']}, {figures['pictures']:,} pictures",
        "",
        f"right      {figures['right']:.2%}  (95 % interval {low:.2%} to {high:.2%}), "
        f"{len(misread):,} misread",
        f"sure       {figures['sure']:.2%}, of which {figures['sure_and_wrong']:,} wrong",
    ]
    if unread := sum(bool(text["why"]) for text in misread):
        lines.append(f"not read   {unread:,}, which count as misread")
    if misread:
        lines.append("")
    for text in misread:
        read = repr(text["text"]) if text["text"] else "nothing"
        more = f": {printable(text['why'])}" if text["why"] else ", sure" if text["sure"] else ""
        lines.append(f"{printable(text['file'])}: {text['truth']!r} read as {read}{more}")
    return "\n".join(lines)


def comparison_in_words(
    dataset: str, rows: dict[str, dict[str, Any]], differences: dict[str, Difference]
) -> str:
    """Models side by side; `differences` are those of each from the first."""
    width = max(map(len, [*rows, "model"]))
    lines = [
        f"on {dataset}",
        f"{'model':<{width}}  accuracy  95 % interval       log loss     ECE  pictures/s",
    ]
    for name, figures in rows.items():
        low, high = figures["accuracy_interval_95"]
        lines.append(
            f"{name:<{width}}  {figures['accuracy']:8.2%}  {low:.2%} to {high:.2%}  "
            f"{figures['log_loss']:8.4f}  {figures['expected_calibration_error']:6.2%}  "
            f"{figures['pictures_per_second']:10,.0f}"
        )
    first = next(iter(rows))
    for name, found in differences.items():
        verdict = "a real difference" if found.is_real else "may be chance"
        lines.append(
            f"{name} against {first}: {found.only_second} pictures that only the former reads, "
            f"{found.only_first} that only the latter does; {verdict} (McNemar's test, "
            f"p = {found.p_value:.2g})"
        )
    return "\n".join(lines)
