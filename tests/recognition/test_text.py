"""From pieces of writing to a text."""

import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from inkdigits.reading import Digit, Expect, Reading
from inkdigits.recognition.text import perhaps_digits, read_pieces
from pieces import OTHER, RULES, Piece, opinion, pieces_of, row


def read(
    pieces: Sequence[Piece],
    opinions: dict[int, Digit | None] | None = None,
    expect: Expect = None,
    length: int | None = None,
) -> Reading:
    """With `digits.onnx` of the same opinion where nothing else is said."""
    same = {n: opinion(int(p.sign)) for n, p in enumerate(pieces) if p.sign.isdigit()}
    reading = read_pieces(pieces_of(pieces), same | (opinions or {}), RULES, expect, length)
    assert reading
    return reading


@pytest.mark.parametrize(
    "text", ["7", "2048", "3.14", "12+7", "10.000,-", "6×7=42", "1/2", "12:30"]
)
def test_a_line_says_its_digits_and_marks(text: str) -> None:
    reading = read(row(text))
    assert reading.text == text
    assert "".join(str(digit.value) for digit in reading.digits) == "".join(
        filter(str.isdigit, text)
    )
    assert "".join(mark.text for mark in reading.marks) == "".join(
        sign for sign in text if not sign.isdigit()
    )
    assert reading.sure
    assert all(sign.sure for sign in (*reading.digits, *reading.marks))


def test_a_reading_says_where_and_how_surely() -> None:
    digits = read(row("3.1"))
    [three, one], [point] = digits.digits, digits.marks
    assert (three.box, point.box, one.box) == ((10, 20, 30, 60), (36, 52, 42, 60), (48, 20, 68, 60))
    assert three.confidence == max(three.probabilities) == three.probabilities[3] > 0.9
    product = three.confidence * point.confidence * one.confidence
    assert digits.confidence == pytest.approx(product)
    assert three.seen.all()  # what digits.onnx saw


def test_a_file_that_learned_from_corrections_says_which_digit_it_is_but_not_surely() -> None:
    pieces = pieces_of([Piece("5", (10, 20, 30, 60)), Piece(OTHER, (40, 20, 60, 60), rival="5")])
    said: dict[int, Digit | None] = {0: opinion(7), 1: opinion(7)}
    before = read_pieces(pieces, said, replace(RULES, digits_weight=0.1))
    after = read_pieces(
        pieces, said, replace(RULES, digits_weight=0.1).beside({"which_weight": "2"})
    )
    assert before
    assert after
    assert (before.text, after.text) == ("5", "7")
    assert before.skipped == after.skipped == ((40, 20, 60, 60),)  # no more is a digit than before
    [five], [seven] = before.digits, after.digits
    assert sum(seven.probabilities) == pytest.approx(sum(five.probabilities))
    assert seven.confidence == seven.probabilities[7] > 0.9
    assert not seven.sure


def test_nothing_that_is_surely_there_is_no_reading() -> None:
    assert read_pieces(pieces_of([]), {}, RULES) is None
    assert read_pieces(pieces_of([Piece("7", (0, 0, 9, 9), score=0.3)]), {}, RULES) is None


# ---------------------------------------------------------------- numbers and lines


def test_a_wide_gap_parts_two_numbers() -> None:
    assert read(row("12 305")).text == "12 305"
    assert read(row("1967 4899", gap=20)).text == "1967 4899"
    assert read(row("7 3", gap=30)).text == "7 3"


def test_digits_evenly_spread_over_a_line_are_one_number() -> None:
    assert read(row("188192500", gap=34)).text == "188192500"


@pytest.mark.parametrize(
    ("text", "heights", "gaps"),
    [  # as they were measured in photos
        ("188192500", [34, 34, 26, 28, 33, 21, 24, 22, 24], [40, 40, 30, 26, 28, 26, 34, 29]),
        ("1967 4899", [36, 59, 39, 67, 37, 40, 42, 81], [34, 46, 40, 60, 31, 21, 5]),
        ("02087836761", [19, 32, 15, 30, 54, 31, 42, 33, 54, 33, 48], [15, 11] + [9] * 8),
    ],
)
def test_a_gap_is_wide_if_it_is_unusual_in_its_line(
    text: str, heights: list[int], gaps: list[int]
) -> None:
    pieces, x = [], 0
    signs = text.replace(" ", "")
    for sign, height, gap in zip(signs, heights, [*gaps, 0], strict=True):
        wide = 6 if sign == "1" else 20
        pieces.append(Piece(sign, (x, 100 - height, x + wide, 100)))
        x += wide + gap
    assert read(pieces).text == text


