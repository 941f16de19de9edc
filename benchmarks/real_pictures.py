"""Pictures that nobody here made: how many does the Reader read right, and how surely?

    python benchmarks/real_pictures.py FOLDER                       as anybody reads them
    python benchmarks/real_pictures.py FOLDER --wrong               and each that is wrong
    python benchmarks/real_pictures.py FOLDER --plot wrong.png        these, to look at
    python benchmarks/real_pictures.py FOLDER --expect auto           told what they hold

FOLDER holds pictures, or sub-folders of them, each of which is a row. A picture's name says what is
written in it: TRUTH__source.ext. In TRUTH a space is `_`, and what a file's name cannot hold is
written as in web addresses (`24%2F7__x.png` is 24/7, `%3A` is :, `%0A` a new line). Of pages,
`pages.json` in the folder or the one above says it instead: {file: [line, ...]}.

Right is a picture of which all digits are read, in order, and no others, whatever marks, spaces and
line breaks are between them. The exact text, with these, is a figure of its own, of the pictures
whose truth has any. What cannot be read counts as read "" and not sure.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inkdigits import InkDigitsError, InvalidModel, Reader
from inkdigits.picture import read_picture
from inkdigits.reading import Expect
from printing import followed

PAGES = "pages.json"
COLUMNS = 6
"""Of the plot."""
MOST_PLOTTED = 120
"""More would be too small to look at, or too long a file."""


@dataclass(frozen=True)
class Labelled:
    """A picture and what is written in it."""

    path: Path
    truth: str
    """A space between numbers, a newline between lines."""


@dataclass(frozen=True)
class Answer:
    """What was read in a picture."""

    text: str = ""
    confidence: float = 0.0
    """Of a reading; 0 where there is none."""
    sure: bool = False
    digit_sure: bool = False
    """Whether any digit is."""


@dataclass(frozen=True)
class Judged:
    """An answer beside the truth."""

    picture: Labelled
    answer: Answer

    @property
    def right(self) -> bool:
        return digits_of(self.answer.text) == digits_of(self.picture.truth)

    @property
    def exact(self) -> bool | None:
        """Whether the text is right to the last mark; None if the truth is digits alone."""
        truth = self.picture.truth
        return None if truth == digits_of(truth) else self.answer.text == truth


def digits_of(text: str) -> str:
    """The digits alone."""
    return re.sub("[^0-9]", "", text)


def pictures_in(folder: Path) -> list[Labelled]:
    """The labelled pictures of a folder, by name; what has no truth is left out."""
    lines = _lines_of_pages(folder)
    pictures = []
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        truth, separator, _ = path.name.partition("__")
        if path.name in lines:
            pictures.append(Labelled(path, "\n".join(lines[path.name])))
        elif separator and not path.name.startswith("."):
            pictures.append(Labelled(path, unquote(truth.replace("_", " "))))
    return pictures


def _lines_of_pages(folder: Path) -> dict[str, list[str]]:
    for path in (folder / PAGES, folder.resolve().parent / PAGES):
        if path.exists():
            lines: dict[str, list[str]] = json.loads(path.read_text("utf-8"))
            return lines
    return {}


def rows_of(folder: Path) -> dict[str, list[Labelled]]:
    """The folder's own pictures, and those of each sub-folder; only where there are any."""
    folders = [folder, *sorted(path for path in folder.iterdir() if path.is_dir())]
    rows = {path.resolve().name: pictures_in(path) for path in folders}
    return {name: pictures for name, pictures in rows.items() if pictures}


def answer_of(reader: Reader, picture: Path | NDArray[np.uint8], expect: Expect = None) -> Answer:
    """What anybody gets who reads the picture."""
    try:
        reading = reader.read(picture, expect=expect)
    except InvalidModel:
        raise
    except InkDigitsError:
        return Answer()
    digit_sure = any(digit.sure for digit in reading.digits)
    return Answer(reading.text, reading.confidence, reading.sure, digit_sure)


def hint_for(truth: str) -> Expect:
    """What somebody would say who knows what is written: a digit, a number, or neither."""
    if re.search(r"\s", truth):
        return None
    return "digit" if len(truth) == 1 else "number"


def judge(
    reader: Reader, pictures: Sequence[Labelled], expect: Expect | str = None
) -> Iterator[Judged]:
    """Read the pictures one by one; `expect` may be "auto", too (see `hint_for`)."""
    for picture in pictures:
        hint: Any = hint_for(picture.truth) if expect == "auto" else expect
        yield Judged(picture, answer_of(reader, picture.path, hint))


