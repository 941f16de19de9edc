"""The generator of strokes: written digits drawn anew."""

from dataclasses import fields

import numpy as np
import pytest

from handwriting import STROKES
from inkdigits import Reader
from inkdigits.datasets.strokes import WrittenDigit
from inkdigits.synthesis.strokes import StrokeAugmentation, StrokeGenerator

STILL = StrokeAugmentation(**dict.fromkeys((f.name for f in fields(StrokeAugmentation)), 0.0))


RANGES = {f.name for f in fields(StrokeAugmentation)} - {"extra", "join"}


def digits(copies: int) -> list[WrittenDigit]:
    rng = np.random.default_rng(0)
    return [
        WrittenDigit(
            value, writer, [np.array(s) + rng.normal(0, 0.005, (len(s), 2)) for s in strokes]
        )
        for writer in range(copies)
        for value, strokes in STROKES.items()
    ]


def test_every_label_is_drawn_as_often() -> None:
    _, labels = StrokeGenerator(digits(3)).draw(200, seed=1)
    np.testing.assert_allclose(np.bincount(labels), 20, atol=1)


def test_the_same_seed_draws_the_same() -> None:
    generator = StrokeGenerator(digits(2))
    (one, labels), (same, same_labels), (other, _) = (
        generator.draw(20, seed) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    np.testing.assert_array_equal(labels, same_labels)
    assert (one != other).any()


def test_what_is_drawn_is_still_read_as_the_digit(reader: Reader) -> None:
    pictures, labels = StrokeGenerator(digits(4)).draw(300, seed=0)
    assert (reader.predict(255 - pictures) == labels).mean() > 0.85


@pytest.mark.parametrize("name", sorted(RANGES))
def test_each_range_changes_the_strokes(name: str) -> None:
    written = digits(9)
    range_ = {"rotation": 20.0}.get(name, 0.9 if name in {"hook", "split", "mix"} else 0.3)
    augmentation = StrokeAugmentation(**{**vars(STILL), name: range_})
    place = 5 if name == "pieces" else 2
    before = StrokeGenerator(written, STILL).bent(place, np.random.default_rng(0))
    generator = StrokeGenerator(written, augmentation)
    after = [generator.bent(place, np.random.default_rng(seed)) for seed in range(20)]
    assert any(
        len(before) != len(strokes)
        or any(
            a.shape != b.shape or np.abs(a - b).max() > 1e-3
            for a, b in zip(before, strokes, strict=True)
        )
        for strokes in after
    )


@pytest.mark.parametrize(
    ("label", "least", "most"), [(7, 20, 20), (1, 20, 20), (0, 4, 16), (3, 0, 0)]
)
def test_bars_feet_and_slashes_are_added_where_writers_add_them(
    label: int, least: int, most: int
) -> None:
    """Of 20 drawings; slashes half as often as the rest."""
    generator = StrokeGenerator(digits(1), StrokeAugmentation(**{**vars(STILL), "extra": 1.0}))
    before = len(digits(1)[label].strokes)
    added = [len(generator.bent(label, np.random.default_rng(seed))) > before for seed in range(20)]
    assert least <= sum(added) <= most


def test_the_pen_is_not_lifted_between_strokes_that_are_close() -> None:
    hook = [np.array([[0.0, 0.0], [0.0, 1.0]]), np.array([[0.1, 1.0], [1.0, 1.0]])]
    far = [hook[0], hook[1] + np.array([0.5, 0.0])]
    joining = StrokeAugmentation(**{**vars(STILL), "join": 1.0})
    generator = StrokeGenerator([WrittenDigit(2, 1, hook), WrittenDigit(2, 1, far)], joining)
    assert len(generator.bent(0, np.random.default_rng(0))) == 1
    assert len(generator.bent(1, np.random.default_rng(0))) == 2
