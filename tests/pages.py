"""Pages with numbers on them, put together from `handwriting`'s digits."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from handwriting import written

Grey = NDArray[np.uint8]


def digit(value: int, height: int) -> Grey:
    """Dark ink on white, cut out, so many pixels high."""
    sheet = written(value, side=280, pen=20)
    rows, columns = np.flatnonzero((sheet < 128).any(1)), np.flatnonzero((sheet < 128).any(0))
    ink = Image.fromarray(sheet[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    size = (max(round(ink.width * height / ink.height), 2), height)
    return np.asarray(ink.resize(size, Image.Resampling.LANCZOS))


def page(
    text: str, height: int = 48, gap: float = 0.3, margin: int = 40, slope: float = 0.0
) -> Grey:
    """White paper with the text's digits `height` pixels high; lines, and spaces, as in the text.

    Digits are `gap` heights apart, and each line goes down by `slope` for each pixel along.
    """
    lines = text.split("\n")
    longest = max(len(line) for line in lines)
    width = round(longest * height * (1 + gap)) + 2 * margin
    tall = round(len(lines) * height * 1.8 + abs(slope) * width) + 2 * margin
    sheet = np.full((tall, width), 255, np.uint8)
    for number, line in enumerate(lines):
        x = margin
        for character in line:
            if character == " ":
                x += round(height * 0.9)
                continue
            ink = digit(int(character), height)
            y = margin + round(number * height * 1.8 + slope * (x - margin))
            place = sheet[y : y + height, x : x + ink.shape[1]]
            np.minimum(place, ink, out=place)
            x += ink.shape[1] + round(gap * height)
    return sheet


def with_dot(sheet: Grey, x: int, y: int, size: int = 8) -> Grey:
    """The sheet with a point of the pen on it."""
    dotted = sheet.copy()
    dotted[y : y + size, x : x + size] = 0
    return dotted


def ruled(sheet: Grey, every: int = 30, level: int = 190, squared: bool = False) -> Grey:
    """The sheet on paper with lines, or squares, of a grey level."""
    lined = sheet.copy()
    for y in range(every // 2, lined.shape[0], every):
        lined[y : y + 2] = np.minimum(lined[y : y + 2], level)
    if squared:
        for x in range(every // 2, lined.shape[1], every):
            lined[:, x : x + 2] = np.minimum(lined[:, x : x + 2], level)
    return lined


def in_uneven_light(sheet: Grey, darkest: float = 0.35) -> Grey:
    """The sheet, lit from the left, and in the shade on the right."""
    light = np.linspace(1, darkest, sheet.shape[1])
    return (sheet * light).astype(np.uint8)
