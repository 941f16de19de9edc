"""Non-digits: families of pictures that no digit is in."""

import numpy as np
import pytest

from handwriting import STROKES
from inkdigits import InvalidDataset
from inkdigits.datasets.strokes import WrittenDigit
from inkdigits.reader import Reader
from inkdigits.reading import Reading
from inkdigits.synthesis.negatives import FAMILIES, draw_non_digits

DIGITS = [
    WrittenDigit(value, 1, [np.array(stroke) for stroke in strokes])
    for value, strokes in STROKES.items()
]


@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_is_dark_ink_on_white_canvases(family: str) -> None:
    pictures = draw_non_digits(family, 3, seed=0, digits=DIGITS, side=140)
    assert pictures.shape == (3, 140, 140)
    assert pictures.dtype == np.uint8
    assert (pictures.min((1, 2)) < 128).all()
    assert (pictures.max((1, 2)) > 128).all()


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_seed_draws_the_same_and_another_draws_others(family: str) -> None:
    one, same, other = (draw_non_digits(family, 2, seed, DIGITS, side=56) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any((1, 2)).all()
    assert (one[0] != one[1]).any()


def test_it_is_said_which_digit_is_missing() -> None:
    with pytest.raises(InvalidDataset, match="no 4 among the digits"):
        draw_non_digits("blots", 1, 0, [digit for digit in DIGITS if digit.label != 4])


def test_what_is_no_digit_is_seldom_a_sure_one(reader: Reader) -> None:
    sure = [
        isinstance(reading, Reading) and reading.sure
        for family in sorted(set(FAMILIES) - {"several digits"})
        for reading in reader.read_many(draw_non_digits(family, 4, 3, DIGITS), errors="return")
    ]
    assert np.mean(sure) < 0.1


@pytest.fixture(scope="module")
def of_several(reader: Reader) -> list[Reading]:
    """What is read where there are several digits."""
    return list(reader.read_many(draw_non_digits("several digits", 20, 3, DIGITS)))


def test_several_digits_are_no_sure_digit(of_several: list[Reading]) -> None:
    assert not any(reading.sure for reading in of_several if len(reading.digits) == 1)


@pytest.mark.xfail(reason="page.onnx misses digits that lie over each other", strict=True)
def test_several_digits_are_no_digit_but_a_number(of_several: list[Reading]) -> None:
    assert all(len(reading.digits) > 1 for reading in of_several)
