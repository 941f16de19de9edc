"""The HTTP API as a function of AWS Lambda: `handler`, in what `inkdigits bundle lambda` writes.

It answers as `inkdigits serve` does, at the same addresses. Its settings are the same variables of
the environment (see `web.app.app_from_env`); the model file is the one in the zip.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from typing import Any, cast

from inkdigits import __version__
from inkdigits.deploy.aws_events import Request, request_of, response_to
from inkdigits.picture import MAX_BYTES, MAX_PIXELS, may_be_larger, read_picture
from inkdigits.picture.formats import format_of
from inkdigits.reader import Reader
from inkdigits.reading import Expect, check_hints
from inkdigits.web.answers import (
    NOT_STORED,
    Refused,
    check_origins,
    problem,
    problem_body,
    reading_body,
    refuse_other_parameters,
    refuse_other_sites,
)
from inkdigits.web.settings import number_in, origins_in
from inkdigits.web.uploads import SMALL_PIXELS, most_bytes, picture_in, too_large

MOST_DIGITS = 100
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Content-Type",
    "Access-Control-Max-Age": "600",
}

max_bytes = number_in("INKDIGITS_MAX_BYTES", MAX_BYTES)
max_pixels = number_in("INKDIGITS_MAX_PIXELS", MAX_PIXELS)
allow_origins = origins_in("INKDIGITS_ALLOW_ORIGINS")
check_origins(allow_origins)
reader = Reader()


def handler(event: Any, context: object = None) -> dict[str, Any]:
    """What Lambda calls with each event."""
    headers = NOT_STORED | {"Content-Type": "application/json", "X-Content-Type-Options": "nosniff"}
    try:
        request = request_of(event)
        headers |= _for_origin(request)
        status, body = 200, _answer(request)
    except Exception as error:
        status, name, message = problem(error)
        if status == 500:
            logging.exception("The picture was not read.")
        body = problem_body(name, message)
    return response_to(event, status, headers, body)


def _answer(request: Request) -> bytes:
    # A stage of API Gateway, or whatever path it is deployed at, may stand before.
    address = request.path.rpartition("/api/")[2]
    method = "GET" if request.method == "HEAD" else request.method
    if address not in ("read", "health", "model"):
        raise Refused(404, "There is nothing at this address. Send pictures to /api/read.")
    if method == "OPTIONS" and allow_origins:
        return b""
    if method != (possible := "POST" if address == "read" else "GET"):
        raise Refused(405, f"{request.method} is not possible here. Use {possible}.")
    if address == "read":
        return _read(request)
    limits = {"bytes": max_bytes, "pixels": max_pixels}
    health = {"status": "ok", "version": __version__, "limits": limits}
    return json.dumps(health if address == "health" else reader.metadata).encode()


def _read(request: Request) -> bytes:
    refuse_other_sites(request.headers, allow_origins)
    refuse_other_parameters(request.query)
    expect, length, seen = _parameters(request.query)
    content_type = request.headers.get("content-type", "")
    if len(request.body) > most_bytes(content_type, max_bytes):
        raise too_large(max_bytes)
    file = picture_in(request.body, content_type)
    is_canvas = format_of(file) == "PNG" and not may_be_larger(file, SMALL_PIXELS)
    picture = read_picture(file, max_bytes=max_bytes, max_pixels=max_pixels, isolate=not is_canvas)
    return reading_body(reader.read_array(picture, expect=expect, length=length), seen)


def _parameters(query: Mapping[str, str]) -> tuple[Expect, int | None, bool | None]:
    """The values of `expect`, `length` and `seen`; what is wrong is said as FastAPI says it."""
    wrong = []
    expect = query.get("expect")
    if expect not in (None, "digit", "number"):
        wrong.append("expect: Input should be 'digit' or 'number'.")
    length = seen = None
    if "length" in query:
        if not re.fullmatch("-?[0-9]{1,9}", query["length"]):
            wrong.append(
                "length: Input should be a valid integer, unable to parse string as an integer."
            )
        elif (length := int(query["length"])) < 1:
            wrong.append("length: Input should be greater than or equal to 1.")
        elif length > MOST_DIGITS:
            wrong.append(f"length: Input should be less than or equal to {MOST_DIGITS}.")
    if "seen" in query and (seen := BOOLEANS.get(query["seen"].lower())) is None:
        wrong.append("seen: Input should be a valid boolean, unable to interpret input.")
    if wrong:
        raise Refused(422, " ".join(wrong))
    try:
        check_hints(cast(Expect, expect), length)
    except ValueError as error:
        raise Refused(422, str(error)) from error
    return cast(Expect, expect), length, seen


def _for_origin(request: Request) -> dict[str, str]:
    """The headers with which a browser gives the answer to another site's page."""
    origin = request.headers.get("origin")
    if not origin or ("*" not in allow_origins and origin not in allow_origins):
        return {}
    allowed = {"Access-Control-Allow-Origin": "*" if "*" in allow_origins else origin}
    return allowed | {"Vary": "Origin"} | (PREFLIGHT if request.method == "OPTIONS" else {})
