"""NumberReader: several digits that touch, from a picture to a text and boxes."""

from functools import cache
from itertools import pairwise
from math import prod
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import helper

import inkdigits
from inkdigits import InvalidModel
from inkdigits.datasets.pages import Box, StrokeHand, Written, write
from inkdigits.number_reader import MOST_AT_ONCE, NumberReader, NumberSeen
from inkdigits.number_text import BLANK
from inkdigits.training.data import written_digits

PACKAGE = Path(inkdigits.__file__).parent
MARGIN = 10

Number = tuple[Written, NDArray[np.uint8]]


@pytest.fixture(scope="module")
def number_reader() -> NumberReader:
    """The model that ships."""
    return NumberReader()


@cache
def hands(data_dir: str) -> list[StrokeHand]:
    digits = written_digits(data_dir)
    writers = sorted({digit.writer for digit in digits})
    return [StrokeHand([d for d in digits if d.writer == writer]) for writer in writers]


@pytest.fixture(scope="module")
def touching(data_dir: str) -> list[Number]:
    """Numbers of one to five digits, written by 30 people with a pen, and pictures of them."""
    numbers = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        hand = hands(data_dir)[seed % len(hands(data_dir))]
        text = "".join(map(str, rng.integers(0, 10, rng.integers(1, 6))))
        written = write(text, hand, int(rng.integers(30, 70)), rng, touching=True)
        numbers.append((written, picture_of(written.ink)))
    return numbers


def picture_of(ink: NDArray[np.floating], darkness: float = 1.0) -> NDArray[np.uint8]:
    """Dark on white, with a margin."""
    return 255 - (np.pad(ink, MARGIN) * 255 * darkness).astype(np.uint8)


def boxes_on(written: Written) -> list[Box]:
    return [(a + MARGIN, b + MARGIN, c + MARGIN, d + MARGIN) for a, b, c, d in written.boxes]


