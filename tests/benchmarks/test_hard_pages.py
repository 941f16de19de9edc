"""Hard pages: pictures to judge by, whose truth is known."""

import re
import zipfile
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image

from drawn_pages import Page, PictureHand
from handwriting import STROKES, written
from hard_ink import MARKS, smooth, smooth_hand
from hard_pages import KINDS, NO_DIGIT, characters_in, page_of, plot
from hard_pictures import Hands
from hard_texts import LETTERS, WORDS, amount_with_marks
from inkdigits.datasets.strokes import WrittenDigit

VALUES = np.arange(10, dtype=np.uint8)
HANDS = Hands(
    [smooth_hand([WrittenDigit(v, 1, [np.array(s) for s in STROKES[v]]) for v in range(10)])],
    PictureHand(np.stack([255 - written(value, side=40) for value in range(10)]), VALUES),
    [Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"],
    [[np.array([[0.0, 0], [30, 90]]), np.array([[30.0, 0], [0, 90]])]],
)


@pytest.mark.parametrize("kind", [*KINDS, *NO_DIGIT])
def test_the_same_number_gives_the_same_page_and_another_another(kind: str) -> None:
    def picture(number: int) -> bytes:
        return page_of(kind, number, HANDS).picture.tobytes()

    assert picture(1) == picture(1) != picture(2)


@pytest.mark.parametrize("kind", KINDS)
def test_each_digit_of_the_text_has_a_box_in_the_picture_with_ink_in_it(kind: str) -> None:
    for number in range(4):
        page = page_of(kind, number, HANDS)
        assert len(page.boxes) == len(re.findall("[0-9]", page.text)) > 0
        height, width = page.picture.shape[:2]
        for x0, y0, x1, y1 in page.boxes:
            assert 0 <= x0 < x1 <= width
            assert 0 <= y0 < y1 <= height
            assert np.ptp(page.picture[y0:y1, x0:x1].mean(2)) > 20


@pytest.mark.parametrize("kind", NO_DIGIT)
def test_what_is_no_digit_has_no_text_and_yet_ink(kind: str) -> None:
    page = page_of(kind, 0, HANDS)
    assert page.text == ""
    assert page.boxes == ()
    assert np.ptp(page.picture.mean(2)) > 40


def pages_of(kind: str) -> list[Page]:
    return [page_of(kind, number, HANDS) for number in range(8)]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "boxes" in kind])
def test_forms_hold_3_to_8_digits(kind: str) -> None:
    assert all(re.fullmatch("[0-9]{3,8}", page.text) for page in pages_of(kind))


def test_a_thin_digit_is_alone_and_large() -> None:
    for page in pages_of("one digit, thin pen, close up")[:4]:
        assert re.fullmatch("[0-9]", page.text)
        assert all(300 <= side <= 1600 for side in page.picture.shape[:2])
        [(_, y0, _, y1)] = page.boxes
        assert 130 < y1 - y0 < 1100


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "px" in kind])
def test_pictures_of_few_pixels_have_20_to_64_on_each_side(kind: str) -> None:
    for page in pages_of(kind):
        assert re.fullmatch("[0-9]{2,4}", page.text)
        assert all(20 <= side <= 64 for side in page.picture.shape[:2])


def test_jagged_pictures_have_two_levels_and_smooth_ones_more() -> None:
    smooth_ones, jagged = (
        [len(np.unique(page.picture)) for page in pages_of(f"2 to 4 in 20 to 64 px, {edges}")]
        for edges in ("smooth", "jagged")
    )
    assert set(jagged) == {2}
    assert min(smooth_ones) > 2


def test_amounts_have_marks_and_2_to_8_digits_and_sums_are_right() -> None:
    rng = np.random.default_rng(0)
    amounts = [amount_with_marks(rng) for _ in range(500)]
    marks = set("".join(amounts)) - set("0123456789")
    assert marks == set(MARKS)
    for amount in amounts:
        assert 2 <= len(re.findall("[0-9]", amount)) <= 8
        assert set(amount) & marks
        if match := re.fullmatch(r"(\d+)(\D)(\d+)=(\d+)", amount):
            one, other, result = (int(match[group]) for group in (1, 3, 4))
            of_sign = {"+": one + other, "-": one - other, "÷": one / other}
            assert of_sign.get(match[2], one * other) == result


def test_letters_and_words_are_no_digits() -> None:
    assert not set(LETTERS) & set("0123456789OoIlSsZzBbgqDQGTij")
    assert all(word.isalpha() and 3 <= len(word) <= 9 for word in WORDS.split(","))


def test_a_smooth_stroke_keeps_its_ends_and_its_place() -> None:
    corner = np.array([[0.0, 0], [10, 0], [20, 0], [20, 10], [20, 20]])
    rounded = smooth(corner)
    assert len(rounded) > 2 * len(corner)
    assert (rounded[[0, -1]] == corner[[0, -1]]).all()
    assert (rounded >= 0).all()
    assert (rounded <= 20).all()
    assert len(smooth(np.array([[3.0, 4], [3, 4]]))) == 1


def test_omniglot_gives_the_alphabets_kept_out_of_training_alone(tmp_path: Path) -> None:
    path = tmp_path / "omniglot.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("Korean/character02", "Korean/character22", "Greek/character02"):
            text = "START\n1.0,-2.0,0\n3.0,-4.0,10\nBREAK\n5.0,-6.0,20\nBREAK\n"
            archive.writestr(f"strokes/{name}/0001_01.txt", text)
        archive.writestr("strokes/Korean/.DS_Store", "")
    [[first, second]] = characters_in(path)
    assert first.tolist() == [[1, 2], [3, 4]]
    assert second.tolist() == [[5, 6]]


def test_samples_can_be_looked_at(tmp_path: Path) -> None:
    kind = "2 to 4 in 20 to 64 px, smooth"
    plot({kind: [page_of(kind, number, HANDS) for number in range(6)]}, tmp_path / "plot.png")
    with Image.open(tmp_path / "plot.png") as image:
        assert image.width > 1000
