"""What is read is still there afterwards, and of two outputs none is lost."""

import csv
import re
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from click.testing import CliRunner

from command import inkdigits as run
from handwriting import png, written
from inkdigits import Reader
from inkdigits.cli import app
from inkdigits.cli.kept import files_of

PIXELS = [f"pixel{number}" for number in range(784)]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A data set of two blank digits, without labels."""
    with (path := tmp_path / "t.csv").open("w", newline="") as file:
        csv.writer(file).writerows([PIXELS, *np.zeros((2, 784), int).tolist()])
    return path


@pytest.mark.parametrize(
    "arguments",
    [
        ("kaggle", "t.csv", "-o", "t.csv"),
        ("kaggle", "t.csv", "-o", "new.csv", "--probabilities", "./t.csv"),
        ("kaggle", "t.csv", "-o", "link.csv"),
        ("predict", "csv:t.csv", "-o", "t.csv"),
        ("predict", "npz:t.csv,test", "-o", "t.csv"),
        ("predict", "idx:other,t.csv", "-o", "t.csv"),
        ("predict", "mnist:test", "--model", "t.csv", "-o", "t.csv"),
        ("evaluate", "shipped", "csv:t.csv", "--html", "t.csv"),
    ],
)
def test_nothing_that_is_read_is_replaced(table: Path, arguments: tuple[str, ...]) -> None:
    (table.parent / "link.csv").symlink_to(table)
    before = table.read_bytes()
    result = run(*arguments, cwd=table.parent, text=True)
    assert (result.returncode, table.read_bytes()) == (2, before)
    assert "which is read. Name another." in result.stderr
    assert not (table.parent / "new.csv").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("kaggle", "t.csv", "-o", "gone/a.csv"),
        ("kaggle", "t.csv", "-o", "new.csv", "--probabilities", "gone/a.csv"),
        ("predict", "csv:t.csv", "-o", "gone/a.csv"),
        ("evaluate", "shipped", "csv:t.csv", "--html", "gone/a.html"),
        ("read", "t.csv", "--plot", "gone/a.png"),
        ("read", "t.csv", "--table", "gone/a.csv"),
        ("study", "csv:t.csv", "--out", "t.csv/a"),
    ],
)
def test_what_cannot_be_written_is_told_before_anything_is_read(
    table: Path, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Reader, "__init__", mock.Mock(side_effect=AssertionError))
    result = run(*arguments, cwd=table.parent, text=True)
    assert result.returncode == 2
    assert re.match(r"inkdigits: .*(gone|t\.csv)/a.* cannot be (written|made): ", result.stderr)
    assert not (table.parent / "new.csv").exists()


def test_a_data_set_that_is_found_in_the_data_folder_is_not_replaced_either(table: Path) -> None:
    before = table.read_bytes()
    result = run("predict", "csv:t.csv", "--data-dir", table.parent, "-o", table, text=True)
    assert (result.returncode, table.read_bytes()) == (2, before)


def test_a_picture_in_a_folder_that_is_read_is_not_replaced(tmp_path: Path) -> None:
    (picture := tmp_path / "7.png").write_bytes(before := png(written(7)))
    result = run("predict", f"folder:{tmp_path}", "-o", picture, text=True)
    assert (result.returncode, picture.read_bytes()) == (2, before)
    for _ in range(2):  # and a table beside it may be written again
        assert run("predict", f"folder:{tmp_path}", "-o", tmp_path / "a.csv").returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("kaggle", "t.csv", "-o", "s.csv", "--probabilities", "./s.csv"),
        ("read", "7.png", "--plot", "s.png", "--table", "s.png"),
    ],
)
def test_two_outputs_are_two_files(table: Path, arguments: tuple[str, ...]) -> None:
    (table.parent / "7.png").write_bytes(png(written(7)))
    result = run(*arguments, cwd=table.parent, text=True)
    assert result.returncode == 2
    assert "are the same file" in result.stderr
    assert not list(table.parent.glob("s.*"))


@pytest.mark.parametrize(
    "command",
    [
        ("read", "seven.png", "--table"),
        ("predict", "mnist:test", "--out"),
        ("kaggle", "test.csv", "--out"),
        ("kaggle", "test.csv", "--out", "out.csv", "--probabilities"),
    ],
)
def test_no_comma_separated_values_are_written_where_another_format_is_promised(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "seven.png").write_bytes(png(written(7)))
    target = tmp_path / "table.xlsx"
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, [*command, str(target)])
    assert result.exit_code == 2
    assert "writes comma-separated values, which" in result.stderr
    assert not target.exists()


def test_folders_of_the_data_folder_that_have_the_name_of_a_part_are_no_matter(
    tmp_path: Path,
) -> None:
    for name in ("a/test", "b/test"):
        (tmp_path / name).mkdir(parents=True)
    pictures = np.full((2, 28, 28), 255, np.uint8)
    pictures[:, 5:20, 14] = 0
    np.savez(tmp_path / "mine.npz", x_test=pictures, y_test=np.array([1, 1]))
    spec = f"npz:{tmp_path / 'mine.npz'},test"
    result = run("predict", spec, "--data-dir", tmp_path, "-o", tmp_path / "out.csv", text=True)
    assert (result.returncode, result.stderr) == (0, "")
    assert [*files_of("mnist:test", tmp_path)] == []


@pytest.mark.parametrize("command", [("study",), ("train", "mlp", "--data"), ("finetune",)])
def test_no_folder_with_pictures_is_put_into_the_data_set_that_is_read(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "7_mine.png").write_bytes(png(written(7)))
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, [*command, "folder:.", "--out", "out/first"])
    assert result.exit_code == 2
    assert "--out would put out/first, with pictures, among those of folder:." in result.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["7_mine.png"]
