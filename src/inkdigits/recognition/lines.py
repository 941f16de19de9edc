"""Which line of writing each piece is on, where a page's lines slope.

`page.onnx` tells lines by how high pieces lie, which is right until a line's end is lower than its
beginning by half a digit.
"""

from __future__ import annotations

import numpy as np

from inkdigits.layout import groups_of, levelled, middles, slope_of, usual_height
from inkdigits.recognition.page import Pieces

SLOPES_FROM = 0.5
"""Of a digit's height: by so much the page's lines go up or down, or they are as the file says."""
LEADS_FROM = 0.5
"""Pieces that are so likely, and half as high as digits, say where lines are."""


def in_lines(pieces: Pieces) -> Pieces:
    """The pieces in reading order along the page's slope: line by line, left to right."""
    box = pieces.box
    height = usual_height(box)
    leads = (pieces.kind.sum(1) >= LEADS_FROM) & (box[:, 3] - box[:, 1] > height / 2)
    if leads.sum() < 2:
        return pieces
    slope = slope_of(box[leads])
    if abs(slope) * (box[leads, 2].max() - box[leads, 0].min()) < SLOPES_FROM * height:
        return pieces
    x, y = middles(levelled(box, slope))
    _, top, _, bottom = levelled(box[leads], slope).T
    groups = groups_of(top, bottom)
    # Marks and what is hardly there lie high and low: they are on the nearest line.
    level = np.array([np.median(y[leads][groups == group]) for group in range(groups.max() + 1)])
    line = np.abs(y[:, None] - level).argmin(1)
    line[leads] = groups
    order = np.lexsort((x, line))
    return Pieces(box[order], pieces.kind[order], pieces.crop[order], line[order].astype(np.int32))
