"""What a run trains on: MNIST, and beside it strokes and what is no digit."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from inkdigits import InvalidDataset
from inkdigits.datasets.strokes import WrittenDigit
from inkdigits.synthesis.negatives import FAMILIES, HELD_OUT, draw_non_digits
from inkdigits.synthesis.strokes import StrokeAugmentation, StrokeGenerator
from inkdigits.training.data import (
    NO_DIGIT,
    Data,
    RealInk,
    training_data,
    with_real_ink,
    written_digits,
)


def mixed(limit: int, data_dir: str, without_writers: str | None = None, **options: Any) -> Data:
    """MNIST, and real ink beside it."""
    data = training_data("mnist", limit, data_dir)
    digits = written_digits(data_dir, without_writers)
    return with_real_ink(data, RealInk(), digits, limit, **options)


def test_real_ink_is_mixed_into_each_epoch(data_dir: str) -> None:
    data = mixed(100, data_dir)
    digits, nothing = data.beside
    assert data.per_epoch == 100 + 100 + 50
    assert set(digits.labels) == set(range(10))
    assert set(nothing.labels) == {NO_DIGIT}


def test_it_is_judged_by_each_data_set(data_dir: str) -> None:
    data = mixed(100, data_dir)
    assert list(data.validation_parts) == ["mnist:validation", "strokes:validation"]
    assert sum(part.stop - part.start for part in data.validation_parts.values()) == len(
        data.validation_labels
    )
    assert data.validation_pictures.shape == (len(data.validation_labels), 28, 28)


def test_no_writer_digit_or_family_that_judges_is_drawn_to_train_on(
    data_dir: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    families: set[str] = set()
    drawn: set[tuple[int, int]] = set()
    held_out: set[tuple[int, int]] = set()

    class Recorder(StrokeGenerator):
        def __init__(self, digits: list[WrittenDigit], augmentation: StrokeAugmentation) -> None:
            drawn.update((digit.writer, digit.number) for digit in digits)
            super().__init__(digits[:500], augmentation)

    def non_digits(
        family: str, count: int, seed: list[int], digits: list[WrittenDigit], side: int
    ) -> NDArray[np.uint8]:
        families.add(family)
        drawn.update((digit.writer, digit.number) for digit in digits)
        return draw_non_digits(family, count, seed, digits, side)

    def for_validation(digits: list[WrittenDigit]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        held_out.update((digit.writer, digit.number) for digit in digits)
        return np.zeros((1, 28, 28), np.uint8), np.zeros(1, np.uint8)

    monkeypatch.setattr("inkdigits.training.data.StrokeGenerator", Recorder)
    monkeypatch.setattr("inkdigits.training.data.draw_non_digits", non_digits)
    monkeypatch.setattr("inkdigits.training.data._drawn_for_validation", for_validation)
    mixed(400, data_dir, without_writers="25-30")
    assert {writer for writer, _ in drawn} == set(range(1, 25))
    assert {writer for writer, _ in held_out} == set(range(1, 25))
    assert not drawn & held_out
    assert families == set(FAMILIES) - HELD_OUT


def test_non_digits_to_train_on_are_not_those_that_a_benchmark_draws(data_dir: str) -> None:
    data = mixed(100, data_dir)
    digits = written_digits(data_dir)
    for seed in (0, 1):
        drawn = 255 - draw_non_digits("scribbles", 10, seed, digits, side=56)
        assert not any((picture == data.beside[1].pictures).all((1, 2)).any() for picture in drawn)


def test_the_same_seed_draws_the_same(data_dir: str) -> None:
    one, same, other = (mixed(50, data_dir, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.beside[0].pictures, same.beside[0].pictures)
    np.testing.assert_array_equal(one.beside[1].pictures, same.beside[1].pictures)
    assert (one.beside[0].pictures != other.beside[0].pictures).any()


def test_writers_that_are_kept_out_wrote_nothing_of_it(data_dir: str) -> None:
    kept = written_digits(data_dir, "25,30")
    assert {digit.writer for digit in kept} == set(range(1, 31)) - {25, 30}


def test_it_is_said_which_writer_there_is_not(data_dir: str) -> None:
    with pytest.raises(InvalidDataset, match=r"has no writer 31, only 1 to 30"):
        written_digits(data_dir, "30-31")


def test_it_is_said_that_too_few_are_left(data_dir: str) -> None:
    with pytest.raises(InvalidDataset, match=r"too few digits left"):
        written_digits(data_dir, "1-30")


def test_it_is_said_where_pen_strokes_are_to_be_had(tmp_path: object) -> None:
    with pytest.raises(InvalidDataset, match=r"no pendigits-orig.tra.gz .*archive.ics.uci.edu"):
        written_digits(str(tmp_path))
