"""The number artist: rows of digits by many hands."""

import numpy as np
import pytest
from numpy.typing import NDArray

from handwriting import STROKES, written
from inkdigits import InvalidDataset
from inkdigits.datasets.strokes import WrittenDigit
from inkdigits.number_reader import NumberReader
from inkdigits.training.number_artist import HEIGHT, LONGEST, NumberArtist, together

VALUES = np.arange(10, dtype=np.uint8)
PICTURES = np.stack([255 - written(value, side=28) for value in range(10)]).repeat(5, axis=0)


def digits(writer: int, values: range = range(10), copies: int = 2) -> list[WrittenDigit]:
    rng = np.random.default_rng(writer)
    return [
        WrittenDigit(
            value, writer, [np.array(s) + rng.normal(0, 0.01, (len(s), 2)) for s in STROKES[value]]
        )
        for value in values
        for _ in range(copies)
    ]


def artist(
    written: list[WrittenDigit] | None = None, people: int = 3, seed: int = 0
) -> NumberArtist:
    return NumberArtist(
        written or digits(1) + digits(2), PICTURES, VALUES.repeat(5), people, bent=50, seed=seed
    )


@pytest.fixture(scope="module")
def drawn() -> tuple[NDArray[np.uint8], list[str]]:
    """Many pictures, ink bright, and what they say."""
    return artist(people=8).draw(600, seed=0)


def test_texts_are_of_one_to_five_digits_all_of_which_occur_or_empty(
    drawn: tuple[NDArray[np.uint8], list[str]],
) -> None:
    _, texts = drawn
    assert LONGEST == 5
    assert {len(text) for text in texts} == {0, 1, 2, 3, 4, 5}
    assert set("".join(texts)) == set("0123456789")


def test_one_picture_in_twelve_has_no_digits_but_something_in_it(
    drawn: tuple[NDArray[np.uint8], list[str]],
) -> None:
    pictures, texts = drawn
    empty = np.array([not text for text in texts])
    assert 0.04 < empty.mean() < 0.13
    assert (pictures[empty].max((1, 2)) > 60).all()


def test_the_longer_the_text_the_wider_the_ink(drawn: tuple[NDArray[np.uint8], list[str]]) -> None:
    pictures, texts = drawn
    assert pictures.dtype == np.uint8
    assert len(pictures) == len(texts) == 600
    columns = np.any(pictures > 60, axis=1)
    widths = columns.shape[1] - columns.argmax(1) - columns[:, ::-1].argmax(1)
    means = [widths[[len(text) == length for text in texts]].mean() for length in range(1, 6)]
    assert (np.diff(means) > HEIGHT / 4).all()


def test_what_is_drawn_is_still_read_as_the_number(
    drawn: tuple[NDArray[np.uint8], list[str]],
) -> None:
    pictures, texts = drawn
    seen = NumberReader().read(list(255 - pictures[:200]))
    right = [one.best()[0] == text for one, text in zip(seen, texts, strict=False)]
    assert np.mean(right) > 0.85


def test_the_same_seed_draws_the_same_and_another_others() -> None:
    (one, texts), (same, same_texts), (other, other_texts) = (
        artist().draw(20, seed) for seed in ([1, 2], [1, 2], [1, 3])
    )
    np.testing.assert_array_equal(one, same)
    assert texts == same_texts
    assert one.shape != other.shape or (one != other).any()
    assert texts != other_texts


def test_the_artists_own_seed_decides_who_writes() -> None:
    (one, texts), (same, _), (other, other_texts) = (
        artist(seed=seed).draw(1, seed=1) for seed in (0, 0, 1)
    )
    assert texts == other_texts != [""]
    np.testing.assert_array_equal(one, same)
    assert one.shape != other.shape or (one != other).any()


def test_other_people_write_after_a_change_of_hands_and_the_first_ones_after_going_back() -> None:
    one = artist()
    before, texts = one.draw(20, seed=1)
    one.begin(1)
    changed, _ = one.draw(20, seed=1)
    assert before.shape != changed.shape or (before != changed).any()
    one.begin(0)
    again, texts_again = one.draw(20, seed=1)
    np.testing.assert_array_equal(before, again)
    assert texts == texts_again


@pytest.mark.parametrize(("values", "writes"), [(range(9), False), (range(10), True)])
def test_a_writer_who_lacks_a_digit_does_not_write(values: range, writes: bool) -> None:
    alone, texts = artist(digits(1)).draw(20, seed=1)
    beside, texts_beside = artist(digits(1) + digits(3, values)).draw(20, seed=1)
    same = texts == texts_beside and np.array_equal(alone, beside)
    assert same is not writes


def test_somebody_has_to_have_written_all_ten_digits() -> None:
    halves = digits(1, values=range(5)) + digits(2, values=range(5, 10))
    with pytest.raises(InvalidDataset, match="all ten digits"):
        artist(halves)


def test_pictures_of_several_sizes_each_lie_in_the_middle_of_their_place() -> None:
    sizes = [(4, 9), (10, 3)]
    placed = together([np.full(size, 200, np.uint8) for size in sizes])
    assert placed.shape == (2, 14, 13)
    for one, (height, width) in zip(placed, sizes, strict=True):
        rows, columns = np.flatnonzero(one.any(1)), np.flatnonzero(one.any(0))
        assert (len(rows), len(columns)) == (height, width)
        assert abs(rows[0] - (13 - rows[-1])) <= 1
        assert abs(columns[0] - (12 - columns[-1])) <= 1
