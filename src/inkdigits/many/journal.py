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
        """Names of pictures that need not be read again, and at which byte the row of each begins.
        What could not be read before is not among them: perhaps now it can."""
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
                name = row["file"]
            except (ValueError, KeyError):  # what was being written when the machine went down
                break
            if "error" not in row:
                self.done[name] = end
            end += len(line)
        self._file.truncate(end)

    def add(self, lines: Sequence[str]) -> None:
        """Keep rows, as lines of JSON, of which none has come before."""
        for line, place in zip(lines, self._write(lines), strict=True):
            self.done[json.loads(line)["file"]] = place

    def _write(self, lines: Sequence[str]) -> list[int]:
        """At which byte each begins."""
        written = [f"{line}\n".encode() for line in lines]
        end = self._file.seek(0, os.SEEK_END)
        self._file.write(b"".join(written))
        self._file.flush()
        return [end + before for before in accumulate(map(len, written), initial=0)][:-1]

    def rows(self, names: Iterable[str]) -> Iterator[dict[str, Any]]:
        """Those of pictures that are done, in this order."""
        with self.path.open("rb") as file:
            for name in names:
                file.seek(self.done[name])
                yield json.loads(file.readline())


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
