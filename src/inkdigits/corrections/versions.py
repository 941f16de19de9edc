"""Versions of the model that reads digits, in a folder; one of them, or what ships, is promoted."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from platformdirs import user_data_path

from inkdigits.atomic_file import write_atomically
from inkdigits.errors import InkDigitsError, InvalidModel
from inkdigits.reader import Reader
from inkdigits.recognition.fingerprint import version_of
from inkdigits.recognition.session import IN_A_FOLDER, PROMOTED

STORY = "version.json"
"""In the folder of a version: what it was made from, and how it was judged."""
SHIPS = "what ships"
"""In place of a version's name."""


@dataclass(frozen=True)
class Version:
    """A model file, and its story."""

    name: str
    """The first 12 digits of the SHA-256 in the file's metadata."""
    path: Path
    story: dict[str, Any]

    @property
    def model(self) -> Path:
        return self.path / IN_A_FOLDER

    @property
    def passed(self) -> bool:
        return bool(self.story["passed"])

    @property
    def compared_with(self) -> str | None:
        """The name of the version that it was judged beside, or `SHIPS`."""
        beside: str | None = self.story.get("compared_with")
        return beside


def default_folder() -> Path:
    """In the user's data folder."""
    return user_data_path("inkdigits", appauthor=False) / "models"


class Versions:
    """A folder of versions, which is made when the first is added.

    One file in it says which is promoted. It is replaced as a whole, so that whoever reads it finds
    the old version or the new one.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self._pointer = self.folder / PROMOTED

    @property
    def is_there(self) -> bool:
        """Whether it is a folder of versions, and no other."""
        return self._pointer.is_file() or any(self._stories())

    def make(self) -> None:
        """Raises InkDigitsError if it cannot be made."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InkDigitsError(
                f"{self.folder} cannot be made: {error.strerror}. Choose another (--folder)."
            ) from error
        if not self._pointer.exists():
            write_atomically(self._pointer, b"")

    def add(self, model: Path, story: dict[str, Any]) -> Version:
        """Keep a copy of a model file as a candidate; it is not promoted.

        If the same file was kept before and has passed, that verdict counts, unless it was compared
        with another version then and is not promoted. Its copy is mended in any case.
        """
        self.make()
        content = model.read_bytes()
        name = version_of(content)
        path = self.folder / name
        if path.exists():
            write_atomically(path / IN_A_FOLDER, content)
            with suppress(InkDigitsError):  # a story that cannot be read is told anew
                kept = self._version(path)
                is_beside_it = kept.compared_with in (None, story.get("compared_with"))
                if kept.passed and (is_beside_it or name == self.promoted):
                    return kept
        story = {
            "name": name,
            "added": datetime.now(UTC).isoformat(timespec="seconds"),
            "file_sha256": sha256(content).hexdigest(),
            **story,
        }
        told = f"{json.dumps(story, indent=2)}\n".encode()
        if path.exists():
            write_atomically(path / STORY, told)
            return Version(name, path, story)
        part = Path(tempfile.mkdtemp(prefix=".", dir=self.folder))
        write_atomically(part / IN_A_FOLDER, content)
        write_atomically(part / STORY, told)
        part.chmod(0o755)
        part.replace(path)
        return Version(name, path, story)

    def all(self) -> list[Version]:
        """In the order in which they came."""
        found = [self._version(file.parent) for file in self._stories()]
        return sorted(found, key=lambda version: (version.story["added"], version.name))

    def find(self, name: str) -> Version:
        """The version whose name begins so. Raises InkDigitsError unless there is one."""
        found = [version for version in self.all() if name and version.name.startswith(name)]
        if len(found) != 1:
            raise InkDigitsError(
                f"{len(found) or 'No'} versions in {self.folder} begin with {name!r}. "
                "`inkdigits models list` names them."
            )
        return found[0]

    @property
    def history(self) -> list[str]:
        """The names of those that were promoted and not rolled back; the last one is now."""
        return self._pointer.read_text("utf-8").split() if self._pointer.exists() else []

    @property
    def promoted(self) -> str | None:
        """The name of the version that is read with; None: what ships."""
        return self.history[-1] if self.history else None

    def promote(self, name: str) -> Version:
        """Read with this version from now on.

        Raises InkDigitsError if it did not pass the gate, or not beside what is promoted now, and
        InvalidModel if it is damaged.
        """
        version = self.find(name)
        if not version.passed:
            raise InkDigitsError(
                f"{version.name} has not passed the gate: {'; '.join(reasons(version.story))}. "
                f"Nothing was promoted."
            )
        self.check(version)
        if version.name == self.promoted:
            return version
        now = self.promoted or SHIPS
        if version.compared_with not in (now, None):
            raise InkDigitsError(
                f"{version.name} was compared with {version.compared_with}, and by now it is read "
                f"with {now}: nothing says which is better. Judge it again (`inkdigits finetune "
                "--resume` with its run), or go back first (`inkdigits models rollback`). Nothing "
                "was promoted."
            )
        self._point(*self.history, version.name)
        return version

    def rollback(self) -> str | None:
        """Read again with what was promoted before, and is still there.

        Raises InkDigitsError if nothing was promoted, and InvalidModel if what was before is
        damaged.
        """
        if not (history := self.history):
            raise InkDigitsError(
                f"Nothing is promoted in {self.folder}: it is read with what ships."
            )
        earlier = history[:-1]
        while earlier and not (self.folder / earlier[-1] / STORY).exists():
            earlier.pop()
        if earlier:
            self.check(self._version(self.folder / earlier[-1]))
        self._point(*earlier)
        return self.promoted

    def check(self, version: Version) -> None:
        """Raise InvalidModel unless the file is the one that was judged, and keeps the contract."""
        Reader(version.model)
        if sha256(version.model.read_bytes()).hexdigest() != version.story["file_sha256"]:
            raise InvalidModel(
                f"{version.model} is not the file that was judged. Fine-tune another version."
            )

    def _stories(self) -> Iterator[Path]:
        return self.folder.glob(f"[!.]*/{STORY}")

    def _point(self, *names: str) -> None:
        write_atomically(self._pointer, "".join(f"{name}\n" for name in names).encode())

    def _version(self, path: Path) -> Version:
        try:
            story = json.loads((path / STORY).read_text("utf-8"))
            return Version(story["name"], path, {"passed": False, "added": "", **story})
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InkDigitsError(
                f"{path / STORY} does not tell of a version: {error!r}. Take {path} away."
            ) from error


def reasons(story: dict[str, Any]) -> list[str]:
    """Why it did not pass."""
    return [f"{row['on']}: {row['why']}" for row in story["judged"] if not row["passed"]]
