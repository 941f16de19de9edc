"""Accuracy on MNIST's digits that are turned, slanted, too thin, too bold, blurred, noisy or pale.

    python benchmarks/corruptions.py                    on MNIST's validation part, to choose by
    python benchmarks/corruptions.py --part test        the last measurement of a finished recipe
    python benchmarks/corruptions.py --read             the way of anybody's picture: Reader.read
    python benchmarks/corruptions.py --plot digits.png  how hard it is, to look at

After MNIST-C (Mu, Gilmer 2019, "MNIST-C: A Robustness Benchmark for Computer Vision"), with the
corruptions that handwriting and scans have. A mild one is easily overlooked; at a moderate one
people read without hesitating; at a strong one they have to look. The strengths were fixed by
looking at pictures, before any model was measured. Digits are corrupted the same way each time,
whatever else is measured.
"""

from __future__ import annotations

import argparse
import sys
import zlib
from collections.abc import Callable
from math import radians, tan
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import distance_transform_edt, gaussian_filter

from inkdigits import InkDigitsError, Reader
from inkdigits.datasets.dataset import ArrayDataset
from inkdigits.datasets.mnist import load_mnist
from inkdigits.evaluation.predictions import predict
from printing import by_way

Picture = NDArray[np.uint8]
"""(36, 36): a digit of MNIST with ink bright on 0, and 4 pixels more paper on each side, so that
nothing is pushed out of the picture."""
Corruption = Callable[[Picture, float, np.random.Generator], NDArray[np.float64]]
"""A picture and a strength to grey levels, of which those beyond 0..255 are cut off."""

MARGIN = 4
FINE = 4
"""Strokes are made thinner and thicker on a grid so many times as fine."""