def test_of_two_digits_nobody_knows_which_gap_is_usual() -> None:
    assert read(row("17", gap=30)).text == "17"
    assert read(row("17", gap=44)).text == "1 7"


def test_digits_far_from_each_other_are_numbers_of_their_own() -> None:
    assert read(row("739", gap=120)).text == "7 3 9"


def test_small_zeros_do_not_make_a_gap_wide() -> None:
    pieces = [Piece("5", (0, 0, 22, 40)), Piece("1", (28, 0, 36, 40))]
    pieces += [Piece("0", (x, 22, x + 14, 36)) for x in (44, 80, 116)]
    assert read([*pieces, Piece("6", (150, 0, 172, 46))]).text == "510006"


def test_there_is_no_space_around_signs_but_after_a_comma() -> None:
    assert read(row("12 + 7 = 19")).text == "12+7=19"
    assert read(row("1, 2")).text == "1, 2"


def test_other_writing_between_two_digits_parts_them() -> None:
    reading = read(
        [*row("12"), Piece(OTHER, (60, 20, 70, 60)), *row("34", x=74), *row("56", x=126)]
    )
    assert reading.text == "12 3456"
    assert reading.skipped == ((60, 20, 70, 60),)


def test_each_line_of_writing_is_a_line_of_text() -> None:
    reading = read([*row("12"), *row("345", y=80, line=2)])
    assert reading.lines == ("12", "345")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0755", 755),
        ("7", 7),
        ("3.14", Decimal("3.14")),
        *((text, None) for text in ("12+7", "10.000,-", "12 7", "-5", "7.", "3,14")),
    ],
)
def test_one_plain_number_has_a_value(text: str, number: int | Decimal | None) -> None:
    reading = read(row(text))
    assert reading.text == text
    assert reading.number == number
    assert json.loads(json.dumps(reading.to_dict()))["number"] == (number and float(number))


# ---------------------------------------------------------------- how sure


def test_both_files_have_to_say_the_same_digit() -> None:
    [digit] = read(row("7"), {0: opinion(1)}).digits
    assert not digit.sure
    assert {digit.value, 8 - digit.value} == {7, 1}
    assert digit.confidence < 0.9


def test_a_file_that_leans_to_another_digit_makes_it_doubtful() -> None:
    leans = opinion(1, 0.9)
    probabilities = (*leans.probabilities[:7], 0.5, *leans.probabilities[8:])
    [digit] = read(row("7"), {0: replace(leans, probabilities=probabilities)}).digits
    assert digit.value == 7
    assert digit.confidence > RULES.sure_from
    assert not digit.sure


def test_one_file_can_decide_what_the_other_doubts() -> None:
    [digit] = read([Piece("7", (0, 0, 20, 40), rival="1")], {0: opinion(1)}).digits
    assert digit.value == 1


def test_where_the_digit_file_sees_no_ink_the_page_decides_alone_and_is_not_sure() -> None:
    reading = read(row("7"), {0: None})
    assert (reading.text, reading.sure) == ("7", False)


def test_a_digit_of_whose_crop_digits_onnx_is_not_sure_is_not_sure() -> None:
    doubtful = replace(opinion(7), sure=False)
    reading = read(row("7"), {0: doubtful})
    assert reading.digits[0].confidence > RULES.sure_from
    assert not reading.sure


def test_what_digits_onnx_is_sure_of_is_no_mark() -> None:
    slash = Piece("/", (10, 10, 30, 50), rival="7")
    assert read([slash]).text == "/"
    assert read([slash], {0: opinion(7)}).text == "7"
    assert read([slash], {0: opinion(2)}).text == "/"


