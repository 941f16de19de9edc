"""The FastAPI application: the page, the API and the shape of its errors."""

from __future__ import annotations

import logging
import os
from asyncio import create_task
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect

from inkdigits import __version__
from inkdigits.errors import InkDigitsError, InvalidModel, NoProcess, StoreUnavailable
from inkdigits.picture import (
    MAX_BYTES,
    MAX_PIXELS,
    Page,
    may_be_larger,
    page_count,
    read_picture,
)
from inkdigits.picture.apart import start_ahead
from inkdigits.picture.formats import format_of
from inkdigits.reader import Reader
from inkdigits.reading import Expect, check_hints
from inkdigits.web import reference
from inkdigits.web.answers import (
    NOT_STORED,
    Refused,
    check_origins,
    check_whole,
    problem,
    problem_body,
    reading_body,
    refuse_other_parameters,
    refuse_other_sites,
)
from inkdigits.web.bodies import Uploads
from inkdigits.web.following import FollowingReader, reader_for
from inkdigits.web.headers import HeadAsGet, SecurityHeaders, allowing
from inkdigits.web.lanes import busy, small_and_large_lane
from inkdigits.web.methods import methods_at
from inkdigits.web.metrics import Metrics
from inkdigits.web.observed import Observed
from inkdigits.web.owner import token_from_env
from inkdigits.web.pages import add_pages
from inkdigits.web.settings import is_on, number_in, origins_in
from inkdigits.web.shown import as_jpeg
from inkdigits.web.uploads import SMALL_BYTES, SMALL_PIXELS, picture_in

if TYPE_CHECKING:
    from inkdigits.corrections.store import Store

GZIP_FROM = 1000
"""Bytes. What is smaller goes in one packet anyway."""

KEEP_DAYS = 365
"""So long corrections are kept."""

HELD = 8
"""So many of the largest picture files are held at once."""

LARGEST = 2**24
"""Pixels. Reading takes many bytes for each, so larger pictures are read in turn."""

log = logging.getLogger("uvicorn.error")


