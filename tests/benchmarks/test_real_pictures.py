"""Real pictures: what is compared, and with what."""

import json
from pathlib import Path

import pytest
from PIL import Image

from handwriting import written
from inkdigits import InvalidModel, Reader
from pages import page
from real_pictures import (
    Answer,
    Judged,
    Labelled,
    answer_of,
    hint_for,
    judge,
    pictures_in,
    plot,
    rows_of,
    summary,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One digit, one number and what is no picture, and a sub-folder with a page of two lines."""
    Image.fromarray(written(7)).save(tmp_path / "7__drawn.png")
    Image.fromarray(page("2048")).save(tmp_path / "2048__drawn.png")
    (tmp_path / "3__broken.png").write_text("no picture")
    (tmp_path / "README.md").write_text("no picture, and no truth in its name")
    (tmp_path / "sheets").mkdir()
    Image.fromarray(page("17\n305")).save(tmp_path / "sheets" / "sheet.png")
    (tmp_path / "pages.json").write_text(json.dumps({"sheet.png": ["17", "305"]}))
    return tmp_path


def judged(truth: str, text: str, sure: bool = False) -> Judged:
    return Judged(Labelled(Path("picture.png"), truth), Answer(text, 0.5, sure))


@pytest.mark.parametrize(
    ("name", "truth"),
    [
        ("504__x.png", "504"),
        ("1967_4899__x.png", "1967 4899"),
        ("6.5__a__b.png", "6.5"),
        ("24%2F7__x.png", "24/7"),
        ("12%3A30__x.png", "12:30"),
        ("3×4=12__x.png", "3×4=12"),
        ("17%0A305__x.png", "17\n305"),
    ],
)
def test_a_name_says_what_is_written(tmp_path: Path, name: str, truth: str) -> None:
    (tmp_path / name).touch()
    assert [picture.truth for picture in pictures_in(tmp_path)] == [truth]


def test_a_folder_and_its_sub_folders_are_rows(folder: Path) -> None:
    rows = rows_of(folder)
    assert list(rows) == [folder.name, "sheets"]
    assert sorted(picture.truth for picture in rows[folder.name]) == ["2048", "3", "7"]


@pytest.mark.parametrize("place", [".", "sheets"])
def test_the_lines_of_a_page_are_in_its_folder_or_the_one_above(folder: Path, place: str) -> None:
    (folder / "pages.json").rename(folder / place / "pages.json")
    assert [picture.truth for picture in pictures_in(folder / "sheets")] == ["17\n305"]


@pytest.mark.parametrize("text", ["1967 4899", "19674899", "1.967\n48-99"])
def test_only_digits_make_an_answer_right(text: str) -> None:
    assert judged("1967 4899", text).right


@pytest.mark.parametrize("text", ["", "1967 489", "1967 48990", "4899 1967"])
def test_a_missing_an_additional_or_a_misplaced_digit_is_wrong(text: str) -> None:
    assert not judged("1967 4899", text).right


def test_the_exact_text_counts_only_where_the_truth_is_more_than_digits() -> None:
    assert judged("6.5", "6.5").exact is True
    assert judged("6.5", "65").exact is False
    assert judged("65", "6.5").exact is None


def test_a_line_of_figures_says_what_was_right_and_how_surely() -> None:
    line = summary("car", [judged("65", "65", True), judged("7", "1", True), judged("1 2", "12")])
    for figure in ("right     2  66.67 %", "sure     2,", "wrong   1", "50.00 %", "text 0 of 1"):
        assert figure in line


def test_what_cannot_be_read_is_nothing_and_not_sure(reader: Reader, folder: Path) -> None:
    assert answer_of(reader, folder / "3__broken.png") == Answer("", 0.0, False, False)


def test_a_model_that_cannot_be_opened_is_no_answer_but_an_error(folder: Path) -> None:
    with pytest.raises(InvalidModel, match=r"page\.onnx"):
        answer_of(Reader(page=folder / "page.onnx"), folder / "2048__drawn.png")


def test_pictures_are_read_as_anybody_reads_them(reader: Reader, folder: Path) -> None:
    results = [
        result for pictures in rows_of(folder).values() for result in judge(reader, pictures)
    ]
    assert {result.picture.truth: result.answer.text for result in results} == {
        "7": "7",
        "2048": "2048",
        "3": "",
        "17\n305": "17\n305",
    }


@pytest.mark.parametrize(
    ("truth", "hint"), [("7", "digit"), ("2048", "number"), ("6.5", "number"), ("1967 4899", None)]
)
def test_a_hint_is_what_somebody_would_say_who_knows(truth: str, hint: str | None) -> None:
    assert hint_for(truth) == hint


def test_wrong_pictures_are_drawn_even_those_that_cannot_be_opened(folder: Path) -> None:
    pictures = pictures_in(folder)
    plot([Judged(picture, Answer("$1$", 0.5, True)) for picture in pictures], folder / "plot.png")
    with Image.open(folder / "plot.png") as image:
        assert image.width > 1000
