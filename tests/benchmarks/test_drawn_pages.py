"""Pages: numbers on paper whose truth is known."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from drawn_pages import (
    Hand,
    PictureHand,
    StrokeHand,
    as_photo,
    on_plain_paper,
    write,
)
from handwriting import STROKES, written
from inkdigits.datasets.strokes import WrittenDigit

VALUES = np.arange(10, dtype=np.uint8)
HANDS = {
    "strokes": StrokeHand(
        [
            WrittenDigit(value, 1, [np.array(stroke) for stroke in strokes])
            for value, strokes in STROKES.items()
        ]
    ),
    "pictures": PictureHand(np.stack([255 - written(value, side=40) for value in VALUES]), VALUES),
}


@pytest.fixture(params=HANDS)
def hand(request: pytest.FixtureRequest) -> Hand:
    return HANDS[request.param]


@pytest.mark.parametrize("value", VALUES)
def test_a_digit_is_as_high_as_asked(hand: Hand, value: int) -> None:
    mask = hand.digit(value, 60, 6, np.random.default_rng(0))
    assert mask.max() > 0.9
    assert mask.min() >= 0
    assert abs(len(mask) - 60) <= 4


def test_boxes_hold_the_ink_of_each_digit_and_nothing_else(hand: Hand) -> None:
    for seed in range(10):
        number = write("1407 23\n9568", hand, 50, np.random.default_rng(seed))
        left = number.ink.copy()
        for x0, y0, x1, y1 in number.boxes:
            assert left[y0:y1, x0:x1].max() > 0.9
            left[y0:y1, x0:x1] = 0
        assert len(number.boxes) == 10
        assert left.max() == 0


def test_neighbours_touch_only_if_they_are_to(hand: Hand) -> None:
    for seed in range(20):
        apart, touching = (
            write("2803", hand, 60, np.random.default_rng(seed), touching=touching).ink > 0.3
            for touching in (False, True)
        )
        assert ndimage.label(apart, np.ones((3, 3)))[1] == 4
        assert ndimage.label(touching, np.ones((3, 3)))[1] == 1


def test_plain_paper_is_white_with_dark_ink(hand: Hand) -> None:
    rng = np.random.default_rng(0)
    page = on_plain_paper(write("58", hand, 50, rng), rng)
    assert page.text == "58"
    assert page.picture.dtype == np.uint8
    assert np.median(page.picture) == 255
    for x0, y0, x1, y1 in page.boxes:
        assert page.picture[y0:y1, x0:x1].min() < 100


def test_in_a_photo_the_boxes_follow_the_ink(hand: Hand) -> None:
    """What differs between a photo with ink and the same photo without is in the boxes."""
    for seed in range(5):
        number = write("31", hand, 60, np.random.default_rng(seed))
        blank = replace(number, ink=np.zeros_like(number.ink))
        with_ink, without = (as_photo(one, np.random.default_rng(seed)) for one in (number, blank))
        assert with_ink.boxes == without.boxes
        change = np.abs(with_ink.picture.astype(float) - without.picture).mean(2)
        inside = np.zeros(change.shape, bool)
        for x0, y0, x1, y1 in with_ink.boxes:
            inside[max(y0 - 4, 0) : y1 + 4, max(x0 - 4, 0) : x1 + 4] = True
        assert change[inside].sum() > 0.8 * change[change > 40].sum() > 0


def test_the_same_seed_gives_the_same_photo_and_another_another(hand: Hand) -> None:
    def photo(seed: int) -> bytes:
        rng = np.random.default_rng(seed)
        return as_photo(write("604", hand, 40, rng), rng).picture.tobytes()

    assert photo(1) == photo(1) != photo(2)
