"""Tells ink from paper, printed lines, shadows and the desk, with a model file of its own."""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import NDArray

from inkdigits.model_session import open_model

INK_CONTRACT = {"ink": ("tensor(uint8)", 3)}
"""Each output of the file, with its element type and number of axes; the only input is
`picture`, uint8 (N, H, W)."""

INK_CONTRACT_VERSION = "ink 1"

INK_STEP = 32
"""The network proper takes pictures whose sides are multiples of so many pixels."""
MOST_PIXELS = 2**20
"""A larger picture is seen in parts, from the top: each pixel takes memory."""
SEEN_AROUND = 5 * INK_STEP
"""So many rows above and below a part are seen with it; the network looks no further."""


class InkNetwork:
    """Finds ink in pictures of any size, in which what is written is 13 to 300 pixels high.

    Args:
        model: the file's path or its bytes; the one that ships if left out.
        threads: how many threads ONNX Runtime uses.

    Raises:
        InvalidModel: the file is missing, is not ONNX or breaks its contract.
    """

    def __init__(
        self, model: str | os.PathLike[str] | bytes | None = None, threads: int = 1
    ) -> None:
        self._session = open_model(model, "ink.onnx", threads, INK_CONTRACT, INK_CONTRACT_VERSION)
        self.metadata: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)

    def __call__(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """How likely each pixel of a grey picture (H, W) is ink, dark or light: 0 to 255."""
        height, width = picture.shape
        rows = max(MOST_PIXELS // width // INK_STEP * INK_STEP, SEEN_AROUND)
        found = np.empty((height, width), np.uint8)
        for start in range(0, height, rows):
            top, stop = max(start - SEEN_AROUND, 0), min(start + rows, height)
            part = picture[top : stop + SEEN_AROUND]
            [ink] = self._session.run(list(INK_CONTRACT), {"picture": part[None]})
            found[start:stop] = ink[0, start - top : stop - top]
        return found