def overlap(one: Box, other: Box) -> float:
    """The share of what both cover together that each covers."""
    width = max(min(one[2], other[2]) - max(one[0], other[0]), 0)
    height = max(min(one[3], other[3]) - max(one[1], other[1]), 0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return width * height / (sum(areas) - width * height)


def read_right(
    reader: NumberReader, numbers: list[Number]
) -> list[tuple[Written, NDArray[np.uint8], NumberSeen]]:
    seen = reader.read([picture for _, picture in numbers])
    return [
        (written, picture, one)
        for (written, picture), one in zip(numbers, seen, strict=True)
        if one.best()[0] == written.text
    ]


def test_numbers_whose_digits_touch_are_read(
    number_reader: NumberReader, touching: list[Number]
) -> None:
    right = read_right(number_reader, touching)
    assert len(right) >= 0.85 * len(touching)
    assert {len(written.text) for written, _, _ in right} == {1, 2, 3, 4, 5}


def test_boxes_lie_in_order_within_the_picture_and_near_the_true_ones(
    number_reader: NumberReader, touching: list[Number]
) -> None:
    overlaps = []
    for written, picture, seen in read_right(number_reader, touching):
        boxes = [digit.box for digit in seen.digits(*seen.best(), sure=True)]
        assert all(one[0] < other[0] and one[2] < other[2] for one, other in pairwise(boxes))
        for number, (x0, y0, x1, y1) in enumerate(boxes):
            assert 0 <= x0 < x1 <= picture.shape[1]
            assert 0 <= y0 < y1 <= picture.shape[0]
            shares = [overlap((x0, y0, x1, y1), true) for true in boxes_on(written)]
            assert max(shares) == shares[number]
            overlaps.append(shares[number])
    assert np.mean(overlaps) > 0.7


def test_the_only_digits_box_is_that_of_its_ink(
    number_reader: NumberReader, touching: list[Number]
) -> None:
    single = [number for number in touching if len(number[0].text) == 1]
    for written, _, seen in read_right(number_reader, single):
        [digit] = seen.digits(*seen.best(), sure=True)
        np.testing.assert_allclose(digit.box, boxes_on(written)[0], atol=3)


def test_pale_ink_has_boxes_too(number_reader: NumberReader, touching: list[Number]) -> None:
    pale = [(written, picture_of(written.ink, darkness=0.3)) for written, _ in touching]
    right = read_right(number_reader, pale)
    assert len(right) >= 0.8 * len(touching)
    for written, _, seen in right:
        digits = seen.digits(*seen.best(), sure=True)
        for digit, true in zip(digits, boxes_on(written), strict=True):
            assert overlap(digit.box, true) > 0.2


@pytest.mark.parametrize("length", [None, 2, 3])
def test_the_digits_of_a_text_have_confidences_that_multiply_to_its_own(
    number_reader: NumberReader, touching: list[Number], length: int | None
) -> None:
    pictures = [picture for written, picture in touching if length in (None, len(written.text))]
    for seen in number_reader.read(pictures):
        text, confidence = seen.best(length)
        digits = seen.digits(text, confidence, sure=False)
        assert "".join(str(digit.value) for digit in digits) == text
        assert length in (None, len(text))
        assert prod(digit.confidence for digit in digits) == pytest.approx(confidence)
        for digit in digits:
            assert sum(digit.probabilities) == pytest.approx(1)
            assert digit.probabilities[digit.value] == digit.confidence
            assert not digit.sure
            assert digit.seen.shape == (28, 28)


def test_no_digit_is_surer_than_certain_where_the_text_is_surer_than_its_digits() -> None:
    """A 2 said at so many places that the first of them lies nearer to the 1."""
    probabilities = np.full((6, BLANK + 1), 0.001)
    probabilities[[0, 1, 2, 3, 4, 5], [1, 2, 2, 2, 2, 2]] = 0.99
    outputs = {
        "probabilities": probabilities,
        "seen": np.ones((28, 12)),
        "box": np.array([0, 0, 24, 20]),
    }
    seen = NumberSeen(np.zeros((20, 24), np.uint8), outputs)
    text, confidence = seen.best()
    confidences = [digit.confidence for digit in seen.digits(text, confidence, sure=True)]
    assert text == "12"
    assert max(confidences) <= 1
    assert prod(confidences) == pytest.approx(confidence)


def test_of_a_length_it_reads_so_many_digits(
    number_reader: NumberReader, touching: list[Number]
) -> None:
    for written, _, seen in read_right(number_reader, touching):
        assert seen.best(len(written.text))[0] == written.text
        assert len(seen.best(len(written.text) + 1)[0]) in (0, len(written.text) + 1)


def test_a_blank_picture_has_no_digits(number_reader: NumberReader) -> None:
    [seen] = number_reader.read([np.full((60, 150), 255, np.uint8)])
    assert not seen.outputs["has_ink"]
    assert seen.digits("", 0.5, sure=True) == ()


def test_several_sizes_at_once_are_read_as_they_are_alone(
    number_reader: NumberReader, touching: list[Number]
) -> None:
    pictures = [picture for _, picture in touching]
    assert len(pictures) > MOST_AT_ONCE
    assert len({picture.shape for picture in pictures}) == len(pictures)
    for picture, together in zip(pictures, number_reader.read(pictures), strict=True):
        [alone] = number_reader.read([picture])
        text, confidence = alone.best()
        assert together.best()[0] == text
        assert together.best()[1] == pytest.approx(confidence, abs=1e-4)
        one, other = (seen.digits(text, confidence, sure=True) for seen in (alone, together))
        assert [digit.box for digit in one] == [digit.box for digit in other]


def test_no_pictures_are_read_as_none(number_reader: NumberReader) -> None:
    assert number_reader.read([]) == []


def test_the_model_may_be_a_path_or_bytes(touching: list[Number]) -> None:
    path = PACKAGE / "numbers.onnx"
    picture = touching[0][1]
    answers = [
        NumberReader(model).read([picture])[0].best() for model in (None, path, path.read_bytes())
    ]
    assert answers[0] == answers[1] == answers[2]


def test_a_missing_model_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidModel, match=r"no\.onnx: No such file or directory\. Give the path"):
        NumberReader(tmp_path / "no.onnx")


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(InvalidModel, match="the model is not a model that ONNX Runtime can load"):
        NumberReader(b"not a model")


def test_the_model_that_reads_single_digits_is_refused() -> None:
    with pytest.raises(
        InvalidModel, match=r"digits\.onnx breaks the contract of a model file: its output prob"
    ):
        NumberReader(PACKAGE / "digits.onnx")


def test_a_model_of_another_contract_is_refused(tmp_path: Path) -> None:
    model = onnx.load(PACKAGE / "numbers.onnx")
    properties = {entry.key: entry.value for entry in model.metadata_props}
    helper.set_model_props(model, {**properties, "contract": "numbers 0"})
    onnx.save(model, tmp_path / "old.onnx")
    with pytest.raises(InvalidModel, match="version must be numbers 1, and is numbers 0"):
        NumberReader(tmp_path / "old.onnx")
