"""Pens: strokes drawn small, as pens, fingers and mice draw them."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from inkdigits.synthesis.pens import SIDE, Pen, draw_with

CURVE = np.stack([np.linspace(0, 1, 30), np.sin(np.linspace(0, 3, 30))], 1)
THIN = Pen(width=0.05)


def drawn(pen: Pen, seed: int = 0, size: float = 0.8) -> NDArray[np.uint8]:
    return draw_with(pen, [CURVE], np.random.default_rng(seed), size)


def box(picture: NDArray[np.uint8]) -> tuple[int, int]:
    rows, columns = np.flatnonzero(picture.any(1)), np.flatnonzero(picture.any(0))
    return int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1


def test_ink_is_bright_in_the_middle_of_a_small_picture() -> None:
    picture = drawn(THIN)
    assert picture.shape == (SIDE, SIDE)
    assert picture.max() == 255
    assert not np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]]).any()


@pytest.mark.parametrize("size", [0.4, 0.6, 0.8])
def test_the_longer_side_of_the_ink_is_the_size_asked_for(size: float) -> None:
    assert max(box(drawn(THIN, size=size))) == pytest.approx(size * SIDE, abs=2.5)


def test_a_broader_pen_leaves_more_ink() -> None:
    amounts = [drawn(Pen(width)).sum(dtype=int) for width in (0.04, 0.08, 0.16)]
    assert amounts == sorted(amounts)
    assert amounts[2] > 2 * amounts[0]


@pytest.mark.parametrize(
    "habit",
    [{"pressure": 0.7}, {"speed": 0.8}, {"nib": 0.8}, {"jitter": 0.03}, {"sparse": 6}],
)
def test_each_habit_of_a_pen_shows(habit: dict[str, float]) -> None:
    plain = drawn(Pen(0.12)).astype(float)
    changed = drawn(replace(Pen(0.12), **habit)).astype(float)
    assert np.abs(plain - changed).mean() > 1


def test_it_does_not_matter_in_what_units_strokes_are() -> None:
    pen = Pen(0.1, jitter=0.02)
    small, large = (
        draw_with(pen, [CURVE * scale + 7], np.random.default_rng(0)) for scale in (1, 300)
    )
    np.testing.assert_allclose(small, large, atol=20)


def test_a_dot_is_drawn_too() -> None:
    dot = draw_with(Pen(0.2), [np.array([[3.0, 4.0]])], np.random.default_rng(0))
    assert dot.max() == 255


def test_random_pens_differ_but_for_the_same_seed() -> None:
    pens = [Pen.random(np.random.default_rng(seed)) for seed in range(50)]
    assert len(set(pens)) > 40
    assert Pen.random(np.random.default_rng(7)) == pens[7]
    assert min(pen.width for pen in pens) < 0.05 < 0.15 < max(pen.width for pen in pens)
