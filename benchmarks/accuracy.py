"""Accuracy of a model file on MNIST, from raw pixels through the whole graph.

    python benchmarks/accuracy.py                       on MNIST's validation part, to choose by
    python benchmarks/accuracy.py --part test           the last measurement of a finished recipe
    python benchmarks/accuracy.py --only plain --per-digit      the plain pictures, by digit
    python benchmarks/accuracy.py --read                the way of anybody's picture: Reader.read

Each row changes the same pictures in one way and says how much that costs, in points against the
plain pictures. For the plain pictures it also says how far the confidence can be trusted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inkdigits import InkDigitsError, Reader
from inkdigits.datasets.dataset import Batch, Dataset
from inkdigits.datasets.mnist import load_mnist
from inkdigits.evaluation.metrics import evaluate
from inkdigits.evaluation.predictions import NONE, predict
from printing import by_way, print_by_digit, print_honesty

Picture = NDArray[np.uint8]


def on_canvas(picture: Picture, side: int, size: int, left: int, top: int) -> Picture:
    """The 28x28 picture enlarged to `size` and pasted into a dark square of `side` pixels."""
    canvas = np.zeros((side, side), np.uint8)
    enlarged = Image.fromarray(picture).resize((size, size), Image.Resampling.BICUBIC)
    canvas[top : top + size, left : left + size] = enlarged
    return canvas


def random_canvas(picture: Picture, rng: np.random.Generator) -> Picture:
    """280x280, the picture 60 to 240 pixels wide and anywhere."""
    size = int(rng.integers(60, 241))
    left, top = rng.integers(0, 280 - size + 1, 2)
    return on_canvas(picture, 280, size, int(left), int(top))


def middle_canvas(picture: Picture) -> Picture:
    """280x280, the picture 200 pixels wide and in the middle."""
    return on_canvas(picture, 280, 200, 40, 40)


def inverted(picture: Picture) -> Picture:
    return 255 - picture


def faint(picture: Picture) -> Picture:
    """Dark on light with 30 % of the contrast."""
    return (255 - 0.3 * picture).astype(np.uint8)


def touching(picture: Picture, rng: np.random.Generator) -> Picture:
    """Cut at the ink on a random one to four sides, so that it touches the border there."""
    rows, columns = np.flatnonzero(picture.any(1)), np.flatnonzero(picture.any(0))
    cut = rng.random(4) < 0.5
    cut[rng.integers(4)] = True
    top, bottom = rows[0] if cut[0] else 0, rows[-1] + 1 if cut[1] else len(picture)
    left, right = columns[0] if cut[2] else 0, columns[-1] + 1 if cut[3] else len(picture)
    return picture[top:bottom, left:right]


def tight(picture: Picture) -> Picture:
    """Nothing but the ink's box."""
    rows, columns = np.flatnonzero(picture.any(1)), np.flatnonzero(picture.any(0))
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def framed(picture: Picture, thickness: int) -> Picture:
    """Dark on light with a dark frame drawn over the outermost pixels."""
    frame = np.zeros_like(picture)
    frame[thickness:-thickness, thickness:-thickness] = (
        255 - picture[thickness:-thickness, thickness:-thickness]
    )
    return frame


def dusty(picture: Picture, rng: np.random.Generator, largest: int) -> Picture:
    """Five specks of 1 to `largest` pixels a side, as bright as the ink."""
    picture = picture.copy()
    for _ in range(5):
        size = int(rng.integers(1, largest + 1))
        top, left = rng.integers(0, len(picture) - size + 1, 2)
        picture[top : top + size, left : left + size] = 255
    return picture


def grainy(picture: Picture, rng: np.random.Generator, deviation: float) -> Picture:
    """Dark ink of 60 % contrast on light grey paper with normal noise."""
    grey = 220 - 0.6 * picture + rng.normal(0, deviation, picture.shape)
    return grey.clip(0, 255).astype(np.uint8)


PLAIN = "plain, 28x28"


def ways(rng: np.random.Generator) -> dict[str, Callable[[Picture], Picture]]:
    """How the pictures are changed, each by its name."""
    return {
        PLAIN: lambda picture: picture,
        "dark on light": inverted,
        "faint, 30 % contrast": faint,
        "touching the border, 1-4 sides": lambda p: touching(p, rng),
        "cut to the ink's box": tight,
        "dark frame of 1, on 28x28": lambda p: framed(p, 1),
        "dark frame of 3, on 280x280": lambda p: framed(middle_canvas(p), 3),
        "specks of 1, on 28x28": lambda p: dusty(p, rng, 1),
        "specks of 1-4, on 280x280": lambda p: dusty(middle_canvas(p), rng, 4),
        "grain of 10, on 280x280": lambda p: grainy(middle_canvas(p), rng, 10),
        "1000x1000": lambda p: on_canvas(p, 1000, 1000, 0, 0),
        "canvas, 60-240 px, anywhere": lambda p: random_canvas(p, rng),
        "the same, dark on light": lambda p: inverted(random_canvas(p, rng)),
        "the same, with specks": lambda p: dusty(random_canvas(p, rng), rng, 4),
    }


class Changed(Dataset):
    """Labelled pictures, each changed when it is its turn: large ones need not all fit memory."""

    def __init__(
        self,
        name: str,
        pictures: NDArray[np.uint8],
        labels: NDArray[np.uint8],
        change: Callable[[Picture], Picture],
    ) -> None:
        super().__init__(name)
        self.pictures, self.labels, self.change = pictures, labels, change

    def batches(self, batch_size: int = 64) -> Iterator[Batch]:
        for start in range(0, len(self.pictures), batch_size):
            part = self.pictures[start : start + batch_size]
            yield Batch(
                [self.change(picture) for picture in part],
                self.labels[start : start + batch_size],
                [f"{self.name}, number {start + i}" for i in range(len(part))],
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, help="a model file; the one that ships if left out")
    parser.add_argument("--part", choices=["validation", "test"], default="validation")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--limit", type=int, help="only so many pictures")
    parser.add_argument("--only", default="", help="only the ways whose name has this in it")
    parser.add_argument("--per-digit", action="store_true", help="the plain pictures by digit")
    parser.add_argument("--read", action="store_true", help="through Reader.read_many")
    options = parser.parse_args()

    reader = Reader(options.model)
    pictures, labels = load_mnist(options.part, options.data_dir)
    pictures, labels = pictures[: options.limit], labels[: options.limit]
    print(f"MNIST {options.part}, {len(labels):,} pictures, {by_way(options.read)}")
    plain = 0.0
    for name in ways(np.random.default_rng()):
        if name != PLAIN and options.only not in name:
            continue
        change = ways(np.random.default_rng(0))[name]  # the same, whatever else is measured
        dataset = Changed(name, pictures, labels, change)
        predictions = predict(reader, dataset, by_reading=options.read)
        accuracy = 100 * predictions.right.mean()
        plain = accuracy if name == PLAIN else plain
        blank = int((predictions.answers == NONE).sum())
        unread = f"  no digit read in {blank}" if blank else ""
        print(f"{name:32} {accuracy:7.2f} %  {accuracy - plain:+.2f}{unread}", flush=True)
        if name == PLAIN:
            figures = evaluate(predictions)
            print_honesty(figures)
            if options.per_digit:
                print_by_digit(figures)


if __name__ == "__main__":
    try:
        main()
    except InkDigitsError as error:
        sys.exit(str(error))
