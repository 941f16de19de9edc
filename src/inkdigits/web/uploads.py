"""What a client sent -> the bytes of one picture, within the limits."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import HTTPException, Request
from python_multipart.multipart import Field, File, create_form_parser

from inkdigits.errors import UnreadablePicture
from inkdigits.web.lanes import SMALL_BYTES, busy

# Every odd byte of a form is a warning there; the client hears what is wrong, our log need not.
logging.getLogger("python_multipart").addHandler(logging.NullHandler())

WRAPPING = 2**16
"""Bytes that a form or JSON may have around its picture."""

MOST_PARTS = 16
"""Of a form. Each costs memory, however small it is."""

MOST_VALUES = 1000
"""Of a JSON document, for the same reason: "[]," takes 3 bytes to send and 64 to hold."""

FORM = "multipart/form-data"
JSON = "application/json"
BARE = {"", "application/octet-stream", "application/pdf"}
"""Like image/*, the type of a body that is the picture itself."""
DATA_URL = re.compile(r"data:[^,]{0,200};base64,", re.IGNORECASE)

JSON_TYPES = {
    type(None): "null",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
}


class Uploads:
    """Receives bodies, each with a picture of at most `max_bytes`.

    Args:
        seconds: within which a body has to be here.
        budget: bytes that all bodies may have together, from when they arrive until they are read.
            A body of at most SMALL_BYTES may always come.
        what: they hold, for messages.
    """

    def __init__(
        self, *, max_bytes: int, seconds: float, budget: int, what: str = "picture"
    ) -> None:
        self._max_bytes = max_bytes
        self._seconds, self._what = seconds, what
        self._free = budget

    @asynccontextmanager
    async def body_of(self, request: Request, content_type: str) -> AsyncIterator[bytes]:
        """The request's body, which counts until the context ends.

        Raises:
            UnreadablePicture: it is too large, by what its length says or by what arrives.
            HTTPException: its type is none that holds a picture, it comes too slowly, or all
                bodies together are too large.
        """
        limit = _most_bytes(_media_type(content_type), self._max_bytes)
        too_large = UnreadablePicture(
            f"The {self._what} is larger than {self._max_bytes / 2**20:.3g} MiB. "
            "Send a smaller one.",
            reason="too large",
        )
        if _declared_length(request) > limit:
            raise too_large
        size = 0
        body = bytearray()
        try:
            async with self._deadline():
                async for chunk in request.stream():
                    size += len(chunk)
                    self._free -= len(chunk)
                    if size > limit:
                        raise too_large
                    if size > SMALL_BYTES and self._free < 0:
                        raise busy("It holds as many pictures as it can.")
                    body += chunk
            whole = bytes(body)
            body.clear()
            yield whole
        finally:
            self._free += size

    @asynccontextmanager
    async def _deadline(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._seconds):
                yield
        except TimeoutError as error:
            raise HTTPException(
                408,
                f"The {self._what} did not arrive within {self._seconds:g} seconds. "
                "Send a smaller one.",
                {"Connection": "close"},
            ) from error


def picture_in(body: bytes, content_type: str) -> bytes:
    """The picture file in a body of `content_type`, which `Uploads` has let through."""
    if not body:
        raise UnreadablePicture("The request is empty. Send a picture.", reason="empty")
    media_type = _media_type(content_type)
    if media_type == FORM:
        return _picture_in_form(body, content_type)
    if media_type == JSON:
        return _picture_in_json(body)
    return body


def _most_bytes(media_type: str, max_bytes: int) -> int:
    if media_type == FORM:
        return max_bytes + WRAPPING
    if media_type == JSON:
        return max_bytes * 4 // 3 + WRAPPING
    if media_type.startswith("image/") or media_type in BARE:
        return max_bytes
    raise HTTPException(
        415,
        f"Content-Type {media_type[:100]!r} holds no picture. Send multipart/form-data with the "
        'field "file", the picture itself as image/png or another image type, or '
        'application/json {"image": "<base64 or data URL>"}.',
    )


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _declared_length(request: Request) -> int:
    try:
        return int(request.headers.get("content-length", "0"))
    except ValueError:
        return 0  # what arrives is counted all the same


def _picture_in_form(body: bytes, content_type: str) -> bytes:
    parts: list[Field | File] = []

    def keep(part: Field | File) -> None:
        if len(parts) == MOST_PARTS:
            raise ValueError(f"it has more than {MOST_PARTS} parts")
        parts.append(part)

    try:
        # Without this limit the parser writes to disk, and pictures are never stored.
        in_memory = {"MAX_MEMORY_FILE_SIZE": len(body)}
        form = create_form_parser(
            {"Content-Type": content_type.encode("latin-1")}, keep, keep, in_memory
        )
        form.write(body)
        form.finalize()
    except Exception as error:  # whatever hostile bytes trip over, they are the client's
        raise HTTPException(400, f"The form cannot be read: {error}.") from error

    named = [part for part in parts if part.field_name == b"file"]
    if not named:
        others = ", ".join(repr(_text(part.field_name)) for part in parts) or "none that is whole"
        raise HTTPException(
            422, f'The form has no field "file". Send the picture in it; the fields are: {others}.'
        )
    if len(named) > 1:
        raise HTTPException(422, 'The form has several fields "file". Send one picture at a time.')
    [part] = named
    if not isinstance(part, File):
        raise HTTPException(422, 'The field "file" is not a file. Give it a file name.')
    part.file_object.seek(0)
    return part.file_object.read()


def _text(name: bytes | None) -> str:
    return (name or b"")[:100].decode(errors="replace")


def _picture_in_json(body: bytes) -> bytes:
    if sum(map(body.count, (b",", b"[", b"{"))) > MOST_VALUES:
        raise HTTPException(400, f"The JSON has more than {MOST_VALUES} values.")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, f"The body is not JSON: {error}.") from error
    if not isinstance(document, dict) or "image" not in document:
        raise HTTPException(422, 'The JSON has no "image". Send {"image": "<base64 or data URL>"}.')
    image = document["image"]
    if not isinstance(image, str):
        raise HTTPException(
            422, f'"image" must be a string of base64 or a data URL, not {JSON_TYPES[type(image)]}.'
        )
    # Decoded here, because `read_picture` takes a string for a path of this machine, too.
    data_url = DATA_URL.match(image)
    text = image[data_url.end() :] if data_url else image
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise HTTPException(422, f'"image" is not base64: {error}.') from error
