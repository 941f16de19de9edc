"""What a run trains on: MNIST, and beside it strokes and what is no digit."""

import numpy as np
import pytest

from inkdigits import InvalidDataset
from inkdigits.training.data import NO_DIGIT, RealInk, training_data, written_digits

REAL_INK = RealInk()


def test_real_ink_is_mixed_into_each_epoch(data_dir: str) -> None:
    data = training_data("mnist", 100, data_dir, REAL_INK)
    digits, nothing = data.beside
    assert data.per_epoch == 100 + digits.per_epoch + nothing.per_epoch
    assert set(digits.labels) == set(range(10))
    assert set(nothing.labels) == {NO_DIGIT}


def test_it_is_judged_by_each_data_set(data_dir: str) -> None:
    data = training_data("mnist", 100, data_dir, REAL_INK)
    assert list(data.validation_parts) == ["mnist:validation", "strokes:validation"]
    assert sum(part.stop - part.start for part in data.validation_parts.values()) == len(
        data.validation_labels
    )
    assert data.validation_pictures.shape == (len(data.validation_labels), 28, 28)


def test_the_same_seed_draws_the_same(data_dir: str) -> None:
    one, same, other = (
        training_data("mnist", 50, data_dir, REAL_INK, seed=seed) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one.beside[0].pictures, same.beside[0].pictures)
    np.testing.assert_array_equal(one.beside[1].pictures, same.beside[1].pictures)
    assert (one.beside[0].pictures != other.beside[0].pictures).any()


def test_writers_that_are_kept_out_wrote_nothing_of_it(data_dir: str) -> None:
    kept = written_digits(data_dir, without={25, 30})
    assert {digit.writer for digit in kept} == set(range(1, 31)) - {25, 30}


def test_it_is_said_which_writer_there_is_not(data_dir: str) -> None:
    with pytest.raises(InvalidDataset, match=r"has no writer 31, only 1 to 30"):
        written_digits(data_dir, without={30, 31})


def test_it_is_said_that_too_few_are_left(data_dir: str) -> None:
    with pytest.raises(InvalidDataset, match=r"too few digits left"):
        written_digits(data_dir, without=range(1, 31))


def test_it_is_said_where_pen_strokes_are_to_be_had(tmp_path: object) -> None:
    with pytest.raises(InvalidDataset, match=r"no pendigits-orig.tra.gz .*archive.ics.uci.edu"):
        written_digits(str(tmp_path))
