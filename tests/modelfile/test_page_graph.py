"""The graph of page.onnx, with a network that knows bars of ink and cannot err."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from inkdigits.modelfile.page_graph import Look, page_graph
from inkdigits.recognition.page import PAGE_CONTRACT, Pieces
from oracle import Bar, drawn, network, normaliser

Read = Callable[[NDArray[np.uint8]], Pieces]
POINT = 10


def reading(look: Look | None = None, **of_network: Any) -> Read:
    """What reads a picture as the file does."""
    model = page_graph(normaliser(), network(**of_network), look or Look())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)

    def read(picture: NDArray[np.uint8]) -> Pieces:
        values = session.run(list(PAGE_CONTRACT), {"picture": picture})
        return Pieces(**dict(zip(PAGE_CONTRACT, values, strict=True)))

    return read


@pytest.fixture(scope="module")
def read() -> Read:
    return reading()


def a_row(
    count: int,
    *,
    high: int = 30,
    wide: int = 16,
    left: int = 20,
    top: int = 20,
    step: int = 24,
    slope: float = 0,
) -> list[Bar]:
    """Bars beside each other, 0 1 2 ..., each lower than the one before by `slope` of its way."""
    starts = [left + number * step for number in range(count)]
    tops = [top + round(slope * (start - left)) for start in starts]
    return [
        Bar((start, at, start + wide, at + high), number % 10)
        for number, (start, at) in enumerate(zip(starts, tops, strict=True))
    ]


def boxes(bars: Sequence[Bar]) -> list[list[int]]:
    return [list(bar.box) for bar in bars]


@pytest.mark.parametrize("times", [0.5, 1, 2, 5])
def test_boxes_come_back_in_pixels_of_the_picture_whatever_its_size(
    read: Read, times: float
) -> None:
    bars = [
        Bar(tuple(round(at * times) for at in bar.box), bar.kind)  # type: ignore[arg-type]
        for bar in a_row(4)
    ]
    pieces = read(drawn((round(70 * times), round(150 * times)), bars))
    assert pieces.kind.argmax(1).tolist() == [0, 1, 2, 3]
    # A pixel of the look, in which digits are 30 high, is `times` pixels of the picture.
    np.testing.assert_allclose(pieces.box, boxes(bars), atol=1 + 1.5 * times)


def test_outputs_are_what_the_contract_says(read: Read) -> None:
    pieces = read(drawn((70, 150), a_row(4)))
    assert pieces.box.dtype == pieces.line.dtype == np.int32
    assert pieces.kind.dtype == np.float32
    assert pieces.crop.dtype == np.uint8
    assert pieces.box.shape == (4, 4)
    assert pieces.kind.shape == (4, 20)
    assert pieces.crop.shape == (4, 64, 64)
    assert pieces.line.shape == (4,)


def test_what_is_a_hundredth_of_the_picture_is_found_by_looking_closer(read: Read) -> None:
    small = Bar((500, 303, 507, 315), 4)
    pieces = read(drawn((600, 900), [small]))
    assert pieces.kind.argmax(1).tolist() == [4]
    np.testing.assert_allclose(pieces.box, [small.box], atol=2)


@pytest.mark.parametrize(("levels", "looks"), [(3, 1), (5, Look().looks)])
def test_a_sheet_as_good_as_blank_is_looked_at_once(
    levels: int, looks: int, tmp_path: Path
) -> None:
    page = drawn((280, 280), [Bar((100, 100, 107, 115), 4)])
    faint = np.where(page < 128, 255 - levels, 255).astype(np.uint8)
    options = onnxruntime.SessionOptions()
    options.enable_profiling = True
    options.profile_file_prefix = str(tmp_path / "profile")
    model = page_graph(normaliser(), network(), Look())
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    assert len(session.run(["box"], {"picture": faint})[0]) == 0
    story = json.loads(Path(session.end_profiling()).read_text("utf-8"))
    resized = [it for it in story if it.get("args", {}).get("op_name") == "Resize"]
    assert len(resized) == looks


def test_a_small_number_on_a_large_page_is_looked_at_alone_and_so_from_closer_by() -> None:
    bars = a_row(5, high=20, wide=12, left=700, top=600, step=18)
    page = drawn((900, 1200), bars)
    pieces = reading(Look(first=400.0, largest=120_000.0), fussy=3.0)(page)
    assert np.abs(pieces.box - boxes(bars)).max() <= 1
    assert (pieces.kind.sum(1) > 0.95).all()  # as a whole the page is at most a third as large
    whole = reading(Look(first=400.0, largest=120_000.0, around=100.0), fussy=3.0)(page)
    assert (whole.kind.sum(1) < 0.8).all()


def test_a_digit_that_fills_the_picture_is_found(read: Read) -> None:
    pieces = read(drawn((220, 130), [Bar((15, 15, 115, 205), 8)]))
    assert pieces.kind.argmax(1).tolist() == [8]
    np.testing.assert_allclose(pieces.box, [[15, 15, 115, 205]], atol=9)


@pytest.mark.parametrize("high", [12, 30, 60, 190])
def test_digits_are_looked_at_in_the_size_that_the_network_knows_best(high: int) -> None:
    digit = Bar((100, 20, 100 + high // 2, 20 + high), 3)
    [kind] = reading(fussy=4.0)(drawn((250, 350), [digit])).kind
    assert kind.argmax() == 3
    # Half as high, or twice, would be 0.90; it may be off by a factor of e ** 0.3.
    assert kind.sum() > 0.97


def test_marks_and_other_writing_say_little_of_how_large_digits_are() -> None:
    digits = a_row(4, high=60, wide=24, left=30, top=40, step=60)
    points = [Bar((x1 + 12, 84, x1 + 22, 96), POINT) for _, _, x1, _ in boxes(digits)]
    kinds = reading(fussy=4.0)(drawn((140, 290), [*digits, *points])).kind
    assert kinds.argmax(1).tolist() == [0, POINT, 1, POINT, 2, POINT, 3, POINT]
    assert (kinds[::2].sum(1) > 0.97).all()


def test_pieces_come_line_by_line_and_from_left_to_right_though_rows_slope(read: Read) -> None:
    above = a_row(9, slope=0.08)
    below = [
        Bar((x0, y0 + 45, x1, y1 + 45), 9 - bar.kind)
        for bar in above
        for x0, y0, x1, y1 in [bar.box]
    ]
    shuffled = np.random.default_rng(0).permutation(18)
    pieces = read(drawn((150, 270), [[*above, *below][place] for place in shuffled]))
    assert pieces.line.tolist() == [0] * 9 + [1] * 9
    assert pieces.kind.argmax(1).tolist() == [*range(9), *range(9, 0, -1)]


@pytest.mark.parametrize("low", [True, False])
def test_a_mark_between_digits_that_stand_far_apart_does_not_part_their_line(
    read: Read, low: bool
) -> None:
    digits = a_row(5, step=80, top=50, slope=-0.08 if low else 0.08)
    _, y0, x1, y1 = digits[2].box
    mark = Bar(
        (x1 + 4, y1 - 3, x1 + 12, y1 + 5) if low else (x1 + 4, y0 - 5, x1 + 12, y0 + 3), POINT
    )
    pieces = read(drawn((140, 420), [*digits, mark]))
    assert pieces.line.tolist() == [0] * 6
    assert pieces.kind.argmax(1).tolist() == [0, 1, 2, POINT, 3, 4]


def test_a_comma_that_hangs_low_is_on_the_line_of_its_digits(read: Read) -> None:
    above, below = a_row(3, top=20), a_row(3, top=75)
    comma = Bar((96, 43, 102, 57), 11)
    pieces = read(drawn((130, 150), [*above, comma, *below]))
    assert pieces.line.tolist() == [0, 0, 0, 0, 1, 1, 1]
    assert pieces.kind.argmax(1).tolist() == [0, 1, 2, 11, 0, 1, 2]


def test_all_of_a_line_are_on_it_however_large_the_page(read: Read) -> None:
    rows = [a_row(12, left=40, top=60 + 70 * row, step=60, slope=0.01) for row in range(10)]
    pieces = read(drawn((800, 800), [bar for row in rows for bar in row]))
    assert pieces.line.tolist() == [row for row in range(10) for _ in range(12)]


def test_a_point_is_on_the_line_of_its_digits(read: Read) -> None:
    first, second = a_row(2, left=20), a_row(2, left=90)
    point = Bar((70, 44, 77, 51), POINT)
    below = Bar((30, 75, 46, 105), 7)
    pieces = read(drawn((120, 150), [*first, point, *second, below]))
    assert pieces.line.tolist() == [0, 0, 0, 0, 0, 1]
    assert pieces.kind.argmax(1).tolist() == [0, 1, POINT, 0, 1, 7]


@pytest.mark.parametrize("level", [0, 128, 255])
@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (1, 900), (900, 1), (64, 64), (300, 500)])
def test_where_nothing_is_written_nothing_is_found(
    read: Read, shape: tuple[int, int], level: int
) -> None:
    pieces = read(np.full(shape, level, np.uint8))
    assert pieces.box.shape == (0, 4)
    assert pieces.kind.shape == (0, 20)
    assert pieces.crop.shape == (0, 64, 64)
    assert pieces.line.shape == (0,)


def test_tiny_and_long_thin_pictures_are_read(read: Read) -> None:
    tiny = read(drawn((12, 9), [Bar((2, 2, 6, 10), 6)]))
    assert tiny.kind.argmax(1).tolist() == [6]
    np.testing.assert_allclose(tiny.box, [[2, 2, 6, 10]], atol=1)
    long = read(drawn((40, 1400), [Bar((700, 5, 716, 35), 2), Bar((1300, 6, 1316, 36), 3)]))
    assert long.kind.argmax(1).tolist() == [2, 3]
    np.testing.assert_allclose(long.box, [[700, 5, 716, 35], [1300, 6, 1316, 36]], atol=2)


def test_boxes_stay_in_the_picture() -> None:
    picture = drawn((60, 90), [Bar((5, 0, 21, 30), 5), Bar((74, 30, 90, 60), 6)])
    box = reading()(picture).box
    np.testing.assert_allclose(box, [[5, 0, 21, 30], [74, 30, 90, 60]], atol=2)
    box = reading(larger=1.5)(picture).box
    np.testing.assert_allclose(box, [[1, 0, 25, 38], [70, 22, 90, 60]], atol=4)
    assert (box >= 0).all()
    assert (box[:, 2:] <= [90, 60]).all()


def test_two_peaks_in_one_piece_give_it_once() -> None:
    twice = reading(peaks=(-4.0, 5.0))
    picture = drawn((70, 150), a_row(4))
    assert twice(picture).kind.argmax(1).tolist() == [0, 1, 2, 3]
    all_kept = reading(Look(overlap=1.0), peaks=(-4.0, 5.0))
    assert len(all_kept(picture).kind) >= 8


def test_what_is_hardly_there_is_left_out_and_a_kind_never_likelier_than_the_piece() -> None:
    picture = drawn((70, 150), a_row(3))
    faint = reading(height=-0.8)(picture)  # a probability of 0.31
    assert len(faint.kind) == 3
    assert (faint.kind.sum(1) < 0.32).all()
    assert (reading()(picture).kind.sum(1) > 0.9).all()
    assert not len(reading(Look(least_score=0.5), height=-0.8)(picture).kind)


def test_of_too_many_pieces_so_many_are_given() -> None:
    assert len(reading(Look(most_pieces=3))(drawn((70, 250), a_row(8))).box) == 3


def test_a_slash_is_less_likely_than_its_look_alone_says() -> None:
    picture = drawn((70, 150), [Bar((20, 20, 36, 50), 16), Bar((60, 20, 76, 50), 1)])
    doubtful = {"temperature": 30.0}
    as_learned, in_life = (
        reading(Look(slash=share, **doubtful))(picture).kind for share in (1.0, 0.1)
    )
    assert in_life[0, 16] < 0.5 * as_learned[0, 16]
    others = np.delete(np.arange(20), 16)
    np.testing.assert_allclose(
        in_life[0, others] / in_life[0, others].sum(),
        as_learned[0, others] / as_learned[0, others].sum(),
        rtol=1e-3,
    )
    np.testing.assert_allclose(in_life.sum(1), as_learned.sum(1), rtol=1e-4)


def test_a_temperature_makes_kinds_less_sure() -> None:
    picture = drawn((70, 150), a_row(3))
    sure, unsure = reading()(picture).kind, reading(Look(temperature=30.0))(picture).kind
    assert (unsure.argmax(1) == sure.argmax(1)).all()
    assert (unsure.max(1) < sure.max(1) - 0.3).all()
    np.testing.assert_allclose(unsure.sum(1), sure.sum(1), atol=0.01)


@pytest.mark.parametrize("dark", [False, True])
def test_a_crop_has_the_piece_dark_on_white_whatever_the_picture(read: Read, dark: bool) -> None:
    bars = a_row(3, high=40, wide=12)  # of 50, 52 and 55 % contrast
    for crop in read(drawn((80, 120), bars, dark=dark)).crop:
        assert crop[32, 32] < 10
        assert (crop[:4] > 245).all()
        assert (crop[-4:] > 245).all()
        high = (crop[:, 32] < 128).sum()
        wide = (crop[32] < 128).sum()
        assert high == pytest.approx(40 / (2 * (20 * 1.25 + 1)) * 64, abs=5)
        assert wide / high == pytest.approx(12 / 40, abs=0.1)


def test_a_faint_piece_in_a_corner_is_as_dark_in_its_crop(read: Read) -> None:
    """What a crop shows beyond the picture's edge is not taken for paper."""
    [crop] = read(drawn((80, 80), [Bar((0, 0, 14, 30), 0)])).crop
    assert crop[32, 32] < 10
    assert (crop[:, :4] > 245).all()
    assert (crop[:, -4:] > 245).all()


def test_a_crop_is_without_the_neighbours_ink(read: Read) -> None:
    """A tall bar's crop is a square, which the neighbours reach into."""
    bars = [Bar((30 + 14 * n, 20, 38 + 14 * n, 60), n) for n in range(3)]
    picture = drawn((80, 110), bars)
    crops = read(picture).crop
    assert len(crops) == 3
    for crop in crops:
        inked = np.flatnonzero((crop < 128).any(0))
        assert inked[-1] - inked[0] + 1 == (crop[32] < 128).sum()  # in one piece
        assert inked.mean() == pytest.approx(31.5, abs=2)
        assert inked.size < 64 * 0.25
