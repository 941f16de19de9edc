"""Harder and other pages than those of `pages.py`: how many are read exactly right, how surely?

    python benchmarks/hard_pages.py                                 writers 19-24, to choose by
    python benchmarks/hard_pages.py --writers 25-30 --part test     the last measurement
    python benchmarks/hard_pages.py --plot hard.png                 how hard it is, to look at

Numbers in the boxes of forms, thin pens from close up, digits cut out of numbers, numbers with
marks, pictures of few pixels; and what no digit is in, where a picture counts as fooled if any
digit is sure. A page is right if its text is, to the last mark; behind that stands how many are if
only digits count, as in `real_pictures.py`. What draws them is in `hard_pictures.py`, and nothing
is trained on it, nor on the fonts and the alphabets that are named here.
"""

from __future__ import annotations

import argparse
import sys
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

import hard_pictures as draw
from drawn_pages import Page, PictureHand, Rng, by_writer
from hard_ink import smooth_hand
from hard_pictures import Hands
from inkdigits import InkDigitsError, Reader
from inkdigits.datasets.mnist import load_mnist
from inkdigits.datasets.omniglot import OMNIGLOT, read_omniglot
from inkdigits.datasets.spec import find_file
from inkdigits.datasets.strokes import PENDIGITS, Stroke, read_unipen
from inkdigits.errors import InvalidDataset
from page_options import page_parser, parse
from printing import followed
from real_pictures import answer_of, digits_of

FONTS = [
    *("caveat", "indie-flower", "kaushan-script", "patrick-hand", "rock-salt"),
    *("sacramento", "shantell-sans", "tangerine", "vibur"),
]
"""Kept out of training."""
ALPHABETS = {
    "Early_Aramaic": {1, 2, 3, 4, 5, 6, 10, 14, 16, 17, 19, 20},
    "Korean": {5, 10, 12, 21, 22, 27, 33, 37},
}
"""Of Omniglot, kept out of training; and the characters that somebody could take for a digit."""
SAMPLES = 6
"""Of each kind, in the plot."""

Kind = Callable[[Hands, Rng], Page]
KINDS: dict[str, Kind] = {
    "3 to 8 in printed boxes, scan": partial(draw.in_printed_boxes, photo=False),
    "3 to 8 in printed boxes, photo": partial(draw.in_printed_boxes, photo=True),
    "one digit, thin pen, close up": draw.one_thin_digit,
    "one digit, neighbours in view": draw.one_of_a_number,
    "with marks, plain paper": partial(draw.with_marks, photo=False),
    "with marks, photo": partial(draw.with_marks, photo=True),
    "2 to 4 in 20 to 64 px, smooth": partial(draw.in_few_pixels, smooth_edges=True),
    "2 to 4 in 20 to 64 px, jagged": partial(draw.in_few_pixels, smooth_edges=False),
}
NO_DIGIT: dict[str, Kind] = {
    "a letter": draw.a_letter,
    "a character": draw.a_character,
    "a word": draw.a_word,
}


def page_of(kind: str, number: int, hands: Hands) -> Page:
    """A page of that kind; the same number gives the same page."""
    rng = np.random.default_rng([number, zlib.crc32(kind.encode())])
    return {**KINDS, **NO_DIGIT}[kind](hands, rng)


def characters_in(path: Path) -> list[list[Stroke]]:
    """The drawings of `ALPHABETS` in Omniglot's archive; none of what looks like a digit."""
    return [
        drawn.strokes
        for drawn in read_omniglot(path)
        if drawn.character not in ALPHABETS.get(drawn.alphabet, range(100))
    ]


def open_hands(options: argparse.Namespace) -> Hands:
    """Who writes, as the command line says."""
    digits = read_unipen(find_file(PENDIGITS, options.data_dir), options.writers)
    fonts = [find_file(f"{font}.woff2", options.data_dir) for font in FONTS]
    if missing := [font.name for font in fonts if not font.exists()]:
        raise InvalidDataset(f"The font {missing[0]} is missing. Name its folder: --data-dir.")
    return Hands(
        [smooth_hand(own) for own in by_writer(digits)],
        PictureHand(*load_mnist(options.part, options.data_dir)),
        fonts,
        characters_in(find_file(OMNIGLOT, options.data_dir)),
    )


def say_right(reader: Reader, kind: str, hands: Hands, count: int) -> None:
    """Print how many pages of a kind are right and how surely."""
    pages = (page_of(kind, number, hands) for number in followed(range(count), count, kind))
    answers = [(answer_of(reader, page.picture), page.text) for page in pages]
    right = np.array([answer.text == text for answer, text in answers])
    sure = np.array([answer.sure for answer, _ in answers])
    promised = np.mean([answer.confidence for answer, _ in answers])
    line = f"{kind:32} {100 * right.mean():7.2f} %   promised {100 * promised:6.2f} %"
    line += f"   sure {100 * sure.mean():5.1f} %, of these right "
    line += f"{100 * right[sure].mean():6.2f} %" if sure.any() else f"{'-':>8}"
    line += f"   sure and wrong {(sure & ~right).sum():3}"
    digits = [digits_of(answer.text) == digits_of(text) for answer, text in answers]
    print(f"{line}   digits alone {100 * np.mean(digits):7.2f} %", flush=True)


def say_fooled(reader: Reader, kind: str, hands: Hands, count: int) -> float:
    """Print in what share of pages without a digit one is sure."""
    pages = (page_of(kind, number, hands) for number in followed(range(count), count, kind))
    fooled = float(np.mean([answer_of(reader, page.picture).digit_sure for page in pages]))
    print(f"{f'no digit: {kind}':32} {100 * fooled:7.2f} % fooled", flush=True)
    return fooled


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
            height, width = page.picture.shape[:2]
            axes.set(xticks=[], yticks=[], title=page.text, xlabel=f"{width}x{height}")
            for x0, y0, x1, y1 in page.boxes:
                corner, size = (x0 - 0.5, y0 - 0.5), (x1 - x0, y1 - y0)
                axes.add_patch(Rectangle(corner, *size, fill=False, color="#d62728", lw=0.6))
    figure.savefig(path, dpi=90)


def main() -> None:
    options, kinds, without = parse(page_parser(__doc__), KINDS, NO_DIGIT)
    hands = open_hands(options)
    if options.plot:
        numbers = range(SAMPLES)
        samples = {kind: [page_of(kind, n, hands) for n in numbers] for kind in kinds + without}
        plot(samples, options.plot)
        return
    reader = Reader(options.model, page=options.page)
    print(f"{options.count} pages of each kind, MNIST {options.part}; % exactly right")
    for kind in kinds:
        say_right(reader, kind, hands, options.count)
    fooled = [say_fooled(reader, kind, hands, options.count) for kind in without]
    if len(fooled) > 1:
        print(f"{'no digit, on average':32} {100 * np.mean(fooled):7.2f} % fooled")


if __name__ == "__main__":
    try:
        main()
    except InkDigitsError as error:
        sys.exit(str(error))
