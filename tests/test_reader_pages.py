"""Reader on pages, with a page.onnx that was made by hand."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from PIL import Image

import pages
from handwriting import written
from inkdigits import InvalidModel, NoInk
from inkdigits.reader import Reader
from inkdigits.recognition.page import Pieces
from pieces import OTHER, Piece, page_file, pieces_of, row


def crops_of(pieces: list[Piece]) -> Pieces:
    """The pieces with what they say in their crops."""
    made = pieces_of(pieces)
    signs = [int(piece.sign) if piece.sign.isdigit() else None for piece in pieces]
    crops = [
        np.full((64, 64), 255, np.uint8) if sign is None else written(sign, 64) for sign in signs
    ]
    return replace(made, crop=np.array(crops, np.uint8).reshape(-1, 64, 64))


def page(shape: tuple[int, int] = (200, 300)) -> np.ndarray:
    """Something is written on it, and what that is its page.onnx says."""
    picture = np.full(shape, 255, np.uint8)
    picture[20:60, 10:200:30] = 0
    return picture


def test_what_is_no_single_digit_is_read_piece_by_piece() -> None:
    reading = Reader(page=page_file(crops_of(row("12+7")))).read(page())
    assert (reading.text, reading.sure) == ("12+7", True)
    assert reading.digits[0].box == (10, 20, 30, 60)
    assert reading.digits[0].seen.max() > 0.9  # of the crop


def test_a_clean_digit_needs_no_page_file() -> None:
    reader = Reader(page=b"not a model")
    assert reader.read(written(4)).sure
    with pytest.raises(InvalidModel):
        reader.read(page())


def test_who_knows_that_there_are_two_digits_gets_no_single_one() -> None:
    reader = Reader(page=page_file(crops_of(row("12"))))
    assert reader.read(written(4), length=2).text == "12"
    assert reader.read(written(4), expect="number").text == "4"
    assert reader.read(written(4), expect="digit").text == "4"


def test_both_files_have_to_agree_on_a_crop() -> None:
    pieces = crops_of(row("12"))
    swapped = replace(pieces, crop=pieces.crop[::-1].copy())
    assert not Reader(page=page_file(swapped)).read(page()).sure


def test_a_large_picture_is_reduced_and_its_boxes_are_not() -> None:
    reader = Reader(page=page_file(crops_of([*row("12"), Piece(OTHER, (980, 20, 1000, 60))])))
    reading = reader.read(page((601, 2999)))
    assert reading.digits[0].box == (20, 40, 60, 120)
    assert reading.skipped == ((1960, 40, 2000, 120),)


def test_a_large_clean_digit_is_read_at_a_glance_where_it_is() -> None:
    large = np.kron(written(5), np.ones((8, 8), np.uint8))
    reading = Reader(page=b"").read(large)
    ys, xs = np.nonzero(large < 128)
    assert reading.sure
    np.testing.assert_allclose(
        reading.digits[0].box, (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1), atol=17
    )


def test_nothing_found_is_no_ink() -> None:
    with pytest.raises(NoInk, match="Nothing is written"):
        Reader(page=page_file(pieces_of([]))).read(np.full((50, 60), 255, np.uint8))


def test_one_digit_that_the_page_file_does_not_find_is_a_guess() -> None:
    picture = written(4)
    picture[3:9, 3:9] = 0  # so that it is not alone
    reading = Reader(page=page_file(pieces_of([]))).read(picture)
    assert (reading.text, reading.sure, reading.digits[0].sure) == ("4", False, False)


def test_pictures_of_any_kind_are_read_together_in_order() -> None:
    reader = Reader(page=page_file(crops_of(row("12"))))
    pictures = [written(3, 28), page(), written(5, 28), b"none", page((40, 50)), written(7, 99)]
    results = list(reader.read_many(pictures, errors="return"))
    assert [getattr(result, "text", "error") for result in results] == [
        *("3", "12", "5", "error", "12", "7")
    ]


make = onnx.helper.make_node


def either_page_file(
    is_first: list[onnx.NodeProto], one: Pieces, another: Pieces, **metadata: str
) -> bytes:
    """Says the one of pictures of which these nodes say `is_first`, the other of all others."""
    first, second = (
        onnx.load_from_string(page_file(pieces, **metadata)) for pieces in (one, another)
    )
    nodes = is_first
    for found, other in zip(first.graph.node, second.graph.node, strict=True):
        [name] = found.output
        found.output[0], other.output[0] = f"{name}_first", f"{name}_other"
        nodes += [found, other, make("Where", ["is_first", *found.output, *other.output], [name])]
    del first.graph.node[:]
    first.graph.node.extend(nodes)
    return first.SerializeToString()


def constant(name: str, value: np.ndarray) -> onnx.NodeProto:
    return make("Constant", [], [name], value=onnx.numpy_helper.from_array(value))


def turning_page_file(upright: Pieces, lying: Pieces, **metadata: str) -> bytes:
    """Says the one of pictures with a dark corner at the top left, the other of all others."""
    has_a_dark_corner = [
        constant("zero", np.zeros(2, np.int64)),
        constant("one", np.ones(2, np.int64)),
        constant("middle", np.full((), 128, np.uint8)),
        make("Slice", ["picture", "zero", "one"], ["corner"]),
        make("Squeeze", ["corner"], ["level"]),
        make("Less", ["level", "middle"], ["is_first"]),
    ]
    return either_page_file(has_a_dark_corner, upright, lying, **metadata)


def page_file_by_width(own: Pieces, others: Pieces) -> bytes:
    """Says the one of pictures that are 300 wide, the other of all others."""
    is_as_wide = [
        constant("usual", np.array([300])),
        make("Shape", ["picture"], ["width"], start=1),
        make("Equal", ["width", "usual"], ["same"]),
        make("Squeeze", ["same"], ["is_first"]),
    ]
    return either_page_file(is_as_wide, own, others)


def doubtful(text: str, score: float = 0.6) -> Pieces:
    return crops_of([replace(piece, score=score) for piece in row(text)])


def test_a_doubtful_number_is_what_it_looks_like_in_most_widths() -> None:
    reader = Reader(page=page_file_by_width(doubtful("18"), crops_of(row("98"))))
    reading = reader.read(page())
    assert (reading.text, reading.sure) == ("98", False)
    assert not any(digit.sure for digit in reading.digits)
    narrow = 255 / 300  # in the first of the other widths
    x0, y0, x1, y1 = reading.digits[0].box
    assert (y0, y1) == (20, 60)
    np.testing.assert_allclose((x0, x1), (10 / narrow, 30 / narrow), atol=1)


def test_a_doubtful_number_is_sure_if_it_nearly_is_in_every_width() -> None:
    clear = crops_of(row("18"))
    for score, sure in [(0.6, True), (0.45, False)]:
        reading = Reader(page=page_file_by_width(doubtful("18", score), clear)).read(page())
        assert (reading.text, reading.sure) == ("18", sure)
        assert [digit.sure for digit in reading.digits] == [sure, sure]
        x0, y0, _, _ = reading.digits[0].box
        assert (x0, y0) == (10, 20)  # of the picture's own width


@pytest.mark.parametrize("missed", [False, True])
def test_a_doubtful_number_is_not_sure_if_a_digit_may_be_missed_in_another_width(
    missed: bool,
) -> None:
    own, others = (
        crops_of(
            [replace(piece, score=score) for piece in row("18")]
            + [Piece("6", (90, 20, 110, 60), score=weak)]
        )
        for score, weak in [(0.6, 0.05), (0.9, 0.35 if missed else 0.05)]
    )
    reading = Reader(page=page_file_by_width(own, others)).read(page())
    assert (reading.text, reading.sure) == ("18", not missed)


def test_of_another_length_than_was_said_no_number_is_sure() -> None:
    reader = Reader(page=page_file(crops_of(row("345"))))
    for length in (2, 4):
        reading = reader.read(page(), length=length)
        assert not any(number.sure for number in reading.numbers)
        assert all("?" in cell for line in reading.table() for cell in line)


def test_what_is_sure_is_so_in_whatever_width_it_is() -> None:
    reader = Reader(page=page_file_by_width(crops_of(row("18")), crops_of(row("98"))))
    assert (reader.read(page()).text, reader.read(page()).sure) == ("18", True)


def test_a_doubtful_digit_that_is_expected_is_not_looked_at_in_other_widths() -> None:
    reader = Reader(page=page_file_by_width(doubtful("1"), crops_of(row("7"))))
    assert reader.read(page(), expect="digit").text == "1"


def lying_page(quarters: int) -> np.ndarray:
    """A page of 200 x 300 that was turned clockwise by so many quarters."""
    upright = page((200, 300) if quarters == 2 else (300, 200))
    upright[0, 0] = 0
    return np.ascontiguousarray(np.rot90(upright, -quarters))


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_page_that_lies_wrong_is_turned_and_its_boxes_are_where_they_were(quarters: int) -> None:
    """It is turned on until it is upright."""
    upright = crops_of(row("247"))
    lying = pieces_of(row(OTHER * 3))
    reading = Reader(page=turning_page_file(upright, lying)).read(lying_page(quarters))
    assert (reading.text, reading.turned, reading.sure) == ("247", 360 - 90 * quarters, True)
    x0, y0, x1, y1 = upright.box[0].tolist()
    assert (
        reading.digits[0].box
        == {
            1: (300 - y1, x0, 300 - y0, x1),
            2: (300 - x1, 200 - y1, 300 - x0, 200 - y0),
            3: (y0, 200 - x1, y1, 200 - x0),
        }[quarters]
    )


@pytest.mark.parametrize("text", ["1986", "4006"])
def test_what_is_a_number_upside_down_too_or_nearly_stays_as_it_lies(text: str) -> None:
    upright, lying = crops_of(row(text)), pieces_of(row(OTHER * 4))
    assert not Reader(page=turning_page_file(upright, lying)).read(lying_page(2)).turned


def test_a_page_full_of_digits_is_not_taken_for_one_large_thing(reader: Reader) -> None:
    text = "\n".join(["473092516847309251684730925168"] * 18)
    assert len(reader.read(pages.page(text, height=24)).digits) == 540


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_form_is_read_whichever_way_it_lies(reader: Reader, quarters: int) -> None:
    form = Image.open(Path(__file__).parents[1] / "docs" / "form.png")
    turned = np.rot90(np.asarray(form.convert("L")), -quarters)
    reading = reader.read(turned)
    assert (reading.table(), reading.turned) == (
        [["12", "305"], ["47", "968"]],
        360 - 90 * quarters,
    )


@pytest.mark.parametrize("hints", [{"expect": "number"}, {"length": 10}, {"length": 11}])
@pytest.mark.parametrize("quarters", [1, 2])
def test_a_form_that_lies_wrong_is_turned_whether_or_not_it_is_what_was_expected(
    reader: Reader, quarters: int, hints: dict[str, Any]
) -> None:
    form = Image.open(Path(__file__).parents[1] / "docs" / "form.png")
    reading = reader.read(np.rot90(np.asarray(form.convert("L")), -quarters), **hints)
    values = "".join(str(digit.value) for digit in reading.digits)
    assert (values, reading.turned) == ("1230547968", 360 - 90 * quarters)
    is_expected = hints == {"length": 10}
    assert any(digit.sure for digit in reading.digits) == is_expected


def test_a_page_that_lies_wrong_is_turned_also_if_more_is_on_it_than_is_read() -> None:
    pieces = crops_of(row("247")), pieces_of(row(OTHER * 3))
    reading = Reader(page=turning_page_file(*pieces, most_pieces="3")).read(lying_page(1))
    assert (reading.text, reading.turned, reading.sure) == ("247", 270, False)
    assert len(reading.warnings) == 1


def test_other_writing_that_is_no_digit_any_way_round_stays_as_it_lies() -> None:
    reading = Reader(page=page_file(pieces_of(row(OTHER * 3)))).read(page())
    assert (reading.text, reading.turned, len(reading.skipped)) == ("", 0, 3)
