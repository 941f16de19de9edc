"""Whether a picture is of one digit and nothing else."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from handwriting import written
from inkdigits.recognition.digits import DigitsFile, is_alone

FILE = DigitsFile(None, 1, True)


def alone(picture: np.ndarray) -> bool:
    [digit] = FILE.read(picture[None])
    return digit is not None and is_alone(picture, digit)


def beside(one: np.ndarray, other: np.ndarray, gap: int) -> np.ndarray:
    """Two pictures cut to their ink, side by side in the middle of a square."""

    def cut(picture: np.ndarray) -> np.ndarray:
        rows, columns = (
            np.flatnonzero((picture < 128).any(1)),
            np.flatnonzero((picture < 128).any(0)),
        )
        return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]

    one, other = cut(one), cut(other)
    side = int(1.4 * max(len(one), one.shape[1] + gap + other.shape[1]))
    sheet = np.full((side, side), 255, np.uint8)
    x = (side - one.shape[1] - gap - other.shape[1]) // 2
    for part in (one, other):
        y = (side - len(part)) // 2
        sheet[y : y + len(part), x : x + part.shape[1]] = part
        x += part.shape[1] + gap
    return sheet


@pytest.mark.parametrize("side", [28, 64, 280])
@pytest.mark.parametrize("value", range(10))
def test_a_clean_digit_is_alone(value: int, side: int) -> None:
    assert alone(written(value, side))
    assert alone(255 - written(value, side))


@pytest.mark.parametrize("side", [28, 64, 280])
@pytest.mark.parametrize("other", [1, 3, 7, 0])
def test_two_digits_are_not(other: int, side: int) -> None:
    picture = beside(written(1), written(other), gap=24)
    assert not alone(
        np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.BOX))
    )


def test_a_digit_with_a_point_is_not() -> None:
    picture = written(7)
    picture[222:236, 190:204] = 0
    assert not alone(picture)


def test_a_digit_with_something_far_from_it_is_not() -> None:
    picture = written(7)
    picture[3:9, 3:9] = 100
    assert not alone(picture)


def test_a_digit_far_away_is_seen_better_from_near() -> None:
    sheet = np.full((560, 560), 255, np.uint8)
    sheet[260:324, 260:324] = written(3, 64)
    assert not alone(sheet)


def test_a_digit_that_may_be_a_letter_is_not() -> None:
    picture = written(7)
    [digit] = FILE.read(picture[None])
    assert digit
    assert not is_alone(picture, replace(digit, confidence=0.99))
    assert not is_alone(picture, replace(digit, sure=False))


def test_what_is_wider_than_any_digit_is_not() -> None:
    picture = np.asarray(Image.fromarray(written(0)).resize((840, 280)))
    [digit] = FILE.read(picture[None])
    assert digit
    assert not is_alone(picture, replace(digit, confidence=1.0, sure=True))


def test_two_digits_that_touch_are_not() -> None:
    picture = beside(written(1), written(0), gap=-4)
    assert not alone(picture)