def test_a_likely_piece_within_another_leaves_doubt() -> None:
    within = Piece("1", (12, 12, 20, 48), score=0.39)
    assert not read([Piece("7", (10, 10, 40, 50)), within]).sure
    assert read([Piece("7", (10, 10, 40, 50)), replace(within, score=0.25)]).sure


def test_a_digit_that_may_be_a_mark_is_not_sure() -> None:
    reading = read([*row("28"), Piece("1", (70, 20, 76, 60), rival="/")])
    assert reading.text == "281"
    assert not reading.sure
    assert [digit.sure for digit in reading.digits] == [True, True, False]


def test_a_digit_that_is_hardly_there_is_not_sure() -> None:
    reading = read([*row("28"), Piece("1", (70, 20, 76, 60), score=0.5)])
    assert (reading.text, reading.sure) == ("281", False)


def test_a_doubtful_mark_costs_the_sureness_of_the_text_but_not_of_the_digits() -> None:
    pieces = [*row("314"), Piece(".", (30, 52, 36, 60), rival="-")]
    reading = read(pieces)
    assert not reading.sure
    assert all(digit.sure for digit in reading.digits)
    assert [mark.sure for mark in reading.marks] == [False]


@pytest.mark.parametrize(("whole", "part"), [(":", "."), ("÷", "."), ("=", "-")])
def test_a_mark_within_another_is_a_part_of_it(whole: str, part: str) -> None:
    before, after = row("1"), row("25")
    moved = [
        replace(piece, box=(x0 + 60, y0, x1 + 60, y1))
        for piece in after
        for x0, y0, x1, y1 in [piece.box]
    ]
    _, y0, x1, y1 = before[0].box
    middle = [Piece(whole, (x1 + 8, y0, x1 + 18, y1)), Piece(part, (x1 + 8, y0, x1 + 18, y0 + 10))]
    reading = read([*before, *middle, *moved])
    assert reading.text == f"1{whole}25"
    assert len(reading.marks) == 1


def test_whether_a_mark_is_a_point_or_a_comma_costs_the_text_no_sureness() -> None:
    reading = read([*row("314"), Piece(".", (30, 52, 36, 60), rival=",")])
    assert reading.sure
    assert [mark.sure for mark in reading.marks] == [False]


def test_surely_other_writing_beside_a_number_is_skipped_and_costs_nothing() -> None:
    reading = read([Piece(OTHER, (-20, 20, 4, 60)), *row("345")])
    assert (reading.text, reading.sure, len(reading.skipped)) == ("345", True, 1)


def test_what_may_be_writing_or_a_digit_costs_sureness() -> None:
    reading = read([Piece(OTHER, (-20, 20, 4, 60), rival="5"), *row("345")])
    assert (reading.text, reading.sure, len(reading.skipped)) == ("345", False, 1)


def test_where_something_may_have_been_missed_the_text_is_not_sure() -> None:
    weak = Piece("1", (90, 20, 96, 60), score=0.3)
    reading = read([*row("345"), weak])
    assert (reading.text, reading.sure) == ("345", False)
    assert all(digit.sure for digit in reading.digits)


def test_a_number_beside_what_may_have_been_missed_is_not_sure() -> None:
    weak = Piece("6", (90, 20, 110, 60), score=0.35)
    beside, apart = read([*row("345"), weak, *row("12", y=100, line=1)]).numbers
    assert (beside.sure, apart.sure) == (False, True)


def test_another_view_of_a_digit_costs_nothing() -> None:
    assert read([*row("345"), Piece("6", (12, 22, 31, 58), score=0.3)]).sure


def test_a_weak_trace_of_other_writing_costs_nothing() -> None:
    assert read([*row("345"), Piece(OTHER, (90, 20, 96, 60), score=0.3)]).sure


def test_on_a_page_of_other_writing_nothing_is_sure() -> None:
    reading = read([*row("345"), *row(OTHER * 2, y=100, line=1)])
    assert reading.text == "345"
    assert not reading.sure
    assert not any(digit.sure for digit in reading.digits)


