"""What was read, drawn over the picture."""

import numpy as np

from inkdigits.outputs.plot import SKIPPED, SURE, UNSURE, draw_reading
from inkdigits.reading import Digit, Mark, Reading

SEEN = np.zeros((28, 28), np.float32)


def pixels_of(picture: np.ndarray, colour: tuple[int, int, int]) -> tuple[int, int, int, int]:
    """The box of all pixels of that colour."""
    rows, columns = np.nonzero((picture == colour).all(2))
    return int(columns.min()), int(rows.min()), int(columns.max()), int(rows.max())


def test_boxes_are_around_the_digits_in_the_colour_of_how_sure_they_are() -> None:
    sure = Digit(7, 0.99, True, (100, 150, 140, 220), (0.1,) * 10, SEEN)
    unsure = Digit(1, 0.5, False, (300, 150, 320, 220), (0.1,) * 10, SEEN)
    reading = Reading("71", 0.5, False, (sure, unsure), skipped=((200, 210, 208, 218),))
    drawn = np.asarray(draw_reading(np.full((400, 600), 255, np.uint8), reading))
    assert drawn.shape == (400, 600, 3)
    for box, colour in ((sure.box, SURE), (unsure.box, UNSURE), ((200, 210, 208, 218), SKIPPED)):
        left, top, right, bottom = pixels_of(drawn, colour)
        assert (left, right, bottom) == (box[0] - 1, box[2] + 1, box[3] + 1) or top < box[1] - 1
        assert abs(bottom - box[3] - 1) <= 1


def test_a_small_picture_is_enlarged_and_its_boxes_too() -> None:
    digit = Digit(7, 0.99, True, (10, 10, 20, 20), (0.1,) * 10, SEEN)
    drawn = np.asarray(
        draw_reading(np.full((40, 40), 255, np.uint8), Reading("7", 1, True, (digit,)))
    )
    assert drawn.shape == (400, 400, 3)
    left, _, right, bottom = pixels_of(drawn, SURE)
    assert (left, bottom) == (99, 201)
    assert right >= 201


def test_marks_are_boxed_like_digits() -> None:
    digit = Digit(7, 0.99, True, (100, 150, 140, 220), (0.1,) * 10, SEEN)
    point = Mark(".", 0.5, False, (300, 250, 320, 270))
    reading = Reading("7.", 0.5, False, (digit,), marks=(point,))
    drawn = np.asarray(draw_reading(np.full((400, 600), 255, np.uint8), reading))
    left, _, right, bottom = pixels_of(drawn, UNSURE)
    assert (left, right, bottom) == (299, 321, 271)


def test_a_reading_of_other_writing_alone_is_drawn() -> None:
    reading = Reading("", 0.0, False, (), skipped=((200, 210, 260, 250),))
    drawn = np.asarray(draw_reading(np.full((400, 600), 255, np.uint8), reading))
    assert pixels_of(drawn, SKIPPED) == (199, 209, 261, 251)


def test_a_page_that_lay_wrong_is_drawn_upright() -> None:
    picture = np.full((400, 600), 255, np.uint8)
    picture[150:220, 100:120] = 0
    seven = Digit(7, 0.99, True, (100, 150, 120, 220), (0.1,) * 10, SEEN)
    reading = Reading("7", 0.99, True, (seven,), turned=90)
    drawn = np.asarray(draw_reading(picture, reading))
    assert drawn.shape == (600, 400, 3)
    left, _, right, bottom = pixels_of(drawn, SURE)
    assert (left, right, bottom) == (400 - 220 - 1, 400 - 150 + 1, 120 + 1)
    assert pixels_of(drawn, (0, 0, 0)) == (400 - 220, 100, 400 - 151, 119)


def test_what_is_less_likely_than_asked_for_is_drawn_as_doubtful() -> None:
    digit = Digit(7, 0.99, True, (100, 150, 140, 220), (0.1,) * 10, SEEN)
    reading = Reading("7", 0.99, True, (digit,))
    drawn = np.asarray(draw_reading(np.full((400, 600), 255, np.uint8), reading, sure_from=0.999))
    assert not (drawn == SURE).all(2).any()
    assert (drawn == UNSURE).all(2).any()
