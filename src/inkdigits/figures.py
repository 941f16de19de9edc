"""What a network looks like: its curve, what its layers look for, its worst mistakes.

Figures are made without pyplot: no display is needed and no state is shared. Notebooks show them.
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from inkdigits.atomic_file import write_atomically

DOTTED = 30
"""Epochs, at the most, that are dots on the curve, too: a line through one alone is nothing."""
MOST_UNITS = 100
MOST_FILTERS, MOST_CHANNELS = 32, 16
MOST_MISTAKES = 40
CAPTION, GAP = 14, 6
"""Pixels above a mistake, and beside it."""


class Picture(Figure):
    """A figure that a notebook shows."""

    def _repr_png_(self) -> bytes:
        content = io.BytesIO()
        self.savefig(content, dpi=130)
        return content.getvalue()


def write(figure: Picture, path: Path) -> None:
    """Write the figure as a PNG file."""
    write_atomically(path, figure._repr_png_())


def curve(
    history: Sequence[Mapping[str, float]],
    title: str,
    missed: str = "misread",
    pictures: int | None = None,
) -> Picture:
    """The loss and the error of each epoch, for training and, if there is any, validation.

    `missed` says what the error is the share of. If that is of so many `pictures`, a band shows the
    standard error of the validation's: how far another choice of pictures may be from it.
    """
    epochs = [row["epoch"] for row in history]
    figure = Picture(figsize=(9, 3.6), layout="constrained")
    loss, error = figure.subplots(1, 2)
    for key, label, colour in (
        ("", "while training", "#9aa5b1"),
        ("validation_", "validation", "#1f5fbf"),
    ):
        if math.isnan(history[-1].get(f"{key}loss", math.nan)):  # there is no validation data
            continue
        style = {"color": colour, "label": label, "marker": "o" if len(epochs) <= DOTTED else ""}
        loss.plot(epochs, [row[f"{key}loss"] for row in history], **style)
        shares = np.array([1 - row[f"{key}accuracy"] for row in history])
        error.plot(epochs, shares, **style)
        if key and pictures:
            spread = np.sqrt(shares * (1 - shares) / pictures)
            band = {"color": colour, "alpha": 0.15, "label": "± standard error"}
            error.fill_between(epochs, shares - spread, shares + spread, **band)
    loss.set(title=f"{title}: loss", xlabel="epoch", ylabel="loss", yscale="log")
    error.set(title=f"{title}: error", xlabel="epoch", ylabel=missed, yscale="log")
    loss.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    error.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g} %"))
    for axes in (loss, error):
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3, which="both")
        axes.legend(frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def units(weights: NDArray[Any], title: str) -> Picture:
    """The weights (units, rows, columns) for each pixel, of the units that weigh the most."""
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
    return figure


def filters(kernels: Sequence[NDArray[Any]], title: str) -> Picture:
    """Each convolution's kernels (filters, channels, rows, columns).

    Filters stand in columns; below each are its kernels for the channels before it.
    """
    shown = [kernel[:MOST_FILTERS, :MOST_CHANNELS].swapaxes(0, 1) for kernel in kernels]
    heights = [len(kernel) * 0.3 + 0.6 for kernel in shown]
    figure = _figure(max(kernel.shape[1] for kernel in shown) * 0.3 + 0.4, sum(heights))
    panels = figure.subplots(len(shown), 1, height_ratios=heights, squeeze=False)[:, 0]
    for number, (axes, kernel, whole) in enumerate(zip(panels, shown, kernels, strict=True), 1):
        channels, across = kernel.shape[:2]
        of = "" if kernel.size == whole.size else f" (of {whole.shape[0]} and {whole.shape[1]})"
        axes.set_title(
            f"{title}, convolution {number}: {across} filters across, "
            f"{channels} {'channel' if channels == 1 else 'channels'} down{of}",
            fontsize=8,
        )
        _mosaic(axes, kernel)
    return figure


def mistakes(
    seen: NDArray[Any],
    labels: NDArray[Any],
    probabilities: NDArray[Any],
    title: str,
    *,
    classes: Sequence[object] = range(10),
) -> Picture:
    """The wrong answers that gave the label the least probability.

    Args:
        seen: (N, rows, columns), what the network saw, ink bright.
        labels: (N,) their places among the classes.
        probabilities: (N, classes)
        classes: what they are called.
    """
    answers = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(answers != labels)
    worst = wrong[np.argsort(probabilities[wrong, labels[wrong]])][:MOST_MISTAKES]
    columns = 8
    rows = max(-(-len(worst) // columns), 1)
    figure = _figure(columns * 1.05, rows * 1.35 + 0.4)
    axes = figure.subplots()
    axes.set_title(
        f"{title}: {len(wrong)} of {len(labels):,} misread"
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
        label, answer = classes[labels[i]], classes[answers[i]]
        says = f"{label}, read as {answer}\nat {probabilities[i, answers[i]]:.1%}"
        middle, top = (column + 0.5) * wide - GAP / 2, row * high + CAPTION
        axes.text(middle, top, says, fontsize=7, ha="center", va="bottom")
    picture = tiles.swapaxes(1, 2).reshape(rows * high, columns * wide)
    axes.imshow(picture, cmap="gray_r", vmin=0, vmax=1)
    return figure


def rate_search(rates: NDArray[Any], losses: NDArray[Any], suggestion: float) -> Picture:
    """The loss (steps,) while the learning rate (steps,) rose, and the rate to begin with."""
    figure = _figure(5, 3.6)
    axes = figure.subplots()
    axes.plot(rates, losses, color="#1f5fbf")
    axes.axvline(suggestion, color="#b3261e", linestyle="--", label=f"{suggestion:.2g}")
    axes.set(xlabel="learning rate", ylabel="loss, smoothed", xscale="log")
    axes.legend(frameon=False)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _figure(width: float, height: float) -> Picture:
    return Picture(figsize=(width, height), layout="constrained")


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