def test_on_a_page_of_other_writing_no_mark_and_no_number_is_sure() -> None:
    reading = read([*row("-"), *row(OTHER * 3, y=100, line=1)])
    assert [mark.sure for mark in reading.marks] == [False]
    assert reading.table() == [["-?"]]


def test_a_page_with_no_digit_has_no_text() -> None:
    reading = read(row(OTHER * 3))
    assert (reading.text, reading.sure, reading.digits, reading.confidence) == ("", False, (), 0.0)
    assert len(reading.skipped) == 3


def test_marks_alone_are_not_sure() -> None:
    assert not read(row("--")).sure


def test_a_full_page_says_that_something_may_be_missing() -> None:
    rules = replace(RULES, most_pieces=3)
    reading = read_pieces(pieces_of(row("345")), {}, rules)
    assert reading
    assert (reading.text, reading.sure) == ("345", False)
    assert "Cut it into parts" in reading.warnings[0]


# ---------------------------------------------------------------- what somebody knows


def test_of_a_digit_the_largest_and_clearest_is_read() -> None:
    pieces = [Piece("3", (0, 0, 10, 20)), Piece("8", (30, 0, 60, 60)), Piece(OTHER, (80, 0, 90, 9))]
    reading = read(pieces, expect="digit")
    assert reading.text == "8"
    assert reading.skipped == ((0, 0, 10, 20), (80, 0, 90, 9))
    assert not reading.sure  # there are two


def test_a_digit_among_a_little_other_writing_is_sure_for_who_expects_one() -> None:
    assert read(row("7"), expect="digit").sure
    assert not read(row("7" + OTHER), expect="digit").sure  # half of it is other writing


def test_in_one_number_no_gap_makes_two() -> None:
    reading = read(row("12 305"), expect="number")
    assert (reading.text, reading.sure) == ("12305", True)
    assert read(row("3 . 14"), expect="number").text == "3.14"


def test_two_lines_are_no_sure_number() -> None:
    reading = read([*row("12"), *row("345", y=80, line=1)], expect="number")
    assert (reading.text, reading.sure) == ("12\n345", False)


def test_of_a_known_length_the_right_number_is_sure() -> None:
    assert read(row("3.14"), length=3).sure


def test_a_digit_too_many_is_left_out_if_the_length_is_known() -> None:
    extra = Piece("1", (90, 20, 96, 60), score=0.6)
    reading = read([*row("345"), extra], length=3)
    assert (reading.text, reading.sure) == ("345", False)
    assert reading.skipped == (extra.box,)


def test_a_digit_that_is_missing_is_found_if_the_length_is_known() -> None:
    weak = Piece("1", (36, 20, 44, 60), score=0.3)
    pieces = [*row("3"), weak, *row("45", x=50)]
    assert read(pieces).text == "345"
    reading = read(pieces, length=4)
    assert (reading.text, reading.sure) == ("3145", False)
    product = np.prod([digit.confidence for digit in reading.digits])
    assert reading.confidence == pytest.approx(product)


def test_of_several_the_likeliest_digit_is_found() -> None:
    weak = [Piece("1", (36, 20, 44, 60), score=0.2), Piece("7", (100, 20, 120, 60), score=0.35)]
    pieces = [*row("3"), weak[0], *row("45", x=50), weak[1]]
    reading = read(pieces, {1: opinion(1), 4: opinion(7)}, length=4)
    assert (reading.text, reading.sure) == ("3457", False)


def test_what_was_a_mark_becomes_a_digit_if_one_is_missing() -> None:
    pieces = [*row("28"), Piece("/", (70, 20, 76, 60), rival="1")]
    assert read(pieces, {2: opinion(1)}).text == "28/"
    assert read(pieces, {2: opinion(1)}, length=3).text == "281"


def test_what_cannot_have_that_length_is_read_as_it_is_and_is_not_sure() -> None:
    reading = read(row("3.14"), length=5)
    assert (reading.text, reading.sure) == ("3.14", False)


def test_only_what_may_be_a_digit_is_looked_at_as_one() -> None:
    pieces = [*row("7."), Piece("/", (80, 20, 86, 60), rival="1"), *row(OTHER, x=100)]
    assert perhaps_digits(pieces_of(pieces)).tolist() == [0, 2]
