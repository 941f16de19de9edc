"""The learning curve as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path


def plot_curve(history: Sequence[Mapping[str, float]], path: Path, title: str) -> None:
    """Write a PNG with the loss and the error of each epoch, for training and validation."""
    # A figure of its own, not pyplot: no display is needed and no state is shared.
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    epochs = [row["epoch"] for row in history]
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    loss, error = figure.subplots(1, 2)
    for key, label, colour in (
        ("", "training (bent pictures)", "#9aa5b1"),
        ("validation_", "validation", "#1f5fbf"),
    ):
        loss.plot(epochs, [row[f"{key}loss"] for row in history], color=colour, label=label)
        error.plot(
            epochs, [1 - row[f"{key}accuracy"] for row in history], color=colour, label=label
        )
    loss.set(title=f"{title}: loss", xlabel="epoch", ylabel="cross-entropy", yscale="log")
    error.set(title=f"{title}: error", xlabel="epoch", ylabel="misread", yscale="log")
    error.yaxis.set_major_formatter(PercentFormatter(xmax=1))
    for axes in (loss, error):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3, which="both")
        axes.legend(frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=130)
