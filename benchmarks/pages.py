"""Numbers on paper and in photos: how many are read exactly right, and how surely?

    python benchmarks/pages.py                                 writers 19-24, to choose by
    python benchmarks/pages.py --writers 25-30 --part test     the last measurement
    python benchmarks/pages.py --plainly                       the plain way, for comparison
    python benchmarks/pages.py --plot pages.png                how hard it is, to look at

Half of the numbers are put together from the digits of one writer of pendigits, half from MNIST's.
The plain way is Otsu's threshold over the whole picture, connected components from left to right,
and the same model. A figure counts for models that were trained without these writers; of those
that ship `page.onnx` learned from writers 1 to 18, and `digits.onnx` from 1 to 24.

Behind the share that is right stand: what the confidences promise on average, how many readings
are sure, and how many of those are right. Of pages with no digit on them at all, a page counts as
fooled if any digit on it is sure.
"""

from __future__ import annotations

import argparse
import sys
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from drawn_pages import (
    Hand,
    Page,
    PictureHand,
    StrokeHand,
    as_photo,
    by_writer,
    on_plain_paper,
    write,
)
from inkdigits import InkDigitsError, Reader
from inkdigits.datasets.mnist import load_mnist
from inkdigits.datasets.spec import find_file
from inkdigits.datasets.strokes import PENDIGITS, WrittenDigit, read_unipen
from inkdigits.reading import Expect
from non_digit_pages import PAGE_KINDS, non_digit_page
from page_options import page_parser, parse
from printing import followed

SEEDS = {"validation": 1, "test": 2}
"""Of the pages without digits: those of the last measurement were never looked at."""
SAMPLES = 6
"""Of each kind, in the plot."""
KINDS: dict[str, tuple[tuple[int, int], bool, bool]] = {
    "one digit, photo": ((1, 1), True, False),
    "2 to 8 digits, plain paper": ((2, 8), False, False),
    "2 to 8 digits, photo": ((2, 8), True, False),
    "2 to 4 touching, plain paper": ((2, 4), False, True),
    "2 to 4 touching, photo": ((2, 4), True, True),
}
"""How many digits, whether photographed, and whether they touch."""


def page_of(kind: str, number: int, hands: Sequence[Hand]) -> Page:
    """A page of that kind; the same number gives the same page."""
    (least, most), photo, touching = KINDS[kind]
    rng = np.random.default_rng([number, zlib.crc32(kind.encode())])
    text = "".join(map(str, rng.integers(0, 10, rng.integers(least, most + 1))))
    hand = hands[int(rng.integers(len(hands) - 1))] if number % 2 else hands[-1]
    height = int(rng.integers(36, 110))
    written = write(text, hand, height, rng, touching)
    return as_photo(written, rng) if photo else on_plain_paper(written, rng)


@dataclass(frozen=True)
class Answer:
    """What was read on a page."""

    text: str
    confidence: float = 1.0
    sure: bool = False
    digit_sure: bool = False


def as_anybody_does(reader: Reader, picture: NDArray[np.uint8], expect: Expect = None) -> Answer:
    try:
        reading = reader.read(picture, expect=expect)
    except InkDigitsError:
        return Answer("", confidence=0.0)
    digit_sure = any(digit.sure for digit in reading.digits)
    return Answer(reading.text, reading.confidence, reading.sure, digit_sure)


def plainly(reader: Reader, picture: NDArray[np.uint8]) -> Answer:
    """Otsu, connected components, the model."""
    grey = picture.mean(2)
    ink = grey <= otsu(grey)
    if ink.mean() > 0.5:
        ink = ~ink
    labels, _ = ndimage.label(ink, np.ones((3, 3)))
    boxes = ndimage.find_objects(labels)
    tallest = max(rows.stop - rows.start for rows, _ in boxes)
    text = ""
    for label, box in sorted(enumerate(boxes, start=1), key=lambda item: item[1][1].start):
        if box[0].stop - box[0].start >= 0.3 * tallest:
            piece = np.pad(labels[box] == label, 4)
            text += str(reader.predict(np.where(piece, 0, 255)[None])[0])
    return Answer(text)