def rotated(picture: Picture, degrees: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """By an angle of at most so many degrees either way."""
    angle = rng.uniform(-degrees, degrees)
    return np.asarray(Image.fromarray(picture).rotate(angle, Image.Resampling.BICUBIC), float)


def sheared(picture: Picture, degrees: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Slanted sideways, uprights by at most so many degrees either way."""
    slope = tan(radians(rng.uniform(-degrees, degrees)))
    matrix = (1, slope, -slope * len(picture) / 2, 0, 1, 0)
    image = Image.fromarray(picture)
    return np.asarray(
        image.transform(image.size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC), float
    )


def thinned(picture: Picture, percent: float, _: np.random.Generator) -> NDArray[np.float64]:
    """Strokes of so many percent of their width."""
    return redrawn(picture, percent / 100)


def thickened(picture: Picture, percent: float, _: np.random.Generator) -> NDArray[np.float64]:
    """Strokes of so many percent of their width."""
    return redrawn(picture, percent / 100)


def redrawn(picture: Picture, width: float) -> NDArray[np.float64]:
    """Strokes of `width` times their width: the outline is moved by as much everywhere."""
    side = len(picture) * FINE
    fine = np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.BICUBIC))
    inside = fine > picture.max() / 2
    depth = distance_transform_edt(inside)
    stroke = 4 * depth[inside].mean()  # as in a straight stroke, the deepest being half of it
    outline = depth - distance_transform_edt(~inside) + (width - 1) * stroke / 2
    ink = np.clip(outline + 0.5, 0, 1).reshape(len(picture), FINE, len(picture), FINE)
    return picture.max() * ink.mean((1, 3))


def blurred(picture: Picture, deviation: float, _: np.random.Generator) -> NDArray[np.float64]:
    """By a normal distribution of so many pixels, of which the digit is 20 large."""
    return gaussian_filter(picture.astype(float), deviation)


def noisy(picture: Picture, deviation: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Normal noise of so many grey levels, of 255."""
    return picture + rng.normal(0, deviation, picture.shape)


def holed(picture: Picture, percent: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """So many percent of the pixels are lost, and paper."""
    return np.where(rng.random(picture.shape) < percent / 100, 0, picture.astype(float))


def pale(picture: Picture, percent: float, _: np.random.Generator) -> NDArray[np.float64]:
    """So many percent of the contrast, around a middle grey."""
    return 127.5 + (picture - 127.5) * percent / 100


STRENGTHS = ("mild", "moderate", "strong")
CORRUPTIONS: dict[str, tuple[Corruption, tuple[float, float, float], str]] = {
    "rotation": (rotated, (10, 20, 30), "degrees, up to"),
    "shear": (sheared, (10, 20, 30), "degrees, up to"),
    "thinning": (thinned, (80, 60, 40), "% of the width"),
    "thickening": (thickened, (125, 150, 180), "% of the width"),
    "blur": (blurred, (0.5, 1.0, 1.5), "px of 28"),
    "noise": (noisy, (20, 40, 60), "grey levels"),
    "dropped pixels": (holed, (10, 20, 30), "% of them"),
    "low contrast": (pale, (50, 25, 10), "% of it"),
}
"""Each with its three strengths and what they count."""


def corrupted(name: str, strength: int, pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(N, 28, 28) to (N, 36, 36); `strength` is 0, 1 or 2. The seed is the corruption's own."""
    corrupt, amounts, _ = CORRUPTIONS[name]
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    padded = np.pad(pictures, ((0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN)))
    levels = np.stack([corrupt(picture, amounts[strength], rng) for picture in padded])
    return levels.round().clip(0, 255).astype(np.uint8)


def plot(pictures: NDArray[np.uint8], path: Path) -> None:
    """A row of the same digits for each corruption and strength."""
    from matplotlib.figure import Figure

    rows = [(name, strength) for name in CORRUPTIONS for strength in range(len(STRENGTHS))]
    figure = Figure(figsize=(12, 0.62 * len(rows)), layout="constrained")
    for axes, (name, strength) in zip(figure.subplots(len(rows), 1), rows, strict=True):
        axes.imshow(np.hstack(corrupted(name, strength, pictures)), cmap="gray_r", vmin=0, vmax=255)
        _, amounts, unit = CORRUPTIONS[name]
        axes.set(xticks=[], yticks=[])
        axes.set_ylabel(
            f"{name}, {STRENGTHS[strength]}\n{amounts[strength]:g} {unit}",
            rotation=0,
            ha="right",
            va="center",
            fontsize=8,
        )
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, help="a model file; the one that ships if left out")
    parser.add_argument("--part", choices=["validation", "test"], default="validation")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--limit", type=int, help="only so many pictures")
    parser.add_argument("--only", default="", help="only corruptions whose name has this in it")
    parser.add_argument("--read", action="store_true", help="through Reader.read_many")
    parser.add_argument("--plot", type=Path, help="write samples to this PNG file, and no more")
    options = parser.parse_args()

    if not any(options.only in name for name in CORRUPTIONS):
        parser.error(f"no corruption has {options.only} in its name: {', '.join(CORRUPTIONS)}")
    pictures, labels = load_mnist(options.part, options.data_dir)
    pictures, labels = pictures[: options.limit], labels[: options.limit]
    if options.plot:
        plot(pictures[:25], options.plot)
        return

    def accuracy(name: str, changed: NDArray[np.uint8]) -> float:
        dataset = ArrayDataset(name, changed, labels)
        return 100 * float(predict(reader, dataset, by_reading=options.read).right.mean())

    reader = Reader(options.model)
    print(f"MNIST {options.part}, {len(labels):,} pictures, {by_way(options.read)}; % right")
    print(f"{'plain':16} {accuracy('plain', pictures):6.2f}")
    print(f"{'':16} " + "".join(f"{strength:>10}" for strength in STRENGTHS))
    table = []
    for name, (_, amounts, unit) in CORRUPTIONS.items():
        if options.only not in name:
            continue
        row = [accuracy(name, corrupted(name, i, pictures)) for i in range(len(STRENGTHS))]
        table.append(row)
        cells = "".join(f"{cell:10.2f}" for cell in row)
        print(f"{name:16} {cells}   {', '.join(f'{a:g}' for a in amounts)} {unit}", flush=True)
    print(f"{'mean':16} " + "".join(f"{mean:10.2f}" for mean in np.mean(table, axis=0)))


if __name__ == "__main__":
    try:
        main()
    except InkDigitsError as error:
        sys.exit(str(error))
