"""The command line; in a fresh process what that may make a difference to."""

import csv
import io
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import inkdigits
from command import inkdigits as run
from handwriting import png, written
from inkdigits import Reader
from inkdigits.cli import app
from inkdigits.outputs.plot import SURE
from pages import page, with_dot
from pieces import OTHER, Piece, page_file, pieces_of
from pieces import row as row_of

DIGITS = range(10)


def fresh(*arguments: object, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """What `command.inkdigits` does, but in a fresh process with streams of the system's."""
    command = [sys.executable, "-m", "inkdigits", *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=120)


def rows(result: subprocess.CompletedProcess[bytes]) -> list[dict]:
    return [json.loads(line) for line in result.stdout.decode().splitlines()]


def python(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    ).stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two levels of pictures, and a file that is none."""
    (tmp_path / "more").mkdir()
    for value in (2, 7):
        (tmp_path / f"{value}.png").write_bytes(png(written(value)))
    (tmp_path / "more" / "4.PNG").write_bytes(png(written(4)))
    (tmp_path / "notes.txt").write_text("not a picture")
    return tmp_path


@pytest.fixture
def tiny_seven(tmp_path: Path) -> Path:
    """A clean digit of 28x28."""
    (tmp_path / "7.png").write_bytes(png(written(7, side=28)))
    return tmp_path / "7.png"


def test_a_picture_is_read_for_people(folder: Path) -> None:
    result = fresh("read", "--min-confidence", "0", folder / "7.png")
    assert result.returncode == 0
    name, digit, confidence = result.stdout.decode().split()
    assert name == str(folder / "7.png")
    assert digit == "7"
    assert confidence.endswith("%")


def test_a_guess_is_not_where_a_digit_is_but_in_words(tiny_seven: Path, unsure_model: Path) -> None:
    result = run("read", "--model", unsure_model, "7.png", cwd=tiny_seven.parent)
    assert result.returncode == 0
    said = result.stdout.decode()
    assert re.fullmatch(r"7\.png  not sure \(perhaps [0-9], [0-9.]+%\)\n", said)


def test_in_json_and_csv_a_guess_is_the_text_but_not_sure(
    tiny_seven: Path, unsure_model: Path
) -> None:
    as_json, as_csv = (
        run("read", form, "--model", unsure_model, tiny_seven) for form in ("--json", "--csv")
    )
    [row] = rows(as_json)
    assert (len(row["text"]), row["sure"]) == (1, False)
    [same] = csv.DictReader(io.StringIO(as_csv.stdout.decode()))
    assert (same["text"], same["sure"]) == (row["text"], "false")


def test_json_is_one_object_a_line(folder: Path) -> None:
    result = run("read", "--json", folder / "7.png", folder / "2.png")
    assert result.returncode == 0
    seven, two = rows(result)
    assert (seven["text"], two["text"]) == ("7", "2")
    assert list(seven) == [
        *("file", "text", "confidence", "sure", "lines", "number", "numbers", "digits"),
        *("marks", "skipped", "faint", "turned", "warnings", "model"),
    ]
    assert list(seven["digits"][0]) == ["value", "confidence", "sure", "box", "probabilities"]


@pytest.fixture
def form(tmp_path: Path) -> Path:
    """Two rows of two numbers."""
    (tmp_path / "form.png").write_bytes(png(page("12 305\n47 968")))
    return tmp_path / "form.png"


def test_lines_of_numbers_are_read_for_people(form: Path) -> None:
    result = run("read", "form.png", cwd=form.parent)
    assert result.returncode == 0
    assert re.fullmatch(r"form\.png  12 305 / 47 968 +[0-9.]+%\n", result.stdout.decode())


def test_in_csv_each_number_may_have_a_row(form: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"bad")
    result = run("read", "--csv", "--numbers", "form.png", "bad.png", cwd=form.parent)
    *numbers, bad = csv.DictReader(io.StringIO(result.stdout.decode()))
    assert [(n["file"], n["line"], n["text"], n["value"], n["sure"]) for n in numbers] == [
        ("form.png", line, text, text, "true")
        for line, text in (("0", "12"), ("0", "305"), ("1", "47"), ("1", "968"))
    ]
    assert int(numbers[1]["x0"]) > int(numbers[0]["x1"]) > int(numbers[0]["x0"])
    assert (bad["file"], bad["text"], bad["error"]) == ("bad.png", "", "UnreadablePicture")


def test_numbers_in_rows_and_columns_become_a_table(form: Path) -> None:
    result = run("read", "form.png", "--table", "out.csv", cwd=form.parent)
    assert result.returncode == 0
    assert (form.parent / "out.csv").read_text() == "12,305\n47,968\n"


def test_answers_are_drawn_on_the_picture(form: Path) -> None:
    result = run("read", "form.png", "--plot", "out.png", cwd=form.parent)
    assert result.returncode == 0
    drawn = np.asarray(Image.open(form.parent / "out.png"))
    assert drawn.shape[2] == 3
    assert (drawn == SURE).all(2).any()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
@pytest.mark.parametrize("named", ["the pipe", "its folder", "a glob"])
@pytest.mark.parametrize("suffix", ["png", "pdf"])
def test_nobody_waits_for_a_pipe_that_is_called_like_a_picture(
    folder: Path, named: str, suffix: str
) -> None:
    pipe = folder / f"3.{suffix}"
    os.mkfifo(pipe)
    result = run("read", {"the pipe": pipe, "its folder": folder}.get(named, folder / "[37].*"))
    said = result.stdout.decode() + result.stderr.decode()
    assert result.returncode == 1
    assert f"3.{suffix} is a pipe or a device, not a file" in said
    assert "inkdigits read - <" in said
    assert named == "the pipe" or f"{folder / '7.png'}  7" in said


@pytest.mark.skipif(not Path("/dev/stdin").exists(), reason="there is no /dev/stdin")
@pytest.mark.parametrize("name", ["-", "/dev/stdin", "/dev/fd/0"])
def test_a_stream_that_is_asked_for_is_read(name: str) -> None:
    [row] = rows(fresh("read", "--json", name, stdin=png(written(7))))
    assert row["text"] == "7"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_table_that_finds_no_room_is_an_error(form: Path) -> None:
    result = run("read", form, "--table", "/dev/full")
    assert result.returncode == 2
    assert b"/dev/full cannot be written: No space left on device" in result.stderr
    assert Path("/dev/full").is_char_device()


def test_a_mark_is_part_of_the_text(tmp_path: Path) -> None:
    sheet = with_dot(page("314", gap=0.6), 79, 80)
    (tmp_path / "pi.png").write_bytes(png(sheet))
    [pi] = rows(run("read", "--json", "pi.png", cwd=tmp_path))
    assert pi["number"] == 3.14
    assert [mark["text"] for mark in pi["marks"]] == ["."]


def test_a_mark_costs_no_sureness(tmp_path: Path) -> None:
    (tmp_path / "pi.png").write_bytes(png(with_dot(page("314", gap=0.6), 79, 80)))
    said = run("read", "pi.png", cwd=tmp_path).stdout.decode()
    assert re.fullmatch(r"pi\.png  3\.14 +[0-9.]+%\n", said)


@pytest.fixture
def read_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Sequence[Piece], *tuple[str, ...]], str]:
    """What `inkdigits read` says of a picture in which page.onnx finds these pieces."""

    def said(pieces: Sequence[Piece], *options: str) -> str:
        file = page_file(pieces_of(pieces))
        monkeypatch.setattr("inkdigits.reader.Reader", partial(Reader, page=file))
        (tmp_path / "page.png").write_bytes(png(page("12")))
        monkeypatch.chdir(tmp_path)
        result = CliRunner().invoke(app, ["read", "page.png", *options])
        assert result.exit_code == 0
        return result.stdout

    return said


def test_other_writing_is_left_out_and_told_where_nothing_is_sure(read_pieces) -> None:
    sure = row_of("314" + OTHER)
    assert re.fullmatch(r"page\.png  314 +[0-9.]+%\n", read_pieces(sure))
    guess = [*sure[:3], replace(sure[3], rival="3")]
    one = r"page\.png  not sure \(perhaps 314, [0-9.]+%; 1 sign left out\)\n"
    assert re.fullmatch(one, read_pieces(guess))
    assert re.fullmatch(one, read_pieces(guess, "--min-confidence", "0"))
    assert "perhaps 314" in read_pieces(sure, "--min-confidence", "1")
    letters = row_of(OTHER * 2)
    assert read_pieces(letters) == "page.png  not sure (no digit or mark; 2 signs left out)\n"


def test_a_doubtful_mark_is_not_sure_in_json_either(read_pieces) -> None:
    pieces = row_of("3.1")
    pieces[1] = replace(pieces[1], rival="-")
    answer = json.loads(read_pieces(pieces, "--json"))
    assert (answer["text"], answer["sure"], answer["marks"][0]["sure"]) == ("3.1", False, False)
    answer = json.loads(read_pieces(row_of("3.1"), "--json", "--min-confidence", "1"))
    assert (answer["sure"], answer["marks"][0]["sure"]) == (False, False)


def test_what_a_picture_holds_can_be_said(tmp_path: Path) -> None:
    (tmp_path / "n.png").write_bytes(png(page("12 34")))
    [row] = rows(run("read", "--json", "--expect", "number", tmp_path / "n.png"))
    assert row["text"] == "1234"
    [row] = rows(run("read", "--json", "--length", "3", tmp_path / "n.png"))
    assert not row["sure"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--plot", "out.png", "form.png", "form.png"), "for one picture, not for 2"),
        (("--plot", "out.gif", "form.png"), "--plot writes .png"),
        (("--numbers", "form.png"), "--numbers goes with --csv"),
        (("--expect", "digit", "--length", "2", "form.png"), "--expect digit means --length 1"),
        (("--length", "0", "form.png"), "0 is not in the range"),
        (("--out", "out.xls", "form.png"), "--out writes .csv, .jsonl, .parquet, not out.xls"),
        (("--out", "out.csv", "-"), "--out goes without"),
        (("--workers", "2", "form.png"), "--workers and --engine go with --out"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    form: Path, arguments: tuple[str, ...], says: str
) -> None:
    result = run("read", *arguments, cwd=form.parent)
    assert result.returncode == 2
    assert says in result.stderr.decode()


def test_a_folder_is_read_into_a_file(folder: Path) -> None:
    (folder / "bad.png").write_bytes(b"bad")
    result = run("read", ".", "--out", "readings.csv", "--workers", "1", cwd=folder)
    assert result.returncode == 1
    assert result.stdout == b"4 pictures, of which 1 could not be read, are in readings.csv\n"
    lines = (folder / "readings.csv").read_text().splitlines()
    assert [line.split(",")[:2] for line in lines[1:]] == [
        ["2.png", "2"],
        ["7.png", "7"],
        ["bad.png", ""],
        ["more/4.PNG", "4"],
    ]
    result = run("read", ".", "--out", "readings.csv", cwd=folder)
    assert (result.returncode, result.stdout) == (2, b"")
    assert b"readings.csv is there already. Delete it" in result.stderr


def test_a_picture_that_is_named_twice_is_one_row_and_counts_once(form: Path) -> None:
    names = "form.png", "*.png", "form.png"
    result = run("read", *names, "--out", "out.jsonl", "--workers", "1", cwd=form.parent)
    said = b"1 pictures, of which 0 could not be read, are in out.jsonl\n"
    assert (result.returncode, result.stdout) == (0, said)
    assert len((form.parent / "out.jsonl").read_text().splitlines()) == 1


@pytest.mark.parametrize("name", ["form.png", ".", "*.png"])
@pytest.mark.parametrize("option", ["--plot", "--table"])
def test_no_picture_is_replaced_by_what_was_read_in_it(form: Path, option: str, name: str) -> None:
    before = form.read_bytes()
    result = run("read", name, option, form, cwd=form.parent)
    assert (result.returncode, form.read_bytes()) == (2, before)
    assert b"would replace the picture" in result.stderr


@pytest.mark.parametrize("name", ["?.jpg", "nowhere.png", "form.png"])
def test_a_plot_that_is_there_is_no_matter_to_another_picture(form: Path, name: str) -> None:
    (plot := form.with_name("out.webp")).write_bytes(b"")
    result = run("read", name, "--plot", plot, cwd=form.parent)
    is_there = name == form.name
    assert result.returncode == (0 if is_there else 1)
    assert (plot.stat().st_size > 0) is is_there
    assert b"Traceback" not in result.stderr


@pytest.mark.skipif(os.name == "nt", reason="there is no sh")
def test_standard_input_that_is_closed_is_told() -> None:
    command = f"exec {shlex.quote(sys.executable)} -m inkdigits read - <&-"
    result = subprocess.run(["sh", "-c", command], capture_output=True, timeout=120)
    assert (result.returncode, b"Standard input is closed" in result.stderr) == (2, True)


def test_a_plot_that_its_format_cannot_hold_is_told(tmp_path: Path) -> None:
    wide = np.full((400, 17_000), 255, np.uint8)
    wide[100:380, 100:380] = written(7)
    Image.fromarray(wide).save(tmp_path / "wide.png")
    result = run("read", "wide.png", "--plot", "out.webp", cwd=tmp_path)
    assert result.returncode == 2
    assert b"out.webp cannot be written: " in result.stderr
    assert b"Traceback" not in result.stderr


def test_a_plot_that_cannot_be_written_is_told(form: Path) -> None:
    result = run("read", "form.png", "--plot", "nowhere/out.png", cwd=form.parent)
    assert result.returncode == 2
    assert "cannot be written" in result.stderr.decode()
    assert "Traceback" not in result.stderr.decode()


def test_csv_has_a_header_and_a_line_for_each_picture(folder: Path) -> None:
    (folder / "bad.png").write_bytes(b"bad")
    pictures = (folder / "2.png", folder / "bad.png")
    result = run("read", "--csv", "--min-confidence", "0", *pictures)
    assert result.returncode == 1
    read, bad = csv.DictReader(io.StringIO(result.stdout.decode()))
    assert (read["text"], read["sure"], read["error"]) == ("2", "true", "")
    assert int(read["x1"]) > int(read["x0"])
    assert (bad["text"], bad["error"]) == ("", "UnreadablePicture")


def test_csv_is_utf_8_whatever_the_system_prefers(folder: Path) -> None:
    (folder / "7.png").rename(folder / "3×4.png")
    command = [sys.executable, "-m", "inkdigits", "read", "--csv", "3×4.png"]
    settings = {**os.environ, "PYTHONIOENCODING": "cp1251"}
    result = subprocess.run(command, capture_output=True, cwd=folder, env=settings, timeout=120)
    assert result.stdout.decode().splitlines()[1].startswith("3×4.png,7,")


def test_no_name_is_a_formula_in_a_spreadsheet(folder: Path) -> None:
    names = ["=1+1.png", "+1.png", "-1.png", "@SUM(A1).png", "1=1.png"]
    for name in names:
        (folder / name).write_bytes((folder / "7.png").read_bytes())
    result = run("read", "--csv", "--", *names, cwd=folder)
    found = [row["file"] for row in csv.DictReader(io.StringIO(result.stdout.decode()))]
    assert found == [*(f"./{name}" for name in names[:4]), names[4]]
    assert all((folder / name).exists() for name in found)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
@pytest.mark.parametrize("option", [(), ("--csv",), ("--json",)], ids=["table", "csv", "json"])
def test_no_name_forges_a_line_or_moves_the_cursor(folder: Path, option: tuple[str, ...]) -> None:
    content = (folder / "7.png").read_bytes()
    names = ["a\n5.png  5  99.9%", "a\r5.png", "\x1b[1A\x1b[2K5.png", "\t=5.png", "no\n5.png"]
    for name in names:
        (folder / name).write_bytes(b"" if name.startswith("no") else content)
    result = run("read", *option, *names, "none\n.png", cwd=folder)
    lines = result.stdout.decode().split("\n")
    assert len(lines) == len(names) + 1 + ("--csv" in option) + 1
    assert all(line.isprintable() for line in lines)


def test_an_error_shows_a_name_that_could_move_the_cursor_quoted() -> None:
    said = run("convert", "idx:\x1b[1A5", "npz:out.npz").stderr.decode()
    assert said.removesuffix("\n").isprintable()
    assert r"\x1b[1A5 cannot be read" in said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("arguments", ["read 7.png", "read --help"])
@pytest.mark.parametrize(
    ("stdout", "why"), [("/dev/full", "No space left on device"), ("&-", "Bad file descriptor")]
)
def test_who_cannot_be_answered_is_told_why(
    folder: Path, arguments: str, stdout: str, why: str
) -> None:
    shell = f"{sys.executable} -m inkdigits {arguments} >{stdout}"
    result = subprocess.run(shell, shell=True, capture_output=True, cwd=folder, timeout=120)
    assert result.stderr.decode() == f"inkdigits: The answer cannot be written: {why}.\n"
    assert result.returncode == 2


@pytest.mark.skipif(os.name == "nt", reason="Windows says it in other words")
def test_a_file_that_cannot_be_used_is_a_sentence(folder: Path) -> None:
    said = run("read", "7.png", "--out", f"{'x' * 300}.csv", cwd=folder, text=True)
    assert said.returncode == 2
    assert re.fullmatch("inkdigits: x{300}.*: File name too long. .*\n", said.stderr)


def test_folders_are_searched_for_pictures(folder: Path) -> None:
    result = run("read", "--json", folder)
    assert result.returncode == 0
    assert [row["text"] for row in rows(result)] == ["2", "7", "4"]


def test_globs_are_expanded_where_no_shell_does_it(folder: Path) -> None:
    result = run("read", "--json", "*.png", "**/*.PNG", cwd=folder)
    assert result.returncode == 0
    assert [row["file"] for row in rows(result)] == ["2.png", "7.png", str(Path("more/4.PNG"))]


def test_a_dash_is_standard_input() -> None:
    result = run("read", "--json", "-", stdin=png(written(5)))
    assert result.returncode == 0
    [row] = rows(result)
    assert (row["file"], row["text"]) == ("-", "5")


@pytest.fixture
def three_pages() -> bytes:
    """A PDF with a 2, a 7 and a 4."""
    pytest.importorskip("pypdfium2")
    first, *others = (Image.fromarray(written(value)) for value in (2, 7, 4))
    file = io.BytesIO()
    first.save(file, "PDF", resolution=200, save_all=True, append_images=others)
    return file.getvalue()


def test_no_pdf_is_replaced_by_what_was_read_on_a_page_of_it(
    three_pages: bytes, tmp_path: Path
) -> None:
    (scan := tmp_path / "scan.pdf").write_bytes(three_pages)
    result = run("read", "scan.pdf[2]", "--table", "scan.pdf", cwd=tmp_path)
    assert (result.returncode, scan.read_bytes()) == (2, three_pages)
    assert b"would replace the picture" in result.stderr


def test_a_pdf_on_standard_input_is_read_page_by_page(three_pages: bytes) -> None:
    pages = rows(run("read", "--json", "-", stdin=three_pages))
    assert [(page["file"], page["text"]) for page in pages] == [
        *(("-[1]", "2"), ("-[2]", "7"), ("-[3]", "4"))
    ]


def test_a_pdf_whose_pages_nobody_can_count_now_does_not_stop_the_others(
    folder: Path, three_pages: bytes, no_process: None
) -> None:
    (folder / "scan.pdf").write_bytes(three_pages)
    result = run("read", "--json", ".", "-", cwd=folder, stdin=three_pages)
    assert result.returncode == 1
    answers = {row["file"]: row.get("text", row.get("error")) for row in rows(result)}
    failed = {name: answers.pop(name)["type"] for name in ("scan.pdf", "-")}
    assert answers == {"2.png": "2", "7.png": "7", "more/4.PNG": "4"}
    assert {*failed.values()} == {"NoProcess"}


def test_one_bad_file_does_not_stop_the_others(folder: Path) -> None:
    (folder / "blank.png").write_bytes(png(written(1)[:30, :30]))
    names = ["2.png", "notes.txt", "none.png", "blank.png", "7.png"]
    result = run("read", "--json", *names, cwd=folder)
    assert result.returncode == 1
    answers = rows(result)
    assert [row["file"] for row in answers] == names
    assert [row.get("text") for row in answers] == ["2", None, None, None, "7"]
    kinds = [row["error"]["type"] for row in answers if "error" in row]
    assert kinds == ["UnreadablePicture", "UnreadablePicture", "NoInk"]
    assert "notes.txt" in answers[1]["error"]["message"]
    assert result.stderr == b""


def test_a_folder_without_pictures_is_an_error_that_names_it(tmp_path: Path) -> None:
    result = run("read", "--json", tmp_path)
    assert result.returncode == 1
    [row] = rows(result)
    assert row["error"]["type"] == "UnreadablePicture"
    assert "holds no pictures" in row["error"]["message"]


def test_a_glob_that_matches_nothing_is_an_error_that_names_it(tmp_path: Path) -> None:
    result = run("read", "--json", "*.png", cwd=tmp_path)
    assert result.returncode == 1
    assert "No file matches *.png" in rows(result)[0]["error"]["message"]


@pytest.mark.parametrize("name", ["a" * 300 + ".png", "", "no\nsuch\tfile", "x.png/y.png"])
def test_an_odd_name_does_not_stop_the_others(folder: Path, name: str) -> None:
    result = run("read", "--json", name, "7.png", cwd=folder)
    assert result.returncode == 1
    assert result.stderr == b""
    odd, seven = rows(result)
    assert odd["file"] == name
    assert odd["error"]["type"] == "UnreadablePicture"
    assert seven["text"] == "7"


def test_a_folder_named_like_a_picture_is_a_folder(folder: Path) -> None:
    (folder / "more").rename(folder / "more.png")
    result = run("read", "--json", folder)
    assert result.returncode == 0
    assert sorted(row["text"] for row in rows(result)) == ["2", "4", "7"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_recursive_glob_finds_each_picture_once(folder: Path) -> None:
    (folder / "more" / "loop").symlink_to(folder)
    result = run("read", "--json", str(folder / "**" / "*"))
    assert [row["text"] for row in rows(result) if "text" in row] == ["2", "7", "4"]


def test_what_is_less_likely_than_the_least_confidence_is_not_sure(tiny_seven: Path) -> None:
    [row] = rows(run("read", "--json", "--min-confidence", "0.5", tiny_seven))
    assert row["sure"] is row["digits"][0]["sure"] is True
    [row] = rows(run("read", "--json", "--min-confidence", "1", tiny_seven))
    assert row["sure"] is row["digits"][0]["sure"] is False
    assert "not sure" in run("read", "--min-confidence", "1", tiny_seven).stdout.decode()


def test_no_least_confidence_makes_sure_what_the_reader_is_not(
    tiny_seven: Path, unsure_model: Path
) -> None:
    options = ("--min-confidence", "0", "--model", unsure_model)
    [row] = rows(run("read", "--json", *options, tiny_seven))
    assert row["sure"] is row["digits"][0]["sure"] is False
    assert "not sure" in run("read", *options, tiny_seven).stdout.decode()


@pytest.mark.parametrize(
    "arguments",
    [
        ["read"],
        ["read", "--json", "--csv", "7.png"],
        ["read", "--min-confidence", "2", "7.png"],
        ["read", "--no-such-option", "7.png"],
        ["no-such-command"],
        ["train", "no-such-recipe", "--out", "run"],
        ["train", "cnn", "--out", "run", "--epochs", "0"],
        ["serve", "--port", "99999"],
        ["serve", "--allow-origin", "not-an-origin"],
        ["read", "-", "-"],
        ["read", "--min-confidence", "nan", "7.png"],
    ],
)
def test_wrong_usage_is_exit_code_2_and_a_sentence(arguments: list[str], folder: Path) -> None:
    result = run(*arguments, cwd=folder)
    assert result.returncode == 2
    assert result.stdout == b""
    assert b"Traceback" not in result.stderr
    assert result.stderr


@pytest.mark.parametrize("command", [["read", "7.png"], ["serve"]])
def test_a_bad_model_is_refused_at_the_start(folder: Path, command: list[str]) -> None:
    (folder / "bad.onnx").write_bytes(b"bad")
    result = run(*command, "--model", "bad.onnx", cwd=folder)
    assert result.returncode == 2
    assert result.stderr.startswith(b"inkdigits: bad.onnx is not a model")
    assert b"Traceback" not in result.stderr


def test_the_version_is_printed() -> None:
    result = fresh("--version")
    assert result.returncode == 0
    assert result.stdout.decode().split() == ["inkdigits", inkdigits.__version__]


def test_a_reader_that_has_enough_is_no_error(folder: Path) -> None:
    command = [sys.executable, "-m", "inkdigits", "read", *[str(folder / "7.png")] * 50]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""


HEAVY = {
    "torch",
    "onnx",
    "fastapi",
    "starlette",
    "uvicorn",
    "matplotlib",
    "pooch",
    "sqlalchemy",
    "jinja2",
}


@pytest.mark.parametrize("module", ["inkdigits", "inkdigits.cli.read", "inkdigits.picture"])
def test_importing_is_cheap(module: str) -> None:
    imported = set(python(f"import sys, {module}; print(*sys.modules)").split())
    assert not imported & HEAVY


def test_a_command_does_not_wait_for_the_others() -> None:
    show_help = "from inkdigits.cli import app; app(['read', '--help'], standalone_mode=False)"
    imported = python(f"import sys; {show_help}; print(*sys.modules)").split()
    commands = {"compare", "convert", "evaluate", "kaggle", "read", "runs", "serve", "train"}
    assert [name for name in sorted(commands) if f"inkdigits.cli.{name}" in imported] == ["read"]


@pytest.mark.parametrize(
    ("missing", "recipe", "message"),
    [
        ("torch", "cnn", 'need torch: pip install "inkdigits[train]"'),
        ("torch", "mpl", "mpl is none of mlp, mlp-deep, mlp-small, cnn-scratch"),
        ("onnxscript", "cnn", 'needs onnxscript: pip install "inkdigits[train]"'),
        ("sklearn", "mlp", 'needs sklearn: pip install "inkdigits[scratch]"'),
        ("safetensors", "mlp", 'needs safetensors: pip install "inkdigits[scratch]"'),
    ],
)
def test_a_package_that_training_needs_is_named_with_its_extra(
    tmp_path: Path, data_dir: str, missing: str, recipe: str, message: str
) -> None:
    code = f"""
import sys
class NotInstalled:
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] == {missing!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, NotInstalled)
sys.argv = ["inkdigits", "train", {recipe!r}, "--out", "run", "--limit", "50", "--epochs", "1"]
from inkdigits.cli import main
main()
"""
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "INKDIGITS_DATA_DIR": data_dir},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 2, result.stderr
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_reading_imports_neither_training_nor_the_web(folder: Path) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "inkdigits", "read", folder / "7.png"]
    report = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    imported = {line.rpartition("|")[2].strip() for line in report.splitlines()}
    assert {"inkdigits.reader", "onnxruntime"} <= imported
    assert not imported & HEAVY
