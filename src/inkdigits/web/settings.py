"""A server's settings from the environment, also in AWS Lambda; an empty variable is unset."""

from __future__ import annotations

import os


def origins_in(variable: str) -> list[str]:
    """Between commas or spaces."""
    return os.environ.get(variable, "").replace(",", " ").split()


def number_in(variable: str, default: int) -> int:
    """Raises ValueError unless it is a whole number from 1."""
    said = os.environ.get(variable) or str(default)
    if not said.isdecimal() or int(said) < 1:
        raise ValueError(f"{variable} is {said!r}. It must be a whole number from 1.")
    return int(said)


def is_on(variable: str) -> bool:
    """Raises ValueError unless it is 1 or 0."""
    said = os.environ.get(variable) or "0"
    if said not in ("0", "1"):
        raise ValueError(f"{variable} is {said!r}. It must be 1, or 0 or empty for off.")
    return said == "1"
