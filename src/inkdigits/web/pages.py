"""The files of the page, held in memory and served so that an upgrade is seen at once.

A page is asked for again each time, and names its files below an address that is new when one of
them is: they are kept for good. While one version takes another's place, a page of the one may ask
the other for its files, and gets those that are there.

Starlette's StaticFiles would tell a change by a file's time and size, and at / it would answer for
the API, too: 404 where 405 is right.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Awaitable, Callable
from functools import lru_cache
from html import escape
from importlib import resources
from pathlib import PurePath
from urllib.parse import urljoin

from fastapi import FastAPI, Request, Response
from starlette.convertors import StringConvertor, register_url_convertor

MEDIA_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
"""Not the mimetypes module's: it asks the system, and some Windows say text/plain for .js."""

ADDRESSES = {"index.html": "/", "docs.html": "/docs", "review.html": "/review"}
"""Files that have an address other than their name."""


ITS_FILES = re.compile(rb'(?<=(?:src|ref)=")(?=[\w-]+\.(?:css|js|svg)")')
"""The place before the name of a file in a page."""

PREVIEW = "preview.png"
"""Named by the page for who shows links to it: most want the whole address."""

ASK_AGAIN = "no-cache"
KEEP = "public, max-age=31536000, immutable"


class Version(StringConvertor):
    """The part of an address that changes with the files."""

    regex = "[0-9a-f]{16}"


register_url_convertor("version", Version())


def add_pages(app: FastAPI, *, review: bool) -> None:
    """Serve each file of static/, and those with which corrections are reviewed if `review`."""
    folder = resources.files("inkdigits.web").joinpath("static")
    files = {
        file.name: file.read_bytes()
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        if PurePath(file.name).suffix in MEDIA_TYPES  # others are an editor's or a file manager's
        and (review or not file.name.startswith("review."))
    }
    version = hashlib.sha256(b"".join(files.values())).hexdigest()[:16]
    for name, content in files.items():
        media_type = MEDIA_TYPES[PurePath(name).suffix]
        if media_type == "text/html":
            content = ITS_FILES.sub(f"{version}/".encode(), content)
        for address, cached in {
            ADDRESSES.get(name, f"/{name}"): ASK_AGAIN,
            f"/{version}/{name}": KEEP,
            f"/{{other:version}}/{name}": ASK_AGAIN,
        }.items():
            app.add_route(address, _page(content, media_type, cached), include_in_schema=False)


def _page(content: bytes, media_type: str, cached: str) -> Callable[[Request], Awaitable[Response]]:
    async def page(request: Request) -> Response:
        preview = escape(urljoin(str(request.url), PREVIEW))
        here = content.replace(b'"%s"' % PREVIEW.encode(), b'"%s"' % preview.encode())
        etag, packed = _packed(here)
        headers = {"Cache-Control": cached, "ETag": etag, "Vary": "Accept-Encoding"}
        known = request.headers.get("if-none-match", "")
        if etag in [tag.strip().removeprefix("W/") for tag in known.split(",")]:
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(packed, 200, {**headers, "Content-Encoding": "gzip"}, media_type)
        return Response(here, headers=headers, media_type=media_type)

    return page


@lru_cache(maxsize=200)
def _packed(content: bytes) -> tuple[str, bytes]:
    """A file's ETag, and what is sent of it: packed once, and smaller than in haste."""
    # Of the content, not of the time: installers give files whatever time they like.
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"', gzip.compress(content, mtime=0)
