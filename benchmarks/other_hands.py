"""Digits of hands, and letters of fonts and alphabets, that no recipe has learned from.

    python benchmarks/other_hands.py                    digits.onnx as it ships
    python benchmarks/other_hands.py --model RUN/model.onnx --count 500

Digits of fonts that are kept out of training, bent: how many are right, by digit and by font.
Letters and words of these fonts, and characters of alphabets that are kept out, but for those that
somebody could take for a digit: how many are called a sure digit. Pictures are canvases of 280 x
280; what draws them draws nothing to learn from.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from drawn_pages import Rng
from hard_ink import drawn, smooth
from hard_pages import FONTS, characters_in
from hard_texts import LETTERS, word
from inkdigits import InkDigitsError, Reader
from inkdigits.datasets.omniglot import OMNIGLOT
from inkdigits.datasets.spec import find_file
from inkdigits.errors import InvalidDataset

SIDE = 280
Ink = NDArray[np.float32]
"""(SIDE, SIDE), in 0..1."""


def set_in(font: Path, text: str, rng: Rng) -> Ink:
    """The text in the middle of a canvas, 35 to 85 % of it, bent as no font is."""
    letters = ImageFont.truetype(font, 100)
    x0, y0, x1, y1 = letters.getbbox(text)
    larger = rng.uniform(0.35, 0.85) * SIDE / max(x1 - x0, y1 - y0, 1)
    letters = ImageFont.truetype(font, max(round(100 * larger), 4))
    canvas = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(canvas).text((SIDE / 2, SIDE / 2), text, 255, letters, anchor="mm")
    return bent(np.asarray(canvas, np.float32) / 255, rng)


def bent(ink: Ink, rng: Rng) -> Ink:
    """Turned by up to 10 degrees, slanted, stretched, and every part of it a little elsewhere."""
    angle, slant = np.radians(rng.uniform(-10, 10)), rng.uniform(-0.25, 0.25)
    stretch = 1.15 ** rng.uniform(-1, 1)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.array([[1 / stretch, 0], [slant, stretch]])
    middle = (SIDE - 1) / 2
    places = np.mgrid[:SIDE, :SIDE].reshape(2, -1) - middle
    places = (matrix @ places + middle).reshape(2, SIDE, SIDE)
    waves = ndimage.gaussian_filter(rng.normal(size=(2, SIDE, SIDE)), (0, 28, 28))
    places += waves / waves.std() * rng.uniform(0.5, 4.5)
    moved: Ink = ndimage.map_coordinates(ink, places, order=1)
    return moved


def a_character(strokes: list[NDArray[np.float64]], rng: Rng) -> Ink:
    points = np.concatenate(strokes)
    scale = rng.uniform(0.35, 0.75) * SIDE / max(np.ptp(points, axis=0).max(), 1)
    mask, _, _ = drawn([smooth(stroke * scale) for stroke in strokes], rng.uniform(8, 22), dot=1)
    ink = np.zeros((SIDE, SIDE), np.float32)
    top, left = ((SIDE - side) // 2 for side in mask.shape)
    ink[top : top + mask.shape[0], left : left + mask.shape[1]] = mask
    return bent(ink, rng)


def pictures_of(inks: list[Ink]) -> NDArray[np.uint8]:
    """Dark on white."""
    return (255 - 255 * np.stack(inks).clip(0, 1)).astype(np.uint8)


def print_digits(reader: Reader, fonts: list[Path], each: int) -> None:
    """Right, by digit and by font."""
    right = np.zeros((len(fonts), 10))
    sure_and_wrong = 0
    for place, font in enumerate(fonts):
        for digit in range(10):
            rng = np.random.default_rng([place, digit])
            outputs = reader.outputs(
                pictures_of([set_in(font, str(digit), rng) for _ in range(each)])
            )
            is_right = outputs["probabilities"].argmax(1) == digit
            right[place, digit] = is_right.mean()
            sure_and_wrong += int((outputs["sure"] & ~is_right).sum())
    print(f"{'digits of fonts kept out':32} {100 * right.mean():7.2f} %  of {right.size * each:,}")
    print(f"{'  sure and wrong':32} {sure_and_wrong:7}")
    for digit, share in enumerate(right.mean(0)):
        print(f"{f'  digit {digit}':32} {100 * share:7.2f} %")
    for font, share in zip(fonts, right.mean(1), strict=True):
        print(f"{f'  {font.stem}':32} {100 * share:7.2f} %")


def print_sure(reader: Reader, kind: str, inks: list[Ink]) -> None:
    outputs = reader.outputs(pictures_of(inks))
    sure = outputs["sure"] & outputs["has_ink"]
    digits = np.bincount(outputs["probabilities"].argmax(1)[sure], minlength=10)
    print(
        f"{kind:32} {100 * sure.mean():7.2f} %  of {len(inks):,} a sure digit; as 0 to 9: {digits}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, help="a model file; the one that ships if left out")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument(
        "--count", type=int, default=2000, help="digits, and pictures of each kind of other"
    )
    options = parser.parse_args()

    reader = Reader(options.model)
    fonts = [find_file(f"{font}.woff2", options.data_dir) for font in FONTS]
    fonts = [
        path if path.exists() else find_file(f"handwriting-fonts/{path.name}", options.data_dir)
        for path in fonts
    ]
    if missing := [font.name for font in fonts if not font.exists()]:
        raise InvalidDataset(f"The font {missing[0]} is missing. Name its folder: --data-dir.")
    print_digits(reader, fonts, each=max(options.count // (10 * len(fonts)), 1))
    rng = np.random.default_rng(0)

    def some_font() -> Path:
        return fonts[int(rng.integers(len(fonts)))]

    letters = [
        set_in(some_font(), str(rng.choice(list(LETTERS))), rng) for _ in range(options.count)
    ]
    print_sure(reader, "letters of these fonts", letters)
    print_sure(
        reader,
        "words of these fonts",
        [set_in(some_font(), word(rng), rng) for _ in range(options.count)],
    )
    characters = characters_in(find_file(OMNIGLOT, options.data_dir))
    some = [characters[int(rng.integers(len(characters)))] for _ in range(options.count)]
    print_sure(
        reader, "characters of alphabets kept out", [a_character(each, rng) for each in some]
    )


if __name__ == "__main__":
    try:
        main()
    except InkDigitsError as error:
        sys.exit(str(error))