def otsu(grey: NDArray[np.float64]) -> float:
    """The level that separates dark from light best (Otsu 1979)."""
    counts = np.histogram(grey, 256, (0, 256))[0].astype(float)
    below = np.cumsum(counts)
    sums = np.cumsum(counts * np.arange(256))
    above = below[-1] - below
    means = sums / np.maximum(below, 1), (sums[-1] - sums) / np.maximum(above, 1)
    return float(np.argmax(below * above * (means[0] - means[1]) ** 2))


def plot(pages: dict[str, list[Page]], path: Path) -> None:
    """A row of samples for each kind, with the digits' boxes."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    figure = Figure(figsize=(2.6 * SAMPLES, 2 * len(pages)), layout="constrained")
    rows = figure.subplots(len(pages), SAMPLES, squeeze=False)
    for row, (kind, samples) in zip(rows, pages.items(), strict=True):
        row[0].set_ylabel(kind, fontsize=8)
        for axes, page in zip(row, samples, strict=True):
            axes.imshow(page.picture)
            axes.set(xticks=[], yticks=[], title=page.text)
            for x0, y0, x1, y1 in page.boxes:
                axes.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, color="#d62728"))
    figure.savefig(path, dpi=90)


def main() -> None:
    parser = page_parser(__doc__)
    parser.add_argument("--expect", choices=["digit", "number"], help="tell the reader so")
    parser.add_argument("--plainly", action="store_true", help="the plain way instead")
    options, kinds, without = parse(parser, KINDS, PAGE_KINDS)

    digits = read_unipen(find_file(PENDIGITS, options.data_dir), options.writers)
    hands: list[Hand] = [StrokeHand(own) for own in by_writer(digits)]
    hands.append(PictureHand(*load_mnist(options.part, options.data_dir)))
    if options.plot:
        plot(
            {kind: [page_of(kind, n, hands) for n in range(SAMPLES)] for kind in kinds},
            options.plot,
        )
        return
    reader = Reader(options.model, page=options.page)
    read = plainly if options.plainly else partial(as_anybody_does, expect=options.expect)
    way = "the plain way" if options.plainly else "through Reader.read"
    print(f"{options.count} pages of each kind, MNIST {options.part}, {way}; % exactly right")
    for kind in kinds:
        numbers = followed(range(options.count), options.count, kind)
        pages = (page_of(kind, number, hands) for number in numbers)
        answers = [(read(reader, page.picture), page.text) for page in pages]
        right = np.array([answer.text == text for answer, text in answers])
        sure = np.array([answer.sure for answer, _ in answers])
        line = f"{kind:32} {100 * right.mean():7.2f} %"
        if not options.plainly:
            promised = np.mean([answer.confidence for answer, _ in answers])
            line += f"   promised {100 * promised:6.2f} %   sure {100 * sure.mean():5.1f} %, "
            line += f"of these right {100 * right[sure].mean():6.2f} %" if sure.any() else "none"
        print(line, flush=True)
    if not options.plainly and not options.expect:
        say_fooled(reader, without, digits, options)


def say_fooled(
    reader: Reader, kinds: list[str], digits: list[WrittenDigit], options: argparse.Namespace
) -> None:
    """Print how many pages without a digit have one that is sure."""
    fooled = []
    for kind in kinds:
        pages = (
            non_digit_page(kind, np.random.default_rng([number, SEEDS[options.part]]), digits)
            for number in followed(range(options.count), options.count, kind)
        )
        fooled.append([as_anybody_does(reader, page.picture).digit_sure for page in pages])
        print(f"no digit: {kind:22} {100 * np.mean(fooled[-1]):7.2f} % fooled", flush=True)
    if len(fooled) > 1:
        print(f"{'no digit, on average':32} {100 * np.mean(fooled):7.2f} % fooled")


if __name__ == "__main__":
    try:
        main()
    except InkDigitsError as error:
        sys.exit(str(error))
