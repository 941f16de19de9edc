"""Corrections as the page sends them, and as the server makes ready to keep."""

from typing import Any

from handwriting import png, written
from inkdigits.corrections.correction import correction_of, data_url
from inkdigits.corrections.store import New

ALICE, BOB = "a" * 32, "b" * 32
"""Sessions."""
STROKES = [[[0.27, 0.23, 0.0], [0.73, 0.22, 90.0]], [[0.46, 0.84, 210.0]]]


def sent(value: int = 7, label: int | None = 7, *, side: int = 60, **more: Any) -> dict[str, Any]:
    """A picture of `value`, said to be a `label`; another `side` is another drawing."""
    picture = data_url(png(written(value, side)))
    return {"session": ALICE, "picture": picture, "label": label, "strokes": STROKES, **more}


def new(value: int = 7, label: int | None = 7, **more: Any) -> New:
    """The same, with a model that is sure of `value`."""
    probabilities = [0.001] * 10
    probabilities[value] = 0.991
    return New(correction_of(sent(value, label, **more)), probabilities, "model")
