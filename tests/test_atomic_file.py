"""Files are written whole or not at all."""

from pathlib import Path

import pytest

from inkdigits import InkDigitsError
from inkdigits.atomic_file import write_atomically


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    for content in (b"first", b"second"):
        write_atomically(tmp_path / "file", content)
        assert (tmp_path / "file").read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InkDigitsError, match=r"absent.file cannot be written: No such file"):
        write_atomically(tmp_path / "absent" / "file", b"")


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_a_name_that_cannot_be_is_an_error(name: str) -> None:
    with pytest.raises(InkDigitsError, match="cannot be written"):
        write_atomically(name, b"")


def test_a_folder_in_the_way_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(InkDigitsError, match="file cannot be written"):
        write_atomically(tmp_path / "file", b"")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
