"""What a quick pen adds to the strokes of a digit."""

import numpy as np
import pytest

from inkdigits.synthesis.flourishes import Flourishes, some_flourishes
from inkdigits.synthesis.forms import strokes_of

SEVEN = "0,0 1,0 1,0 1,1 | 0.5,0.5 1.5,0.5"


def knots(flourishes: Flourishes) -> list[np.ndarray]:
    return flourishes.added_to(strokes_of(SEVEN))


def test_without_a_habit_strokes_stay_as_they_are() -> None:
    for before, after in zip(strokes_of(SEVEN), knots(Flourishes()), strict=True):
        assert np.array_equal(before, after)


def test_the_first_stroke_begins_earlier() -> None:
    straight, turned = (
        knots(Flourishes(before=0.2, before_turn=turn))[0][0] for turn in (0, np.pi / 2)
    )
    assert straight == pytest.approx([-0.2, 0])
    assert abs(turned) == pytest.approx([0, 0.2])


def test_the_last_stroke_ends_later() -> None:
    first, last = knots(Flourishes(after=0.1))
    assert last[-1] == pytest.approx([1.6, 0.5])
    assert np.array_equal(first, strokes_of(SEVEN)[0])


def test_a_corner_becomes_a_loop_outside_of_it() -> None:
    first, last = knots(Flourishes(loop=0.1))
    assert first[:, 0].max() > 1.05
    assert first[:, 1].min() < -0.05
    assert np.array_equal(last, strokes_of(SEVEN)[1])


def test_habits_differ_and_many_have_none() -> None:
    rng = np.random.default_rng(0)
    habits = [some_flourishes(rng) for _ in range(400)]
    for name in ("before", "after", "loop"):
        lengths = np.array([getattr(habit, name) for habit in habits])
        assert 0.5 < (lengths == 0).mean() < 0.9
        assert lengths.max() < 0.4
