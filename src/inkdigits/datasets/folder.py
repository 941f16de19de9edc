"""A folder of pictures, labelled by sub-folder or by file name: people's own handwriting."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inkdigits.datasets.dataset import Batch, Dataset, Labels
from inkdigits.errors import InvalidDataset, UnreadablePicture
from inkdigits.folders import at_home, files_below
from inkdigits.picture import MAX_PIXELS, PICTURE_SUFFIXES, read_picture
from inkdigits.picture.sources import printable


def all_files_below(folder: Path) -> list[Path]:
    """Raises InvalidDataset if it, or a folder in it, cannot be looked into."""

    def refused(_folder: Path, why: str) -> None:
        raise InvalidDataset(f"{why}. Change its permissions, or take it away.")

    return files_below(folder, refused)


class FolderDataset(Dataset):
    """Pictures of any size: `7/mine.png` is a 7 by its folder, `7_mine.jpg` by its name.

    A folder counts before a name. Either all pictures have a label or none has: one alone without
    a label is a mistake that names the file. Or else nobody asks for `labels`.
    """

    def __init__(self, path: str | os.PathLike[str], labels: bool = True) -> None:
        super().__init__(f"folder:{path}")
        self.path = at_home(path)
        if not os.path.isdir(self.path):  # noqa: PTH112 (Path.is_dir raises where it is too long)
            raise InvalidDataset(f"{self.path} is no folder. Check its path.")
        self._files = sorted(
            file
            for file in all_files_below(self.path)
            if file.suffix.lower() in PICTURE_SUFFIXES and file.is_file()
        )
        if not self._files:
            known = ", ".join(sorted(PICTURE_SUFFIXES))
            raise InvalidDataset(f"{self.path} holds no pictures ({known}).")
        self.count = len(self._files)
        self._labels = self._all_labels() if labels else None

    def batches(self, batch_size: int = 1000) -> Iterator[Batch]:
        """As of any data set, but fewer pictures at a time if they are large."""
        pictures: list[NDArray[np.uint8]] = []
        pixels = 0
        for end, file in enumerate(self._files, start=1):
            try:
                pictures.append(read_picture(file))
            except UnreadablePicture as error:
                raise InvalidDataset(f"{file}: {error} Or take it away.") from error
            pixels += pictures[-1].size
            if len(pictures) == batch_size or pixels >= MAX_PIXELS or end == len(self._files):
                part = slice(end - len(pictures), end)
                yield Batch(
                    pictures,
                    None if self._labels is None else self._labels[part],
                    [printable(str(file.relative_to(self.path))) for file in self._files[part]],
                )
                pictures, pixels = [], 0

    def _all_labels(self) -> Labels | None:
        labels = [self._label(file) for file in self._files]
        unknown = [file for file, label in zip(self._files, labels, strict=True) if label is None]
        if unknown and len(unknown) < len(labels):
            raise InvalidDataset(
                f"{unknown[0]} has no label, but others in {self.path} have one. Put it into a "
                'folder named for its digit ("7"), or begin its name with it ("7_mine.jpg").'
            )
        return None if unknown else np.array(labels, np.uint8)

    def _label(self, file: Path) -> int | None:
        for folder in reversed(file.relative_to(self.path).parts[:-1]):
            if re.fullmatch(r"\d", folder):
                return int(folder)
        named = re.match(r"(\d)(?!\d)", file.stem)
        return int(named[1]) if named else None
