"""Folders of pictures: none is passed over in silence, and what is hidden is not looked at."""

import errno
import os
from pathlib import Path

import pytest

from command import inkdigits as run
from handwriting import png, written
from inkdigits import Reader
from inkdigits.datasets.spec import open_dataset
from inkdigits.errors import InvalidDataset
from inkdigits.evaluation.texts import read_texts
from inkdigits.folders import files_below


@pytest.fixture
def top(tmp_path: Path) -> Path:
    for name in ("7__a.png", "sub/4__b.png"):
        path = tmp_path / "top" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(written(int(path.name[0]))))
    return tmp_path / "top"


@pytest.fixture
def closed(top: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in it that may not be opened, not even by root."""
    scandir, sub = os.scandir, top / "sub"

    def refusing(path="."):
        if not isinstance(path, int) and Path(os.fsdecode(path)).absolute() == sub:
            raise PermissionError(errno.EACCES, "Permission denied", os.fsdecode(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    return sub


def test_a_folder_that_may_not_be_opened_has_a_row_and_the_others_are_read(
    top: Path, closed: Path
) -> None:
    result = run("read", "top", cwd=top.parent, text=True)
    assert result.returncode == 1
    assert "7__a.png" in result.stdout
    assert "top/sub cannot be looked into: Permission denied" in result.stdout
    result = run("read", "top/sub", cwd=top.parent, text=True)
    assert "top/sub cannot be looked into: Permission denied" in result.stdout
    out = top.parent / "rows.csv"
    assert run("read", "top", "--out", out, "--workers", 1, cwd=top.parent).returncode == 1
    assert "top/sub cannot be looked into: Permission denied" in out.read_text()


def test_no_data_set_is_less_than_its_folder(reader: Reader, top: Path, closed: Path) -> None:
    says = rf"{closed} cannot be looked into: Permission denied\."
    with pytest.raises(InvalidDataset, match=says):
        open_dataset(f"folder:{top}")
    with pytest.raises(InvalidDataset, match=says):
        read_texts(reader, f"texts:{top}")


def test_what_is_hidden_is_no_picture(reader: Reader, top: Path) -> None:
    (top / "._7__a.png").write_bytes(b"macOS")
    (top / ".thumbnails").mkdir()
    (top / ".thumbnails" / "7__a.png").write_bytes(b"small")
    assert run("read", top, "--csv", text=True).stdout.count(".png,") == 2
    assert len(open_dataset(f"folder:{top}").load()) == 2
    assert len(read_texts(reader, f"texts:{top}")) == 2


def test_linked_folders_are_looked_into_once(reader: Reader, top: Path) -> None:
    elsewhere = top.with_name("elsewhere")
    (elsewhere / "7" / "more").mkdir(parents=True)
    (elsewhere / "7" / "more" / "7__c.png").write_bytes(png(written(7)))
    links = {"7": elsewhere / "7", "again": elsewhere / "7" / "more", "up": top, "within": "sub"}
    for name, place in links.items():
        (top / name).symlink_to(place, target_is_directory=True)
    (elsewhere / "7" / "loop").symlink_to(elsewhere, target_is_directory=True)
    assert run("read", top, "--csv", text=True).stdout.count(".png,") == 3
    assert sorted(open_dataset(f"folder:{top}").load().origins) == [
        "7/more/7__c.png",
        "7__a.png",
        "sub/4__b.png",
    ]
    assert len(read_texts(reader, f"texts:{top}")) == 3


def test_of_a_folder_above_one_that_was_linked_first_the_rest_is_looked_into(
    tmp_path: Path,
) -> None:
    for digit in "78":
        (tmp_path / "all" / digit).mkdir(parents=True)
        (tmp_path / "all" / digit / "a.png").write_bytes(b"")
    top = tmp_path / "top"
    top.mkdir()
    (top / "1").symlink_to(tmp_path / "all" / "7", target_is_directory=True)
    (top / "all").symlink_to(tmp_path / "all", target_is_directory=True)
    found = files_below(top, lambda *_: None)
    assert [str(file.relative_to(top)) for file in found] == ["1/a.png", "all/8/a.png"]


def test_a_folder_whose_own_name_begins_with_a_dot_is_read_if_it_is_named(top: Path) -> None:
    hidden = top.rename(top.with_name(".top"))
    assert run("read", hidden, "--csv", text=True).stdout.count(".png,") == 2
