"""Reads several digits that touch, with a model file of its own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits.model_session import open_model
from inkdigits.number_text import BLANK, best_text, places_of
from inkdigits.reading import Box, Digit

NUMBER_CONTRACT = {
    "probabilities": ("tensor(float)", 3),
    "seen": ("tensor(float)", 3),
    "box": ("tensor(int32)", 2),
    "has_ink": ("tensor(bool)", 1),
}
"""Each output of the file, with its element type and number of axes; the only input is
`picture`, uint8 (N, H, W)."""

NUMBER_CONTRACT_VERSION = "numbers 1"

MOST_AT_ONCE = 32
"""Pictures in one run."""
INKED = 0.25
"""From this value on `seen` shows ink."""


class NumberReader:
    """Reads pictures of one to five digits each, whether or not these touch.

    Args:
        model: the file's path or its bytes; the one that ships if left out.
        threads: how many threads ONNX Runtime uses for one batch.

    Raises:
        InvalidModel: the file is missing, is not ONNX or breaks its contract.
    """

    def __init__(
        self, model: str | os.PathLike[str] | bytes | None = None, threads: int = 1
    ) -> None:
        self._session = open_model(
            model, "numbers.onnx", threads, NUMBER_CONTRACT, NUMBER_CONTRACT_VERSION
        )
        self.metadata: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)

    def read(self, pictures: Sequence[NDArray[np.uint8]]) -> list[NumberSeen]:
        """What the network says of pictures (H, W) of any sizes, dark ink on white."""
        seen = []
        for start in range(0, len(pictures), MOST_AT_ONCE):
            part = pictures[start : start + MOST_AT_ONCE]
            names = list(NUMBER_CONTRACT)
            values = self._session.run(names, {"picture": on_white(part)})
            for row in range(len(part)):
                outputs = {name: value[row] for name, value in zip(names, values, strict=True)}
                seen.append(NumberSeen(part[row], outputs))
        return seen


def on_white(pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Pictures of several sizes in one array (N, H, W), each in its upper left corner."""
    shape = np.max([picture.shape for picture in pictures], axis=0)
    together = np.full((len(pictures), *shape), 255, np.uint8)
    for place, picture in zip(together, pictures, strict=True):
        place[: picture.shape[0], : picture.shape[1]] = picture
    return together


@dataclass(frozen=True)
class NumberSeen:
    """What the network says of one picture."""

    picture: NDArray[np.uint8]
    outputs: dict[str, NDArray[Any]]

    def best(self, length: int | None = None) -> tuple[str, float]:
        """The likeliest text, of so many digits if `length` says so, and its probability."""
        return best_text(self.outputs["probabilities"], length)

    def digits(self, text: str, confidence: float, sure: bool) -> tuple[Digit, ...]:
        """The digits of a text, whose confidences multiply to that of the text.

        Boxes are in the pixels of `picture`: each digit has the ink of the columns nearest to it.
        """
        places = places_of(text, self.outputs["probabilities"])
        rows = self._opinions(places)
        own = np.array([row[int(digit)] for row, digit in zip(rows, text, strict=True)])
        chances = _with_product(own, confidence)
        edges = [(before + after) / 2 for before, after in pairwise(places)]
        digits = []
        for number, digit in enumerate(text):
            value = int(digit)
            chance = float(chances[number])
            others = rows[number].copy()
            others[value] = 0.0
            others *= (1 - chance) / max(float(others.sum()), 1e-9)
            others[value] = chance
            start = edges[number - 1] if number else -np.inf
            stop = edges[number] if number < len(edges) else np.inf
            digits.append(
                Digit(
                    value=value,
                    confidence=chance,
                    sure=sure,
                    box=self._box(start, stop),
                    probabilities=tuple(float(p) for p in others),
                    seen=self._seen(places[number]),
                )
            )
        return tuple(digits)

    def opinions(self, text: str) -> list[NDArray[np.float64]]:
        """How likely each digit (10,) is at each place of a text."""
        return self._opinions(places_of(text, self.outputs["probabilities"]))

    def _opinions(self, places: list[float]) -> list[NDArray[np.float64]]:
        if not places:
            return []
        probabilities = self.outputs["probabilities"]
        nearest = np.abs(np.arange(len(probabilities))[:, None] - np.array(places)).argmin(1)
        opinions = []
        for number in range(len(places)):
            said = probabilities[nearest == number, :BLANK].sum(0, dtype=np.float64)
            opinions.append(said / max(said.sum(), 1e-9))
        return opinions

    def _box(self, start: float, stop: float) -> Box:
        """Of the ink between two places of the network, in the pixels of `picture`."""
        seen = self.outputs["seen"]
        per_place = seen.shape[1] / len(self.outputs["probabilities"])
        inked = np.flatnonzero((seen > INKED).any(0))
        first, last = (inked[0], inked[-1] + 1) if len(inked) else (0, seen.shape[1])
        left, top, right, bottom = (int(edge) for edge in self.outputs["box"])
        scale = (right - left) / (last - first)

        def x(place: float) -> int:
            at = (place + 0.5) * per_place
            return (
                int(np.clip(round(left + (at - first) * scale), left, right))
                if np.isfinite(at)
                else (left if at < 0 else right)
            )

        x0, x1 = x(start), x(stop)
        dark = self.picture[top:bottom, x0:x1] < 160
        columns, rows = np.flatnonzero(dark.any(0)), np.flatnonzero(dark.any(1))
        if not len(columns):
            return x0, top, max(x1, x0 + 1), bottom
        return (
            x0 + int(columns[0]),
            top + int(rows[0]),
            x0 + int(columns[-1]) + 1,
            top + int(rows[-1]) + 1,
        )

    def _seen(self, place: float) -> NDArray[np.float32]:
        """The 28 columns of `seen` around a place."""
        seen = self.outputs["seen"]
        side = seen.shape[0]
        middle = round((place + 0.5) * seen.shape[1] / len(self.outputs["probabilities"]))
        padded = np.pad(seen, ((0, 0), (side, side)))
        window = padded[:, middle + side // 2 : middle + side // 2 + side].copy()
        window.flags.writeable = False
        return window


def _with_product(chances: NDArray[np.float64], product: float) -> NDArray[np.float64]:
    """Chances changed to have that product, none of them above 1."""
    chances = chances.clip(1e-9, 1.0)
    ratio = product / chances.prod()
    changed: NDArray[np.float64]
    if ratio <= 1:  # what the whole is less sure of than its digits is each one's doubt alike
        changed = chances * ratio ** (1 / max(len(chances), 1))
    else:
        changed = chances ** (np.log(product) / np.log(chances.prod()))
    return changed
