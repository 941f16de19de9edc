"""Writing on a page: rows of signs, and where each of them is."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from drawing import FONT, scans, written_digits
from inkdigits.synthesis.glyphs import Glyph, Manner, Rng, glyph_of_strokes
from inkdigits.synthesis.hands import (
    LETTERS,
    MARKS,
    FontHand,
    Hand,
    MarksHand,
    ScannedHand,
    WritersHand,
)
from inkdigits.synthesis.handwriting import (
    INKED,
    KIND,
    MOST_PIECES,
    OTHER,
    Canvas,
    Spacing,
    some_line,
    some_number,
    some_word,
    write_row,
    write_word,
)

EVEN = Spacing(gap=0.2, spread=0, uneven=0, wobble=0)
"""Spacing in which nothing is left to chance."""
PEN = Manner(pen=4.0, bend=0.0)
Box = tuple[int, int, int, int]


class BarsHand:
    """Writes every sign as an upright bar."""

    def glyph(self, sign: str, rng: Rng) -> Glyph:
        return glyph_of_strokes([np.array([[0.0, 0.0], [0.0, 1.0]])])


def row(
    text: str,
    spacing: Spacing = EVEN,
    manner: Manner = PEN,
    *,
    hand: Hand | None = None,
    left: float = 10,
    base: float = 80,
    width: int = 400,
) -> tuple[Canvas, Sequence[Box]]:
    """A row of digits 40 high on a sheet 120 high."""
    canvas = Canvas.empty(120, width)
    hand, rng = hand or BarsHand(), np.random.default_rng(0)
    boxes = write_row(canvas, text, hand, MarksHand(), 40.0, manner, spacing, left, base, rng)
    return canvas, boxes


# ---------------------------------------------------------------- the canvas


def test_a_piece_has_its_box_its_kind_and_its_ink() -> None:
    canvas = Canvas.empty(20, 30)
    canvas.paste(np.ones((6, 4), np.float32), 10, 5, kind=7)
    assert canvas.boxes == [(10, 5, 14, 11)]
    assert (canvas.kinds, canvas.seen) == ([7], [1.0])
    assert (canvas.owner[5:11, 10:14] == 1).all()
    assert (canvas.owner > 0).sum() == (canvas.ink > 0).sum() == 24


def test_of_a_canvas_that_is_cut_less_is_seen_of_each_piece() -> None:
    canvas = Canvas.empty(20, 30)
    canvas.paste(np.ones((10, 8), np.float32), 2, 4, kind=3)
    canvas.paste(np.ones((10, 8), np.float32), 20, 4, kind=4)
    canvas.paste(np.ones((10, 8), np.float32), -4, 4, kind=5)
    cut = canvas.cut(9, 4, 22)
    assert cut.ink.shape == cut.owner.shape == (9, 18)
    assert cut.boxes == [(-2, 4, 6, 14), (16, 4, 24, 14), (-8, 4, 0, 14)]
    assert cut.kinds == [3, 4, 5]
    assert cut.seen == pytest.approx([0.5 * 6 / 8, 0.5 * 2 / 8, 0.0])


def test_of_a_piece_that_is_cut_off_the_share_that_is_seen_is_told() -> None:
    canvas = Canvas.empty(20, 30)
    canvas.paste(np.ones((10, 8), np.float32), -6, 15, kind=3)
    assert canvas.boxes == [(-6, 15, 2, 25)]
    assert canvas.seen == [pytest.approx(2 * 5 / 80)]
    assert canvas.ink.sum() == 10


def test_what_is_beyond_the_edge_is_no_piece() -> None:
    canvas = Canvas.empty(20, 30)
    canvas.paste(np.ones((5, 5), np.float32), 30, 3, kind=3)
    canvas.paste(np.ones((5, 5), np.float32), 3, -5, kind=3)
    assert not canvas.boxes
    assert not canvas.ink.any()


def test_where_pieces_lie_over_each_other_the_one_with_more_ink_owns_the_pixel() -> None:
    canvas = Canvas.empty(10, 20)
    canvas.paste(np.full((10, 8), 0.8, np.float32), 0, 0, kind=1)
    canvas.paste(np.full((10, 8), 0.6, np.float32), 4, 0, kind=2)
    canvas.paste(np.full((10, 8), 1.0, np.float32), 10, 0, kind=3)
    assert canvas.owner[5].tolist() == [1] * 8 + [2] * 2 + [3] * 8 + [0] * 2
    assert canvas.ink[5, 5] == pytest.approx(0.8)


def test_hardly_any_ink_is_nobodys() -> None:
    canvas = Canvas.empty(5, 5)
    canvas.paste(np.full((5, 5), INKED * 0.9, np.float32), 0, 0, kind=1)
    assert not canvas.owner.any()


def test_a_full_canvas_takes_no_more() -> None:
    canvas = Canvas.empty(5, 5)
    for _ in range(MOST_PIECES + 5):
        canvas.paste(np.ones((2, 2), np.float32), 0, 0, kind=1)
    assert canvas.is_full
    assert len(canvas.boxes) == len(canvas.kinds) == len(canvas.seen) == MOST_PIECES < 256


def test_a_pen_that_is_not_lifted_leaves_ink_between_digits_that_is_nobodys() -> None:
    def between(joined: float) -> tuple[int, int]:
        canvas, boxes = row("111", replace(EVEN, joined=joined))
        gap = np.s_[:, boxes[0][2] + 1 : boxes[1][0] - 1]
        return int((canvas.ink[gap] > INKED).sum()), int(canvas.owner[gap].max())

    assert between(0.0) == (0, 0)
    ink, owner = between(1.0)
    assert ink > 4
    assert owner == 0
    assert row("111", replace(EVEN, joined=1.0))[1] == row("111")[1]


def test_marks_are_not_joined_to_digits() -> None:
    joined, apart = (row("1.1-1,1", replace(EVEN, joined=chance))[0] for chance in (1.0, 0.0))
    np.testing.assert_array_equal(joined.ink, apart.ink)


def test_some_write_the_first_sign_taller() -> None:
    heights = [y1 - y0 for _, y0, _, y1 in row("111", replace(EVEN, first=1.5))[1]]
    assert heights[0] == pytest.approx(1.5 * heights[1], abs=3)
    assert heights[1] == heights[2]


# ---------------------------------------------------------------- rows


def test_a_row_says_what_was_written() -> None:
    canvas, boxes = row("3.14+2")
    assert canvas.kinds == [3, KIND["."], 1, 4, KIND["+"], 2]
    assert canvas.boxes == list(boxes)


def test_kinds_are_ten_digits_nine_marks_and_what_is_other() -> None:
    assert sorted([*KIND.values(), OTHER]) == list(range(20))
    assert [KIND[sign] for sign in "0123456789" + MARKS] == list(range(19))


def test_neighbours_are_as_far_apart_as_asked() -> None:
    for gap in (0.0, 0.2, 1.0):
        _, boxes = row("11111", Spacing(gap=gap, spread=0, uneven=0, wobble=0))
        gaps = [right[0] - left[2] for left, right in pairwise(boxes)]
        assert gaps == pytest.approx([40 * gap] * 4, abs=1.5)


def test_gaps_are_measured_where_inks_are_closest() -> None:
    """The box of a slanted bar reaches over the next one's: they are written into each other."""
    _, boxes = row("111", manner=Manner(pen=4.0, bend=0.0, slant=0.5))
    assert boxes[1][0] < boxes[0][2]
    assert boxes[1][0] - boxes[0][0] == pytest.approx(4 + 0.2 * 40, abs=3)


