"""The FastAPI application: the page, the API and the shape of its errors."""

from __future__ import annotations

import json
import os
import re
from asyncio import create_task
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from functools import partial
from threading import Lock

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inkdigits import __version__
from inkdigits.errors import InkDigitsError, InvalidModel, UnreadablePicture
from inkdigits.picture import MAX_BYTES, MAX_PIXELS, may_be_larger, read_picture
from inkdigits.picture.apart import start_ahead
from inkdigits.picture.formats import format_of
from inkdigits.reader import Reader
from inkdigits.reading import Expect, check_hints
from inkdigits.web import reference
from inkdigits.web.following import FollowingReader, reader_for
from inkdigits.web.lanes import SMALL_BYTES, SMALL_PIXELS, small_and_large_lane
from inkdigits.web.pages import add_pages
from inkdigits.web.uploads import Uploads, picture_in

SECURITY_HEADERS = {
    "Content-Security-Policy": "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data: blob:",
            "connect-src 'self'",
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Sent with every answer. Origins named in `allow_origins` still get in: the resource policy is
about requests made without CORS."""

ORIGIN = re.compile(r"\*|https?://[^/?#\s,]+")

GZIP_FROM = 1000
"""Bytes. What is smaller goes in one packet anyway."""

HELD = 8
"""So many of the largest picture files are held at once."""

LARGEST = 2**24
"""Pixels. Reading takes many bytes for each, so larger pictures are read in turn."""


def create_app(
    reader: Reader | FollowingReader,
    *,
    allow_origins: Sequence[str] = (),
    max_bytes: int = MAX_BYTES,
    max_pixels: int = MAX_PIXELS,
    upload_seconds: float = 60,
) -> FastAPI:
    """The page at `/` and the API under `/api`, reading with `reader`.

    Args:
        reader: is shared by all requests.
        allow_origins: whose pages may call the API from a browser ("https://example.org", or "*"
            for anybody's); without it only the page served here.
        max_bytes: the largest picture file that is accepted.
        max_pixels: the largest picture that is decoded.
        upload_seconds: within which a picture has to arrive.

    Raises:
        ValueError: one of `allow_origins` is not an origin.
    """
    for origin in allow_origins:
        if not ORIGIN.fullmatch(origin):
            raise ValueError(
                f"{origin!r} is not an origin. Write it as a browser does, without a path or a "
                "final slash: https://example.org"
            )
    app = FastAPI(
        title="inkdigits",
        version=__version__,
        description=reference.DESCRIPTION,
        docs_url=None,  # FastAPI's own load their scripts from elsewhere; ours is at /docs
        redoc_url=None,
        redirect_slashes=False,
        lifespan=partial(_beside_requests, reader),
    )
    uploads = Uploads(max_bytes=max_bytes, seconds=upload_seconds, budget=HELD * max_bytes)
    small, large = small_and_large_lane()
    largest_reading = Lock()

    def refuse_other_sites(request: Request) -> None:
        """A browser says when another site's page is asking; nothing is read for it."""
        other = request.headers.get("sec-fetch-site") in {"cross-site", "same-site"}
        origin = request.headers.get("origin")
        if other and "*" not in allow_origins and origin not in allow_origins:
            raise HTTPException(403, "Pages of other sites may not use this server.")

    def answer(
        body: bytes,
        content_type: str,
        expect: Expect,
        length: int | None,
        seen: bool | None,
        only_small: bool,
    ) -> bytes | None:
        """The reading as JSON; None if only what is small is to be read, and this is not."""
        file = picture_in(body, content_type)
        if only_small and may_be_larger(file, SMALL_PIXELS):
            return None
        is_canvas = only_small and format_of(file) == "PNG"
        picture = read_picture(
            file, max_bytes=max_bytes, max_pixels=max_pixels, isolate=not is_canvas
        )
        with largest_reading if picture.size > LARGEST else nullcontext():
            reading = reader.read_array(picture, expect=expect, length=length)
        alone = len(reading.digits) == 1
        return json.dumps(reading.to_dict(seen=alone if seen is None else seen)).encode()

    @app.post(
        "/api/read",
        summary="Read the digits in a picture",
        dependencies=[Depends(refuse_other_sites)],
        response_model=reference.Reading,
        responses=reference.READ_ANSWERS,
        openapi_extra=reference.READ_REQUEST,
    )
    async def read(
        request: Request,
        expect: reference.ExpectParameter = None,
        length: reference.LengthParameter = None,
        seen: reference.SeenParameter = None,
    ) -> Response:
        try:
            check_hints(expect, length)
        except ValueError as error:
            raise HTTPException(422, str(error)) from error
        content_type = request.headers.get("content-type", "")
        async with uploads.body_of(request, content_type) as body:
            work = partial(answer, body, content_type, expect, length, seen)
            content = None
            if len(body) <= SMALL_BYTES:
                content = await small.run(work, True)
            if content is None:
                content = await large.run(work, False)
        return Response(
            content, media_type="application/json", headers={"Cache-Control": "no-store"}
        )

    @app.get(
        "/api/health",
        summary="Whether the server is up, and its limits",
        response_description="The server is up.",
    )
    async def health() -> reference.Health:
        limits = reference.Limits(bytes=max_bytes, pixels=max_pixels)
        return reference.Health(status="ok", version=__version__, limits=limits)

    @app.get(
        "/api/ready",
        summary="Whether the server reads pictures now: it reads a small one",
        response_description="The server reads pictures.",
        responses=reference.READY_ANSWERS,
    )
    async def ready() -> reference.Ready:
        await small.run(reader.read, reference.SEVEN)
        return reference.Ready(status="ready")

    @app.get(
        "/api/model",
        summary="What the model file says about itself",
        response_description="Names and texts.",
    )
    async def model() -> dict[str, str]:
        return reader.metadata

    add_pages(app)
    _add_error_handlers(app)
    app.add_middleware(GZipMiddleware, minimum_size=GZIP_FROM, compresslevel=1)
    app.add_middleware(_SecurityHeaders)
    app.add_middleware(_HeadAsGet)
    if allow_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=allow_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Content-Type"],
        )
    return app


def app_from_env() -> FastAPI:
    """The app with its settings from the environment, for Uvicorn's workers:

    `uvicorn --factory inkdigits.web.app:app_from_env --workers 4`

    INKDIGITS_MODEL is the path of a model file or of a folder of versions (the model that ships if
    unset), INKDIGITS_ALLOW_ORIGINS a list with commas, INKDIGITS_MAX_BYTES and INKDIGITS_MAX_PIXELS
    are numbers. An empty variable counts as unset.
    """
    origins = os.environ.get("INKDIGITS_ALLOW_ORIGINS", "").split(",")
    return create_app(
        reader_for(os.environ.get("INKDIGITS_MODEL") or None),
        allow_origins=[origin.strip() for origin in origins if origin.strip()],
        max_bytes=int(os.environ.get("INKDIGITS_MAX_BYTES") or MAX_BYTES),
        max_pixels=int(os.environ.get("INKDIGITS_MAX_PIXELS") or MAX_PIXELS),
    )


@asynccontextmanager
async def _beside_requests(reader: Reader | FollowingReader, app: FastAPI) -> AsyncIterator[None]:
    start_ahead()  # so that the first photo does not wait for the process that decodes it
    following = isinstance(reader, FollowingReader) and create_task(reader.follow(reference.SEVEN))
    yield
    if following:
        following.cancel()


class _SecurityHeaders:
    """Adds SECURITY_HEADERS to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SECURITY_HEADERS)
            await send(message)

        await self.app(scope, receive, send_with_headers)


class _HeadAsGet:
    """Answers HEAD as GET; the server sends no more of it than its headers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_head = scope["type"] == "http" and scope["method"] == "HEAD"
        await self.app({**scope, "method": "GET"} if is_head else scope, receive, send)


def _add_error_handlers(app: FastAPI) -> None:
    """Make every error `{"error": {"type": ..., "message": ...}}`."""

    @app.exception_handler(InkDigitsError)
    async def unreadable(request: Request, error: InkDigitsError) -> Response:
        reason = error.reason if isinstance(error, UnreadablePicture) else ""
        status = {"unsupported": 415, "too large": 413}.get(reason, 422)
        return _error(status, type(error).__name__, str(error))

    @app.exception_handler(InvalidModel)
    async def unusable(request: Request, error: InvalidModel) -> Response:
        raise error  # which is the server's fault, not the client's

    @app.exception_handler(StarletteHTTPException)
    async def refused(request: Request, error: StarletteHTTPException) -> Response:
        name, message = {
            404: ("NotFound", "There is nothing at this address. The API is described at /docs."),
            405: ("MethodNotAllowed", f"{request.method} is not possible at this address."),
            403: ("Forbidden", error.detail),
            408: ("TooSlow", error.detail),
            503: ("Busy", error.detail),
        }.get(error.status_code, ("BadRequest", error.detail))
        return _error(error.status_code, name, message, error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        wrong = [f"{detail['loc'][-1]}: {detail['msg']}." for detail in error.errors()]
        return _error(422, "BadRequest", " ".join(wrong))

    @app.exception_handler(ClientDisconnect)
    async def gone(request: Request, error: ClientDisconnect) -> Response:
        return _error(400, "BadRequest", "The request broke off.")  # nobody is left to see it

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> Response:
        # Starlette sends this from outside every middleware, and raises on so that it is logged.
        message = "Something went wrong in the server, which has logged it."
        return _error(500, "ServerError", message, SECURITY_HEADERS)


def _error(
    status: int, name: str, message: str, headers: Mapping[str, str] | None = None
) -> Response:
    # Starlette's JSONResponse fails on lone surrogates, which input quoted in a message may have.
    content = json.dumps({"error": {"type": name, "message": message}})
    headers = {"Cache-Control": "no-store", **(headers or {})}
    return Response(content, status, headers, "application/json")
