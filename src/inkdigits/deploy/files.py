"""Files of the package, and of what is made of them, by their paths."""

from __future__ import annotations

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from inkdigits.atomic_file import write_atomically
from inkdigits.errors import InkDigitsError


def files_of(room: str, *suffixes: str) -> dict[str, bytes]:
    """Files of a room, such as "web/static", that end so, by their paths from it."""
    return _files_in(resources.files("inkdigits") / room, suffixes)


def _files_in(folder: Traversable, suffixes: tuple[str, ...], above: str = "") -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for entry in folder.iterdir():
        if entry.is_dir():
            files |= _files_in(entry, suffixes, f"{above}{entry.name}/")
        elif entry.name.endswith(suffixes):  # not what an editor or a file manager left
            files[above + entry.name] = entry.read_bytes()
    return files


def check_folder(out: Path, marks: tuple[str, ...]) -> None:
    """Raise InkDigitsError if `out` holds files, but not all that a bundle is known by."""
    try:
        is_free = not any(out.iterdir()) or all((out / name).is_file() for name in marks)
    except OSError:  # not there yet, or none that can be: who writes says so
        return
    if not is_free:
        raise InkDigitsError(f"{out} holds other files. Choose an empty folder.")


def write_folder(out: Path, files: dict[str, bytes], marks: tuple[str, ...]) -> None:
    """Write them all into the folder `out`, which is made if it is not there.

    The `marks` come first: what was interrupted is known for a bundle, too.

    Raises InkDigitsError if that cannot be, or it holds what is no such bundle.
    """
    check_folder(out, marks)
    try:
        for name in files:
            (out / name).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InkDigitsError(
            f"{out} cannot be made: {error.strerror}. Choose another place."
        ) from error
    for name, content in sorted(files.items(), key=lambda file: file[0] not in marks):
        write_atomically(out / name, content)