def summary(name: str, results: Sequence[Judged]) -> str:
    """A line of figures."""
    right = np.array([result.right for result in results])
    sure = np.array([result.answer.sure for result in results])
    line = f"{name:16} {len(results):5}   right {right.sum():5} {100 * right.mean():6.2f} %"
    line += f"   sure {sure.sum():5}, sure and wrong {(sure & ~right).sum():3}"
    share = f"{100 * sure[right].mean():6.2f} %" if right.any() else f"{'-':>8}"
    line += f"   of the right ones sure {share}"
    exact = np.array([result.exact for result in results if result.exact is not None], bool)
    if exact.size:
        line += f"   exact text {exact.sum()} of {exact.size} ({100 * exact.mean():.2f} %)"
    return line


def print_wrong(results: Sequence[Judged]) -> None:
    """A line for each that is wrong, and each whose digits are right and whose text is not."""
    for result in results:
        if result.right and result.exact is not False:
            continue
        answer, picture = result.answer, result.picture
        how = f"{100 * answer.confidence:5.1f} %  {'sure' if answer.sure else '-':4}"
        kind = "only the text" if result.right else "wrong"
        print(f"    {kind:13}  {how}  {picture.truth!r} read {answer.text!r}  {picture.path.name}")


def plot(results: Sequence[Judged], path: Path) -> None:
    """The pictures that are wrong, each with its truth → what was read."""
    from matplotlib.figure import Figure

    wrong = [result for result in results if not result.right][:MOST_PLOTTED]
    lines = max(-(-len(wrong) // COLUMNS), 1)
    figure = Figure(figsize=(3 * COLUMNS, 1.9 * lines), layout="constrained")
    for axes in figure.subplots(lines, COLUMNS, squeeze=False).flat:
        axes.axis("off")
    for axes, result in zip(figure.axes, wrong, strict=False):
        answer = result.answer
        axes.imshow(_thumbnail(result.picture.path), cmap="gray", vmin=0, vmax=255)
        axes.set_title(
            f"{_short(result.picture.truth)} → {_short(answer.text) or 'nothing'}"
            + (", sure" if answer.sure else ""),
            fontsize=8,
            color="#b3261e" if answer.sure else "black",
            parse_math=False,
        )
    figure.savefig(path, dpi=90)


def _thumbnail(path: Path) -> NDArray[np.uint8]:
    """The picture as the Reader sees it, small; white if it cannot be read."""
    try:
        image = Image.fromarray(read_picture(path))
    except InkDigitsError:
        return np.full((20, 60), 255, np.uint8)
    image.thumbnail((600, 600))
    return np.asarray(image)


def _short(text: str, most: int = 20) -> str:
    """The text in one line."""
    line = text.replace("\n", " | ")
    return line if len(line) <= most else line[: most - 1] + "…"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="pictures, or sub-folders of them")
    parser.add_argument("--model", type=Path, help="a model file; the one that ships if left out")
    parser.add_argument("--page", type=Path, help="what finds and reads pages; likewise")
    parser.add_argument(
        "--expect",
        choices=["digit", "number", "none", "auto"],
        default="none",
        help="tell the reader so; auto tells it for each picture what its truth is",
    )
    parser.add_argument("--wrong", action="store_true", help="list what is read wrong")
    parser.add_argument("--plot", type=Path, help="draw what is read wrong into this PNG file")
    options = parser.parse_args()
    if not options.folder.is_dir():
        parser.error(f"{options.folder} is no folder")
    rows = rows_of(options.folder)
    if not rows:
        parser.error(f"{options.folder} has no pictures named TRUTH__source.ext")
    read = partial(judge, Reader(options.model, page=options.page))
    expect = None if options.expect == "none" else options.expect
    everything: list[Judged] = []
    for name, pictures in rows.items():
        results = [*followed(read(pictures, expect), len(pictures), name)]
        print(summary(name, results), flush=True)
        if options.wrong:
            print_wrong(results)
        everything += results
    if len(rows) > 1:
        print(summary("total", everything))
    if options.plot:
        plot(everything, options.plot)


if __name__ == "__main__":
    try:
        main()
    except InkDigitsError as error:
        sys.exit(str(error))
