"""Pages and photos with no digit on them."""

import numpy as np
import pytest

from drawn_pages import Page
from handwriting import STROKES
from inkdigits.datasets.strokes import WrittenDigit
from non_digit_pages import PAGE_KINDS, non_digit_page

DIGITS = [
    WrittenDigit(value, 1, [np.array(stroke) for stroke in strokes])
    for value, strokes in STROKES.items()
]
SEEDS = range(6)


def page(kind: str, seed: int) -> Page:
    return non_digit_page(kind, np.random.default_rng(seed), DIGITS)


@pytest.mark.parametrize("kind", PAGE_KINDS)
def test_each_kind_is_a_picture_in_colour_without_text_or_boxes(kind: str) -> None:
    for seed in SEEDS:
        drawn = page(kind, seed)
        assert drawn.picture.ndim == 3
        assert drawn.picture.shape[2] == 3
        assert min(drawn.picture.shape[:2]) >= 20
        assert drawn.picture.dtype == np.uint8
        assert drawn.text == ""
        assert drawn.boxes == ()


@pytest.mark.parametrize("kind", PAGE_KINDS)
def test_each_kind_shows_something(kind: str) -> None:
    for seed in SEEDS:
        assert np.ptp(page(kind, seed).picture.mean(2)) > 30


@pytest.mark.parametrize("kind", PAGE_KINDS)
def test_the_same_seed_gives_the_same_page_and_another_another(kind: str) -> None:
    pictures = {page(kind, seed).picture.tobytes() for seed in SEEDS}
    assert len(pictures) == len(SEEDS)
    assert page(kind, 1).picture.tobytes() in pictures


def test_another_kind_is_another_page() -> None:
    assert len({page(kind, 0).picture.tobytes() for kind in PAGE_KINDS}) == len(PAGE_KINDS)


def test_a_kind_that_is_not_known_is_no_page() -> None:
    with pytest.raises(KeyError, match="poems"):
        page("poems", 0)
