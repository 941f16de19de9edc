"""Which page is meant of a file that may have several, and what to say if there is none such."""

from __future__ import annotations

from inkdigits.errors import UnreadablePicture
from inkdigits.picture.sources import NAMELESS


def page_meant(kind: str, name: str, number: int | None, count: int) -> int:
    """The page, counted from 1: `number`, or the only one (None).

    Raises UnreadablePicture; `kind` is what to call the file, such as "a PDF".
    """
    if count < 1:
        raise UnreadablePicture(
            f"{name} is {kind} without pages. Give one with a page.", reason="empty"
        )
    if number is None and count > 1:
        how = (
            f"Give one of them, as {kind} of its own or as a picture."
            if name in NAMELESS
            else f'Name one of them: "{name}[1]" to "{name}[{count}]".'
        )
        raise UnreadablePicture(f"{name} is {kind} of {count} pages. {how}", reason="unsupported")
    page = number if number is not None else 1
    if not 1 <= page <= count:
        pages = "only one page" if count == 1 else f"pages 1 to {count}"
        raise UnreadablePicture(
            f"{name} has {pages}, and no page {number}. Name one that it has.", reason="missing"
        )
    return page
