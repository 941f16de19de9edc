"""Pen strokes: whose they are, and that each is drawn the same whoever else's are drawn."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from inkdigits import InvalidDataset
from inkdigits.datasets.spec import find_file
from inkdigits.datasets.strokes import (
    StrokesDataset,
    draw,
    ink,
    parse_writers,
    place,
    read_unipen,
)

STROKES = [np.array([[0.0, 0.0], [30.0, 40.0]]), np.array([[10.0, 5.0]])]
ONE_DIGIT = """.SEGMENT DIGIT 0 ? "7"
.COMMENT 7 12 1
.PEN_DOWN
10 20
30 40
.PEN_UP
"""


def complaint(folder: Path, content: bytes) -> str:
    """What is said of a file with that content."""
    path = folder / "strokes"
    path.write_bytes(content)
    with pytest.raises(InvalidDataset) as caught:
        read_unipen(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "writers"),
    [
        ("7", {7}),
        ("25-30", {25, 26, 27, 28, 29, 30}),
        ("1,4,28-30", {1, 4, 28, 29, 30}),
        (" 1 , 3 - 4 ", {1, 3, 4}),
        ("2-2,1-3", {1, 2, 3}),
    ],
)
def test_writers_are_named_by_numbers_and_ranges(text: str, writers: set[int]) -> None:
    assert parse_writers(text) == writers


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", ""),
        ("all", "all"),
        ("1,,2", ""),
        ("1,", ""),
        ("1,30-25", "30-25"),
        ("0", "0"),
        ("0-3", "0-3"),
        ("-3", "-3"),
        ("3-", "3-"),
        ("1-2-3", "1-2-3"),
        ("1.5", "1.5"),
        ("1_0", "1_0"),
        ("1-999999999999", "1-999999999999"),
    ],
)
def test_what_names_no_writers_is_quoted(text: str, part: str) -> None:
    with pytest.raises(InvalidDataset) as caught:
        parse_writers(text)
    assert str(caught.value).startswith(f'"{part}" names no writers. Give numbers')


def test_a_digit_is_drawn_the_same_whoever_elses_are_drawn(data_dir: str) -> None:
    path = find_file("pendigits-orig.tra.gz", data_dir)
    few = StrokesDataset(path, writers={2})
    more = StrokesDataset(path, writers=parse_writers("1-2"))
    assert set(few.writers) == {2}
    first, second = few.load(), more.load()
    kept = more.writers == 2
    np.testing.assert_array_equal(np.asarray(second.pictures)[kept], first.pictures)
    assert [origin for origin, keep in zip(second.origins, kept, strict=True) if keep] == list(
        first.origins
    )


def test_another_seed_draws_them_elsewhere(data_dir: str) -> None:
    path = find_file("pendigits-orig.tra.gz", data_dir)
    canvases = [next(StrokesDataset(path, seed, {1}).batches(5)).pictures for seed in (0, 1)]
    assert all((a != b).any() for a, b in zip(*canvases, strict=True))


def test_a_writer_who_wrote_nothing_is_named(data_dir: str) -> None:
    path = find_file("pendigits-orig.tra.gz", data_dir)
    with pytest.raises(InvalidDataset, match=r"nothing by writer 31\. Its writers are 1 to 30"):
        read_unipen(path, parse_writers("30-32"))


def test_a_damaged_pack_is_said_to_be_damaged(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(ONE_DIGIT.encode()))
    packed[-8] ^= 1  # the checksum
    assert "is damaged" in complaint(tmp_path, bytes(packed))


def test_what_is_packed_in_another_way_is_to_be_unpacked(tmp_path: Path) -> None:
    assert "gzip -d" in complaint(tmp_path, b"\x1f\x9d\x90" + bytes(range(256)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((".COMMENT 7 12 1", ""), "digit 1: no .COMMENT"),
        (("7 12 1", "x 12 1"), "digit 1: its label is 'x'"),
        (("30 40", "30"), "digit 1: a stroke is not pairs"),
        (("30 40", "30 nan"), "digit 1: a stroke is not pairs"),
        (("10 20\n30 40\n", ""), "digit 1: it has no strokes"),
        ((".SEGMENT", ".NOTHING"), "it has no .SEGMENT"),
    ],
)
def test_what_is_wrong_with_a_digit_is_said(
    tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    assert said in complaint(tmp_path, ONE_DIGIT.replace(*change).encode())


@pytest.mark.parametrize("seed", range(20))
def test_strokes_are_placed_wholly_on_the_canvas_and_keep_their_shape(seed: int) -> None:
    placed, pen = place(STROKES, np.random.default_rng(seed))
    points = np.concatenate(placed)
    assert 8 <= pen <= 22
    assert 0.35 * 280 <= np.ptp(points, axis=0).max() <= 0.85 * 280
    assert points.min() >= pen / 2
    assert points.max() <= 280 - pen / 2 + 1e-5
    moved = points - points[0]
    original = np.concatenate(STROKES) - STROKES[0][0]
    np.testing.assert_allclose(moved, original * moved[1, 0] / original[1, 0])
    np.testing.assert_array_equal(ink(placed, pen), draw(STROKES, np.random.default_rng(seed)))
