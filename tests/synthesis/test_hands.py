"""Hands: who writes a sign, and how."""

from pathlib import Path

import matplotlib
import numpy as np
import pytest

from handwriting import STROKES, written
from inkdigits.datasets.omniglot import WrittenCharacter
from inkdigits.datasets.strokes import WrittenDigit
from inkdigits.synthesis.glyphs import TALL, Glyph, Manner, Mask, draw_glyph
from inkdigits.synthesis.hands import (
    LETTERS,
    MARKS,
    CharactersHand,
    FontHand,
    Hand,
    MarksHand,
    ScannedHand,
    ScribblesHand,
    WritersHand,
)

FONT = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
DIGITS = [
    WrittenDigit(value, 1, [np.array(stroke) for stroke in strokes])
    for value, strokes in STROKES.items()
]
SCANS = np.stack([255 - written(value, 28, pen=24) for value in range(10)] * 2)
STILL = Manner(pen=3.0, bend=0.0)


def several(hand: Hand, sign: str, count: int = 12) -> list[Glyph]:
    rng = np.random.default_rng(0)
    return [hand.glyph(sign, rng) for _ in range(count)]


def drawn(glyph: Glyph, height: float = 40) -> Mask:
    return draw_glyph(glyph, height, STILL, np.random.default_rng(0))


def scanned() -> ScannedHand:
    return ScannedHand(SCANS, np.arange(20, dtype=np.uint8) % 10)


@pytest.mark.parametrize(
    # A scan's middle line is shorter than the scan.
    ("hand", "least"),
    [(scanned(), 32), (WritersHand(DIGITS), 39), (FontHand(FONT), 38)],
)
def test_every_digit_can_be_written_and_is_as_high_as_asked(hand: Hand, least: int) -> None:
    for sign in "0123456789":
        for glyph in several(hand, sign, 4):
            assert least <= len(drawn(glyph)) <= 42, sign


@pytest.mark.parametrize("hand", [WritersHand(DIGITS), scanned()])
def test_a_sign_is_written_in_several_ways(hand: Hand) -> None:
    assert len({glyph.field.tobytes() for glyph in several(hand, "3")}) > 1


def test_scans_are_drawn_as_they_are_and_as_their_middle_lines() -> None:
    glyphs = several(scanned(), "7")
    assert {glyph.outline for glyph in glyphs} == {True, False}


@pytest.mark.parametrize("make", [scanned, lambda: WritersHand(DIGITS), lambda: FontHand(FONT)])
def test_what_a_hand_wrote_before_changes_nothing(make: type[Hand]) -> None:
    fresh, used = make(), make()
    several(used, "3"), several(used, "5")
    for one, other in zip(several(fresh, "5"), several(used, "5"), strict=True):
        assert one.field.tobytes() == other.field.tobytes()
        assert one.box == other.box


def test_a_fonts_signs_keep_their_sizes_and_places_beside_its_digits() -> None:
    hand = FontHand(FONT)
    zero, small, low = (several(hand, sign, 1)[0] for sign in "0eg")
    assert len(drawn(small)) == pytest.approx(0.76 * len(drawn(zero)), abs=2)
    assert zero.rise == pytest.approx(0, abs=0.05)
    assert low.rise < -0.2  # below the base line
    assert 0.5 < zero.advance < 1.2


@pytest.mark.parametrize("sign", MARKS)
def test_marks_are_small_and_where_they_belong(sign: str) -> None:
    low, high = {  # above the base line, in heights of a digit
        ".": (-0.2, 0.12),
        ",": (-0.45, 0.15),
        "/": (-0.3, 1.45),
        ":": (-0.05, 0.85),
    }.get(sign, (-0.1, 1.0))
    for glyph in several(MarksHand(), sign, 30):
        x0, y0, x1, y1 = (at / TALL for at in glyph.box)
        assert low <= glyph.rise
        assert glyph.rise + (y1 - y0) <= high + 0.03
        assert x1 - x0 < (1.7 if sign == "-" else 0.85)
        assert drawn(glyph).size


def test_points_are_smaller_than_dashes_and_these_flatter_than_slashes() -> None:
    sizes = {
        sign: np.mean([drawn(glyph).shape for glyph in several(MarksHand(), sign)], 0)
        for sign in ".-/"
    }
    assert sizes["."].max() < 8
    assert sizes["-"][1] > 2 * sizes["-"][0]
    assert sizes["/"][0] > sizes["/"][1] > sizes["."][1]


def test_characters_and_scribbles_are_of_many_kinds_whatever_is_asked_for() -> None:
    characters = [WrittenCharacter("Latin", d.label + 1, d.strokes) for d in DIGITS]
    for hand in (CharactersHand(characters), ScribblesHand()):
        glyphs = several(hand, "x")
        assert len({glyph.field.tobytes() for glyph in glyphs}) > 4
        assert all(drawn(glyph).size for glyph in glyphs)


def test_letters_are_none_that_look_like_a_digit_alone() -> None:
    assert not set(LETTERS) & set("0123456789OoIlSsZzgqix" + MARKS)


def test_a_font_knows_which_signs_it_lacks() -> None:
    hand = FontHand(FONT)
    assert hand.has("0123456789" + MARKS + LETTERS)
    assert not hand.has("7\N{CJK UNIFIED IDEOGRAPH-6570}")
