"""Rows and columns: the numbers of a page as a table, found from how they lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inkdigits.reading import Box, Digit, Mark, Reading

UNSURE = "?"
"""Stands behind a number that is not sure."""


@dataclass(frozen=True)
class _Number:
    """A number on the page."""

    text: str
    sure: bool
    box: Box


def table_of(reading: Reading) -> list[list[str]]:
    """The numbers in rows, each of as many columns; "" where a row has nothing in a column.

    Numbers that lie above each other are a column, those beside each other a row, also on a page
    that is not quite upright; its marks are part of a number. One that is not sure, or has a sign
    in it or at it that was left out, has a question mark behind it.
    """
    numbers = _numbers(reading)
    if not numbers:
        return []
    slope = _slope(numbers)
    boxes = np.array([number.box for number in numbers], float)
    # Turned back by the page's slope: what goes down to the right goes left further down.
    x_middle, y_middle = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    along, down = slope * y_middle, -slope * x_middle
    columns = _groups(boxes[:, 0] + along, boxes[:, 2] + along)
    rows = _groups(boxes[:, 1] + down, boxes[:, 3] + down)
    table = [[""] * (int(columns.max()) + 1) for _ in range(int(rows.max()) + 1)]
    for number, row, column in zip(numbers, rows.tolist(), columns.tolist(), strict=True):
        text = number.text if number.sure else f"{number.text}{UNSURE}"
        table[row][column] = " ".join(filter(None, [table[row][column], text]))
    return table


def _numbers(reading: Reading) -> list[_Number]:
    digits, marks = iter(reading.digits), iter(reading.marks)
    numbers = []
    for text in reading.text.split():
        own = [next(digits) if sign.isdigit() else next(marks) for sign in text]
        box = _around(own)
        sure = all(sign.sure for sign in own)
        sure = sure and not any(_touches(box, sign) for sign in reading.skipped)
        numbers.append(_Number(text, sure, box))
    return numbers


def _around(signs: Sequence[Digit | Mark]) -> Box:
    left, top, right, bottom = zip(*(sign.box for sign in signs), strict=True)
    return min(left), min(top), max(right), max(bottom)


def _touches(number: Box, sign: Box) -> bool:
    """Whether a sign is within a number or beside it."""
    x0, y0, x1, y1 = number
    reach = (y1 - y0) / 2
    left, top, right, bottom = sign
    return left < x1 + reach and right > x0 - reach and top < y1 + reach and bottom > y0


def _slope(numbers: Sequence[_Number]) -> float:
    """How far the rows go down for each pixel to the right: the median over close neighbours."""
    slopes = []
    for number in numbers:
        x0, y0, x1, y1 = number.box
        height = y1 - y0
        right = [
            other for other in numbers if other.box[0] >= x1 and abs(other.box[3] - y1) < height / 2
        ]
        if right:
            nearest = min(right, key=lambda other: other.box[0])
            run = (nearest.box[0] + nearest.box[2] - x0 - x1) / 2
            slopes.append((nearest.box[3] - y1) / run)
    return float(np.median(slopes)) if slopes else 0.0


def _groups(starts: NDArray[np.float64], stops: NDArray[np.float64]) -> NDArray[np.int64]:
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
