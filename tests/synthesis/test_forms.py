"""Forms of digits as they are written in many countries."""

from itertools import pairwise

import numpy as np
import pytest

from inkdigits.synthesis.forms import FORMS, FormsHand, curve, strokes_of
from inkdigits.synthesis.glyphs import Manner, draw_glyph

DIGITS = "0123456789"


def drawn(hand: FormsHand, sign: str, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return draw_glyph(hand.glyph(sign, rng), 40.0, Manner(pen=3.0, bend=0.0), rng)


def test_every_digit_has_several_forms_of_about_a_digits_height() -> None:
    assert "".join(FORMS) == DIGITS
    for forms in FORMS.values():
        assert len(set(forms)) == len(forms) >= 5
        for form in forms:
            y = np.concatenate(strokes_of(form))[:, 1]
            assert 0.95 <= np.ptp(y) <= 1.5


@pytest.mark.parametrize("sign", DIGITS)
def test_one_hand_writes_a_digit_much_alike_and_another_hand_otherwise(sign: str) -> None:
    def apart(one: np.ndarray, other: np.ndarray) -> float:
        size = np.maximum(one.shape, other.shape)
        padded = [
            np.pad(mask, [(0, most - side) for most, side in zip(size, mask.shape, strict=True)])
            for mask in (one, other)
        ]
        return float(np.abs(padded[0] - padded[1]).sum() / padded[0].sum())

    hands = [FormsHand(number) for number in range(16)]
    same = [apart(drawn(hand, sign, 1), drawn(hand, sign, 2)) for hand in hands]
    others = [apart(drawn(one, sign), drawn(other, sign)) for one, other in pairwise(hands)]
    assert np.mean(same) < np.mean(others)
    assert len({drawn(hands[0], sign, seed).tobytes() for seed in range(12)}) > 1


def test_the_same_hand_writes_the_same_again() -> None:
    for sign in DIGITS:
        assert np.array_equal(drawn(FormsHand(3), sign, 5), drawn(FormsHand(3), sign, 5))


def test_a_knot_that_stands_twice_is_a_corner_and_another_is_cut() -> None:
    def nearest(form: str) -> float:
        [knots] = strokes_of(form)
        return float(np.hypot(*(curve(knots) - [1.0, 0.0]).T).min())

    assert nearest("0,0 1,0 1,0 1,1") < 0.01
    assert nearest("0,0 1,0 1,1") > 0.1


def test_a_line_begins_and_ends_where_its_first_and_last_knots_are() -> None:
    line = curve(strokes_of("0,0 1,0 1,1")[0])
    assert line[0] == pytest.approx([0, 0])
    assert line[-1] == pytest.approx([1, 1])
