"""What the OpenAPI document says about the API: shapes, examples, commands to copy."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, Field
from pydantic.json_schema import SkipJsonSchema

from inkdigits.reading import Expect

DESCRIPTION = (
    "Reads handwritten digits in a picture, a single one or lines of numbers, dark ink on light or "
    "light on dark: PNG, JPEG, WebP, BMP, GIF or a TIFF of one page, and if the server has what "
    "reads them, HEIC or a PDF of one page. Pictures are read in memory and are not stored. Every "
    'error has the shape `{"error": {"type": "NoInk", "message": "..."}}`.'
)


EXAMPLE: dict[str, Any] = {
    "text": "42",
    "confidence": 0.982,
    "sure": True,
    "lines": ["42"],
    "number": 42,
    "numbers": [
        {
            "text": "42",
            "value": 42,
            "confidence": 0.982,
            "sure": True,
            "box": [72, 40, 310, 236],
            "line": 0,
        }
    ],
    "digits": [
        {
            "value": 4,
            "confidence": 0.991,
            "sure": True,
            "box": [72, 40, 178, 236],
            "probabilities": [0.001] * 4 + [0.991] + [0.001] * 5,
        },
        {
            "value": 2,
            "confidence": 0.991,
            "sure": True,
            "box": [196, 44, 310, 231],
            "probabilities": [0.001] * 2 + [0.991] + [0.001] * 7,
        },
    ],
    "marks": [],
    "skipped": [],
    "faint": [],
    "turned": 0,
    "warnings": [],
    "model": "6190cd9e3bea",
}

ExpectParameter = Annotated[
    Expect,
    Query(
        description="digit: there is one digit. number: there is one number, of which no gap makes "
        "two. What turns out otherwise is read as well as it goes, and not sure."
    ),
]
LengthParameter = Annotated[
    int | None,
    Query(
        ge=1,
        le=100,
        description="1 to 100: how many digits there are, if that is known; of one digit 1.",
    ),
]

SeenParameter = Annotated[
    bool | None,
    Query(
        description="true: each digit has what the network saw, some 4 kB. false: none has. If it "
        "is left out, only the digit of a reading that has no other."
    ),
]

Box = tuple[int, int, int, int]
Seen = Annotated[list[list[float]], Field(min_length=28, max_length=28)]


class Digit(BaseModel):
    """One digit that was read."""

    value: int = Field(description="0 to 9.", ge=0, le=9)
    confidence: float = Field(description="The calibrated probability of the value.", ge=0, le=1)
    sure: bool = Field(
        description="Whether the confidence is above the point where 99 % of real digits are "
        "accepted."
    )
    box: Box = Field(
        description="x0, y0, x1, y1 of the ink in the upright picture's pixels; x1 and y1 are "
        "exclusive."
    )
    probabilities: list[float] = Field(
        description="The calibrated probability of each digit from 0 to 9; what is missing to 1 "
        "is that it is none.",
        min_length=10,
        max_length=10,
    )
    seen: Seen | SkipJsonSchema[None] = Field(
        None,
        description="What the network saw: 28 lists of 28 numbers in 0..1, ink bright. It is left "
        "out unless it is asked for, or this is the only digit.",
    )


class Mark(BaseModel):
    """A sign that was read and is no digit."""

    text: Literal[".", ",", "-", "+", "×", "÷", "/", "=", ":"] = Field(description="Which it is.")
    confidence: float = Field(description="The calibrated probability of it.", ge=0, le=1)
    sure: bool = Field(
        description="Whether the confidence is above the point where marks are accepted."
    )
    box: Box = Field(description="As of a digit.")


class Number(BaseModel):
    """One number that was read: what no space parts, its marks included."""

    text: str = Field(description="Such as 305, 3.14 or 12+7.")
    value: int | float | None = Field(
        description="If it is plain, such as 0755 or 3.14, and at most 2⁵³, as JavaScript would "
        "round a larger one; or null."
    )
    confidence: float = Field(description="That its whole text is right.", ge=0, le=1)
    sure: bool = Field(
        description="Whether each digit and mark is sure, also which of a point and a comma it is, "
        "and no sign in it or at it was left out or may be there, too faint to be read. None is "
        "sure where a hint has turned out wrong, or there is a warning."
    )
    box: Box = Field(description="Around all of its digits and marks.")
    line: int = Field(description="In which of the lines it is, from 0.", ge=0)


class Reading(BaseModel):
    """What is written in a picture."""

    text: str = Field(
        description="All digits and marks, with a space between numbers and a newline between "
        "lines; only the best guess where sure is false. It is empty if there is only other "
        "writing."
    )
    confidence: float = Field(description="That the whole text is right.", ge=0, le=1)
    sure: bool = Field(
        description="Whether every digit and mark is sure, and nothing else may be there that was "
        "not read."
    )
    lines: list[str] = Field(description="The text line by line.")
    number: int | float | None = Field(
        description="The value if the text is one plain number, such as 0755 or 3.14, and at most "
        "2⁵³; else null."
    )
    numbers: list[Number] = Field(description="Each number, in reading order.")
    digits: list[Digit] = Field(description="Each digit, in reading order.")
    marks: list[Mark] = Field(description="Each mark, in reading order.")
    skipped: list[Box] = Field(
        description="The boxes of other writing, such as letters. It is not in the text."
    )
    faint: list[Box] = Field(
        description="The boxes of what may be digits that are too faint to be read; the text is "
        "not sure then, nor is a number beside one."
    )
    turned: Literal[0, 90, 180, 270] = Field(
        description="By how many degrees clockwise the picture had to be turned to be read. Boxes "
        "are in the picture as it was sent."
    )
    warnings: list[str] = Field(
        description="Why something may be missing from the text, for people; then it is not sure."
    )
    model: str = Field(
        description="Which version of the model file read it: the first 12 digits of the SHA-256 "
        "in its metadata."
    )


class Limits(BaseModel):
    """What is refused when it is larger."""

    bytes: int = Field(description="Of a picture file.", examples=[2**25])
    pixels: int = Field(description="Of a picture, decoded.", examples=[50_000_000])


class Health(BaseModel):
    """The answer of a server that is up."""

    status: Literal["ok"] = Field(description='Always "ok".')
    version: str = Field(description="The version of inkdigits.")
    limits: Limits = Field(description="What the server refuses.")
    keeps_corrections_days: int | None = Field(
        None, description="For how long corrections are kept; left out where none are."
    )


class Ready(BaseModel):
    """The answer of a server that reads pictures now."""

    status: Literal["ready"] = Field(description='Always "ready".')


class Problem(BaseModel):
    """What went wrong."""

    type: str = Field(description="A name for programs, such as NoInk.")
    message: str = Field(description="What was wrong and what to do, for people.")


class Error(BaseModel):
    """The shape of every error."""

    error: Problem = Field(description="Its name and its message.")


BUSY: dict[str, Any] = {
    "model": Error,
    "description": "The server is busy. Retry-After says in how many seconds to come again.",
    "headers": {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}},
}
READY_ANSWERS: dict[int | str, dict[str, Any]] = {503: BUSY}
REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Error, "description": "The form or the JSON cannot be read."},
    403: {"model": Error, "description": "Another site's page is asking."},
    408: {"model": Error, "description": "The picture did not arrive in time."},
    413: {"model": Error, "description": "The file or the picture is too large."},
    415: {"model": Error, "description": "The Content-Type or the picture's format is unknown."},
    422: {
        "model": Error,
        "description": "There is no picture, it is damaged or blank, or a parameter is wrong.",
    },
    503: BUSY,
}
READ_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The reading.",
        "content": {"application/json": {"example": EXAMPLE}},
    },
    **REFUSALS,
}
PICTURE_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The picture, upright and in grey, no larger than it is read; of a PDF "
        "or a TIFF the first page, and the header Pages says how many it has.",
        "headers": {"Pages": {"description": "How many.", "schema": {"type": "integer"}}},
        "content": {"image/jpeg": {}},
    },
    **REFUSALS,
}

SEVEN = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAABwAAAAcAQAAAABaduI5AAAAQklEQVR42mP8z8DwkYmB"
    "gYEBN/GfkQXOZWFgYfz/goGJgeEFXOwChMXw/7/9B6jYfweY2J//MLG/cEN/wVk8yBYBAJf4ESd4FVY/AAAAAElFTkSu"
    "QmCC"
)
"""A small picture of a 7."""

READ_REQUEST: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            },
            "image/*": {"schema": {"type": "string", "format": "binary"}},
            "application/pdf": {"schema": {"type": "string", "format": "binary"}},
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["image"],
                    "properties": {
                        "image": {"type": "string", "description": "Base64 or a data URL."}
                    },
                },
                "example": {"image": SEVEN},
            },
        },
    },
    # Read by /docs, which puts this server's address in; a convention of several viewers.
    "x-codeSamples": [
        {
            "lang": "shell",
            "label": "A form",
            "source": "curl -F file=@seven.png http://localhost:8000/api/read",
        },
        {
            "lang": "shell",
            "label": "The picture itself",
            "source": "curl --data-binary @seven.png -H 'Content-Type: image/png' \\\n"
            "  http://localhost:8000/api/read",
        },
        {
            "lang": "shell",
            "label": "One number, of four digits",
            "source": "curl -F file=@2048.jpg \\\n"
            "  'http://localhost:8000/api/read?expect=number&length=4'",
        },
        {
            "lang": "python",
            "label": "JSON, from Python",
            "source": "import base64, httpx\n"
            "from pathlib import Path\n\n"
            'image = base64.b64encode(Path("seven.png").read_bytes()).decode()\n'
            'answer = httpx.post("http://localhost:8000/api/read", json={"image": image})\n'
            'print(answer.json()["text"])',
        },
    ],
}
PICTURE_REQUEST = {"requestBody": READ_REQUEST["requestBody"]}
