"""The owner's token: who shows it may see and review what visitors have sent."""

from __future__ import annotations

import hmac
import os
from pathlib import Path

from fastapi import HTTPException, Request

from inkdigits.errors import InkDigitsError
from inkdigits.web.answers import Refused

TOKEN_VARIABLE, FILE_VARIABLE = "INKDIGITS_OWNER_TOKEN", "INKDIGITS_OWNER_TOKEN_FILE"
LEAST = 16
"""Characters. What is shorter is guessed some day."""
MAKE_ONE = 'python -c "import secrets; print(secrets.token_urlsafe())"'


def token_from_env() -> str | None:
    """The token, or what its file holds; None if there is none.

    Raises InkDigitsError if it is too short, or its file cannot be read.
    """
    token, file = (os.environ.get(name) for name in (TOKEN_VARIABLE, FILE_VARIABLE))
    if file and not token:
        try:
            token = Path(file).read_text("utf-8")
        except (OSError, ValueError) as error:
            raise InkDigitsError(
                f"{FILE_VARIABLE} names {file}, which cannot be read: {error}."
            ) from error
    elif not token:
        return None
    token = token.strip()  # files and secrets often end with a new line
    if len(token) < LEAST:
        raise InkDigitsError(
            f"The owner's token is shorter than {LEAST} characters. Make a new one: {MAKE_ONE}"
        )
    return token


def check_owner(request: Request, token: str | None) -> None:
    """Raise unless the request shows the token, as Authorization: Bearer TOKEN."""
    if token is None:
        raise Refused(403, f"This server has no owner's token: start it with {TOKEN_VARIABLE} set.")
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    shown = shown.strip() if scheme.lower() == "bearer" else ""
    # Takes as long wherever the two differ, so that no time tells how much of a guess was right.
    if not hmac.compare_digest(shown.encode(), token.encode()):
        what = "The token is wrong." if shown else "This is for the owner."
        raise HTTPException(
            401, f"{what} Send Authorization: Bearer TOKEN.", {"WWW-Authenticate": "Bearer"}
        )
