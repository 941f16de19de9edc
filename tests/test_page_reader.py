"""Numbers, lines of numbers and photos, through `Reader.read`."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from handwriting import written
from inkdigits import NoInk, Reader, UnreadablePicture
from inkdigits.number_reader import NumberReader, NumberSeen
from inkdigits.number_text import BLANK
from inkdigits.page_reader import PageReader
from inkdigits.reading import Digit
from pages import Grey, digit, in_uneven_light, page, ruled, with_dot


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


def touching(one: int, other: int, height: int = 70) -> Grey:
    """Two digits whose ink meets, on white."""
    left, right = digit(one, height), digit(other, height)
    reach = np.where((left < 128).any(1), left.shape[1] - (left < 128)[:, ::-1].argmax(1), 0)
    begin = np.where((right < 128).any(1), (right < 128).argmax(1), 999)
    start = int((reach - begin).max()) - 2
    sheet = np.full((height + 60, start + right.shape[1] + 60), 255, np.uint8)
    sheet[30 : 30 + height, 30 : 30 + left.shape[1]] = left
    place = sheet[30 : 30 + height, 30 + start : 30 + start + right.shape[1]]
    np.minimum(place, right, out=place)
    return sheet


@pytest.mark.parametrize("text", ["10", "2048", "71", "0042", "31415926"])
def test_a_number_is_read_as_one(reader: Reader, text: str) -> None:
    assert reader.read(page(text)).text == text


def test_a_gap_parts_numbers_and_a_line_ends_with_a_newline(reader: Reader) -> None:
    reading = reader.read(page("12 305\n47"))
    assert reading.text == "12 305\n47"
    assert reading.lines == ("12 305", "47")
    assert [digit.value for digit in reading.digits] == [1, 2, 3, 0, 5, 4, 7]


@pytest.mark.parametrize(("one", "other"), [(3, 5), (0, 0), (2, 6)])
def test_digits_that_touch_are_told_apart(reader: Reader, one: int, other: int) -> None:
    sheet = touching(one, other)
    reading = reader.read(sheet)
    assert reading.text == f"{one}{other}"
    left, right = (digit.box for digit in reading.digits)
    assert left[0] == pytest.approx(30, abs=3)
    assert right[2] == pytest.approx(sheet.shape[1] - 30, abs=3)
    assert left[2] == pytest.approx(right[0], abs=15)


def test_a_squared_page_in_uneven_light_is_read(reader: Reader) -> None:
    reading = reader.read(in_uneven_light(ruled(page("9083"), squared=True)))
    assert reading.text == "9083"


def test_a_digit_in_a_corner_of_a_page_is_read(reader: Reader) -> None:
    sheet = np.full((900, 1200), 230, np.uint8)
    small = digit(7, 40)
    sheet[840:880, 1130 : 1130 + small.shape[1]] = np.minimum(230, small)
    reading = reader.read(sheet)
    assert reading.text == "7"
    np.testing.assert_allclose(
        reading.digits[0].box, (1130, 840, 1130 + small.shape[1], 880), atol=3
    )


def test_a_point_is_told_and_makes_the_reading_unsure(reader: Reader) -> None:
    sheet = page("314", gap=0.5)
    whole = reader.read(sheet)
    x = (whole.digits[0].box[2] + whole.digits[1].box[0]) // 2 - 4
    pointed = reader.read(with_dot(sheet, x, 80))
    assert (whole.text, whole.skipped) == ("314", ())
    assert pointed.text == "314"
    assert len(pointed.skipped) == 1
    assert not pointed.sure
    x0, y0, x1, y1 = pointed.skipped[0]
    assert x0 <= x + 4 <= x1
    assert y0 <= 84 <= y1


def test_the_confidence_is_that_of_the_whole_text(reader: Reader) -> None:
    reading = reader.read(page("2048"))
    product = np.prod([digit.confidence for digit in reading.digits])
    assert reading.confidence == pytest.approx(product)
    assert reading.sure is all(digit.sure for digit in reading.digits)


def test_one_number_is_expected_whatever_its_gaps(reader: Reader) -> None:
    sheet = page("12 34")
    assert reader.read(sheet).text == "12 34"
    assert reader.read(sheet, expect="number").text == "1234"


def test_lines_are_not_what_was_expected_of_a_number(reader: Reader) -> None:
    reading = reader.read(page("12\n34"), expect="number")
    assert reading.text == "12\n34"
    assert not reading.sure


def test_several_digits_are_not_what_was_expected_of_one(reader: Reader) -> None:
    assert reader.read(page("7"), expect="digit").sure
    several = reader.read(page("72"), expect="digit")
    assert several.text in ("7", "2")
    assert len(several.skipped) == 1
    assert not several.sure


def test_a_length_that_does_not_fit_makes_the_reading_unsure(reader: Reader) -> None:
    sheet = page("2048")
    assert reader.read(sheet, length=4).text == "2048"
    assert not reader.read(sheet, length=3).sure


def test_a_length_decides_how_many_digits_touching_ink_is(reader: Reader) -> None:
    sheet = touching(3, 5)
    assert reader.read(sheet, length=2).text == "35"
    assert len(reader.read(sheet, length=1).digits) == 1
    assert len(reader.read(sheet, length=3).digits) == 3


@pytest.mark.parametrize(
    ("hints", "says"),
    [
        ({"expect": "letter"}, "expect is 'letter'"),
        ({"length": 0}, "length is 0"),
        ({"expect": "digit", "length": 2}, "a digit has length 1"),
    ],
)
def test_hints_that_mean_nothing_are_refused(reader: Reader, hints: dict, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        reader.read(page("12"), **hints)
    with pytest.raises(ValueError, match=says):
        reader.read_many([page("12")], **hints)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_page_on_its_side_or_upside_down_is_turned(reader: Reader, quarters: int) -> None:
    sheet = page("23457\n32754")
    turned = reader.read(np.rot90(sheet, quarters))  # anticlockwise
    upright = reader.read(sheet)
    assert turned.text == upright.text == "23457\n32754"
    assert turned.turned == 90 * quarters
    height, width = sheet.shape
    x0, y0, x1, y1 = upright.digits[0].box
    there = {
        1: (y0, width - x1, y1, width - x0),
        2: (width - x1, height - y1, width - x0, height - y0),
        3: (height - y1, x0, height - y0, x1),
    }[quarters]
    np.testing.assert_allclose(turned.digits[0].box, there, atol=2)


def reader_of_one(value: int) -> PageReader:
    """Reads what is heavier below as that digit, surely, and doubts all else."""

    def digits(pictures: Grey) -> list[Digit]:
        read = []
        for picture in pictures:
            rows = np.flatnonzero((picture < 128).any(1))
            middle = (rows[0] + rows[-1]) // 2
            sure = bool((picture[middle:] < 128).sum() > (picture[:middle] < 128).sum())
            said, confidence = (value, 0.999) if sure else (3, 0.2)
            chances = np.full(10, (1 - confidence) / 9)
            chances[said] = confidence
            box, seen = (0, 0, 1, 1), np.zeros((28, 28), np.float32)
            read.append(Digit(said, confidence, sure, box, tuple(chances.tolist()), seen))
        return read

    class Nothing(NumberReader):
        def read(self, pictures: Sequence[Grey]) -> list[NumberSeen]:
            said = np.eye(11)[[BLANK] * 4]
            return [
                NumberSeen(picture, {"probabilities": said, "seen": np.zeros((28, 128))})
                for picture in pictures
            ]

    return PageReader(digits, 0.9, Nothing, lambda: lambda grey: 255 - grey)


@pytest.mark.parametrize(("value", "turned"), [(7, 180), (6, 0)])
def test_what_is_digits_either_way_up_is_read_as_it_lies(value: int, turned: int) -> None:
    sheet = np.full((120, 400), 255, np.uint8)
    for x in range(40, 360, 60):
        sheet[30:60, x : x + 30] = sheet[60:90, x + 10 : x + 20] = 0  # heavier above
    assert reader_of_one(value).read(sheet).turned == turned


def test_nothing_on_a_page_of_text_is_sure(reader: Reader) -> None:
    sheet = Image.new("L", (900, 500), 245)
    text = "\n".join(["Dear children,", "the quick brown fox jumps", "over many lazy dogs."] * 3)
    font = ImageFont.load_default(size=32)
    ImageDraw.Draw(sheet).multiline_text((40, 40), text, fill=30, font=font)
    reading = reader.read(sheet)
    assert not reading.sure
    assert not any(digit.sure for digit in reading.digits)


def test_paper_without_writing_has_no_ink(reader: Reader) -> None:
    paper = ruled(np.full((400, 600), 230, np.uint8), squared=True)
    with pytest.raises(NoInk, match="Nothing is written"):
        reader.read(in_uneven_light(paper))


def test_hundreds_of_digits_are_read(reader: Reader) -> None:
    text = "\n".join("1234567890" * 3 for _ in range(18))
    reading = reader.read(page(text, height=24))
    assert reading.text == text


def test_more_writing_than_anyone_reads_is_refused(reader: Reader) -> None:
    sheet = np.full((3000, 3000), 255, np.uint8)
    for y in range(20, 2980, 40):
        for x in range(20, 2980, 40):
            sheet[y : y + 20, x : x + 6] = 0
    with pytest.raises(UnreadablePicture, match="pieces of writing") as error:
        reader.read(sheet)
    assert error.value.reason == "too large"


def test_many_pictures_may_be_pages_and_single_digits(reader: Reader) -> None:
    pictures = [page("10"), written(4), page("987"), written(2, side=28)]
    assert [reading.text for reading in reader.read_many(pictures)] == ["10", "4", "987", "2"]


def test_hints_are_for_each_of_many(reader: Reader) -> None:
    pictures = [page("1 0"), page("9 87")]
    readings = reader.read_many(pictures, expect="number")
    assert [reading.text for reading in readings] == ["10", "987"]


def test_a_photo_in_a_file_is_read(reader: Reader, tmp_path: Path) -> None:
    file = tmp_path / "note.jpg"
    Image.fromarray(in_uneven_light(page("2048", height=200))).save(file, quality=60)
    assert reader.read(file).text == "2048"
