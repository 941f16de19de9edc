"""Which pictures the arguments of `inkdigits read` stand for: files, folders, globs, pages."""

from __future__ import annotations

import glob
import os
import sys
from pathlib import Path

from inkdigits.errors import InkDigitsError, NoProcess
from inkdigits.folders import files_below, why_closed
from inkdigits.picture import (
    MAX_BYTES,
    PAGED_SUFFIXES,
    PICTURE_SUFFIXES,
    Page,
    PictureSource,
    page_count,
    page_named,
    pages_in,
)
from inkdigits.picture.sources import printable


def pictures_of(file: str) -> list[tuple[str, PictureSource]]:
    """The pictures that an argument stands for: what each is called, and what to read."""
    if file != "-":
        # A Path and not the string, which might pass for base64 or a data URL.
        return [(name, Path(name)) for name in expanded(file)]
    if sys.stdin is None:
        raise InkDigitsError("Standard input is closed. Give a file, or a picture through a pipe.")
    data = sys.stdin.buffer.read(MAX_BYTES + 1)
    try:
        count = page_count(data)
    except NoProcess:  # reading it says so
        count = 1
    if count < 2:
        return [(file, data)]
    return [(f"{file}[{number}]", Page(data, number)) for number in range(1, count + 1)]


def expanded(file: str) -> list[str]:
    """The paths that it stands for; itself where there is nothing to expand.

    A folder that cannot be looked into is among them: reading it will say why.
    """
    if page_named(file):
        return [file]
    if is_folder(file):
        refused: set[str] = set()
        below = files_below(Path(file), lambda path, _why: refused.add(str(path)))
        inside = sorted({*refused, *(str(path) for path in below if _is_picture(path))})
        return [
            page for path in inside for page in ([path] if path in refused else _pages(path))
        ] or [file]
    if glob.has_magic(file) and not _exists(file):
        matches = sorted(glob.glob(file, recursive=True))  # noqa: PTH207 (Path.glob: no absolute)
        if "**" in file:
            # It matches folders and also what is in them, and goes round in links that loop.
            files = [match for match in matches if not is_folder(match)]
            matches = list({os.path.realpath(match): match for match in reversed(files)}.values())
            matches.reverse()
        return [picture for match in matches for picture in expanded(match)] or [file]
    return _pages(file)


def is_in(name: str, file: Path) -> bool:
    """Whether the picture of that name, or the page, is in this file."""
    path, _ = page_named(name) or (name, 1)
    try:
        return name != "-" and file.samefile(path)
    except OSError:  # one of them is not there
        return False


def _pages(file: str) -> list[str]:
    if Path(file).suffix.lower() not in PAGED_SUFFIXES:
        return [file]
    try:
        return pages_in(file)
    except NoProcess:  # reading it says so, and what is beside it is read
        return [file]


def _is_picture(path: Path) -> bool:
    suffix = path.suffix.lower()
    return suffix in PICTURE_SUFFIXES | PAGED_SUFFIXES and not is_folder(str(path))


def is_folder(name: str) -> bool:
    return os.path.isdir(name)  # noqa: PTH112 (Path.is_dir raises where a name is too long)


def _exists(name: str) -> bool:
    return os.path.exists(name)  # noqa: PTH110 (likewise)


def no_pictures(name: str) -> str | None:
    """What to say of an argument that stands for no pictures."""
    if name == "-" or page_named(name):
        return None
    if is_folder(name):
        if why := why_closed(name):
            return printable(why)
        known = ", ".join(sorted(PICTURE_SUFFIXES | PAGED_SUFFIXES))
        return f"{printable(name)} holds no pictures ({known})."
    if glob.has_magic(name) and not _exists(name):
        return f"No file matches {printable(name)}. Check the pattern."
    return None
