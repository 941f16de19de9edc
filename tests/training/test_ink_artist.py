"""The ink artist: photos of writing, and what of them is ink."""

import numpy as np
import pytest
from numpy.typing import NDArray

from handwriting import STROKES, written
from inkdigits.datasets.strokes import WrittenDigit
from inkdigits.training.ink_artist import SIDE, InkArtist

Drawn = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def artist() -> InkArtist:
    digits = [
        WrittenDigit(value, 1, [np.array(stroke) for stroke in strokes])
        for value, strokes in STROKES.items()
    ]
    pictures = np.stack([255 - written(value, side=28) for value in range(10)])
    return InkArtist(digits, pictures, np.arange(10, dtype=np.uint8))


@pytest.fixture(scope="module")
def drawn() -> Drawn:
    """Photos, and where on them is ink."""
    return artist().draw(120, seed=0)


def test_photos_and_their_ink_have_one_size(drawn: Drawn) -> None:
    photos, ink = drawn
    assert photos.shape == ink.shape == (120, SIDE, SIDE)
    assert photos.dtype == ink.dtype == np.uint8


def test_the_same_seed_gives_the_same_photos_and_another_others() -> None:
    one, same, other = (artist().draw(3, seed)[0] for seed in ([1, 2], [1, 2], [1, 3]))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any((1, 2)).all()


def test_some_photos_have_no_ink_and_most_have_more_paper_than_ink(drawn: Drawn) -> None:
    covered = (drawn[1] > 128).mean((1, 2))
    assert 0.02 < (covered == 0).mean() < 0.3
    assert np.median(covered) < 0.25


def test_ink_is_darker_than_the_paper_around_it_or_lighter(drawn: Drawn) -> None:
    dark = light = 0
    for photo, ink in zip(*drawn, strict=True):
        if (ink > 200).sum() > 300:
            difference = np.median(photo[ink > 200]) - np.median(photo[ink == 0])
            dark += difference < -4
            light += difference > 4
    assert dark > 60
    assert light > 5
    assert dark > 3 * light


def test_there_is_ink_of_all_sizes(drawn: Drawn) -> None:
    rows = [(ink > 128).any(1).sum() for ink in drawn[1] if ink.any()]
    assert min(rows) < 40
    assert max(rows) == SIDE
