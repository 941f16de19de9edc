"""What a run trains on: MNIST, and beside it strokes and what is no digit."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from inkdigits import InvalidDataset
from inkdigits.datasets.mnist import load_mnist
from inkdigits.datasets.strokes import WrittenDigit
from inkdigits.synthesis.negatives import FAMILIES, HELD_OUT, draw_non_digits
from inkdigits.synthesis.pages import PageGenerator
from inkdigits.synthesis.strokes import StrokeAugmentation, StrokeGenerator
from inkdigits.training.crops import NO_DIGIT
from inkdigits.training.data import Data, training_data, with_real_ink
from inkdigits.training.drawings import Drawer, RealInk
from inkdigits.training.writers import written_digits


def mixed(limit: int, data_dir: str, without_writers: str | None = None) -> Data:
    """MNIST, and real ink beside it."""
    data = training_data(["mnist"], limit, data_dir)
    digits = written_digits(data_dir, without_writers)
    return with_real_ink(data, Drawer(digits, RealInk().limited(limit), data_dir, 0), limit=limit)


@pytest.fixture(scope="module")
def data(data_dir: str) -> Data:
    return mixed(100, data_dir, without_writers="2-30")  # one is soon known


COUNTS = {0: 100, 1: 50, 2: 10, 7: 1}
"""So many pictures of each digit, one after the other as in a folder."""


@pytest.fixture
def uneven(tmp_path: Path) -> str:
    labels = np.repeat([*COUNTS], [*COUNTS.values()]).astype(np.uint8)
    pictures = np.zeros((len(labels), 28, 28), np.uint8)
    pictures[:, 14, 14] = np.arange(len(labels))  # to know each by
    np.savez(tmp_path / "uneven.npz", pictures=pictures, labels=labels)
    return f"npz:{tmp_path}/uneven.npz"


def known(pictures: NDArray[np.uint8]) -> set[int]:
    return set(pictures[:, 14, 14].tolist())


def test_a_tenth_of_each_digit_is_kept_for_validation(uneven: str) -> None:
    data = training_data([uneven], None, None)
    counts = np.bincount(data.validation_labels, minlength=10)
    assert counts[:3].tolist() == [10, 5, 1]
    assert known(data.pictures) | known(data.validation_pictures) == set(range(161))
    assert not known(data.pictures) & known(data.validation_pictures)
    assert data.validation_parts == {f"{uneven}:validation": slice(0, 16)}


def test_the_seed_says_which(uneven: str) -> None:
    kept = [
        known(training_data([uneven], None, None, seed=s).validation_pictures) for s in (0, 0, 1)
    ]
    assert kept[0] == kept[1] != kept[2]
    assert kept[0] != set(range(9, 161, 10))


def test_a_limit_takes_some_of_all_digits(uneven: str) -> None:
    assert {0, 1} <= set(training_data([uneven], 40, None).labels.tolist())


def test_digits_that_are_missing_are_known(uneven: str) -> None:
    data = training_data([uneven], None, None, validation=0)
    assert data.missing == [3, 4, 5, 6, 8, 9]
    assert len(data.labels) == 161


def test_another_share_is_kept_or_none(uneven: str) -> None:
    assert len(training_data([uneven], None, None, validation=0.5).validation_labels) == 80
    with pytest.raises(InvalidDataset, match="only 161 pictures: too few to keep some"):
        training_data([uneven], None, None, validation=0.001)


def test_a_share_that_keeps_nothing_is_answered_with_one_that_does(uneven: str) -> None:
    with pytest.raises(InvalidDataset, match=r"a share of 0\.0001\. Name 0\.0063 or more"):
        training_data([uneven], None, None, validation=0.0001)
    assert len(training_data([uneven], None, None, validation=0.0063).validation_labels) == 1


def test_data_sets_are_joined_and_each_keeps_its_share(uneven: str, data_dir: str) -> None:
    data = training_data([uneven, "mnist"], None, data_dir)
    assert len(data.labels) == 145 + 55_000
    assert list(data.validation_parts.values()) == [slice(0, 16), slice(16, 5016)]
    assert len(set(data.labels[:100].tolist())) > 5


@pytest.mark.parametrize("kind", ["csv", "folder"])
def test_dark_digits_are_learned_as_the_same_bright_ones(
    tmp_path: Path, data_dir: str, kind: str
) -> None:
    pictures, labels = load_mnist("validation", data_dir)
    learned = []
    for name, shown in (("bright", pictures[:60]), ("dark", 255 - pictures[:60])):
        path = tmp_path / name
        if kind == "csv":
            rows = np.column_stack([labels[:60], shown.reshape(60, -1)])
            names = ",".join(["label", *(f"pixel{i}" for i in range(784))])
            np.savetxt(path, rows, "%d", delimiter=",", header=names, comments="")
        else:
            path.mkdir()
            for place, picture in enumerate(shown):
                Image.fromarray(picture).save(path / f"{labels[place]}_{place}.png")
        data = training_data([f"{kind}:{path}"], None, None, validation=0)
        learned.append({picture.tobytes() for picture in data.pictures})
    assert learned[0] == learned[1] == {picture.tobytes() for picture in pictures[:60]}


def test_mnist_is_trained_on_as_a_whole_or_without_its_own_validation_part(data_dir: str) -> None:
    data = training_data(["mnist"], None, data_dir, validation=0)
    assert len(data.labels) == 60_000
    assert not len(data.validation_labels)
    with pytest.raises(InvalidDataset, match="validation part of its own"):
        training_data(["mnist"], None, data_dir, validation=0.2)


def test_real_ink_is_mixed_into_each_epoch(data: Data) -> None:
    strokes, signs, crops, letters, families = data.beside
    assert data.per_epoch == 100 + 100 + 100 + 100 + 50 + 50
    for digits in (strokes, signs):
        assert set(digits.labels) == set(range(10))
    assert set(crops.labels) <= {*range(10), NO_DIGIT}
    for nothing in (letters, families):
        assert set(nothing.labels) == {NO_DIGIT}


def test_it_is_judged_by_each_data_set(data: Data) -> None:
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

    class PagesRecorder(PageGenerator):
        def __init__(self, digits: Sequence[WrittenDigit], *others: Any) -> None:
            drawn.update((digit.writer, digit.number) for digit in digits)
            super().__init__(digits, *others)

    monkeypatch.setattr("inkdigits.training.drawings.StrokeGenerator", Recorder)
    monkeypatch.setattr("inkdigits.training.drawings.PageGenerator", PagesRecorder)
    monkeypatch.setattr("inkdigits.training.drawings.draw_non_digits", non_digits)
    monkeypatch.setattr("inkdigits.training.data._drawn_for_validation", for_validation)
    mixed(100, data_dir, without_writers="25-30")
    assert {writer for writer, _ in drawn} == set(range(1, 25))
    assert {writer for writer, _ in held_out} == set(range(1, 25))
    assert not drawn & held_out
    assert families == set(FAMILIES) - HELD_OUT
