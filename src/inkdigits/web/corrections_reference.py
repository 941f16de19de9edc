"""What the OpenAPI document says about corrections."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Header, Path, Query
from pydantic import BaseModel, Field, StrictInt

from inkdigits.corrections.store import State
from inkdigits.web.reference import BUSY, SEVEN, Error

STATE = "waiting until the owner has looked at it, accepted or rejected."

Number = Annotated[int, Path(description="Which correction.", ge=1, le=2**31 - 1)]
SessionHeader = Annotated[str, Header(description="The session that has sent it.")]
StateParameter = Annotated[State | None, Query(description=f"Only those {STATE}")]
AfterParameter = Annotated[int, Query(ge=0, le=2**31 - 1, description="Only those after this one.")]
LimitParameter = Annotated[int, Query(ge=1, le=500, description="How many at most, 1 to 500.")]
SuspiciousParameter = Annotated[
    bool, Query(description="true: the most suspicious first, rather than the oldest.")
]


class Sent(BaseModel):
    """The answer to a correction that is on the server's disk."""

    number: int = Field(description="Which it is, for taking it back.")


class Correction(BaseModel):
    """A digit that somebody wrote, and what it is."""

    number: int = Field(description="Of each its own.")
    received: float = Field(description="When, in seconds since 1970.")
    session: str = Field(description="The random number that its sender's browser thought up.")
    state: str = Field(description=STATE)
    label: int | None = Field(description="0 to 9, or null for what is no digit.")
    sent_label: int | None = Field(description="What its sender said; the owner may change it.")
    picture: str = Field(description="The digit as a grey PNG, as a data URL.")
    strokes: list[list[tuple[float, float, float]]] | None = Field(
        description="Strokes of points x, y, in heights of the sheet, and milliseconds."
    )
    probabilities: list[float] = Field(description="What the model says, of each digit 0 to 9.")
    doubt: float = Field(description="How sure the model is that what was sent is wrong, 0 to 1.")
    model: str = Field(description="The SHA-256 in the model file's metadata.")
    photo: str | None = Field(
        description="Always null here; `inkdigits corrections export` has it."
    )
    box: list[int] | None = Field(description="Where in the photo the digit is: x0, y0, x1, y1.")


class Corrections(BaseModel):
    """Some of the corrections."""

    corrections: list[Correction] = Field(description="In the order of their numbers.")
    next: int | None = Field(description="What to send as `after` for more; null at the end.")


class Decision(BaseModel):
    """What the owner decides of a correction."""

    state: State = Field(description=STATE)
    label: StrictInt | None = Field(description="0 to 9, or null for what is no digit.", ge=0, le=9)


WRONG = {"model": Error, "description": "A parameter is not what it should be."}
UNAUTHORIZED = {"model": Error, "description": "The owner's token is missing or wrong."}
NO_TOKEN = {"model": Error, "description": "The server has no owner's token."}
OTHER_SITE = {"model": Error, "description": "Another site's page is asking."}
SLOW = {"model": Error, "description": "It did not arrive in time."}
UNKNOWN = {"model": Error, "description": "There is none of this number and session."}

SEND: dict[str, Any] = {
    "summary": "Send what a digit is",
    "response_description": "It is on the server's disk.",
    "response_model": Sent,
    "responses": {
        200: {"model": Sent, "description": "It was there already, and is on the server's disk."},
        400: {"model": Error, "description": "The request broke off."},
        403: OTHER_SITE,
        408: SLOW,
        413: {
            "model": Error,
            "description": "It is larger than 1 MiB, or the picture has more than 2¹⁸ pixels.",
        },
        415: {"model": Error, "description": "The picture's format is unknown."},
        422: {"model": Error, "description": "Something in it is not what it should be."},
        429: {"model": Error, "description": "This session has sent too many within an hour."},
        503: BUSY,
    },
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["session", "picture", "label"],
                        "properties": {
                            "session": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
                            "picture": {"type": "string", "description": "Base64 or a data URL."},
                            "label": {"type": ["integer", "null"], "minimum": 0, "maximum": 9},
                            "strokes": {"type": ["array", "null"]},
                            "photo": {"type": ["string", "null"]},
                            "box": {"description": "Without a photo nobody looks at it."},
                        },
                    },
                    "example": {
                        "session": "5d41402abc4b2a76b9719d911017c592",
                        "picture": SEVEN,
                        "label": 7,
                        "strokes": [[[0.27, 0.23, 0], [0.73, 0.22, 90], [0.46, 0.84, 210]]],
                    },
                }
            },
        }
    },
}
TAKE_BACK: dict[str, Any] = {
    "summary": "Take back what this session has sent",
    "status_code": 204,
    "response_description": "It is forgotten.",
    "responses": {403: OTHER_SITE, 404: UNKNOWN, 422: WRONG, 503: BUSY},
}
LIST: dict[str, Any] = {
    "summary": "For the owner: what was sent",
    "response_description": "Some of it; `next` says how to go on.",
    "response_model": Corrections,
    "responses": {401: UNAUTHORIZED, 403: NO_TOKEN, 422: WRONG, 503: BUSY},
}
REVIEW: dict[str, Any] = {
    "summary": "For the owner: accept, reject or relabel",
    "status_code": 204,
    "response_description": "It is on the server's disk.",
    "responses": {
        400: {"model": Error, "description": "The body is not JSON."},
        401: UNAUTHORIZED,
        403: NO_TOKEN,
        404: UNKNOWN,
        408: SLOW,
        413: {"model": Error, "description": "The body is larger than 1,000 bytes."},
        422: WRONG,
        503: BUSY,
    },
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": Decision.model_json_schema()}},
        }
    },
}
