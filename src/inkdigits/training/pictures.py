"""What a training run looks like: its curve, what its layers look for, its worst mistakes.

Figures are made without pyplot: no display is needed and no state is shared.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from inkdigits.atomic_file import write_atomically

MOST_UNITS = 100
MOST_FILTERS, MOST_CHANNELS = 32, 16
MOST_MISTAKES = 40
CAPTION, GAP = 14, 6
"""Pixels above a mistake, and beside it."""


def draw_curve(history: Sequence[Mapping[str, float]], path: Path, title: str, missed: str) -> None:
    """Write a PNG with the loss and the error of each epoch, for training and validation.

    `missed` says what the error is the share of.
    """
    epochs = [row["epoch"] for row in history]
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    loss, error = figure.subplots(1, 2)
    for key, label, colour in (
        ("", "while training", "#9aa5b1"),
        ("validation_", "validation", "#1f5fbf"),
    ):
        loss.plot(epochs, [row[f"{key}loss"] for row in history], color=colour, label=label)
        error.plot(
            epochs, [1 - row[f"{key}accuracy"] for row in history], color=colour, label=label
        )
    loss.set(title=f"{title}: loss", xlabel="epoch", ylabel="cross-entropy", yscale="log")
    error.set(title=f"{title}: error", xlabel="epoch", ylabel=missed, yscale="log")
    error.yaxis.set_major_formatter(PercentFormatter(xmax=1))
    for axes in (loss, error):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3, which="both")
        axes.legend(frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
    _write(figure, path)


def draw_weights(weights: NDArray[Any], path: Path, title: str) -> None:
    """Write a PNG of the weights (units, 28, 28) of the units that weigh the most."""
    strongest = np.argsort(-np.linalg.norm(weights.reshape(len(weights), -1), axis=1))
    shown = weights[np.sort(strongest[:MOST_UNITS])]
    columns = 10 if len(shown) > 32 else 8
    shown = np.concatenate([shown, np.zeros((-len(shown) % columns, *weights.shape[1:]))])
    rows = len(shown) // columns
    figure = _figure(columns * 0.75, rows * 0.75 + 0.6)
    most = f"the {MOST_UNITS} strongest of " if len(weights) > MOST_UNITS else ""
    axes = figure.subplots()
    axes.set_title(
        f"{title}: {most}{len(weights)} units, and what they look for\n"
        "blue: ink here speaks for it, red: against it",
        fontsize=9,
    )
    _mosaic(axes, shown.reshape(rows, columns, *shown.shape[1:]))
    _write(figure, path)


def draw_filters(kernels: Sequence[NDArray[Any]], path: Path, title: str) -> None:
    """Write a PNG of each convolution's kernels (filters, channels, rows, columns).

    Filters stand in columns; below each are its kernels for the channels before it.
    """
    shown = [kernel[:MOST_FILTERS, :MOST_CHANNELS].swapaxes(0, 1) for kernel in kernels]
    heights = [len(kernel) * 0.3 + 0.6 for kernel in shown]
    figure = _figure(max(kernel.shape[1] for kernel in shown) * 0.3 + 0.4, sum(heights))
    panels = figure.subplots(len(shown), 1, height_ratios=heights, squeeze=False)[:, 0]
    for number, (axes, kernel, whole) in enumerate(zip(panels, shown, kernels, strict=True), 1):
        channels, filters = kernel.shape[:2]
        of = "" if kernel.size == whole.size else f" (of {whole.shape[0]} and {whole.shape[1]})"
        axes.set_title(
            f"{title}, convolution {number}: {filters} filters across, "
            f"{channels} {'channel' if channels == 1 else 'channels'} down{of}",
            fontsize=8,
        )
        _mosaic(axes, kernel)
    _write(figure, path)


def draw_mistakes(
    seen: NDArray[Any],
    labels: NDArray[Any],
    probabilities: NDArray[Any],
    path: Path,
    title: str,
) -> None:
    """Write a PNG of the wrong answers that gave the label the least probability.

    Args:
        seen: (N, 28, 28), what the network saw, ink bright.
        labels: (N,)
        probabilities: (N, 10)
    """
    answers = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(answers != labels)
    worst = wrong[np.argsort(probabilities[wrong, labels[wrong]])][:MOST_MISTAKES]
    columns = 8
    rows = max(-(-len(worst) // columns), 1)
    figure = _figure(columns * 1.05, rows * 1.35 + 0.4)
    axes = figure.subplots()
    axes.set_title(
        f"{title}: {len(wrong)} of {len(labels):,} validation digits misread"
        + (f", the {len(worst)} worst" if len(wrong) > len(worst) else ""),
        fontsize=9,
    )
    axes.axis("off")
    # All in one picture: Matplotlib takes its time for each of many axes.
    high, wide = seen.shape[1] + CAPTION, seen.shape[2] + GAP
    tiles = np.zeros((rows, columns, high, wide))
    for number, i in enumerate(worst):
        row, column = divmod(number, columns)
        tiles[row, column, CAPTION:, :-GAP] = seen[i]
        says = f"{labels[i]}, read as {answers[i]}\nat {probabilities[i, answers[i]]:.1%}"
        middle, top = (column + 0.5) * wide - GAP / 2, row * high + CAPTION
        axes.text(middle, top, says, fontsize=7, ha="center", va="bottom")
    picture = tiles.swapaxes(1, 2).reshape(rows * high, columns * wide)
    axes.imshow(picture, cmap="gray_r", vmin=0, vmax=1)
    _write(figure, path)


def _write(figure: Figure, path: Path) -> None:
    content = io.BytesIO()
    figure.savefig(content, dpi=130)
    write_atomically(path, content.getvalue())


def _figure(width: float, height: float) -> Figure:
    return Figure(figsize=(width, height), layout="constrained")


def _mosaic(axes: Axes, tiles: NDArray[Any]) -> None:
    """Draw tiles (rows, columns, height, width) with gaps between them.

    Positive numbers are blue, negative ones red and 0 white, each tile up to its own largest.
    """
    height, width = tiles.shape[2:]
    largest = np.abs(tiles).max(axis=(2, 3), keepdims=True)
    gap = max(height // 6, 1)
    scaled = np.pad(tiles / np.maximum(largest, 1e-12), ((0, 0), (0, 0), (0, gap), (0, gap)))
    picture = scaled.transpose(0, 2, 1, 3).reshape(-1, tiles.shape[1] * (width + gap))
    axes.imshow(picture[:-gap, :-gap], cmap="RdBu", vmin=-1, vmax=1, interpolation="nearest")
    axes.axis("off")
