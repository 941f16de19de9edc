"""Figures of a data set, as PNG files in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from numpy.typing import NDArray

from inkdigits.evaluation.figures import BLUE, GREY, png
from inkdigits.evaluation.predictions import CLASSES
from inkdigits.evaluation.study import Facts

SAMPLES = 16
MEASURES = {
    "ink": "ink: pixels of 784 covered",
    "slant": "slant: to the right for each pixel up",
    "thickness": "stroke thickness, pixels of 28",
    "aspect": "width over height",
}
PICTURES_ON_MAP = 350


def counts(facts: Facts) -> bytes:
    """How many pictures each digit has."""
    figure = Figure(figsize=(7, 2.6), layout="constrained")
    axes = figure.subplots()
    bars = axes.bar(range(CLASSES), facts.counts, color=BLUE)
    axes.bar_label(bars, fmt="{:,.0f}", fontsize=8)
    axes.set(xticks=range(CLASSES), xlabel="digit", ylabel="pictures")
    axes.spines[["top", "right"]].set_visible(False)
    return png(figure)


def samples(facts: Facts) -> bytes:
    """A row of pictures for each digit, chosen at random; one block of them without labels."""
    rng = np.random.default_rng(0)
    rows = []
    for group in _groups(facts):
        chosen = rng.permutation(group)[:SAMPLES]
        row = np.zeros((SAMPLES, *facts.seen.shape[1:]), np.float32)
        row[: len(chosen)] = facts.seen[chosen]
        rows.append(row)
    return _mosaic(np.stack(rows))


def mean_and_spread(facts: Facts) -> bytes:
    """The mean of each digit above, and below where its pictures differ."""
    blank = np.zeros(facts.seen.shape[1:], np.float32)
    groups = [facts.seen[group] for group in _groups(facts)]
    means = [group.mean(axis=0) if len(group) else blank for group in groups]
    spreads = [group.std(axis=0) if len(group) else blank for group in groups]
    return _mosaic(np.stack([np.stack(means), np.stack(spreads) / max(np.max(spreads), 1e-9)]))


def measures(facts: Facts) -> bytes:
    """Ink, slant, thickness, aspect ratio: the middle half of each digit's pictures, and 90 %."""
    figure = Figure(figsize=(9, 5.4), layout="constrained")
    groups = _groups(facts)
    names = [str(i) for i in range(len(groups))] if len(groups) > 1 else ["all"]
    for axes, (key, title) in zip(figure.subplots(2, 2).flat, MEASURES.items(), strict=True):
        values = [facts.measures[key][group] for group in groups]
        axes.boxplot(
            [v if len(v) else np.array([np.nan]) for v in values],
            tick_labels=names,
            whis=(5, 95),
            showfliers=False,
            medianprops={"color": BLUE},
            boxprops={"color": GREY},
            whiskerprops={"color": GREY},
            capprops={"color": GREY},
        )
        axes.set_title(title, fontsize=9)
        axes.spines[["top", "right"]].set_visible(False)
    return png(figure)


def picture_map(facts: Facts, method: str) -> bytes:
    """Pictures laid out in two dimensions; those alike lie close together, a colour a label."""
    places = facts.maps[method]
    figure = Figure(figsize=(9, 8), layout="constrained")
    axes = figure.subplots()
    palette = [colormaps["tab10"](i)[:3] for i in range(CLASSES)]
    colours = [
        palette[9 if facts.labels is None else facts.labels[place]] for place in facts.mapped
    ]
    axes.scatter(places[:, 0], places[:, 1], c=colours, s=9, alpha=0.45)
    for i in range(min(PICTURES_ON_MAP, len(places))):
        ink = facts.seen[facts.mapped[i]][..., None]
        tinted = np.concatenate([np.broadcast_to(colours[i], (*ink.shape[:2], 3)), ink], axis=2)
        axes.add_artist(AnnotationBbox(OffsetImage(tinted, zoom=0.6), places[i], frameon=False))
    axes.axis("off")
    return png(figure)


def _groups(facts: Facts) -> list[NDArray[np.int64]]:
    """Which pictures each digit has; all of them together without labels."""
    if facts.labels is None:
        return [np.arange(len(facts.seen))]
    return [np.flatnonzero(facts.labels == digit) for digit in range(CLASSES)]


def _mosaic(tiles: NDArray[Any]) -> bytes:
    """Tiles (rows, columns, height, width) of ink in 0..1, dark on light, side by side."""
    rows, _, height, _ = tiles.shape
    picture = np.pad(tiles, ((0, 0), (0, 0), (1, 1), (1, 1))).transpose(0, 2, 1, 3)
    figure = Figure(figsize=(tiles.shape[1] * 0.5, rows * 0.5))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.imshow(picture.reshape(rows * (height + 2), -1), cmap="gray_r", vmin=0, vmax=1)
    axes.axis("off")
    return png(figure)
