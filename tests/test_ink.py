"""Finding what is written: crops in reading order, without paper, lines, frames and dust."""

import cc3d
import numpy as np
import pytest
from scipy import ndimage

from inkdigits.ink import Found, find_ink
from inkdigits.ink_network import InkNetwork
from inkdigits.reading import Box
from pages import Grey, digit, in_uneven_light, page, ruled, with_dot

NETWORK = InkNetwork()


def found_on(sheet: Grey) -> Found:
    return find_ink(sheet, NETWORK)


def counts(found: Found) -> list[int]:
    """Of the crops of each line."""
    return [len(line) for line in found.lines]


def ink_boxes(sheet: Grey) -> list[Box]:
    """Of the connected pieces of a clean sheet, from the left."""
    labels, _ = ndimage.label(sheet < 128, np.ones((3, 3)))
    boxes = [
        (columns.start, rows.start, columns.stop, rows.stop)
        for rows, columns in ndimage.find_objects(labels)
    ]
    return sorted(boxes)


def test_blank_paper_has_nothing_on_it() -> None:
    assert found_on(np.full((200, 300), 255, np.uint8)) == Found((), ())


def test_grainy_paper_has_nothing_on_it() -> None:
    grain = np.random.default_rng(0).normal(200, 6, (300, 400)).clip(0, 255).astype(np.uint8)
    assert found_on(grain).lines == ()


def test_each_digit_has_its_box_in_the_pictures_pixels() -> None:
    sheet = page("1203")
    [line] = found_on(sheet).lines
    assert len(line) == 4
    np.testing.assert_allclose([crop.box for crop in line], ink_boxes(sheet), atol=2)


def test_boxes_are_in_the_pixels_of_a_large_picture_too() -> None:
    sheet = page("72", height=900, margin=700)
    [line] = found_on(sheet).lines
    assert max(sheet.shape) > 2000
    np.testing.assert_allclose([crop.box for crop in line], ink_boxes(sheet), atol=9)


def test_a_crop_holds_its_own_ink_alone() -> None:
    [line] = found_on(page("11", gap=0.1)).lines
    for crop in line:
        _, pieces = ndimage.label(crop.picture < 128, np.ones((3, 3)))
        assert pieces == 1


@pytest.mark.parametrize("slope", [-0.12, 0.0, 0.12])
def test_lines_are_in_reading_order_even_when_they_slant(slope: float) -> None:
    found = found_on(page("123\n45 67\n8", slope=slope))
    assert counts(found) == [3, 4, 1]
    for line in found.lines:
        starts = [crop.box[0] for crop in line]
        assert starts == sorted(starts)


def test_light_ink_on_a_dark_board_is_found_like_dark_ink() -> None:
    sheet = page("2048")
    dark, light = found_on(sheet), found_on(255 - sheet)
    boxes = [[crop.box for crop in found.lines[0]] for found in (dark, light)]
    np.testing.assert_allclose(*boxes, atol=1)


def test_uneven_light_takes_nothing_away() -> None:
    assert counts(found_on(in_uneven_light(page("90817")))) == [5]


@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("level", [150, 200])
def test_printed_lines_are_taken_out(squared: bool, level: int) -> None:
    sheet = page("2905")
    [line] = found_on(ruled(sheet, level=level, squared=squared)).lines
    np.testing.assert_allclose([crop.box for crop in line], ink_boxes(sheet), atol=5)


def test_strokes_that_cross_a_line_stay_whole() -> None:
    [line] = found_on(ruled(page("0", height=90), level=200)).lines
    [crop] = line
    _, pieces = ndimage.label(crop.picture < 160, np.ones((3, 3)))
    assert pieces == 1


@pytest.mark.parametrize("line", [2, 4, 6])
def test_the_box_of_a_form_is_no_writing(line: int) -> None:
    sheet = page("46", margin=60)
    box = sheet[10:-10, 10:-10]
    box[:line] = box[-line:] = box[:, :line] = box[:, -line:] = 0
    found = found_on(sheet)
    assert counts(found) == [2]
    assert found.skipped == ()


def test_the_desk_around_a_sheet_is_no_writing() -> None:
    sheet = page("318", margin=60)
    desk = np.full((sheet.shape[0] + 50, sheet.shape[1] + 60), 60, np.uint8)
    desk[25:-25, 30:-30] = sheet
    assert counts(found_on(desk)) == [3]


def test_a_digit_in_two_pieces_is_one_crop() -> None:
    sheet = np.full((160, 200), 255, np.uint8)
    sheet[40:48, 80:125] = 0  # the bar of a 5, and its body
    sheet[56:120, 80:88] = 0
    sheet[112:120, 80:120] = 0
    assert counts(found_on(sheet)) == [1]


def test_specks_are_dropped() -> None:
    sheet = page("64")
    for x, y in ((5, 5), (60, 20), (120, 90)):
        sheet[y : y + 2, x : x + 2] = 0
    found = found_on(sheet)
    assert counts(found) == [2]
    assert found.skipped == ()


def test_a_point_between_digits_is_skipped_and_told() -> None:
    sheet = page("314", gap=0.5)
    left, right = ink_boxes(sheet)[0], ink_boxes(sheet)[1]
    x = (left[2] + right[0]) // 2 - 4
    found = found_on(with_dot(sheet, x, left[3] - 8))
    assert counts(found) == [3]
    [point] = found.skipped
    np.testing.assert_allclose(point.box, (x, left[3] - 8, x + 8, left[3]), atol=2)


def test_a_minus_before_a_number_is_skipped_and_told() -> None:
    sheet = page("52", margin=80)
    sheet[102:109, 40:66] = 0
    found = found_on(sheet)
    assert counts(found) == [2]
    assert len(found.skipped) == 1


@pytest.mark.parametrize("shape", [(1, 5000), (5000, 1), (3, 3), (1, 1), (2, 700)])
def test_pictures_of_extreme_shapes_are_taken(shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).integers(0, 255, shape).astype(np.uint8)
    assert isinstance(found_on(noise), Found)


def test_crops_that_are_put_together_are_where_they_were() -> None:
    sheet = page("17")
    [line] = found_on(sheet).lines
    both = line[0].with_(line[1])
    np.testing.assert_allclose(both.box, (line[0].box[0], 40, line[1].box[2], 88), atol=1)
    x0, y0, x1, y1 = both.box
    ink = both.picture < 128
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    own = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    np.testing.assert_allclose(both.on_page(own), (x0, y0, x1, y1), atol=2)


def test_a_digit_is_found_at_any_size() -> None:
    for height in (16, 60, 250):
        sheet = np.pad(digit(8, height), height, constant_values=255)
        [[crop]] = found_on(sheet).lines
        np.testing.assert_allclose(
            crop.box, (height, height, sheet.shape[1] - height, 2 * height), atol=2
        )


def test_pieces_are_numbered_rightly_by_the_package_that_finds_them() -> None:
    """cc3d 4.1.1 numbers the pieces of some masks of flags wrongly; of numbers, never."""
    rng = np.random.default_rng(0)
    for _ in range(100):
        mask = rng.random(rng.integers(2, 200, 2)) < rng.random() * 0.6
        labels = cc3d.connected_components(mask.astype(np.uint8), connectivity=8)
        expected, count = ndimage.label(mask, np.ones((3, 3)))
        assert labels.max() == count
        assert len(np.unique(np.stack([labels.ravel(), expected.ravel()]), axis=1).T) == (
            count + (not mask.all())
        )
