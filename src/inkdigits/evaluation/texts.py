"""How well numbers and pages are read: pictures, and what is written in each."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from scipy.stats import binomtest

from inkdigits.datasets.folder import all_files_below
from inkdigits.errors import InkDigitsError, InvalidDataset, UnreadablePicture
from inkdigits.folders import at_home
from inkdigits.picture import PICTURE_SUFFIXES
from inkdigits.picture.sources import shown
from inkdigits.reader import Reader

Follow = Callable[[list[tuple[Path, str]]], Iterable[tuple[Path, str]]]

PREFIX = "texts:"
COLUMNS = ("file", "text")
HOW_TO_NAME = 'Begin its name with what is written in it: "2048__mine.jpg", "12_305__page.png".'


@dataclass(frozen=True)
class TextRead:
    """One picture: what is written in it, and what was read."""

    file: str
    truth: str
    text: str
    """Empty if it cannot be read."""
    sure: bool
    why: str = ""
    """Why it cannot be read."""

    @property
    def right(self) -> bool:
        """Whether the text is right to the last mark, space and line."""
        return self.text == self.truth


def read_texts(reader: Reader, dataset: str, follow: Follow = iter) -> list[TextRead]:
    """Read each picture of `texts:FOLDER` or `texts:FILE.csv` as anybody's is read.

    The names of a folder's pictures say what is written in them: TRUTH__source.ext, where a space
    is `_`, and what no file's name can hold is written as in web addresses (%2F is /, %3A is :, %0A
    a new line). A CSV file has the columns file, seen from its own folder, and text. `follow` gives
    the pictures on, and can show how far they are.

    Raises InvalidDataset if there are no pictures, or one whose text is not said, or if a CSV file
    names one that is none.
    """
    path = at_home(dataset.removeprefix(PREFIX))
    is_table = path.is_file()
    pictures = list(_of_csv(path) if is_table else _of_folder(path))
    if not pictures:
        raise InvalidDataset(f"{path} names no pictures. {HOW_TO_NAME}")
    results = reader.read_many(
        (file for file, _ in follow(pictures)), batch_size=16, errors="return"
    )
    texts = []
    for (file, truth), result in zip(pictures, results, strict=True):
        if is_table and isinstance(result, UnreadablePicture):
            raise InvalidDataset(f"{path} names a picture that is none: {result}") from result
        if isinstance(result, InkDigitsError):
            texts.append(TextRead(str(file), truth, "", False, str(result)))
        else:
            texts.append(TextRead(str(file), truth, result.text, result.sure))
    return texts


def _of_folder(folder: Path) -> Iterator[tuple[Path, str]]:
    if not folder.is_dir():
        raise InvalidDataset(
            f"{shown(str(folder))} is neither a folder nor a CSV file. Check its path."
        )
    for file in sorted(all_files_below(folder)):
        if file.suffix.lower() not in PICTURE_SUFFIXES or not file.is_file():
            continue
        truth, separator, _ = file.name.partition("__")
        if not separator:
            raise InvalidDataset(f"{shown(str(file))} does not say its text. {HOW_TO_NAME}")
        yield file, unquote(truth.replace("_", " "))


def _of_csv(path: Path) -> Iterator[tuple[Path, str]]:
    try:
        rows = csv.DictReader(io.StringIO(path.read_text("utf-8-sig")))
    except UnicodeDecodeError as error:
        raise InvalidDataset(f"{path} is not UTF-8. Save it as CSV in UTF-8.") from error
    except OSError as error:
        raise InvalidDataset(f"{path} cannot be read: {error.strerror}.") from error
    if missing := [name for name in COLUMNS if name not in (rows.fieldnames or ())]:
        raise InvalidDataset(
            f"{path} has no column {missing[0]}. Its first line must name the columns "
            f"{' and '.join(COLUMNS)}."
        )
    for row in rows:
        for name in COLUMNS:
            if row[name] is None or (name == "file" and not row[name]):
                raise InvalidDataset(f"{path}, row {rows.line_num} has no {name}. Write it there.")
        yield path.parent / row["file"], row["text"].strip()


def figures_of(dataset: str, texts: list[TextRead]) -> dict[str, Any]:
    """All figures, as JSON can hold them. Shares are from 0 to 1."""
    right = sum(text.right for text in texts)
    interval = binomtest(right, len(texts)).proportion_ci(0.95, method="wilson")
    return {
        "dataset": dataset,
        "pictures": len(texts),
        "right": right / len(texts),
        "right_interval_95": [float(interval.low), float(interval.high)],
        "sure": sum(text.sure for text in texts) / len(texts),
        "sure_and_wrong": sum(text.sure and not text.right for text in texts),
        "misread": [asdict(text) for text in texts if not text.right],
    }
