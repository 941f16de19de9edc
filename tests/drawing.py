"""Everything that pages are drawn with, made by hand: no data are needed."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from numpy.typing import NDArray

from handwriting import STROKES, written
from inkdigits.datasets.omniglot import WrittenCharacter
from inkdigits.datasets.strokes import WrittenDigit
from inkdigits.synthesis.pages import PageGenerator

FONT = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
"""A font that is always there."""


def written_digits(writers: Sequence[int] = (1, 2)) -> list[WrittenDigit]:
    return [
        WrittenDigit(value, writer, [np.array(stroke) * [writer, 1] for stroke in strokes])
        for writer in writers
        for value, strokes in STROKES.items()
    ]


def scans() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """20 pictures (N, 28, 28) with ink bright, and their labels."""
    pictures = [255 - written(value, 28, pen) for pen in (18, 30) for value in range(10)]
    return np.stack(pictures), np.arange(20, dtype=np.uint8) % 10


def characters(
    alphabet: str = "Balinese", numbers: Sequence[int] = (1, 2)
) -> list[WrittenCharacter]:
    zigzag = np.array([[0.0, 0.0], [1.0, 1.0], [0.0, 2.0], [1.0, 3.0]])
    return [
        WrittenCharacter(alphabet, number, [zigzag, zigzag[:2] + np.array([number, 0])])
        for number in numbers
    ]


def generator(fonts: Sequence[Path] = (FONT,)) -> PageGenerator:
    return PageGenerator(written_digits(), *scans(), fonts, characters())
