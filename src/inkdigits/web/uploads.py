"""What a client sent -> the bytes of one picture, within the limits."""

from __future__ import annotations

import base64
import binascii
import json
import logging
import re
from collections.abc import Iterable

from python_multipart.multipart import Field, File, create_form_parser, parse_options_header

from inkdigits.errors import UnreadablePicture
from inkdigits.web.answers import Refused

# Every odd byte of a form is a warning there; the client hears what is wrong, our log need not.
logging.getLogger("python_multipart").addHandler(logging.NullHandler())

SMALL_BYTES = 2**18
"""A request of more is in the lane of the large ones (`lanes.py`); a canvas takes a tenth of it."""
SMALL_PIXELS = 2**18
"""So is a picture of more, by its header; the page sends a drawing of half as many. No header tells
how much is written there, and a thousand digits take seconds and hundreds of MB on any paper."""

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

HINTS = "expect", "length"
"""Parameters that are easily put beside the picture, where they would go unheard."""

JSON_TYPES = {
    type(None): "null",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
}


def picture_in(body: bytes, content_type: str) -> bytes:
    """The picture file in a body of `content_type`, of at most `most_bytes`."""
    if not body:
        raise UnreadablePicture("The request is empty. Send a picture.", reason="empty")
    media_type = _media_type(content_type)
    if media_type == FORM:
        return _picture_in_form(body, content_type)
    if media_type == JSON:
        return _picture_in_json(body)
    return body


def most_bytes(content_type: str, max_bytes: int) -> int:
    """The largest body with a picture of at most `max_bytes`.

    Raises Refused for a type that holds no picture.
    """
    media_type = _media_type(content_type)
    if media_type == FORM:
        return max_bytes + WRAPPING
    if media_type == JSON:
        return max_bytes * 4 // 3 + WRAPPING
    if media_type.startswith("image/") or media_type in BARE:
        return max_bytes
    raise Refused(
        415,
        f"Content-Type {media_type[:100]!r} holds no picture. Send multipart/form-data with the "
        'field "file", the picture itself as image/png or another image type, or '
        'application/json {"image": "<base64 or data URL>"}.',
    )


def too_large(max_bytes: int, what: str = "picture") -> UnreadablePicture:
    """What to say of a larger one."""
    limit = f"{max_bytes / 2**20:.3g} MiB" if max_bytes >= 2**16 else f"{max_bytes:,} bytes"
    return UnreadablePicture(
        f"The {what} is larger than {limit}. Send a smaller one.", reason="too large"
    )


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _picture_in_form(body: bytes, content_type: str) -> bytes:
    parts: list[Field | File] = []

    def keep(part: Field | File) -> None:
        if len(parts) == MOST_PARTS:
            raise ValueError(f"it has more than {MOST_PARTS} parts")
        parts.append(part)

    try:
        boundary = parse_options_header(content_type)[1].get(b"boundary")
        # Ahead, as each that only looks like one takes the parser time.
        if boundary and body.count(b"\r\n--" + boundary) > MOST_PARTS:
            raise ValueError(f"it has more than {MOST_PARTS} parts")
        # Without this limit the parser writes to disk, and pictures are never stored.
        in_memory = {"MAX_MEMORY_FILE_SIZE": len(body)}
        form = create_form_parser(
            {"Content-Type": content_type.encode("latin-1")}, keep, keep, in_memory
        )
        form.write(body)
        form.finalize()
    except Exception as error:  # whatever hostile bytes trip over, they are the client's
        raise Refused(400, f"The form cannot be read: {error}.") from error

    _refuse_hints(_text(part.field_name) for part in parts)
    named = [part for part in parts if part.field_name == b"file"]
    if not named:
        others = ", ".join(repr(_text(part.field_name)) for part in parts) or "none that is whole"
        raise Refused(
            422, f'The form has no field "file". Send the picture in it; the fields are: {others}.'
        )
    if len(named) > 1:
        raise Refused(422, 'The form has several fields "file". Send one picture at a time.')
    [part] = named
    if not isinstance(part, File):
        raise Refused(422, 'The field "file" is not a file. Give it a file name.')
    part.file_object.seek(0)
    return part.file_object.read()


def _refuse_hints(names: Iterable[str]) -> None:
    if any(name in HINTS for name in names):
        raise Refused(422, "expect and length go behind the ?, as in /api/read?expect=digit.")


def _text(name: bytes | None) -> str:
    return (name or b"")[:100].decode(errors="replace")


def _picture_in_json(body: bytes) -> bytes:
    if sum(map(body.count, (b",", b"[", b"{"))) > MOST_VALUES:
        raise Refused(400, f"The JSON has more than {MOST_VALUES} values.")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"The body is not JSON: {error}.") from error
    if isinstance(document, dict):
        _refuse_hints(document)
    if not isinstance(document, dict) or "image" not in document:
        raise Refused(422, 'The JSON has no "image". Send {"image": "<base64 or data URL>"}.')
    image = document["image"]
    if not isinstance(image, str):
        raise Refused(
            422, f'"image" must be a string of base64 or a data URL, not {JSON_TYPES[type(image)]}.'
        )
    # Decoded here, because `read_picture` takes a string for a path of this machine, too.
    data_url = DATA_URL.match(image)
    text = image[data_url.end() :] if data_url else image
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused(422, f'"image" is not base64: {error}.') from error
