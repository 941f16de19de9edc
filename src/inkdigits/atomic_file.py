"""Write a file whole or not at all, so that nobody ever reads half of one."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

from inkdigits.errors import InkDigitsError

STREAMS = ("/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/")
"""What begins so is open already, even where it is a file: a new one in its place would be lost."""


def write_atomically(path: str | os.PathLike[str], content: bytes) -> None:
    """Replace the file at `path`, and come back when the disk has the new one.

    It keeps its permissions, and a link to it goes on to be one. What is no file, such as a pipe
    or a device, is written to. Raises InkDigitsError if it cannot be written.
    """
    path = Path(path)
    with _told(path):
        if _is_written_to(path):
            with path.open("ab", buffering=0) as stream:
                _write_all(stream.fileno(), content)
        else:
            with written_atomically(path) as file:
                file.write(content)


def check_place(path: str | os.PathLike[str]) -> None:
    """Raise InkDigitsError already now if `write_atomically` would, before a long work is done."""
    path = Path(path)
    with _told(path):
        if not _is_written_to(path):
            TemporaryFile(dir=Path(os.path.realpath(path)).parent).close()


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: no name at all, or one that cannot be
        why = getattr(error, "strerror", None) or error
        raise InkDigitsError(f"{path} cannot be written: {why}. Choose another place.") from error


def _is_written_to(path: Path) -> bool:
    if str(path).startswith(STREAMS):
        return True
    mode = _mode(path) or stat.S_IFREG
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    return not stat.S_ISREG(mode)


def _mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


@contextmanager
def written_atomically(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A file to write, which replaces the one at `path` at the end, as `write_atomically` does.

    If the block raises, nothing is changed. What is no file cannot be written so.
    """
    path = Path(os.path.realpath(path))
    # Nobody can foresee the name, and O_EXCL opens neither a file that is there nor a link.
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    mode = _mode(path)
    number = os.open(part, flags, 0o666 if mode is None else 0o600)
    try:
        with os.fdopen(number, "wb") as file:
            if mode is not None and os.name == "posix":  # elsewhere permissions are the folder's
                os.fchmod(number, stat.S_IMODE(mode))
            yield file
            file.flush()
            os.fsync(number)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _write_all(number: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(number, rest) :]


def _sync_folder(folder: Path) -> None:
    """See to it that the new name outlives a power cut; not every system can be asked to."""
    with suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
