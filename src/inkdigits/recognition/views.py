"""A picture in another size, width or position, and the way back from there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image

from inkdigits.reading import Box, Reading, turned_box
from inkdigits.recognition.digits import Grey


def reduced(picture: Grey, side: int) -> Grey:
    """The picture, as many whole times smaller as its longer side needs; areas are averaged."""
    factor = _factor(picture, side)
    return np.asarray(Image.fromarray(picture).reduce(factor)) if factor > 1 else picture


def scaled(reading: Reading, side: int, picture: Grey) -> Reading:
    """A reading of the picture made smaller, in the picture itself."""
    factor = _factor(picture, side)
    ends = np.array([*reversed(picture.shape)] * 2)

    def move(box: Box) -> Box:
        x0, y0, x1, y1 = np.minimum(np.multiply(box, factor), ends).tolist()
        return x0, y0, x1, y1

    return reading.moved(move) if factor > 1 else reading


def _factor(picture: Grey, side: int) -> int:
    height, width = picture.shape
    return -(-max(int(height), int(width)) // side)


def stretched(picture: Grey, share: float) -> Grey:
    """The picture so many times as wide: columns are left out, or stand twice."""
    width, wide = picture.shape[1], _width_of(picture, share)
    return np.ascontiguousarray(picture[:, (2 * np.arange(wide) + 1) * width // (2 * wide)])


def narrowed(reading: Reading, share: float, picture: Grey) -> Reading:
    """A reading of the stretched picture, in the picture itself."""
    width, wide = picture.shape[1], _width_of(picture, share)

    def move(box: Box) -> Box:
        x0, y0, x1, y1 = box
        return x0 * width // wide, y0, -(-x1 * width // wide), y1

    return reading.moved(move)


def turned_upright(picture: Grey, quarters: int) -> Grey:
    """The picture so many quarters clockwise."""
    return np.ascontiguousarray(np.rot90(picture, -quarters))


def turned_back(reading: Reading, quarters: int, picture: Grey) -> Reading:
    """A reading of the turned picture, in the picture itself."""
    shape = np.rot90(picture, quarters).shape
    back = reading.moved(lambda box: turned_box(box, 360 - 90 * quarters, *shape))
    return replace(back, turned=90 * quarters)


def _width_of(picture: Grey, share: float) -> int:
    return max(int(picture.shape[1] * share + 0.5), 1)
