"""A Reading: its numbers, and these in rows and columns."""

import json
from dataclasses import replace
from decimal import Decimal
from xml.etree import ElementTree

import numpy as np
import pytest

from inkdigits.reading import Box, Digit, Mark, Reading, check_hints, turned_box
from inkdigits.sketch import SKIPPED, SURE, UNSURE

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
    assert reading_of(FORM, skew).table() == [
        ["12", "305", "7"],
        ["4", "96", "88"],
        ["150", "2", "61"],
    ]


def test_a_gap_is_an_empty_cell() -> None:
    form = [FORM[0], [FORM[1][0], FORM[1][2]], FORM[2]]
    assert reading_of(form).table()[1] == ["4", "", "88"]


def test_a_row_stays_one_where_the_reading_has_several_lines() -> None:
    lines = [[cell] for row in FORM for cell in row]
    assert reading_of(lines).table() == reading_of(FORM).table()


def test_what_is_not_sure_has_a_question_mark() -> None:
    assert reading_of(FORM, unsure="96").table()[1] == ["4", "96?", "88"]


def test_a_number_that_is_less_likely_than_is_asked_for_has_a_question_mark() -> None:
    form = reading_of([FORM[0]])  # of digits of 0.99
    assert form.table(sure_from=0.975) == [["12", "305?", "7"]]


def test_a_number_with_a_sign_left_out_is_not_sure() -> None:
    reading = replace(reading_of(FORM), skipped=((222, 66, 226, 70),))
    assert reading.table() == [["12", "305?", "7"], ["4", "96", "88"], ["150", "2", "61"]]


def test_one_number_is_a_table_of_one() -> None:
    assert reading_of([[("2048", 10, 10)]]).table() == [["2048"]]


def test_marks_are_part_of_their_numbers() -> None:
    digits = reading_of([[("3", 100, 50), ("14", 124, 50), ("7", 300, 50)]]).digits
    point = Mark(".", 0.9, True, (114, 65, 120, 70))
    assert Reading("3.14 7", 0.9, True, digits, marks=(point,)).table() == [["3.14", "7"]]
    doubtful = (replace(point, sure=False),)
    assert Reading("3.14 7", 0.9, False, digits, marks=doubtful).table() == [["3.14?", "7"]]


def test_where_there_is_only_other_writing_the_table_is_empty() -> None:
    assert Reading("", 0.0, False, (), skipped=((0, 0, 9, 9),)).table() == []


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_the_table_of_a_page_that_lay_wrong_is_that_of_the_page_upright(degrees: int) -> None:
    lying = reading_of(FORM).moved(lambda box: turned_box(box, 360 - degrees, 400, 500))
    assert replace(lying, turned=degrees).table() == reading_of(FORM).table()


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_boxes_turned_upright_are_where_they_were_read(degrees: int) -> None:
    upright = reading_of(FORM)
    height, width = (400, 500) if degrees == 180 else (500, 400)
    lying = upright.moved(lambda box: turned_box(box, 360 - degrees, 400, 500))
    assert replace(lying, turned=degrees).upright(height, width) == upright


def test_a_reading_has_its_numbers_with_what_they_are_worth_and_where_they_are() -> None:
    first, second, third = reading_of([FORM[0]]).numbers
    assert [number.value for number in (first, second, third)] == [12, 305, 7]
    assert (second.text, second.box, second.line) == ("305", (200, 50, 234, 70), 0)
    assert second.confidence == pytest.approx(0.99**3)
    assert [digit.value for digit in second.digits] == [3, 0, 5]
    assert [number.line for number in reading_of(FORM).numbers] == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_a_number_is_as_sure_as_its_signs() -> None:
    assert [number.sure for number in reading_of([FORM[0]], unsure="305").numbers] == [
        *(True, False, True)
    ]


