"""Which way up a picture is: as its EXIF data say, which cameras write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

ORIENTATION = 0x0112
"""The number of the tag."""
UPRIGHT: dict[int, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    2: lambda grey: grey[:, ::-1],
    3: lambda grey: grey[::-1, ::-1],
    4: lambda grey: grey[::-1],
    5: lambda grey: grey.T,
    6: lambda grey: grey[::-1].T,
    7: lambda grey: grey[::-1, ::-1].T,
    8: lambda grey: grey.T[::-1],
}
"""What turns a picture (H, W) upright, by what its tag says; if it says 1, nothing has to."""


def upright(grey: NDArray[np.uint8], image: Image.Image) -> NDArray[np.uint8]:
    """The grey levels (H, W) of an image as it was taken to be looked at."""
    turn = UPRIGHT.get(_orientation(image))
    return np.ascontiguousarray(turn(grey)) if turn else grey


def _orientation(image: Image.Image) -> Any:
    try:
        return image.getexif().get(ORIENTATION)
    except Exception:  # a damaged note about the picture is no reason to refuse the picture
        return None
