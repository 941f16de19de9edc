"""Tell at a glance the most frequent picture: one digit, clean, with nothing around it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inkdigits.ink import connected

TINY = 64
"""A picture whose sides are no longer is taken for one digit, as all of MNIST's are."""
SAMPLES = 96
"""About so many pixels along the longer side are looked at."""
CLEAN = 0.12
"""Paper is clean where it differs by less than this share of the contrast."""
LEAST_CONTRAST = 40
"""Grey levels between paper and ink."""
SOFT = 0.9
"""There is at most so much of what is neither paper nor ink for all ink: soft edges."""
SOLID = 0.7
"""What fills so much of its box, and the box half as much of the picture, is a sheet on a desk; or,
if it goes from side to side, a shadow."""
WIDEST = 1.15
"""A piece that is wider than so many times its height may be several digits that touch."""


def is_tiny(picture: NDArray[np.uint8]) -> bool:
    """Whether a picture (H, W) is too small for more than one digit."""
    height, width = picture.shape
    return int(max(height, width)) <= TINY


def is_one_digit(picture: NDArray[np.uint8]) -> bool:
    """Whether a grey picture (H, W) is one connected piece of ink on clean paper, or tiny.

    If not, there may still be one digit in it.
    """
    if is_tiny(picture):
        return True
    step = max(max(picture.shape) // SAMPLES, 1)
    grey = picture[::step, ::step].astype(np.int16)
    low, high = int(grey.min()), int(grey.max())
    contrast = high - low
    if contrast < LEAST_CONTRAST:
        return False
    edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    paper = int(np.median(edge))
    distance = np.abs(grey - paper)
    ink = distance > contrast // 2
    if not ink.any():
        return False
    # All paper has one level; ink that is only half as dark, or the paper's shade, does not.
    between = np.count_nonzero(distance > CLEAN * contrast) - np.count_nonzero(ink)
    if between > SOFT * np.count_nonzero(ink):
        return False
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    height, width = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
    box = height * width
    across = height == ink.shape[0] or width == ink.shape[1]
    sheet = np.count_nonzero(ink) > SOLID * box and (across or box > SOLID / 2 * ink.size)
    return bool(width <= WIDEST * height) and not sheet and int(connected(ink).max()) == 1
