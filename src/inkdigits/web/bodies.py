"""How bodies arrive: within limits of size, of time, and of memory for all together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import HTTPException, Request

from inkdigits.web.lanes import busy
from inkdigits.web.uploads import SMALL_BYTES, most_bytes, too_large


class Uploads:
    """Receives bodies, each with a picture of at most `max_bytes`.

    Args:
        has_picture: False for bodies that are themselves of at most `max_bytes`.
        seconds: within which a body has to be here.
        budget: bytes that all bodies may have together, from when they arrive until they are read.
            A body of at most SMALL_BYTES may always come.
        what: they hold, for messages.
    """

    def __init__(
        self,
        *,
        max_bytes: int,
        seconds: float,
        budget: int,
        what: str = "picture",
        has_picture: bool = True,
    ) -> None:
        self._max_bytes, self._has_picture = max_bytes, has_picture
        self._seconds, self._what = seconds, what
        self._free = budget

    @asynccontextmanager
    async def body_of(self, request: Request, content_type: str) -> AsyncIterator[bytes]:
        """The request's body, which counts until the context ends.

        Raises:
            UnreadablePicture: it is too large, by what its length says or by what arrives.
            Refused: its type is none that holds a picture.
            HTTPException: it comes too slowly, or all bodies together are too large.
        """
        limit = self._max_bytes
        if self._has_picture:
            limit = most_bytes(content_type, limit)
        if _declared_length(request) > limit:
            raise too_large(self._max_bytes, self._what)
        size = 0
        body = bytearray()
        try:
            async with self._deadline():
                async for chunk in request.stream():
                    size += len(chunk)
                    self._free -= len(chunk)
                    if size > limit:
                        raise too_large(self._max_bytes, self._what)
                    if size > SMALL_BYTES and self._free < 0:
                        raise busy("It holds as many pictures as it can.")
                    body += chunk
            whole = bytes(body)
            body.clear()
            yield whole
        finally:
            self._free += size

    @asynccontextmanager
    async def _deadline(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._seconds):
                yield
        except TimeoutError as error:
            raise HTTPException(
                408,
                f"The {self._what} did not arrive within {self._seconds:g} seconds. "
                "Send a smaller one.",
                {"Connection": "close"},
            ) from error


def _declared_length(request: Request) -> int:
    try:
        return int(request.headers.get("content-length", "0"))
    except ValueError:
        return 0  # what arrives is counted all the same
