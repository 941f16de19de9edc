"""Who writes what is drawn to learn from: people, fonts and alphabets, but for those who judge."""

from __future__ import annotations

import os
from pathlib import Path

from inkdigits.datasets.omniglot import OMNIGLOT, WrittenCharacter, read_omniglot
from inkdigits.datasets.spec import find_file
from inkdigits.datasets.strokes import PENDIGITS, WrittenDigit, parse_writers, read_unipen
from inkdigits.errors import InvalidDataset
from inkdigits.synthesis.hands import HELD_OUT_ALPHABETS, HELD_OUT_FONTS

PENDIGITS_URL = "https://archive.ics.uci.edu/dataset/81"
FONTS = "handwriting-fonts"
"""The folder of fonts in a data folder."""

DataDir = str | os.PathLike[str] | None


def written_digits(data_dir: DataDir, without_writers: str | None = None) -> list[WrittenDigit]:
    """The pen strokes of UCI's pendigits, but those of writers such as "25-30".

    Raises InvalidDataset if the strokes are missing or damaged, or there are no such writers.
    """
    without = parse_writers(without_writers) if without_writers is not None else frozenset()
    path = find_file(PENDIGITS, data_dir)
    if not path.exists():
        raise InvalidDataset(
            f"There is no {PENDIGITS} in the data folder (--data-dir, or INKDIGITS_DATA_DIR), "
            f"where MNIST's files are, too. Get pendigits-orig.tra.Z from {PENDIGITS_URL}, unpack "
            "it (gzip -d), and pack it again (gzip)."
        )
    digits = read_unipen(path)
    writers = {digit.writer for digit in digits}
    if strangers := sorted(without - writers):
        raise InvalidDataset(f"{path} has no writer {strangers[0]}, only 1 to {max(writers)}.")
    kept = [digit for digit in digits if digit.writer not in without]
    if {digit.label for digit in kept} != set(range(10)):
        raise InvalidDataset(f"Without those writers {path} has too few digits left to learn from.")
    return kept


def handwriting_fonts(data_dir: DataDir, *, held_out: bool = False) -> list[Path]:
    """The fonts that are learned from, or those that judge. Raises InvalidDataset without any."""
    folder = find_file(FONTS, data_dir)
    fonts = [
        file for file in sorted(folder.glob("*.woff2")) if (file.stem in HELD_OUT_FONTS) == held_out
    ]
    if not fonts:
        raise InvalidDataset(
            f"There are no fonts (*.woff2) in {FONTS} in the data folder (--data-dir, or "
            "INKDIGITS_DATA_DIR). Put handwriting fonts there."
        )
    return fonts


def other_characters(data_dir: DataDir, *, held_out: bool = False) -> list[WrittenCharacter]:
    """Omniglot's characters of the alphabets that are learned from, or of those that judge.

    Raises InvalidDataset if they are missing or damaged.
    """
    return [
        character
        for character in read_omniglot(find_file(OMNIGLOT, data_dir))
        if (character.alphabet in HELD_OUT_ALPHABETS) == held_out
    ]
