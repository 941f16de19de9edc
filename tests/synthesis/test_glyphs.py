"""Glyphs: shapes of signs that any pen draws at any size."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from handwriting import STROKES, written
from inkdigits.synthesis.glyphs import (
    SIDE,
    TALL,
    Manner,
    Mask,
    cut_out,
    draw_glyph,
    glyph_of_levels,
    glyph_of_lines,
    glyph_of_shape,
    glyph_of_strokes,
    thinned,
)

UPRIGHT = glyph_of_strokes([np.array([[0.0, 0.0], [0.0, 1.0]])])
DIGITS = [glyph_of_strokes([np.array(stroke) for stroke in STROKES[n]]) for n in range(10)]
STILL = Manner(pen=3.0, bend=0.0)
"""A manner in which nothing is left to chance."""
AROUND = np.ones((3, 3))
"""Neighbours: the four beside, and the four diagonal ones."""


def drawn(glyph: object, height: float, seed: int = 0, **manner: float) -> Mask:
    return draw_glyph(  # type: ignore[arg-type]
        glyph, height, replace(STILL, **manner), np.random.default_rng(seed)
    )


# ---------------------------------------------------------------- pens and sizes


@pytest.mark.parametrize("height", [20, 40, 120])
@pytest.mark.parametrize("share", [0.08, 0.15, 0.3])
def test_lines_are_as_wide_as_the_pen(height: int, share: float) -> None:
    pen = height * share
    line = drawn(UPRIGHT, height, pen=pen)
    middle = line[len(line) // 4 : -len(line) // 4]
    assert middle.sum(1).mean() == pytest.approx(pen, abs=max(0.4, 0.12 * pen))
    # A line with round ends: a rectangle and two halves of a disc.
    assert line.sum() == pytest.approx((height - pen) * pen + np.pi / 4 * pen**2, rel=0.13)


@pytest.mark.parametrize("pen", [2.0, 5.0, 9.0])
@pytest.mark.parametrize("height", [30, 90])
def test_digits_are_as_high_as_asked_whatever_the_pen(height: int, pen: float) -> None:
    for glyph in DIGITS:
        assert len(drawn(glyph, height, pen=pen)) == pytest.approx(height, abs=1 + 0.04 * height)


def test_a_digit_keeps_its_holes_and_its_pieces() -> None:
    for value, holes in ((0, 1), (1, 0), (6, 1), (7, 0), (8, 2)):
        inked = drawn(DIGITS[value], 60, pen=5.0) > 0.5
        _, pieces = ndimage.label(inked, AROUND)
        paper, _ = ndimage.label(np.pad(~inked, 1, constant_values=True))
        assert (pieces, (np.bincount(paper[paper > 0]) > 20).sum()) == (1, holes + 1), value


def test_aspect_makes_a_sign_wider_and_no_higher() -> None:
    usual, wide = drawn(DIGITS[0], 60), drawn(DIGITS[0], 60, aspect=1.5)
    assert len(wide) == pytest.approx(len(usual), abs=1)
    assert wide.shape[1] - 3 == pytest.approx(1.5 * (usual.shape[1] - 3), abs=4)


def test_slant_leans_to_the_right_and_turn_goes_clockwise() -> None:
    leaning = drawn(UPRIGHT, 60, slant=0.5) > 0.5
    assert leaning[3].nonzero()[0].mean() > leaning[-3].nonzero()[0].mean() + 20
    turned = drawn(UPRIGHT, 60, turn=0.3) > 0.5
    assert turned[3].nonzero()[0].mean() > turned[-3].nonzero()[0].mean() + 12


def test_bend_changes_a_sign_each_time_and_the_seed_decides_how() -> None:
    one, same, other = (drawn(DIGITS[5], 40, seed, bend=0.08) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert one.shape != other.shape or np.abs(one - other).max() > 0.5


def test_pressure_makes_a_line_uneven() -> None:
    even, uneven = (
        (drawn(UPRIGHT, 100, pen=10.0, pressure=p)[15:-15] > 0.5).sum(1) for p in (0.0, 0.6)
    )
    assert np.ptp(even) <= 1
    assert np.ptp(uneven) >= 4


def test_a_worn_pen_leaves_less_ink() -> None:
    whole, worn = (drawn(DIGITS[8], 60, pen=8.0, worn=w).sum() for w in (0.0, 0.6))
    assert 0.2 * whole < worn < 0.85 * whole


def test_the_edge_of_a_paint_programs_line_does_not_fade() -> None:
    grey = [
        ((mask > 0.05) & (mask < 0.95)).mean()
        for mask in (drawn(DIGITS[3], 40, soft=0.01), drawn(DIGITS[3], 40, soft=1.0))
    ]
    assert grey[0] < 0.01 < 0.05 < grey[1]


# ---------------------------------------------------------------- what glyphs are made of


def test_strokes_without_a_size_of_their_own_fill_the_field() -> None:
    for glyph in DIGITS:
        x0, y0, x1, y1 = glyph.box
        assert y1 - y0 == pytest.approx(TALL, abs=1)
        assert (x0 + x1) / 2 == pytest.approx(SIDE / 2, abs=1)
        assert (y0 + y1) / 2 == pytest.approx(SIDE / 2, abs=1)


def test_a_flat_sign_is_not_made_as_high_as_a_digit() -> None:
    flat = glyph_of_strokes([np.array([[0.0, 0.0], [5.0, 0.0]])])
    mask = drawn(flat, 40)
    assert len(mask) < 8
    assert 40 < mask.shape[1] < 56


def test_strokes_in_heights_of_a_digit_keep_their_size() -> None:
    half = glyph_of_strokes([np.array([[0.0, 0.0], [0.0, 0.5]])], normal=False)
    assert len(drawn(half, 80, pen=4.0)) == pytest.approx(40, abs=4)


def test_a_stroke_of_one_point_is_a_dot() -> None:
    dot = drawn(glyph_of_strokes([np.array([[0.3, 0.2]])], normal=False), 60, pen=6.0)
    assert dot.shape[0] == pytest.approx(6, abs=1.5)
    assert dot.shape[1] == pytest.approx(6, abs=1.5)


def test_an_outline_keeps_its_own_width_unless_it_is_shifted() -> None:
    shape = np.zeros((SIDE, SIDE), bool)
    shape[12:60, 30:42] = True  # 48 high, 12 wide
    glyph = glyph_of_shape(shape)
    for pen in (2.0, 20.0):
        mask = drawn(glyph, 96, pen=pen)
        assert len(mask) == pytest.approx(96, abs=2)
        assert mask[48].sum() == pytest.approx(24, abs=1.5)
    assert drawn(glyph, 96, shift=3.0)[48].sum() == pytest.approx(30, abs=1.5)


def test_a_scanned_sign_has_its_outline_where_its_edge_is() -> None:
    levels = np.zeros((SIDE, SIDE), np.uint8)
    levels[12:60, 30:42] = 255
    mask = drawn(glyph_of_levels(Image.fromarray(levels), 110), 48)
    assert len(mask) == pytest.approx(48, abs=2)
    assert mask[24].sum() == pytest.approx(12, abs=1.5)


def test_what_is_empty_around_a_mask_is_cut_off() -> None:
    mask = np.zeros((9, 9), np.float32)
    mask[2:5, 3:8] = 1
    assert cut_out(mask).shape == (3, 5)
    assert not cut_out(np.zeros((9, 9), np.float32)).size


# ---------------------------------------------------------------- middle lines


def shapes() -> NDArray[np.bool_]:
    """Ten digits, and two letters' worth of strokes apart from each other."""
    digits = np.stack([written(value, 72, pen=30) < 128 for value in range(10)])
    two = np.zeros((1, 72, 72), bool)
    two[0, 10:60, 10:18] = two[0, 10:20, 30:60] = True
    return np.concatenate([digits, two])


