"""What the API answers, whoever serves it: FastAPI in `app.py`, AWS Lambda in `deploy/`.

No framework is imported here, and none in `settings.py` and `uploads.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping

from inkdigits.errors import InkDigitsError, InvalidModel, NoProcess, UnreadablePicture
from inkdigits.reading import Reading

NOT_STORED = {"Cache-Control": "no-store"}
"""A header of all readings and errors."""
REFUSALS = {403: "Forbidden", 404: "NotFound", 405: "MethodNotAllowed"}
PARAMETERS = "expect", "length", "seen"
"""Of a reading, behind the ? of its address."""
ORIGIN = re.compile(r"\*|https?://[^/?#\s,;]+")


class Refused(InkDigitsError):
    """A request for which nothing is read, with its HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def check_origins(origins: Iterable[str]) -> None:
    """Raise ValueError unless each is an origin, or "*" for anybody's."""
    if isinstance(origins, str):
        raise ValueError(f"{origins!r} is one text. Give a list of origins: [{origins!r}]")
    for origin in origins:
        if not ORIGIN.fullmatch(origin):
            raise ValueError(
                f"{origin!r} is not an origin. Write it as a browser does, without a path or a "
                "final slash: https://example.org"
            )


def check_whole(**settings: object) -> None:
    """Raise ValueError unless each is a whole number from 1."""
    for name, value in settings.items():
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"{name} is {value!r}. It must be a whole number from 1.")


def refuse_other_sites(headers: Mapping[str, str], allow_origins: Collection[str]) -> None:
    """A browser says when another site's page is asking; nothing is read for it."""
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    other = site in {"cross-site", "same-site"}
    if origin and not site:  # browsers leave it out where there is no TLS
        other = origin.partition("://")[2] != headers.get("host")
    if other and "*" not in allow_origins and origin not in allow_origins:
        raise Refused(403, "Pages of other sites may not use this server.")


def refuse_other_parameters(names: Iterable[str]) -> None:
    """Nothing is read for a misspelt one, as it would be read without the hint."""
    for name in names:
        if name not in PARAMETERS:
            raise Refused(
                422,
                f"{name[:100]!r} is no parameter of /api/read. It knows {', '.join(PARAMETERS)}.",
            )


def reading_body(reading: Reading, seen: bool | None) -> bytes:
    """The reading as JSON; what the network saw only of a single digit, unless `seen` says."""
    alone = len(reading.digits) == 1
    return json.dumps(reading.to_dict(seen=alone if seen is None else seen)).encode()


def problem(error: Exception) -> tuple[int, str, str]:
    """Of what went wrong: the HTTP status, a name for programs, a message for people."""
    if isinstance(error, InvalidModel) or not isinstance(error, InkDigitsError):
        return 500, "ServerError", "Something went wrong in the server, which has logged it."
    if isinstance(error, Refused):
        return error.status, REFUSALS.get(error.status, "BadRequest"), str(error)
    if isinstance(error, NoProcess):
        return 503, "Busy", str(error)
    reason = error.reason if isinstance(error, UnreadablePicture) else ""
    status = {"unsupported": 415, "too large": 413}.get(reason, 422)
    return status, type(error).__name__, str(error)


def problem_body(name: str, message: str) -> bytes:
    """The shape of every error."""
    # Python's ASCII: a message may quote input with lone surrogates, which UTF-8 has no place for.
    return json.dumps({"error": {"type": name, "message": message}}).encode()
