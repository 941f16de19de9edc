"""Where a picture's bytes come from: memory, a file, a path, a data URL, base64 text."""

from __future__ import annotations

import binascii
import os
import re
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Any

from inkdigits.errors import UnreadablePicture
from inkdigits.picture.formats import format_of, other_format_of
from inkdigits.picture.limits import check_bytes

NAMELESS = {"The picture", "The data URL", "The base64 text", "<stdin>"}
"""What pictures are called that are in no file."""
WHERE_ALL_ARE_STREAMS = ("/dev/", "/proc/")
"""Who names something there wants to read from it: /dev/stdin, or what a shell makes of <(...)."""


def bytes_of(source: object, max_bytes: int) -> tuple[bytes, str]:
    """The bytes of a picture file, and what to call it at the start of a sentence."""
    if isinstance(source, bytes | bytearray | memoryview):
        size = source.nbytes if isinstance(source, memoryview) else len(source)
        check_bytes(size, "The picture", max_bytes)
        return bytes(source), "The picture"
    if isinstance(source, str):
        return _bytes_of_text(source, max_bytes)
    if isinstance(source, os.PathLike):
        return bytes_of_path(os.fsdecode(source), max_bytes)
    if callable(getattr(source, "read", None)):
        return _bytes_of_file(source, max_bytes)
    raise TypeError(
        "A picture is a path, bytes, a binary file object, a data URL, base64 text, a NumPy array "
        f"or a PIL image, not {type(source).__name__}."
    )


def bytes_of_path(path: str, max_bytes: int) -> tuple[bytes, str]:
    name, file, most = shown(path), Path(path), max_bytes + 1
    try:
        status = file.stat()
        if S_ISDIR(status.st_mode):  # said here, as Windows would call it "permission denied"
            raise UnreadablePicture(
                f"{name} is a folder. Give the path of one picture in it.", reason="missing"
            )
        if not S_ISREG(status.st_mode) and not path.startswith(WHERE_ALL_ARE_STREAMS):
            raise UnreadablePicture(
                f"{name} is a pipe or a device, not a file, and may never end. To read from it, "
                f"open it and give the open file, or run: inkdigits read - < {name}",
                reason="missing",
            )
        with file.open("rb") as opened:
            data = opened.read(min(status.st_size or most, most))
    except FileNotFoundError as error:
        raise UnreadablePicture(
            f"{name} does not exist. Check the path, seen from {shown(str(Path.cwd()))}.",
            reason="missing",
        ) from error
    except (OSError, ValueError) as error:  # ValueError: the path holds a NUL
        why = getattr(error, "strerror", None) or error
        raise UnreadablePicture(
            f"{name} cannot be opened: {why}. Check the path and its permissions.",
            reason="missing",
        ) from error
    check_bytes(len(data), name, max_bytes)
    return data, name


def _bytes_of_file(file: Any, max_bytes: int) -> tuple[bytes, str]:
    path = getattr(file, "name", None)
    name = shown(path) if isinstance(path, str) else "The picture"
    data = bytearray()
    try:
        # Pipes and raw files may give less than they were asked for.
        while len(data) <= max_bytes and (piece := file.read(max_bytes + 1 - len(data))):
            if not isinstance(piece, bytes | bytearray | memoryview):
                raise TypeError(
                    f"{name} gave {type(piece).__name__} when read, not bytes. "
                    "Open the file in binary mode."
                )
            data += piece
    except (OSError, ValueError) as error:  # ValueError: the file is closed
        raise UnreadablePicture(
            f"{name} cannot be read: {error}. Open the file for reading and pass it again.",
            reason="missing",
        ) from error
    if not data and _is_at_its_end(file):
        raise UnreadablePicture(
            f"{name} has been read or written to its end already. Go back with seek(0) first.",
            reason="empty",
        )
    check_bytes(len(data), name, max_bytes)
    return bytes(data), name


def _is_at_its_end(file: Any) -> bool:
    try:
        return bool(file.tell() > 0)
    except (AttributeError, OSError, ValueError):
        return False


def shown(text: str) -> str:
    """A path as it can stand in a message: short, on one line, printable everywhere."""
    if len(text) > 200:
        text = f"{text[:80]}...{text[-20:]}"
    return printable(text)


def printable(text: str) -> str:
    """As it is, or quoted if it could move a terminal's cursor or begin a new line."""
    return text if text.isprintable() else repr(text)


def exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # too long for a path, as base64 text is, or it holds a NUL
        return False


# ---------------------------------------------------------------- strings


def _bytes_of_text(text: str, max_bytes: int) -> tuple[bytes, str]:
    """A string is a data URL, else the path of a file that exists, else base64, else a bad path."""
    if not text.strip():
        raise UnreadablePicture(
            "The string is empty. Give a path, a data URL or base64 text.", reason="empty"
        )
    if text[:64].lstrip()[:5].lower() == "data:":
        return _bytes_of_data_url(text.strip(), max_bytes), "The data URL"
    if not exists(text) and _looks_like_base64(text):
        return _bytes_of_base64(text, "The base64 text", max_bytes), "The base64 text"
    return bytes_of_path(text, max_bytes)


def _looks_like_base64(text: str) -> bool:
    """Whether a string that is no file was meant as base64 rather than as a path.

    Every word is valid base64, and so are many paths ("/9j/4AAQ" is how a JPEG starts): what
    tells is that it decodes to the start of a known format, or that no path is this long.
    """
    if len(text) < 32:  # shorter than the smallest picture
        return False
    head = re.sub(r"\s", "", text[:80])[:32]
    try:
        start = _decode_base64(head)
    except ValueError:
        return False
    if format_of(start) or other_format_of(start):
        return True
    return len(text) > 4096 and re.fullmatch(r"[A-Za-z0-9+/_=\s-]*", text) is not None


def _bytes_of_data_url(url: str, max_bytes: int) -> bytes:
    header, comma, body = url.partition(",")
    if not comma:
        raise UnreadablePicture(
            "The data URL has no comma, and so no data. "
            'Give all of it: "data:image/png;base64,iVBORw0...".'
        )
    if header.rstrip().lower().endswith(";base64"):
        if "%" in body:
            body = _percent_decode(body, max_bytes).decode("latin-1")
        return _bytes_of_base64(body, "The data URL", max_bytes)
    return _percent_decode(body, max_bytes)


def _percent_decode(body: str, max_bytes: int) -> bytes:
    check_bytes(len(body), "The data URL", max_bytes)  # as it is written: decoding takes memory
    from urllib.parse import unquote_to_bytes  # only here, as it takes long to import

    try:
        return unquote_to_bytes(body)
    except UnicodeEncodeError as error:
        raise UnreadablePicture(
            "The data URL holds characters that belong in no URL. Encode the picture again."
        ) from error


def _bytes_of_base64(text: str, name: str, max_bytes: int) -> bytes:
    text = "".join(text.split()).rstrip("=")
    check_bytes(len(text) * 3 // 4, name, max_bytes)
    try:
        return _decode_base64(text)
    except ValueError as error:
        raise UnreadablePicture(
            f"{name} is not valid base64: it is cut short or holds other characters. "
            "Encode the picture again and pass all of it."
        ) from error


def _decode_base64(text: str) -> bytes:
    """The bytes of base64 without whitespace or padding, in either of its two alphabets."""
    text = text.replace("-", "+").replace("_", "/")
    return binascii.a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True)
