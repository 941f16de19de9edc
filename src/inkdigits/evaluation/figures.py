"""Figures of an evaluation, as PNG files in memory."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray
from PIL import Image

from inkdigits.evaluation.metrics import CalibrationBins
from inkdigits.evaluation.predictions import SHOWN

BLUE, GREY, RED = "#1f5fbf", "#9aa5b1", "#b3261e"


def confusion(matrix: NDArray[Any]) -> bytes:
    """The confusion matrix (10, 10): rows are labels, columns answers; only mistakes are shaded."""
    figure = Figure(figsize=(5.2, 4.8), layout="constrained")
    axes = figure.subplots()
    mistakes = matrix.astype(float)
    np.fill_diagonal(mistakes, 0)
    axes.imshow(mistakes, cmap="Reds", vmin=0, vmax=max(mistakes.max(), 1))
    for row, column in np.ndindex(matrix.shape):
        if matrix[row, column]:
            dark = mistakes[row, column] > 0.6 * mistakes.max() and row != column
            axes.text(
                *(column, row, f"{matrix[row, column]}"),
                ha="center",
                va="center",
                fontsize=8,
                color="white" if dark else BLUE if row == column else "black",
            )
    axes.set(xticks=range(10), yticks=range(10), xlabel="read as", ylabel="label")
    return png(figure)


def reliability(bins: CalibrationBins) -> bytes:
    """Accuracy against confidence; on the diagonal, confidence means what it says."""
    figure = Figure(figsize=(4.6, 4.6), layout="constrained")
    axes, counts = figure.subplots(2, 1, height_ratios=[3, 1], sharex=True)
    filled = bins.counts > 0
    axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1)
    axes.plot(bins.confidence[filled], bins.accuracy[filled], "o-", color=BLUE)
    axes.set(ylabel="right", ylim=(0, 1.02))
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1))
    width = 1 / len(bins.counts)
    counts.bar((np.arange(len(bins.counts)) + 0.5) * width, bins.counts, width * 0.9, color=GREY)
    counts.set(xlabel="confidence", ylabel="pictures", yscale="log", xlim=(0, 1.02))
    counts.xaxis.set_major_formatter(PercentFormatter(xmax=1))
    _plain(axes, counts)
    return png(figure)


def coverage(right: NDArray[np.bool_], confidence: NDArray[Any]) -> bytes:
    """The error of the most confident answers, as more of the others are left out."""
    order = np.argsort(-confidence, kind="stable")
    kept = np.arange(1, len(right) + 1)
    error = np.cumsum(~right[order]) / kept
    figure = Figure(figsize=(4.6, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.plot(kept / len(right), error, color=BLUE)
    axes.set(xlabel="pictures answered, the most confident first", ylabel="misread of these")
    axes.set_xlim(0.5, 1.0)
    axes.xaxis.set_major_formatter(PercentFormatter(xmax=1))
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1))
    _plain(axes)
    return png(figure)


def picture(pixels: NDArray[Any]) -> bytes:
    """A grey picture (H, W): uint8, or ink in 0..1, which is drawn dark on light."""
    if pixels.dtype != np.uint8:
        pixels = (255 - 255 * pixels).round().astype(np.uint8)
    content = io.BytesIO()
    image = Image.fromarray(pixels)
    image.thumbnail((SHOWN, SHOWN))
    image.save(content, "PNG", optimize=True)
    return content.getvalue()


def _plain(*panels: Axes) -> None:
    for axes in panels:
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)


def png(figure: Figure) -> bytes:
    """The figure as a PNG file."""
    content = io.BytesIO()
    figure.savefig(content, dpi=110)
    return content.getvalue()
