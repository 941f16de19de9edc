"""What is in a folder and in those inside it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path


def files_below(folder: Path, refused: Callable[[Path, str], None]) -> list[Path]:
    """The files, but not those that are hidden or in a hidden folder, as macOS leaves them.

    A link to another folder is followed, once. `refused` is told of each folder that cannot be
    looked into, and what to say of it.
    """

    def tell(error: OSError) -> None:
        refused(Path(error.filename), _not_looked_into(error))

    found: list[Path] = []
    looked_into: set[str] = set()
    for above, folders, files in os.walk(folder, onerror=tell, followlinks=True):
        here = os.path.realpath(above)
        if here in looked_into:
            folders.clear()
            continue
        looked_into.add(here)
        visible = [name for name in folders if not name.startswith(".")]
        folders[:] = sorted(visible, key=lambda name: (Path(above, name).is_symlink(), name))
        found += [Path(above, name) for name in files if not name.startswith(".")]
    return found


def at_home(path: str | os.PathLike[str]) -> Path:
    """The path, with ~ as the home folder: no shell expands it behind csv: and the like."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 (Path's raises where none has that name)


def why_closed(folder: str) -> str | None:
    """What to say of a folder that cannot be looked into."""
    if not os.path.isdir(folder):  # noqa: PTH112 (Path.is_dir raises where a name is too long)
        return None
    try:
        os.scandir(folder).close()
    except OSError as error:
        return _not_looked_into(error)
    return None


def _not_looked_into(error: OSError) -> str:
    return f"{error.filename} cannot be looked into: {error.strerror}"
