"""Lines of writing on a page that slopes."""

from dataclasses import replace
from math import cos, radians, sin

import numpy as np
import pytest

from inkdigits.reading import Reading
from inkdigits.recognition.lines import in_lines
from inkdigits.recognition.page import Pieces
from inkdigits.recognition.text import read_pieces
from pieces import RULES, Piece, opinion, pieces_of, row

FORM = ["12 305", "47 968", "150 2", "23 45"]
COLUMN, LINE = 1200, 60
"""Pixels between numbers, and between lines, of digits that are 40 high."""


def tilted(degrees: float, form: list[str] = FORM, wobble: int = 0) -> Pieces:
    """The form's numbers, far from each other, on a page that was turned a little; each piece is on
    the line of those that are as high as it, as `page.onnx` has it on such a page."""
    rng = np.random.default_rng(1)
    pieces = []
    for number, line in enumerate(form):
        for place, text in enumerate(line.split()):
            for piece in row(text, x=place * COLUMN, y=number * LINE):
                x0, y0, x1, y1 = piece.box
                x, y = (x0 + x1) / 2, (y0 + y1) / 2 + rng.integers(-wobble, wobble + 1)
                turned = cos(radians(degrees)), sin(radians(degrees))
                left = round(x * turned[0] - y * turned[1] - (x1 - x0) / 2)
                top = round(x * turned[1] + y * turned[0] - (y1 - y0) / 2)
                box = left, top, left + x1 - x0, top + y1 - y0
                pieces.append(replace(piece, box=box, line=round((top + y1 - y0) / LINE)))
    return pieces_of(sorted(pieces, key=lambda piece: (piece.line, piece.box[0])))


def read(pieces: Pieces) -> Reading:
    """With `digits.onnx` of the same opinion."""
    same = {n: opinion(int(kind.argmax())) for n, kind in enumerate(pieces.kind[:, :10])}
    reading = read_pieces(pieces, same, RULES)
    assert reading
    return reading


@pytest.mark.parametrize("degrees", [-8, -5, -3, 3, 5, 8])
def test_lines_that_slope_stay_whole(degrees: float) -> None:
    pieces = tilted(degrees)
    assert read(pieces).text != "\n".join(FORM)
    assert read(in_lines(pieces)).text == "\n".join(FORM)
    assert read(in_lines(pieces)).sure


@pytest.mark.parametrize("degrees", [-4, 0, 4])
def test_marks_and_digits_that_lie_high_and_low_are_on_the_line_of_their_numbers(
    degrees: float,
) -> None:
    form = ["3.14 10,5", "12+7 6-2", "1,9 8.5"]
    assert read(in_lines(tilted(degrees, form, wobble=4))).text == "\n".join(form)


def test_the_text_has_the_lines_of_the_table() -> None:
    reading = read(in_lines(tilted(3)))
    assert reading.table() == [line.split() for line in reading.lines]


def test_on_a_page_that_hardly_slopes_lines_are_as_the_file_says() -> None:
    for pieces in (tilted(0), tilted(0.5, ["12 305"]), pieces_of([Piece("7", (0, 0, 9, 9))])):
        assert in_lines(pieces) is pieces
