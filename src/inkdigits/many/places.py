"""Pictures that are not on this machine: s3://bucket/folder, and what else pyarrow opens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote

from inkdigits.errors import InkDigitsError, NoProcess, UnreadablePicture
from inkdigits.picture import MAX_BYTES, PAGED_SUFFIXES, PICTURE_SUFFIXES, pages_in

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://")
WILD = re.compile(r"[*?\[]")
AT_ONCE = 8
"""Files that are fetched at a time to count their pages."""


def is_elsewhere(name: str) -> bool:
    return ADDRESS.match(name) is not None


def names_at(address: str) -> list[str]:
    """The pictures in a folder or of a glob, such as s3://scans/2024 or s3://scans/*/page-?.png.

    A PDF or TIFF file of several pages is each of them: its address, and [1] and so on behind it.
    So these files are fetched. An address without pictures is given back itself: reading it will
    say why.

    Raises InkDigitsError if the place cannot be looked into.
    """
    from pyarrow.fs import FileSelector, FileType

    wild = WILD.search(address)
    start = address[: wild.start()].rpartition("/")[0] if wild else address.rstrip("/")
    try:
        place, path = _opened(start)
        if place.get_file_info(path).type == FileType.File:
            return _pages_at(address)
        selector = FileSelector(path, recursive=True, allow_not_found=True)
        found = [info.path for info in place.get_file_info(selector) if info.is_file]
    except (OSError, ValueError) as error:
        raise InkDigitsError(f"{address} cannot be looked into: {error}") from error
    names = sorted(f"{start}{name.removeprefix(path)}" for name in found)
    pictures = [
        name
        for name in names
        if PurePosixPath(name).suffix.lower() in PICTURE_SUFFIXES | PAGED_SUFFIXES
        and (not wild or _matches(name.split("/"), address.split("/")))
    ]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        return [*chain.from_iterable(threads.map(_pages_at, pictures))] or [address]


def _matches(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """As a glob does on this machine: a star stays within a name, two go through folders, and of
    a folder that matches all is meant."""
    if not pattern:
        return True
    first, *rest = pattern
    if first == "**":
        return any(_matches(parts[start:], rest) for start in range(len(parts)))
    return bool(parts) and fnmatchcase(parts[0], first) and _matches(parts[1:], rest)


def _pages_at(address: str) -> list[str]:
    if PurePosixPath(address).suffix.lower() not in PAGED_SUFFIXES:
        return [address]
    content = content_at(address)
    try:
        return [address] if isinstance(content, Exception) else pages_in(address, content)
    except NoProcess:  # reading it says so
        return [address]


def content_at(address: str) -> bytes | UnreadablePicture:
    """The bytes of a picture, or why they cannot be had; a file that is too large is cut off."""
    try:
        place, path = _opened(address)
        with place.open_input_stream(path) as file:
            content: bytes = file.read(MAX_BYTES + 1)
            return content
    except (OSError, ValueError) as error:
        return UnreadablePicture(f"{address} cannot be read: {error}", reason="missing")


def _opened(address: str) -> tuple[FileSystem, str]:
    from pyarrow.fs import FileSystem

    place, path = FileSystem.from_uri(quote(address, safe=":/"))
    return place, path
