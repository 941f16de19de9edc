"""What has been read so far, in a file beside the one that will have it: it outlives a crash."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import Any, BinaryIO

from inkdigits.errors import InkDigitsError
from inkdigits.many.places import is_elsewhere
from inkdigits.picture import page_named

STATE = "state"
"""What `state_of` said before a picture was read: in its row here, but in none that is given on."""


def state_of(name: str) -> list[Any]:
    """Which picture that is, by its whole path or address, its bytes, and when it was written.

    The latter two are None where nothing is there, or it is on another machine.
    """
    if is_elsewhere(name):
        return [name, None, None]
    path, _ = page_named(name) or (name, 1)
    try:
        status = Path(path).stat()
    except (OSError, ValueError):  # ValueError: the name holds a NUL
        return [_whole(name), None, None]
    return [_whole(name), status.st_size, status.st_mtime_ns]


def _whole(name: str) -> str:
    return name if is_elsewhere(name) else os.path.abspath(name)  # noqa: PTH100 (keeps links)


@contextmanager
def journal_at(path: Path, asked: dict[str, Any]) -> Iterator[Journal]:
    """The journal there, or a new one, which nobody else writes meanwhile.

    Raises InkDigitsError if another job, or one that still runs, has begun it, or it cannot be
    written.
    """
    try:
        file = path.open("a+b")
    except OSError as error:
        raise InkDigitsError(
            f"{path} cannot be written: {error.strerror}. Choose another place."
        ) from error
    with file:
        if not _locked(file):
            raise InkDigitsError(f"{path} is being written. Wait, or give --out another name.")
        yield Journal(path, file, asked)


class Journal:
    """A line that says what was asked, then one for each picture, as it is read."""

    def __init__(self, path: Path, file: BinaryIO, asked: dict[str, Any]) -> None:
        self.path = path
        self.done: dict[str, int] = {}
        """Whole paths of pictures that need not be read again, and at which byte the row of each
        begins. What could not be read before is not among them, as perhaps now it can, nor what
        has been replaced since."""
        self._file = file
        self._resume(asked)

    def _resume(self, asked: dict[str, Any]) -> None:
        self._file.seek(0)
        head, ours = self._file.readline(), json.dumps(asked).encode()
        if ours.startswith(head):  # it is new, or was for a moment
            self._file.truncate(0)
            self._write([json.dumps(asked)])
            return
        if head != ours + b"\n":
            raise InkDigitsError(
                f"{self.path} was begun with another model or other options, or by another "
                "version. Delete it to begin anew, or give --out another name."
            )
        end = len(head)
        for line in self._file:
            try:
                row = json.loads(line) if line.endswith(b"\n") else {}
                state = row[STATE]
            except (ValueError, KeyError):  # what was being written when the machine went down
                break
            if "error" not in row and _is_still(state):
                self.done[state[0]] = end
            end += len(line)
        self._file.truncate(end)

    def add(self, lines: Sequence[str]) -> None:
        """Keep rows, as lines of JSON, of which none has come before."""
        for line, place in zip(lines, self._write(lines), strict=True):
            self.done[_whole(json.loads(line)["file"])] = place

    def _write(self, lines: Sequence[str]) -> list[int]:
        """At which byte each begins."""
        written = [f"{line}\n".encode() for line in lines]
        end = self._file.seek(0, os.SEEK_END)
        self._file.write(b"".join(written))
        self._file.flush()
        return [end + before for before in accumulate(map(len, written), initial=0)][:-1]

    def others(self, names: Iterable[str]) -> set[str]:
        """Whole paths of the pictures that are done and not among these."""
        return self.done.keys() - map(_whole, names)

    def left(self, names: Iterable[str]) -> list[str]:
        """Those that are not done."""
        return [name for name in names if _whole(name) not in self.done]

    def rows(self, names: Iterable[str]) -> Iterator[dict[str, Any]]:
        """Those of pictures that are done, in this order."""
        with self.path.open("rb") as file:
            for name in names:
                file.seek(self.done[_whole(name)])
                row = json.loads(file.readline()) | {"file": name}
                del row[STATE]
                yield row


def _is_still(state: list[Any]) -> bool:
    """Whether the picture is as it was, or is not here any more."""
    now = state_of(state[0])
    return now[1] is None or now == state


def _locked(file: BinaryIO) -> bool:
    """Whether no other process has it; where there is no such lock, True."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
