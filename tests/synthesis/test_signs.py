"""Single signs in small pictures: digits of many hands, and letters."""

import numpy as np

from drawing import FONT, characters
from inkdigits import Reader
from inkdigits.synthesis.signs import SignGenerator

SIGNS = SignGenerator([FONT], characters())


def test_each_digit_is_drawn_as_often(reader: Reader) -> None:
    pictures, labels = SIGNS.digits(200, seed=0)
    assert pictures.shape == (200, 56, 56)
    assert pictures.dtype == np.uint8
    assert np.bincount(labels).tolist() == [20] * 10


def test_what_is_drawn_is_the_digit_of_its_label(reader: Reader) -> None:
    pictures, labels = SIGNS.digits(200, seed=0)
    assert (reader.predict(255 - pictures) == labels).mean() > 0.85


def test_ink_is_bright_and_in_the_middle_of_dark_paper() -> None:
    pictures = np.concatenate([SIGNS.digits(50, seed=1)[0], SIGNS.letters(50, seed=1)])
    assert not pictures[:, [0, -1]].any()
    assert not pictures[:, :, [0, -1]].any()
    assert np.mean(pictures.max((1, 2)) > 60) > 0.97  # a hairline is faint


def test_letters_are_seldom_taken_for_sure_digits(reader: Reader) -> None:
    assert reader.outputs(255 - SIGNS.letters(300, seed=2))["sure"].mean() < 0.2


def test_words_are_wider_than_letters() -> None:
    columns = (SIGNS.letters(200, seed=3) > 60).any(1).sum(1)
    rows = (SIGNS.letters(200, seed=3) > 60).any(2).sum(1)
    assert 0.05 < np.mean(columns > 2 * rows) < 0.4


def test_the_same_seed_draws_the_same_and_another_draws_others() -> None:
    one, same, other = (SIGNS.digits(20, seed)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any((1, 2)).all()
    np.testing.assert_array_equal(SIGNS.letters(5, seed=1), SIGNS.letters(5, seed=1))
