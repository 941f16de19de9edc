"""What somebody sends: a digit that they wrote, and what it is. All of it is checked here."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from io import BytesIO
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inkdigits.errors import InvalidCorrection
from inkdigits.picture import may_be_larger, read_picture
from inkdigits.picture.formats import format_of

SESSION = re.compile(r"[0-9a-f]{32}")
"""A random number that a browser has thought up: it says which corrections are of one hand, and
whose they are nobody knows."""
MOST_POINTS = 10_000
"""Of a digit's strokes; a second of a pen has some hundred."""
FARTHEST = 1e9
"""A point's coordinates are near 0 to 2, and its time is in milliseconds."""
MOST_PIXELS = 2**18
"""Of a digit, decoded."""
FORMATS = "PNG", "JPEG"
SMALL = 2**18
"""Pixels, and bytes, up to which a PNG is decoded here, and not in a process of its own."""
MOST_PHOTO_PIXELS = 2**20
"""Of the photo that it was cut out of."""

Strokes = list[list[list[float]]]
"""Strokes of points of x and y, in heights of the sheet, and milliseconds."""


@dataclass(frozen=True)
class Correction:
    """A digit that somebody wrote, and what it is."""

    session: str
    picture: bytes
    """The digit alone, as a grey PNG that holds nothing but its pixels."""
    label: int | None
    """0 to 9; None for what is no digit."""
    strokes: Strokes | None = None
    """None of a photo."""
    photo: bytes | None = None
    """The whole picture that the digit was cut out of, likewise, if its owner agreed."""
    box: list[int] | None = None
    """Where in it: x0, y0, x1, y1."""

    @property
    def digest(self) -> str:
        """The same for the same drawing, whoever sends it."""
        return digest_of(self.picture)

    def pixels(self) -> NDArray[np.uint8]:
        """The digit as a grey array (H, W)."""
        return read_picture(self.picture)


def parse(body: str | bytes) -> dict[str, Any]:
    """The JSON object that was sent, in which no number is NaN or infinite."""
    try:
        document = json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise InvalidCorrection(f"A correction is JSON, and this is not: {error}.") from error
    if not isinstance(document, dict):
        raise InvalidCorrection('A correction is a JSON object: {"picture": ..., "label": 7, ...}.')
    return document


def correction_of(document: dict[str, Any]) -> Correction:
    """The correction in what `parse` gives.

    Raises:
        InvalidCorrection: something is missing, or is not what it should be.
        UnreadablePicture: the picture is none, or too large.
    """
    session = document.get("session")
    if not isinstance(session, str) or not SESSION.fullmatch(session):
        raise InvalidCorrection('"session" must be 32 of the signs 0-9 and a-f, chosen at random.')
    picture, photo = document.get("picture"), document.get("photo")
    if not picture:
        raise InvalidCorrection('There is no "picture". Send the digit as a PNG in base64.')
    return Correction(
        session,
        _grey_png("picture", picture, MOST_PIXELS),
        _label(document),
        _strokes(document.get("strokes")),
        _grey_png("photo", photo, MOST_PHOTO_PIXELS) if photo else None,
        _box(document.get("box")) if photo else None,
    )


def _label(document: dict[str, Any]) -> int | None:
    """Raises InvalidCorrection if there is none."""
    label = document.get("label", "missing")
    if label is not None and (type(label) is not int or not 0 <= label <= 9):
        raise InvalidCorrection(
            f'"label" is {json.dumps(label)[:50]}. It must be a digit from 0 to 9, or null for '
            "what is no digit."
        )
    return label


def digest_of(picture: bytes) -> str:
    return hashlib.sha256(picture).hexdigest()


def data_url(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number")


def _grey_png(name: str, text: object, most_pixels: int) -> bytes:
    """Decoded and packed anew, so that nothing stays of what else the file held."""
    try:
        if not isinstance(text, str):
            raise TypeError(type(text).__name__)
        content = base64.b64decode(text.partition("base64,")[2] or text, validate=True)
    except (TypeError, ValueError) as error:
        raise InvalidCorrection(f'"{name}" must be base64 or a data URL.') from error
    if format_of(content) not in (*FORMATS, None):  # some take long to decode
        raise InvalidCorrection(
            f'"{name}" is neither {" nor ".join(FORMATS)}. Send it as one, in base64 or a data URL.'
        )
    file = BytesIO()
    is_small = len(content) <= SMALL and not may_be_larger(content, SMALL)
    isolate = not is_small or format_of(content) != "PNG"  # other decoders have had more holes
    grey = read_picture(content, max_pixels=most_pixels, isolate=isolate)
    Image.fromarray(grey).save(file, "PNG")
    return file.getvalue()


def _strokes(strokes: object) -> Strokes | None:
    if strokes is None:
        return None
    wrong = InvalidCorrection(
        '"strokes" must be a list of strokes, each a list of points [x, y, milliseconds], at most '
        f"{MOST_POINTS:,} in all."
    )
    if not isinstance(strokes, list) or not all(
        isinstance(stroke, list) and stroke for stroke in strokes
    ):
        raise wrong
    if not 0 < sum(map(len, strokes)) <= MOST_POINTS:
        raise wrong
    for point in (point for stroke in strokes for point in stroke):
        if not isinstance(point, list) or len(point) != 3 or not all(map(_is_near, point)):
            raise wrong
    return [[[round(float(value), 4) for value in point] for point in stroke] for stroke in strokes]


def _is_near(value: object) -> bool:
    return type(value) in (int, float) and abs(cast(float, value)) <= FARTHEST  # nor is NaN


def _box(box: object) -> list[int]:
    if not isinstance(box, list) or [type(edge) for edge in box] != [int] * 4:
        raise InvalidCorrection('"box" must be x0, y0, x1, y1 of the digit in the photo.')
    return box
