"""From what is said at each place to a text, against all ways to go through the places."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import groupby, pairwise, product

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn.functional import ctc_loss

from inkdigits import number_text
from inkdigits.number_text import BLANK, best_text, one_digit, places_of

Posterior = NDArray[np.float64]


def random_posterior(seed: int, places: int = 6, sharpness: float = 1.0) -> Posterior:
    """Of two digits and none: others are not there at all."""
    rng = np.random.default_rng(seed)
    posterior = np.zeros((places, BLANK + 1))
    there = [*rng.choice(10, 2, replace=False), BLANK]
    posterior[:, there] = rng.dirichlet(np.full(3, 1 / sharpness), places)
    return posterior


def said(*places: int | None, sure: float = 1.0) -> Posterior:
    """That digit, or none, at each place; the rest is spread over all else."""
    posterior = np.full((len(places), BLANK + 1), (1 - sure) / BLANK)
    posterior[range(len(places)), [BLANK if p is None else p for p in places]] = sure
    return posterior


def text_of(path: Iterable[int]) -> str:
    return "".join(str(label) for label, _ in groupby(path) if label != BLANK)


def every_text(posterior: Posterior) -> dict[str, float]:
    """The probability of each text: the sum over all ways to say it."""
    there = np.flatnonzero(posterior.any(0)).tolist()
    texts: dict[str, float] = defaultdict(float)
    for path in product(there, repeat=len(posterior)):
        texts[text_of(path)] += float(np.prod(posterior[range(len(posterior)), path]))
    return texts


@pytest.fixture
def all_beams(monkeypatch: pytest.MonkeyPatch) -> None:
    """No beginning of a text is given up, and no digit is too unlikely."""
    monkeypatch.setattr(number_text, "BEAMS", 1000)
    monkeypatch.setattr(number_text, "UNLIKELY", 0.0)


@pytest.mark.usefixtures("all_beams")
@pytest.mark.parametrize("places", [1, 5, 6])
@pytest.mark.parametrize("seed", range(10))
def test_the_best_text_is_the_likeliest_of_all_with_the_sum_over_its_ways(
    seed: int, places: int
) -> None:
    posterior = random_posterior(seed, places)
    texts = every_text(posterior)
    text, probability = best_text(posterior)
    assert text == max(texts, key=lambda text: texts[text])
    assert probability == pytest.approx(texts[text], rel=1e-9)


@pytest.mark.parametrize("length", [None, 0, 1, 2, 3])
@pytest.mark.parametrize("seed", range(10))
def test_few_beams_suffice_where_most_places_are_clear(seed: int, length: int | None) -> None:
    posterior = random_posterior(seed, sharpness=5.0)
    texts = every_text(posterior)
    possible = {text: p for text, p in texts.items() if length in (None, len(text))}
    text, probability = best_text(posterior, length)
    assert text == max(possible, key=lambda text: possible[text])
    assert probability == pytest.approx(texts[text], rel=0.02)


def test_the_best_text_is_not_always_the_likeliest_digit_at_each_place() -> None:
    posterior = np.zeros((2, BLANK + 1))
    posterior[:, [7, BLANK]] = 0.4, 0.6  # none twice: 0.36; a 7 somewhere: 0.64
    text, probability = best_text(posterior)
    assert text == "7"
    assert probability == pytest.approx(0.64)


@pytest.mark.usefixtures("all_beams")
@pytest.mark.parametrize("length", range(5))
@pytest.mark.parametrize("seed", range(10))
def test_of_a_length_the_best_text_is_the_likeliest_so_long(seed: int, length: int) -> None:
    posterior = random_posterior(seed)
    texts = {text: p for text, p in every_text(posterior).items() if len(text) == length}
    text, probability = best_text(posterior, length)
    assert text == max(texts, key=lambda text: texts[text])
    assert probability == pytest.approx(texts[text], rel=1e-9)


@pytest.mark.parametrize(
    ("posterior", "length"),
    [
        (said(3, 3, 3), 4),  # there are fewer places than digits
        (said(3, 3, 3), 2),  # they are one 3: there is no none between
        (said(None, None, None), 1),
        (said(3, None, 4), 1),
    ],
)
def test_a_length_that_cannot_be_is_no_text_with_probability_0(
    posterior: Posterior, length: int
) -> None:
    assert best_text(posterior, length) == ("", 0.0)


@pytest.mark.parametrize(
    ("posterior", "text"),
    [
        (said(3, 3, 3), "3"),
        (said(3, None, 3), "33"),
        (said(3, 4, 3), "343"),
        (said(None, 5, 5, None, 5, None), "55"),
        (said(None, None), ""),
    ],
)
def test_equal_digits_are_two_only_with_none_between(posterior: Posterior, text: str) -> None:
    assert best_text(posterior) == (text, 1.0)


def probability_by_pytorch(text: str, posterior: Posterior) -> float:
    log = torch.from_numpy(posterior).log()[:, None]
    target = torch.tensor([[int(digit) for digit in text]])
    lengths = torch.tensor([len(log)]), torch.tensor([len(text)])
    return float((-ctc_loss(log, target, *lengths, BLANK, reduction="sum")).exp())


@pytest.mark.parametrize("text", ["0", "4071", "99999", "31415926"])
def test_a_text_said_clearly_at_64_places_is_read_and_found_where_it_is_said(text: str) -> None:
    places: list[int | None] = [None] * 64
    middles = []
    for number, digit in enumerate(text):
        start = 3 + 7 * number
        places[start : start + 3] = [int(digit)] * 3
        middles.append(start + 1)
    posterior = said(*places, sure=0.9999)
    for length in (None, len(text)):
        found, probability = best_text(posterior, length)
        assert found == text
        assert probability == pytest.approx(probability_by_pytorch(text, posterior), rel=1e-3)
    assert places_of(text, posterior) == middles


def test_a_probability_over_64_noisy_places_is_one() -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        posterior = rng.dirichlet(np.full(BLANK + 1, 0.02), 64)
        text, probability = best_text(posterior)
        assert 0 < probability <= 1
        assert len(text) > 5


def likeliest_way(text: str, posterior: Posterior) -> tuple[int, ...]:
    ways = product({BLANK, *map(int, text)}, repeat=len(posterior))
    return max(
        (way for way in ways if text_of(way) == text),
        key=lambda way: float(np.prod(posterior[range(len(posterior)), way])),
    )


@pytest.mark.parametrize("seed", range(10))
def test_digits_are_where_the_likeliest_way_says_them(seed: int) -> None:
    posterior = random_posterior(seed)
    texts = every_text(posterior)
    for text in sorted(texts, key=lambda text: -texts[text])[:4]:
        places, expected, at = places_of(text, posterior), [], 0
        for label, group in groupby(likeliest_way(text, posterior)):
            length = len(list(group))
            if label != BLANK:
                expected.append(at + (length - 1) / 2)
            at += length
        assert places == expected
        assert all(before < after for before, after in pairwise(places))


def test_no_digits_are_nowhere() -> None:
    assert places_of("", said(None, None)) == []


@pytest.mark.parametrize("seed", range(10))
def test_the_probability_of_each_single_digit_is_the_sum_over_its_ways(seed: int) -> None:
    posterior = random_posterior(seed)
    texts = every_text(posterior)
    expected = [texts.get(str(value), 0.0) for value in range(10)]
    np.testing.assert_allclose(one_digit(posterior), expected, atol=1e-12)
    assert sum(expected) > 0
