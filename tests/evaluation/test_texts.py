"""Judging how numbers and pages are read."""

import errno
import json
from pathlib import Path
from unittest import mock

import pytest
from click.testing import CliRunner, Result

from handwriting import png, written
from inkdigits import InvalidDataset, Reader
from inkdigits.cli import app
from inkdigits.evaluation import in_words
from inkdigits.evaluation.texts import TextRead, figures_of, read_texts
from pages import page
from pieces import page_file, pieces_of, row


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A digit, a form, a digit with a wrong name and what is no picture."""
    folder = tmp_path_factory.mktemp("texts")
    (folder / "form").mkdir()
    (folder / "form" / "12_305%0A47__a.png").write_bytes(png(page("12 305\n47")))
    (folder / "7__a.png").write_bytes(png(written(7)))
    (folder / "8__wrong.png").write_bytes(png(written(5)))
    (folder / "9__broken.png").write_bytes(b"no picture")
    (folder / "notes.txt").write_text("no picture either")
    return folder


def evaluate(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["evaluate", "shipped", *map(str, arguments)])


def test_names_say_what_is_written(reader: Reader, folder: Path) -> None:
    texts = {Path(text.file).name: text for text in read_texts(reader, f"texts:{folder}")}
    form, wrong = texts["12_305%0A47__a.png"], texts["8__wrong.png"]
    assert form.truth == form.text == "12 305\n47"
    assert (wrong.truth, wrong.text, wrong.sure, wrong.right) == ("8", "5", True, False)
    assert texts["9__broken.png"].text == ""
    assert len(texts) == 4


def test_a_csv_file_says_what_is_written(reader: Reader, folder: Path) -> None:
    table = folder / "truth.csv"
    table.write_text('file,text\n7__a.png,7\nform/12_305%0A47__a.png,"12 305\n47"\n')
    assert [text.right for text in read_texts(reader, f"texts:{table}")] == [True, True]


@pytest.mark.parametrize("row", ["12", ",12"])
def test_a_row_that_says_too_little_is_named(reader: Reader, tmp_path: Path, row: str) -> None:
    path = tmp_path / "said.csv"
    path.write_text(f"file,text\n{row}\n")
    with pytest.raises(InvalidDataset, match=r"row 2 has no (file|text)"):
        read_texts(reader, f"texts:{path}")


@pytest.mark.parametrize(("name", "says"), [("gone.png", "does not exist"), ("bad.png", "bad.png")])
def test_a_picture_that_a_csv_file_names_and_that_is_none_is_not_misread_but_named(
    reader: Reader, tmp_path: Path, name: str, says: str
) -> None:
    (tmp_path / "bad.png").write_bytes(b"bad")
    (tmp_path / "7.png").write_bytes(png(written(7)))
    (path := tmp_path / "said.csv").write_text(f"file,text\n7.png,7\n{name},7\n")
    with pytest.raises(InvalidDataset, match=rf"said\.csv names a picture.*{name}") as refusal:
        read_texts(reader, f"texts:{path}")
    assert says in str(refusal.value)


def test_no_name_forges_a_line_of_what_was_misread() -> None:
    said = in_words.texts_in_words(
        "m", figures_of("texts:t", [TextRead("8__a\n\x1b[2Kright  100%.png", "8", "5", False)])
    )
    assert len(said.splitlines()) == 6
    assert "\x1b" not in said


def test_a_text_is_right_to_the_last_mark_and_line() -> None:
    reader = Reader(page=page_file(pieces_of(row("3.14"))))
    assert reader.read(page("12")).text == "3.14"
    for text, right in (("3.14", True), ("314", False), ("3.1 4", False)):
        assert TextRead("a.png", "3.14", text, True).right is right


def test_figures_are_shares_of_all_pictures() -> None:
    texts = [
        TextRead(str(n), "7", text, sure)
        for n, (text, sure) in enumerate([("7", True), ("7", False), ("1", True), ("", False)])
    ]
    figures = figures_of("texts:mine", texts)
    assert (figures["right"], figures["sure"], figures["sure_and_wrong"]) == (0.5, 0.5, 1)
    assert [text["file"] for text in figures["misread"]] == ["2", "3"]
    low, high = figures["right_interval_95"]
    assert 0 < low < 0.5 < high < 1


def test_the_command_says_what_was_misread(folder: Path) -> None:
    result = evaluate(f"texts:{folder}")
    assert result.exit_code == 0
    assert "4 pictures" in result.stdout
    assert "right      50.00%" in result.stdout
    assert "of which 1 wrong" in result.stdout
    assert "8__wrong.png: '8' read as '5', sure" in result.stdout
    assert "9__broken.png: '9' read as nothing: " in result.stdout
    assert "9__broken.png is in no picture format" in result.stdout
    assert "not read   1, which count as misread" in result.stdout
    figures = json.loads(evaluate(f"texts:{folder}", "--json").stdout)
    assert (figures["pictures"], figures["right"], len(figures["misread"])) == (4, 0.5, 2)


@pytest.mark.parametrize(
    ("files", "name", "says"),
    [
        ({"mine.png": ""}, "", r"mine\.png does not say its text\. Begin its name"),
        ({"notes.txt": ""}, "", "names no pictures"),
        ({}, "nothing", "neither a folder nor a CSV file"),
        ({"a.csv": "file,label\n7.png,7"}, "a.csv", "has no column text"),
        ({"a.csv": "file,text\n7.png"}, "a.csv", "row 2 has no text"),
        ({"a.csv": "file,text\n7.png,3×4"}, "a.csv", "is not UTF-8"),
    ],
)
def test_what_says_no_texts_is_refused(
    reader: Reader, tmp_path: Path, files: dict[str, str], name: str, says: str
) -> None:
    for file, content in files.items():
        (tmp_path / file).write_text(content, "latin-1")
    with pytest.raises(InvalidDataset, match=says):
        read_texts(reader, f"texts:{tmp_path / name}")


def test_a_table_of_texts_that_may_not_be_read_is_named(
    reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.csv").write_text("file,text\n7.png,7")
    denied = PermissionError(errno.EACCES, "Permission denied", "a.csv")
    monkeypatch.setattr(Path, "read_text", mock.Mock(side_effect=denied))
    with pytest.raises(InvalidDataset, match=r"a\.csv cannot be read: Permission denied"):
        read_texts(reader, f"texts:{tmp_path}/a.csv")


def test_a_page_of_pictures_is_not_written_of_texts(folder: Path) -> None:
    result = evaluate(f"texts:{folder}", "--html", "report.html")
    assert result.exit_code == 2
    assert "--html is not for texts:" in result.output


def test_a_folder_of_digits_is_judged_as_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "a.png").write_bytes(png(written(7)))
    (tmp_path / "7" / "two.png").write_bytes(png(page("77")))
    shares = [
        json.loads(evaluate(f"folder:{tmp_path}", "--json", *more).stdout)["no_ink_seen"]
        for more in ([], ["--read"])
    ]
    assert shares == [0, 1]  # two digits are no answer
