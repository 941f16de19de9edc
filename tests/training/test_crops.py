"""What `page.onnx` cuts out of pages, and what the pages say that it is."""

import numpy as np

from drawing import generator
from handwriting import written
from inkdigits import Reader
from inkdigits.recognition.page import PageFile
from inkdigits.synthesis.pages import DrawnPage
from inkdigits.training.crops import NO_DIGIT, crops

FIND = PageFile(None)


def page_of(value: int, kind: int, left: int = 80) -> DrawnPage:
    """A digit 60 pixels high, 80 from the top, which the page says to be of that kind."""
    digit = written(value, 80, 8)
    picture = np.full((240, 240), 255, np.uint8)
    shown = digit[:, max(-left, 0) :]
    picture[80:160, max(left, 0) : max(left, 0) + shown.shape[1]] = shown
    rows, columns = (np.flatnonzero((digit < 128).any(axis)) for axis in (1, 0))
    box = [left + columns[0], 80 + rows[0], left + columns[-1] + 1, 80 + rows[-1] + 1]
    nothing = np.zeros_like(picture)
    return DrawnPage(picture, nothing, nothing, np.array([box], np.float32), np.array([kind]))


def test_a_digit_is_cut_out_with_its_label() -> None:
    pictures, labels = crops(FIND, [page_of(3, 3)])
    assert labels.tolist() == [3]
    assert pictures.shape == (1, 64, 64)
    assert Reader().predict(255 - pictures).tolist() == [3]


def test_ink_is_bright() -> None:
    [picture], _ = crops(FIND, [page_of(8, 8)])
    assert picture[0].max() < 60
    assert picture.max() > 200


def test_other_writing_is_no_digit() -> None:
    other = 19
    assert crops(FIND, [page_of(3, other)])[1].tolist() == [NO_DIGIT]


def test_a_comma_a_point_and_a_slash_are_left_out() -> None:
    comma, slash = 11, 16
    assert not len(crops(FIND, [page_of(1, comma), page_of(1, slash)])[1])


def test_what_the_edge_cuts_off_is_left_out() -> None:
    assert not len(crops(FIND, [page_of(0, 0, left=-40)])[1])


def test_what_the_page_does_not_tell_is_left_out() -> None:
    page = page_of(3, 3)
    nowhere = DrawnPage(page.picture, page.ink, page.owner, page.boxes + 100, page.kinds)
    assert not len(crops(FIND, [nowhere])[1])


def test_drawn_pages_give_digits_of_all_labels() -> None:
    pages = generator()
    pictures, labels = crops(FIND, (pages.draw(seed) for seed in range(30)))
    assert len(pictures) == len(labels) > 100
    assert set(range(10)) <= set(labels.tolist())


def test_no_pages_give_nothing() -> None:
    assert crops(FIND, [])[0].shape == (0, 64, 64)