def test_a_space_parts_numbers() -> None:
    _, boxes = row("1 1")
    assert boxes[1][0] - boxes[0][2] == pytest.approx(40 * (EVEN.space + EVEN.gap), abs=1.5)


def test_signs_stand_on_the_base_line_and_a_turn_lets_it_go_down() -> None:
    _, level = row("11111111")
    assert [box[3] for box in level] == pytest.approx([80] * 8, abs=1)
    _, sloping = row("11111111", manner=Manner(pen=4.0, bend=0.0, turn=0.1))
    assert sloping[-1][3] - sloping[0][3] == pytest.approx(
        np.tan(0.1) * (sloping[-1][0] - sloping[0][0]), abs=2
    )


def test_zeros_can_be_small() -> None:
    small = Spacing(gap=0.2, spread=0, uneven=0, wobble=0, small_zeros=0.5)
    _, boxes = row("101", small)
    heights = [box[3] - box[1] for box in boxes]
    assert heights == pytest.approx([40, 20, 40], abs=1.5)


def test_uneven_and_wobbling_writing_differs_in_height_and_place() -> None:
    _, boxes = row("1" * 12, Spacing(gap=0.2, uneven=0.25, wobble=0.15))
    heights = [box[3] - box[1] for box in boxes]
    assert max(heights) > 1.3 * min(heights)
    assert np.ptp([box[3] for box in boxes]) > 5