def create_app(
    reader: Reader | FollowingReader,
    *,
    allow_origins: Sequence[str] = (),
    allow_frames: Sequence[str] = (),
    max_bytes: int = MAX_BYTES,
    max_pixels: int = MAX_PIXELS,
    upload_seconds: float = 60,
    corrections: Store | None = None,
    owner_token: str | None = None,
    keep_days: int = KEEP_DAYS,
) -> FastAPI:
    """The page at `/` and the API under `/api`, reading with `reader`.

    Args:
        reader: is shared by all requests.
        allow_origins: whose pages may call the API from a browser ("https://example.org", or "*"
            for anybody's); without it only the page served here.
        allow_frames: whose pages may show the page in a frame of theirs; without it none.
        max_bytes: the largest picture file that is accepted.
        max_pixels: the largest picture that is decoded.
        upload_seconds: within which a picture has to arrive.
        corrections: where what visitors say of readings is kept; nothing is kept without it.
        owner_token: who shows it sees and reviews what is kept.
        keep_days: after which it is forgotten.

    Raises:
        ValueError: one of `allow_origins` or `allow_frames` is not an origin, or a limit is no
            whole number from 1.
    """
    if isinstance(reader, str | os.PathLike):
        raise TypeError(f"The reader is {reader!r}, a path. Give Reader({os.fspath(reader)!r}).")
    check_origins(allow_origins)
    check_origins(allow_frames)
    check_whole(max_bytes=max_bytes, max_pixels=max_pixels, keep_days=keep_days)
    app = FastAPI(
        title="inkdigits",
        version=__version__,
        description=reference.DESCRIPTION,
        docs_url=None,  # FastAPI's own load their scripts from elsewhere; ours is at /docs
        redoc_url=None,
        redirect_slashes=False,
        lifespan=partial(_beside_requests, reader, corrections, keep_days),
    )
    metrics = Metrics(reader.metadata)
    uploads = Uploads(max_bytes=max_bytes, seconds=upload_seconds, budget=HELD * max_bytes)
    small, large = small_and_large_lane()
    largest_reading = Lock()

    async def check_site(request: Request) -> None:
        refuse_other_sites(request.headers, allow_origins)

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
        metrics.count_reading(reading)
        return reading_body(reading, seen)

    @app.post(
        "/api/read",
        summary="Read the digits in a picture",
        dependencies=[Depends(check_site)],
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
        refuse_other_parameters(request.query_params)
        try:
            check_hints(expect, length)
        except ValueError as error:
            raise Refused(422, str(error)) from error
        content_type = request.headers.get("content-type", "")
        async with uploads.body_of(request, content_type) as body:
            work = partial(answer, body, content_type, expect, length, seen)
            content = None
            if len(body) <= SMALL_BYTES:
                content = await small.run(work, True)
            if content is None:
                content = await large.run(work, False)
        return Response(content, media_type="application/json", headers=NOT_STORED)

    def shown(body: bytes, content_type: str) -> tuple[bytes, int]:
        """The picture as a JPEG, of several pages the first; and how many there are."""
        file = picture_in(body, content_type)
        pages = page_count(file, max_bytes=max_bytes)
        picture = read_picture(
            Page(file, 1) if pages > 1 else file,
            max_bytes=max_bytes,
            max_pixels=max_pixels,
            isolate=True,
        )
        return as_jpeg(picture), pages

    @app.post(
        "/api/picture",
        summary="The picture as it is read, as a JPEG, for browsers that do not know its format",
        dependencies=[Depends(check_site)],
        response_class=Response,
        responses=reference.PICTURE_ANSWERS,
        openapi_extra=reference.PICTURE_REQUEST,
    )
    async def picture(request: Request) -> Response:
        content_type = request.headers.get("content-type", "")
        async with uploads.body_of(request, content_type) as body:
            content, pages = await large.run(shown, body, content_type)
        headers = NOT_STORED | {"Pages": str(pages)}
        return Response(content, media_type="image/jpeg", headers=headers)

    @app.get(
        "/api/health",
        summary="Whether the server is up, and its limits",
        response_model_exclude_defaults=True,
        response_description="The server is up.",
    )
    async def health() -> reference.Health:
        return reference.Health(
            status="ok",
            version=__version__,
            limits=reference.Limits(bytes=max_bytes, pixels=max_pixels),
            keeps_corrections_days=keep_days if corrections else None,
        )

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

    @app.get("/metrics", include_in_schema=False)
    async def counted() -> Response:
        return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST)

    add_pages(app, review=corrections is not None)
    headers = allowing(allow_frames)
    _add_error_handlers(app, headers)
    if corrections:
        from inkdigits.web.corrections import add_corrections  # needs more than others have

        add_corrections(
            app,
            corrections,
            reader,
            small,
            token=owner_token,
            upload_seconds=upload_seconds,
            check_site=check_site,
        )
    elif owner_token:
        log.warning("There is an owner's token, but no corrections are kept (--corrections).")
    app.add_middleware(GZipMiddleware, minimum_size=GZIP_FROM, compresslevel=1)
    app.add_middleware(SecurityHeaders, headers=headers)
    app.add_middleware(HeadAsGet)
    if allow_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=allow_origins,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Content-Type", "Session"],
            expose_headers=["Pages", "Retry-After"],
        )
    app.add_middleware(Observed, metrics=metrics)
    return app


