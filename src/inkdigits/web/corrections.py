"""The API of corrections: anybody may send one, and their owner reads and reviews them."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from inkdigits.corrections.correction import correction_of, parse
from inkdigits.corrections.store import Added, New, Store
from inkdigits.errors import InkDigitsError, NoInk, StoreUnavailable
from inkdigits.reader import Reader
from inkdigits.web import corrections_reference as reference
from inkdigits.web.answers import Refused
from inkdigits.web.bodies import Uploads
from inkdigits.web.following import FollowingReader
from inkdigits.web.lanes import Lane, busy
from inkdigits.web.owner import check_owner
from inkdigits.web.uploads import JSON

MOST_BYTES = 2**20
"""Of a correction's pictures."""
MOST_DECISION_BYTES = 1000
MOST_HELD = 2**26
"""Bytes that all corrections may have together that are arriving."""
TOGETHER, MOST_WAITING = 100, 1000
"""So many are kept in one transaction, and so many wait for theirs; who comes then is sent away."""

DAY = 86400
"""Seconds."""

log = logging.getLogger("uvicorn.error")


class Keeper:
    """Keeps corrections that come at the same time in one transaction: the disk is waited for once,
    and not for each of them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[tuple[New, asyncio.Future[Added | None]]] = []
        self._keeping: asyncio.Task[None] | None = None

    async def keep(self, new: New) -> Added | None:
        """As `Store.add` of this one; what is an error there is raised."""
        if len(self._waiting) >= MOST_WAITING:
            raise busy("It is keeping as many corrections as it can.", "it")
        future: asyncio.Future[Added | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((new, future))
        if self._keeping is None or self._keeping.done():
            self._keeping = asyncio.create_task(self._keep_all())
        return await future

    async def _keep_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:TOGETHER], self._waiting[TOGETHER:]
            results: Sequence[Added | Exception | None]
            try:
                results = await asyncio.to_thread(self._store.add, [new for new, _ in batch])
            except Exception as error:  # of which each hears who waits
                results = [error] * len(batch)
            for (_, future), result in zip(batch, results, strict=True):
                if future.cancelled():
                    continue
                if isinstance(result, Exception):
                    future.set_exception(result)
                else:
                    future.set_result(result)


@asynccontextmanager
async def kept_up(store: Store, days: int) -> AsyncIterator[None]:
    """Make the tables before the first correction comes, and forget each day what is older.

    Raises what is wrong with the database, unless it is only down: then it may come back.
    """
    try:
        await asyncio.to_thread(store.open)
    except StoreUnavailable as error:
        log.warning("%s", error)
    else:
        await _forget(store, days)
    daily = asyncio.create_task(_forget_daily(store, days))
    try:
        yield
    finally:
        daily.cancel()


async def _forget_daily(store: Store, days: int) -> None:
    while True:
        await asyncio.sleep(DAY)
        await _forget(store, days)


async def _forget(store: Store, days: int) -> None:
    try:
        await asyncio.to_thread(store.delete, before=time.time() - days * DAY)
    except Exception as error:  # whatever it is today, tomorrow comes
        log.warning("Old corrections are still there, and are forgotten tomorrow: %s", error)


def add_corrections(
    app: FastAPI,
    store: Store,
    reader: Reader | FollowingReader,
    lane: Lane,
    *,
    token: str | None,
    upload_seconds: float,
    check_site: Callable[[Request], Awaitable[None]],
) -> None:
    """Keep corrections in `store`.

    Args:
        reader: whose opinion of each is kept, too.
        lane: where it reads them.
        token: the owner's; without one nobody sees them here.
    """
    uploads = Uploads(
        max_bytes=MOST_BYTES, seconds=upload_seconds, budget=MOST_HELD, what="correction"
    )
    decisions = Uploads(
        max_bytes=MOST_DECISION_BYTES,
        seconds=upload_seconds,
        budget=MOST_HELD,
        what="decision",
        has_picture=False,
    )
    keeper = Keeper(store)
    from_here = [Depends(check_site)]

    def check(request: Request) -> None:
        check_owner(request, token)

    by_owner = [Depends(check)]

    def judged(body: bytes) -> New:
        correction = correction_of(parse(body))
        judge = reader.now if isinstance(reader, FollowingReader) else reader
        try:
            [probabilities] = judge.predict_proba(correction.pixels()[None])
        except NoInk as error:  # whose message counts pictures, and there is one
            raise NoInk("Nothing is written in the picture. Send the digit.") from error
        model = judge.metadata.get("sha256", "")  # a file that is not stamped has none
        return New(correction, [round(float(each), 5) for each in probabilities], model)

    @app.post("/api/corrections", dependencies=from_here, status_code=201, **reference.SEND)
    async def send(request: Request) -> Response:
        async with uploads.body_of(request, JSON) as body:
            new = await lane.run(judged, body)
        with _fault_of_store():
            added = await keeper.keep(new)
        if added is None:
            raise HTTPException(
                429,
                "This session has sent as many corrections as it may in an hour. Send it later.",
                {"Retry-After": "600"},
            )
        return _json({"number": added.number}, 201 if added.is_new else 200)

    @app.delete("/api/corrections/{number}", dependencies=from_here, **reference.TAKE_BACK)
    async def take_back(number: reference.Number, session: reference.SessionHeader) -> Response:
        with _fault_of_store():
            taken = await asyncio.to_thread(store.take_back, number, session)
        if not taken:
            raise HTTPException(404, f"There is no correction {number} of this session.")
        return Response(status_code=204)

    @app.get("/api/corrections", dependencies=by_owner, **reference.LIST)
    async def page(
        state: reference.StateParameter = None,
        after: reference.AfterParameter = 0,
        limit: reference.LimitParameter = 100,
        suspicious_first: reference.SuspiciousParameter = False,
    ) -> Response:
        with _fault_of_store():
            kept = await asyncio.to_thread(
                store.page, state, after=after, limit=limit, suspicious_first=suspicious_first
            )
        more = len(kept) == limit and not suspicious_first
        following = kept[-1].number if more else None
        return _json({"corrections": [each.to_dict() for each in kept], "next": following})

    @app.post("/api/corrections/{number}/review", dependencies=by_owner, **reference.REVIEW)
    async def review(request: Request, number: reference.Number) -> Response:
        async with decisions.body_of(request, JSON) as body:
            decision = _decision_in(body)
        with _fault_of_store():
            found = await asyncio.to_thread(store.review, number, decision.state, decision.label)
        if not found:
            raise HTTPException(
                404, f"There is no correction {number}: it may have been taken back."
            )
        return Response(status_code=204)


@contextmanager
def _fault_of_store() -> Iterator[None]:
    """Whatever is wrong with the database is no fault of what was sent: it is to come again."""
    try:
        yield
    except InkDigitsError as error:
        raise StoreUnavailable(str(error)) from error


def _decision_in(body: bytes) -> reference.Decision:
    # Not by FastAPI, which has the whole body in memory before it asks for the token.
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"The body is not JSON: {error}.") from error
    try:
        return reference.Decision.model_validate(document)
    except ValidationError as error:
        raise RequestValidationError(
            [{**wrong, "loc": ("body", *wrong["loc"])} for wrong in error.errors()]
        ) from error


def _json(content: Any, status: int = 200) -> Response:
    return Response(
        json.dumps(content), status, {"Cache-Control": "no-store"}, media_type="application/json"
    )