def test_the_marks_of_a_number_are_its_own() -> None:
    digits = reading_of([[("3", 100, 50), ("14", 124, 50), ("7", 300, 50)]]).digits
    point, dash = Mark(".", 0.9, True, (114, 65, 120, 75)), Mark("-", 0.8, True, (284, 58, 296, 62))
    pi, minus_seven = Reading("3.14 -7", 0.9, True, digits, marks=(point, dash)).numbers
    assert (pi.value, pi.marks, pi.box) == (Decimal("3.14"), (point,), (100, 50, 146, 75))
    assert (minus_seven.text, minus_seven.value, minus_seven.marks) == ("-7", None, (dash,))


def test_numbers_are_in_the_json() -> None:
    row = json.loads(json.dumps(reading_of([FORM[0]]).to_dict()))
    assert [number["value"] for number in row["numbers"]] == [12, 305, 7]
    assert list(row["numbers"][0]) == ["text", "value", "confidence", "sure", "box", "line"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9007199254740992", 2**53),
        ("9007199254740993", None),
        ("3.14", 3.14),
        ("3.14159265358979324", None),
        (f"{'9' * 400}.5", None),
    ],
)
def test_a_number_that_others_would_round_has_its_text_alone_in_the_json(
    text: str, value: float | None
) -> None:
    digit, point = reading_of([FORM[0]]).digits[0], Mark(".", 0.9, True, (0, 0, 1, 1))
    reading = Reading(text, 0.9, True, (digit,) * len(text), marks=(point,))
    row = json.loads(json.dumps(reading.to_dict()))
    assert (row["number"], row["numbers"][0]["value"]) == (value, value)
    assert row["numbers"][0]["text"] == text
    assert reading.number == Decimal(text)


def test_what_may_be_a_faint_digit_is_in_the_json() -> None:
    reading = replace(reading_of([FORM[0]]), faint=((10, 20, 30, 40),))
    assert json.loads(json.dumps(reading.to_dict()))["faint"] == [[10, 20, 30, 40]]


def test_a_reading_prints_as_its_text_and_shows_itself_on_one_line() -> None:
    reading = reading_of(FORM)
    assert str(reading) == "12 305 7\n4 96 88\n150 2 61"
    assert repr(reading) == (r"Reading('12 305 7\n4 96 88\n150 2 61', confidence=0.9, sure=True)")
    assert len(repr(replace(reading, text="123456789 " * 100))) < 120
    assert len(repr(reading.digits[0])) < 120


def test_a_notebook_draws_each_sign_in_its_box_upright() -> None:
    reading = replace(reading_of([FORM[0]], unsure="7"), skipped=((400, 50, 410, 70),))
    drawing = ElementTree.fromstring(reading._repr_html_())
    boxes, texts = ([e for e in drawing if e.tag.endswith(tag)] for tag in ("rect", "text"))
    assert [text.text for text in texts] == [*"123057", None]
    assert [box.get("stroke") for box in boxes[-3:]] == [
        f"rgb{colour}" for colour in (SURE, UNSURE, SKIPPED)
    ]
    assert [boxes[0].get(name) for name in ("x", "y", "width", "height")] == [
        *("100", "50", "10", "20")
    ]
    lying = reading.moved(lambda box: turned_box(box, 90, 300, 500))
    turned = ElementTree.fromstring(replace(lying, turned=270)._repr_html_())
    assert turned.get("viewBox").split()[2:] == drawing.get("viewBox").split()[2:]


def test_a_reading_of_nothing_has_no_drawing_and_no_numbers() -> None:
    nothing = Reading("", 0.0, False, ())
    assert nothing._repr_html_() == ""
    assert nothing.numbers == ()


@pytest.mark.parametrize("length", ["4", 4.5, [4]])
def test_a_length_that_is_no_whole_number_is_refused_in_a_sentence(length: object) -> None:
    with pytest.raises(ValueError, match="it must be a whole number") as raised:
        check_hints(None, length)  # type: ignore[arg-type]
    assert repr(length) in str(raised.value)
    check_hints(None, np.int64(4))  # type: ignore[arg-type]