def test_thinning_leaves_lines_one_pixel_wide_within_the_shape() -> None:
    thick = shapes()
    for shape, thin in zip(thick, thinned(thick), strict=True):
        assert not (thin & ~shape).any()
        blocks = thin[1:, 1:] & thin[1:, :-1] & thin[:-1, 1:] & thin[:-1, :-1]
        assert blocks.sum() < 0.05 * thin.sum()  # where lines meet
        assert 0 < thin.sum() < 0.3 * shape.sum()


def test_thinning_keeps_pieces_in_one_and_holes_open() -> None:
    thick = shapes()
    for shape, thin in zip(thick, thinned(thick), strict=True):
        assert ndimage.label(thin, AROUND)[1] == ndimage.label(shape, AROUND)[1]
        assert ndimage.label(~thin)[1] == ndimage.label(~shape)[1]


def test_thin_lines_stay_as_they_are_and_shapes_do_not_depend_on_their_neighbours() -> None:
    line = np.zeros((1, 20, 20), bool)
    line[0, 3:17, 9] = True
    np.testing.assert_array_equal(thinned(line), line)
    thick = shapes()
    np.testing.assert_array_equal(thinned(thick)[3], thinned(thick[3:4])[0])


def test_a_thinned_scan_is_drawn_by_any_pen() -> None:
    [lines] = thinned((written(0, SIDE, pen=30) < 128)[None])
    glyph = glyph_of_lines(lines)
    thin, thick = (drawn(glyph, 60, pen=pen) for pen in (3.0, 12.0))
    assert len(thin) == pytest.approx(len(thick), abs=3)
    assert thick.sum() > 2.5 * thin.sum()


@pytest.mark.parametrize("shift", [-2.0, -4.4, -5.0, -8.0])
def test_a_point_of_a_font_that_is_thinned_to_nothing_is_no_ink(shift: float) -> None:
    point = np.zeros((SIDE, SIDE), bool)
    point[40:50, 40:50] = True
    mask = drawn(glyph_of_shape(point, size=0.1), 20, pen=0.5, shift=shift)
    assert mask.sum() < 8
