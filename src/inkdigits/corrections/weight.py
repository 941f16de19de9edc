"""How much the word of a model that has learned from corrections counts on a page."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from inkdigits.datasets.dataset import Batch
from inkdigits.reader import Reader
from inkdigits.recognition.page import PageFile
from inkdigits.recognition.text import LEAST
from inkdigits.training.crops import largest_digit

MOST = 4.0
CAUTION = 0.5
"""So many more corrections have to be read right before it counts e (2.72) times as much."""

Opinions = list[tuple[NDArray[np.float64], NDArray[np.float64], int]]
"""Of each digit the logarithms of how likely `page.onnx` and `digits.onnx` call it each (10,), and
what it is."""


def which_weight(
    corrected: Iterable[tuple[Reader, Batch]], others: Iterable[tuple[Reader, Batch]]
) -> float:
    """With what least is misread, as `inkdigits.recognition.page.Rules.which_weight`: of
    corrections, each by a reader that has not learned from them, and of others' digits, which count
    as much together."""
    from scipy.special import softmax

    find = PageFile(None)
    groups = [
        [opinion for reader, batch in group for opinion in _opinions(find, reader, batch)]
        for group in (corrected, others)
    ]

    def misread(weight: float) -> float:
        """How many, likely, and what speaks against a large weight."""
        shares = [
            np.mean([1 - softmax(page + weight * digits)[label] for page, digits, label in group])
            for group in groups
            if group
        ]
        return float(len(groups[0]) * sum(shares) + CAUTION * np.log(weight / least))

    least = find.rules.digits_weight
    weights: list[float] = np.geomspace(least, MOST, 13).round(2).tolist()
    return min(weights, key=misread)


def _opinions(find: PageFile, reader: Reader, batch: Batch) -> Opinions:
    """Of those that `page.onnx` finds."""
    assert batch.labels is not None
    opinions: Opinions = []
    for picture, label in zip(batch.pictures, batch.labels.tolist(), strict=True):
        pieces = find(picture)
        if (place := largest_digit(pieces)) is None:
            continue
        outputs = reader.outputs(pieces.crop[[place]])
        if outputs["has_ink"]:
            page = np.log(pieces.kind[place, :10].astype(float).clip(1e-6))
            opinions.append((page, np.log(outputs["probabilities"][0].clip(LEAST)), label))
    return opinions
