"""Files are written whole or not at all."""

import errno
import os
import stat
import subprocess
import sys
import threading
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


posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no such files")


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_a_file_keeps_its_permissions(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"first")
    path.chmod(mode)
    write_atomically(path, b"second")
    assert stat.S_IMODE(path.stat().st_mode) == mode


@posix
def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    write_atomically(tmp_path / "file", b"")
    (tmp_path / "other").touch()
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "other").stat().st_mode


@posix
@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_and_what_it_leads_to_is_replaced(tmp_path: Path, there: bool) -> None:
    (tmp_path / "folder").mkdir()
    target, link = tmp_path / "folder" / "target", tmp_path / "link"
    if there:
        target.write_bytes(b"first")
    link.symlink_to(Path("folder", "target"))
    write_atomically(link, b"second")
    assert link.is_symlink()
    assert target.read_bytes() == b"second"
    assert [path.name for path in target.parent.iterdir()] == ["target"]


@posix
def test_a_link_to_itself_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("link")
    with pytest.raises(InkDigitsError, match="cannot be written: Too many levels"):
        write_atomically(tmp_path / "link", b"")
    assert [path.name for path in tmp_path.iterdir()] == ["link"]


@posix
def test_a_link_where_others_would_write_first_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "file.part").symlink_to(tmp_path / "precious")
    write_atomically(tmp_path / "file", b"content")
    assert not (tmp_path / "precious").exists()
    assert (tmp_path / "file.part").is_symlink()


@posix
def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    pipe, heard = tmp_path / "pipe", []
    os.mkfifo(pipe)
    listener = threading.Thread(target=lambda: heard.append(pipe.read_bytes()))
    listener.start()
    content = bytes(range(256)) * 1000  # more than a pipe holds at once
    write_atomically(pipe, content)
    listener.join(timeout=10)
    assert heard == [content]
    assert pipe.is_fifo()


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="there is no /dev/full")
def test_a_full_device_is_an_error_and_stays_a_device(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/dev/full")
    with pytest.raises(InkDigitsError, match="link cannot be written: No space left on device"):
        write_atomically(tmp_path / "link", b"content")
    assert Path("/dev/full").is_char_device()
    write_atomically("/dev/null", b"content")
    assert Path("/dev/null").is_char_device()


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="there is no /dev/stdout")
def test_standard_output_is_written_to_wherever_it_goes(tmp_path: Path) -> None:
    code = "from inkdigits.atomic_file import write_atomically as w; w('/dev/stdout', b'content')"
    with (tmp_path / "file").open("wb") as file:
        subprocess.run([sys.executable, "-c", code], stdout=file, check=True)
        assert os.fstat(file.fileno()).st_size == len(b"content")
    piped = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert piped.stdout == b"content"


@posix
def test_a_disk_that_fills_up_leaves_the_old_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"first")

    def full(number: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InkDigitsError, match="file cannot be written: No space left"):
        write_atomically(path, b"second")
    assert path.read_bytes() == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