def test_a_pitch_writes_each_sign_into_its_box() -> None:
    _, boxes = row("1111", Spacing(pitch=1.5, uneven=0, wobble=0))
    middles = [(box[0] + box[2]) / 2 for box in boxes]
    # Signs are 0.08 of the height off, on average.
    assert middles == pytest.approx([10 + 60 * (n + 0.5) for n in range(4)], abs=10)


def test_a_row_ends_at_the_edge() -> None:
    canvas, _ = row("1" * 50, width=100)
    assert 5 < len(canvas.boxes) < 15


@pytest.mark.parametrize(
    "hand", [WritersHand(written_digits((1,))), ScannedHand(*scans()), FontHand(FONT)]
)
def test_pieces_that_touch_own_the_ink_of_their_boxes(hand: Hand) -> None:
    touching = Spacing(gap=-0.05, spread=0.03)
    canvas, _ = row("2048", touching, hand=hand)
    assert canvas.kinds == [2, 0, 4, 8]
    for number, (x0, y0, x1, y1) in enumerate(canvas.boxes, start=1):
        y, x = (canvas.owner == number).nonzero()
        assert x0 <= x.min() <= x.max() < x1
        assert y0 <= y.min() <= y.max() < y1
        assert len(y) > 80
    assert ((canvas.owner > 0) == (canvas.ink > INKED)).all()


def test_letters_of_a_word_are_other_writing_and_stand_in_their_places() -> None:
    canvas = Canvas.empty(120, 400)
    end = write_word(canvas, "gate", FontHand(FONT), 40, PEN, 20, 80, np.random.default_rng(0))
    assert canvas.kinds == [OTHER] * 4
    starts = [box[0] for box in canvas.boxes]
    assert starts == sorted(starts)
    assert canvas.boxes[0][3] > 86  # g goes below the base line
    assert [box[3] for box in canvas.boxes[1:]] == pytest.approx([80] * 3, abs=3)
    assert starts[-1] < end < 400


# ---------------------------------------------------------------- texts


def test_numbers_are_of_digits_and_marks_and_every_sign_turns_up() -> None:
    rng = np.random.default_rng(0)
    numbers = [some_number(rng) for _ in range(2000)]
    assert set("".join(numbers)) == set("0123456789" + MARKS)
    assert all(number[0].isdigit() for number in numbers)
    assert 0.45 < np.mean([number.isdigit() for number in numbers]) < 0.7
    assert any(number.count("1") == len(number) > 2 for number in numbers)


def test_lines_are_numbers_with_spaces_and_words_letters() -> None:
    rng = np.random.default_rng(0)
    for length in (1, 5, 20):
        line = some_line(length, rng)
        assert len(line.replace(" ", "")) >= length
        assert not set(line) - set("0123456789 " + MARKS)
    assert all(set(some_word(rng)) <= set(LETTERS) for _ in range(50))


def test_the_same_seed_gives_the_same_text() -> None:
    one, other = np.random.default_rng(3), np.random.default_rng(3)
    assert [some_line(9, one) for _ in range(20)] == [some_line(9, other) for _ in range(20)]