def app_from_env() -> FastAPI:
    """The app with its settings from the environment, for Uvicorn's workers:

    `uvicorn --factory inkdigits.web.app:app_from_env --workers 4`

    INKDIGITS_MODEL is the path of a model file or of a folder of versions (the model that ships if
    unset), INKDIGITS_ALLOW_ORIGINS and INKDIGITS_ALLOW_FRAMES lists with commas,
    INKDIGITS_MAX_BYTES and INKDIGITS_MAX_PIXELS are numbers. With INKDIGITS_CORRECTIONS=1
    corrections are kept, in INKDIGITS_DATABASE_URL, and who shows INKDIGITS_OWNER_TOKEN, or what
    the file INKDIGITS_OWNER_TOKEN_FILE holds, sees them; after INKDIGITS_KEEP_DAYS they are
    forgotten. An empty variable counts as unset.

    Raises ValueError if one of them cannot be.
    """
    return create_app(
        reader_for(os.environ.get("INKDIGITS_MODEL") or None),
        allow_origins=origins_in("INKDIGITS_ALLOW_ORIGINS"),
        allow_frames=origins_in("INKDIGITS_ALLOW_FRAMES"),
        max_bytes=number_in("INKDIGITS_MAX_BYTES", MAX_BYTES),
        max_pixels=number_in("INKDIGITS_MAX_PIXELS", MAX_PIXELS),
        corrections=_store() if is_on("INKDIGITS_CORRECTIONS") else None,
        owner_token=token_from_env(),
        keep_days=number_in("INKDIGITS_KEEP_DAYS", KEEP_DAYS),
    )


def _store() -> Store:
    from inkdigits.corrections.store import Store

    return Store()


@asynccontextmanager
async def _beside_requests(
    reader: Reader | FollowingReader, corrections: Store | None, days: int, app: FastAPI
) -> AsyncIterator[None]:
    start_ahead()  # so that the first photo does not wait for the process that decodes it
    async with AsyncExitStack() as stack:
        if isinstance(reader, FollowingReader):
            following = create_task(reader.follow(reference.SEVEN))
            stack.callback(following.cancel)
        if corrections:
            from inkdigits.web.corrections import kept_up

            await stack.enter_async_context(kept_up(corrections, days))
        yield


def _add_error_handlers(app: FastAPI, security_headers: Mapping[str, str]) -> None:
    """Make every error `{"error": {"type": ..., "message": ...}}`."""

    @app.exception_handler(InkDigitsError)
    async def unreadable(request: Request, error: InkDigitsError) -> Response:
        return _error(*problem(error))

    @app.exception_handler(InvalidModel)
    async def unusable(request: Request, error: InvalidModel) -> Response:
        raise error  # which is the server's fault, not the client's

    @app.exception_handler(StoreUnavailable)
    async def unavailable(request: Request, error: StoreUnavailable) -> Response:
        log.warning("%s", error)  # which may tell where the database is
        return await refused(request, busy("Corrections cannot be kept now.", "it"))

    @app.exception_handler(NoProcess)
    async def crowded(request: Request, error: NoProcess) -> Response:
        log.warning("%s", error)
        return await refused(request, busy("No process can be started to decode the picture."))

    @app.exception_handler(StarletteHTTPException)
    async def refused(request: Request, error: StarletteHTTPException) -> Response:
        methods = methods_at(request)
        instead = f"Use {methods.replace(', ', ' or ')}."
        nothing = "There is nothing at this address. The API is described at /docs."
        name, message = {
            404: ("NotFound", nothing if error.detail == "Not Found" else error.detail),
            405: ("MethodNotAllowed", f"{request.method} is not possible here. {instead}"),
            401: ("Unauthorized", error.detail),
            408: ("TooSlow", error.detail),
            429: ("TooMany", error.detail),
            503: ("Busy", error.detail),
        }.get(error.status_code, ("BadRequest", error.detail))
        headers = {"Allow": methods} if error.status_code == 405 else error.headers
        return _error(error.status_code, name, message, headers)

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
        return _error(*problem(error), security_headers)


def _error(
    status: int, name: str, message: str, headers: Mapping[str, str] | None = None
) -> Response:
    headers = NOT_STORED | dict(headers or {})
    return Response(problem_body(name, message), status, headers, "application/json")
