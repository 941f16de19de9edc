"""Characters of many alphabets as pens wrote them: Omniglot's strokes.

Lake, Salakhutdinov, Tenenbaum 2015, "Human-level concept learning through probabilistic program
induction": each character was drawn online by twenty people.
"""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from inkdigits.datasets.strokes import Stroke
from inkdigits.errors import InvalidDataset

OMNIGLOT = "omniglot/strokes_background_small1.zip"
"""Where a data folder has them."""


@dataclass(frozen=True)
class WrittenCharacter:
    """A character as a pen wrote it."""

    alphabet: str
    character: int
    """Its number in the alphabet, from 1."""
    strokes: list[Stroke]
    """Points (n, 2), y pointing down."""


def read_omniglot(path: str | os.PathLike[str]) -> list[WrittenCharacter]:
    """The characters of a zip file ALPHABET/characterNN/*.txt of `x,y,milliseconds` lines.

    Raises InvalidDataset, naming the file, if it is not that.
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            names = [PurePosixPath(name) for name in sorted(archive.namelist())]
            return [
                _character(name, archive.read(str(name)).decode("ascii"))
                for name in names
                if name.suffix == ".txt" and "__MACOSX" not in name.parts
            ]
    except OSError as error:
        raise InvalidDataset(f"{path} cannot be read: {error.strerror}. Check its path.") from error
    except (zipfile.BadZipFile, ValueError, IndexError) as error:
        raise InvalidDataset(f"{path} is no file of Omniglot's strokes: {error}.") from error


def _character(name: PurePosixPath, text: str) -> WrittenCharacter:
    strokes: list[Stroke] = []
    points: list[list[float]] = []
    for line in [*text.split(), "BREAK"]:
        if line == "BREAK":
            if points:
                strokes.append(np.array(points) * [1, -1])
            points = []
        elif line != "START":
            x, y, _ = line.split(",")
            points.append([float(x), float(y)])
    if not strokes:
        raise ValueError(f"{name} has no strokes")
    number = name.parent.name.removeprefix("character")
    return WrittenCharacter(name.parent.parent.name, int(number), strokes)
