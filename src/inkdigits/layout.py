"""How writing lies on a page: how far its lines slope, and which boxes are in a row or a column.

Boxes are (N, 4): x0, y0, x1, y1 in pixels; x1 and y1 are exclusive.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

STEEPEST = 0.18
"""No line goes up or down by more for each pixel along: 10 degrees."""
LEVEL = 1 / 3
"""Of a digit's height: middles that differ by less are level."""

Boxes = NDArray[Any]


def middles(boxes: Boxes) -> NDArray[np.float64]:
    """Of each box x and y: (2, N)."""
    both: NDArray[np.float64] = (boxes[:, :2] + boxes[:, 2:]).T / 2
    return both


def slope_of(boxes: Boxes) -> float:
    """How far lines go down for each pixel to the right: where most boxes are level with others.

    Of slopes that are as good it is the least steep. See Baird 1987, "The Skew Angle of Printed
    Documents".
    """
    if not len(boxes):
        return 0.0
    x, y = middles(boxes)
    within = LEVEL * usual_height(boxes)
    steps = np.arange(round(2 * STEEPEST * (x.max() - x.min()) / within) + 1)
    slopes = STEEPEST * np.stack([steps, -steps], axis=1).ravel() / max(steps[-1], 1)
    slope = max(slopes, key=lambda slope: _level_pairs(y - slope * x, within))
    # So much for the lines; all that is level now says exactly how they slope.
    across, down = x - x[:, None], y - y[:, None]
    level = np.abs(down - slope * across) < within
    run, fall = across[level], down[level]
    return float((run * fall).sum() / max((run * run).sum(), 1.0))


def _level_pairs(heights: NDArray[np.float64], within: float) -> int:
    heights = np.sort(heights)
    return int(np.searchsorted(heights, heights + within).sum())


def usual_height(boxes: Boxes) -> float:
    """Of digits, which are higher than the marks among them; 0 of no boxes."""
    heights = (boxes[:, 3] - boxes[:, 1]).astype(float)
    return float((heights**2).sum() / max(heights.sum(), 1.0))


def levelled(boxes: Boxes, slope: float) -> NDArray[np.float64]:
    """The boxes as if their lines did not slope, each as large as it was."""
    x, y = middles(boxes)
    # What goes down to the right goes left further down.
    level: NDArray[np.float64] = boxes + np.stack([slope * y, -slope * x] * 2, axis=1)
    return level


def rows_and_columns(boxes: Boxes, texts: Sequence[str], slope: float) -> list[list[str]]:
    """The texts as they lie, in rows of as many columns; "" where a row has none in a column.

    What lies above each other is a column, what is beside each other a row, along the slope.
    """
    if not texts:
        return []
    x0, y0, x1, y1 = levelled(boxes, slope).T
    columns, rows = groups_of(x0, x1), groups_of(y0, y1)
    table = [[""] * (int(columns.max()) + 1) for _ in range(int(rows.max()) + 1)]
    for text, row, column in zip(texts, rows.tolist(), columns.tolist(), strict=True):
        table[row][column] = " ".join(filter(None, [table[row][column], text]))
    return table


def groups_of(starts: NDArray[np.float64], stops: NDArray[np.float64]) -> NDArray[np.int64]:
    """The number (N,) of the group that each stretch is in: those that overlap are together.

    A stretch joins the group before it if it shares at least a third of the shorter one's length
    with that group's middle one.
    """
    order = np.argsort((starts + stops) / 2)
    groups = np.zeros(len(order), np.int64)
    members: list[int] = []
    number = -1
    for place in order.tolist():
        if members:
            start, stop = float(np.median(starts[members])), float(np.median(stops[members]))
            shared = min(stop, stops[place]) - max(start, starts[place])
            shorter = min(stop - start, stops[place] - starts[place])
        if not members or shared < shorter / 3:
            number, members = number + 1, []
        members.append(place)
        groups[place] = number
    return groups
