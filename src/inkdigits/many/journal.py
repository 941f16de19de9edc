"""What has been read so far, in a file beside the one that will have it: it outlives a crash."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
        self.done: set[str] = set()
        """Names of pictures that have a row."""
        self.failed = 0
        """How many of these could not be read."""
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
                self.done.add(row["file"])
            except (ValueError, KeyError):  # what was being written when the machine went down
                break
            self.failed += "error" in row
            end += len(line)
        self._file.truncate(end)

    def add(self, lines: Sequence[str]) -> None:
        """Keep rows, as lines of JSON, of which none has come before."""
        rows = [json.loads(line) for line in lines]
        self.done.update(row["file"] for row in rows)
        self.failed += sum("error" in row for row in rows)
        self._write(lines)

    def _write(self, lines: Sequence[str]) -> None:
        self._file.write("".join(f"{line}\n" for line in lines).encode())
        self._file.flush()

    def rows(self) -> Iterator[dict[str, Any]]:
        """All that have been kept."""
        with self.path.open("rb") as file:
            file.readline()
            yield from map(json.loads, file)


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
