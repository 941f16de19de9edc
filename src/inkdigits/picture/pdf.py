"""A page of a PDF, rendered by PDFium (an extra) in a process that may be killed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits.errors import UnreadablePicture
from inkdigits.picture.pdf_process import Limits, OverLimits, ask
from inkdigits.picture.sources import NAMELESS

LIMITS = Limits()


def page_count(data: bytes, name: str, limits: Limits = LIMITS) -> int:
    """How many pages a PDF has; raises what `render_page` does."""
    count, _ = _ask(data, name, None, 0, limits)
    return count


def render_page(
    data: bytes, name: str, number: int | None, max_pixels: int, limits: Limits = LIMITS
) -> NDArray[np.uint8]:
    """One page, counted from 1, or the only one (None), in grey as on white paper: (H, W).

    It has 200 pixels an inch, and 500 to 4000 on its longer side, but never more than
    `max_pixels`. Annotations are drawn, as handwriting on a tablet is kept as such; the values of
    forms, which are typed, are not.

    Raises UnreadablePicture if the PDF, called `name`, is locked, has no such page, or takes more
    than `limits`, ValueError if it is damaged, and ImportError where pypdfium2 is missing.
    """
    count, picture = _ask(data, name, number, max_pixels, limits)
    if picture is None:
        raise _no_such_page(name, number, count)
    return picture


def _ask(
    data: bytes, name: str, page: int | None, max_pixels: int, limits: Limits
) -> tuple[int, NDArray[np.uint8] | None]:
    try:
        answer, picture = ask(data, page, max_pixels, limits)
    except OverLimits as error:
        raise _too_much(name, error.what) from error
    except OSError as error:
        raise UnreadablePicture(
            f"{name} is a PDF, for which no process can be started: {error}. "
            "Try again later, or save the page as PNG.",
            reason="unsupported",
        ) from error
    if "error" in answer:
        raise _refusal(name, answer)
    return answer["pages"], picture


def _too_much(name: str, what: str) -> UnreadablePicture:
    too = "too long" if what == "time" else "too much memory"
    return UnreadablePicture(
        f"{name} takes {too} to render. Print it to a new PDF, or save the page as PNG.",
        reason="too large",
    )


def _refusal(name: str, answer: dict[str, Any]) -> Exception:
    match answer["error"]:
        case "memory":
            return _too_much(name, "memory")
        case "locked":
            return UnreadablePicture(
                f"{name} is a PDF that a password locks. Save it without one.",
                reason="unsupported",
            )
        case "encrypted":
            return UnreadablePicture(
                f"{name} is a PDF encrypted in a way that is not known. "
                "Save it without encryption.",
                reason="unsupported",
            )
        case "no PDFium":
            return ImportError(answer["detail"])
    return ValueError(answer["detail"])


def _no_such_page(name: str, number: int | None, count: int) -> UnreadablePicture:
    if count < 1:
        return UnreadablePicture(
            f"{name} is a PDF without pages. Give one with a page.", reason="empty"
        )
    if number is None:
        how = (
            "Give one of them, as a PDF of its own or as a picture."
            if name in NAMELESS
            else f'Name one of them: "{name}[1]" to "{name}[{count}]".'
        )
        return UnreadablePicture(f"{name} is a PDF of {count} pages. {how}", reason="unsupported")
    pages = "only one page" if count == 1 else f"pages 1 to {count}"
    return UnreadablePicture(
        f"{name} has {pages}, and no page {number}. Name one that it has.", reason="missing"
    )
