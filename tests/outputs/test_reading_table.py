"""Numbers in rows and columns."""

from dataclasses import replace

import numpy as np
import pytest

from inkdigits.outputs.table import table_of
from inkdigits.reading import Box, Digit, Mark, Reading

Cell = tuple[str, int, int]
"""A number, and the place of its upper left corner."""


def reading_of(lines: list[list[Cell]], skew: float = 0.0, unsure: str = "") -> Reading:
    """Digits 10 wide and 20 high, each line going down by `skew` for each pixel along."""
    digits = []
    for line in lines:
        for text, x, y in line:
            for place, character in enumerate(text):
                left = x + 12 * place
                top = y + round(skew * left)
                box: Box = (left - round(skew * y), top, left + 10 - round(skew * y), top + 20)
                sure = text != unsure
                digits.append(
                    Digit(int(character), 0.99, sure, box, (0.1,) * 10, np.zeros((28, 28)))
                )
    text = "\n".join(" ".join(number for number, _, _ in line) for line in lines)
    return Reading(text, 0.9, not unsure, tuple(digits))


FORM = [
    [("12", 100, 50), ("305", 200, 50), ("7", 300, 50)],
    [("4", 112, 100), ("96", 206, 100), ("88", 294, 100)],
    [("150", 95, 150), ("2", 224, 150), ("61", 294, 150)],
]


@pytest.mark.parametrize("skew", [-0.06, 0.0, 0.06])
def test_numbers_above_each_other_are_a_column(skew: float) -> None:
    assert table_of(reading_of(FORM, skew)) == [
        ["12", "305", "7"],
        ["4", "96", "88"],
        ["150", "2", "61"],
    ]


def test_a_gap_is_an_empty_cell() -> None:
    form = [FORM[0], [FORM[1][0], FORM[1][2]], FORM[2]]
    assert table_of(reading_of(form))[1] == ["4", "", "88"]


def test_a_row_stays_one_where_the_reading_has_several_lines() -> None:
    lines = [[cell] for row in FORM for cell in row]
    assert table_of(reading_of(lines)) == table_of(reading_of(FORM))


def test_what_is_not_sure_has_a_question_mark() -> None:
    assert table_of(reading_of(FORM, unsure="96"))[1] == ["4", "96?", "88"]


def test_a_number_with_a_sign_left_out_is_not_sure() -> None:
    reading = replace(reading_of(FORM), skipped=((222, 66, 226, 70),))
    assert table_of(reading) == [["12", "305?", "7"], ["4", "96", "88"], ["150", "2", "61"]]


def test_one_number_is_a_table_of_one() -> None:
    assert table_of(reading_of([[("2048", 10, 10)]])) == [["2048"]]


def test_marks_are_part_of_their_numbers() -> None:
    digits = reading_of([[("3", 100, 50), ("14", 124, 50), ("7", 300, 50)]]).digits
    point = Mark(".", 0.9, True, (114, 65, 120, 70))
    assert table_of(Reading("3.14 7", 0.9, True, digits, marks=(point,))) == [["3.14", "7"]]
    doubtful = (replace(point, sure=False),)
    assert table_of(Reading("3.14 7", 0.9, False, digits, marks=doubtful)) == [["3.14?", "7"]]


def test_where_there_is_only_other_writing_the_table_is_empty() -> None:
    assert table_of(Reading("", 0.0, False, (), skipped=((0, 0, 9, 9),))) == []
