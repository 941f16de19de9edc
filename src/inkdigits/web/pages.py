"""The files of the page, held in memory and served so that an upgrade is seen at once.

Starlette's StaticFiles would tell a change by a file's time and size, and at / it would answer for
the API, too: 404 where 405 is right.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from importlib import resources
from pathlib import PurePath

from fastapi import FastAPI, Request, Response

MEDIA_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
"""Not the mimetypes module's: it asks the system, and some Windows say text/plain for .js."""

ADDRESSES = {"index.html": "/", "docs.html": "/docs"}
"""Files that have an address other than their name."""


def add_pages(app: FastAPI) -> None:
    """Serve each file of static/."""
    for file in resources.files("inkdigits.web").joinpath("static").iterdir():
        media_type = MEDIA_TYPES.get(PurePath(file.name).suffix)
        if media_type is None:
            continue  # left by an editor or a file manager
        address = ADDRESSES.get(file.name, f"/{file.name}")
        app.add_route(address, _page(file.read_bytes(), media_type), include_in_schema=False)


def _page(content: bytes, media_type: str) -> Callable[[Request], Awaitable[Response]]:
    # Of the content, not of the time: installers give files whatever time they like.
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"Cache-Control": "no-cache", "ETag": etag}  # no-cache: ask whether it changed

    async def page(request: Request) -> Response:
        known = request.headers.get("if-none-match", "")
        if etag in [tag.strip().removeprefix("W/") for tag in known.split(",")]:
            return Response(status_code=304, headers=headers)
        return Response(content, headers=headers, media_type=media_type)

    return page
