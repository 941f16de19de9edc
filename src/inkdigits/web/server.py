"""The app on Uvicorn: `inkdigits serve`, or for a while within a program."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from inkdigits.web.app import app_from_env


class PromptProtocol(H11Protocol):
    """HTTP that sends every packet at once.

    asyncio sees to that for sockets of its own, but not for the one that Uvicorn's workers share:
    there each answer's body waits 40 ms for the receipt of its headers.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().connection_made(transport)


def run(
    *,
    host: str,
    port: int,
    model: str | os.PathLike[str] | None = None,
    workers: int = 1,
    allow_origins: Sequence[str] = (),
) -> None:
    """Serve until stopped; what is left out comes from the environment, as in `app_from_env`.

    Raises:
        InvalidModel: `model` cannot be read with.
        ValueError: one of `allow_origins` is not an origin.
    """
    if model:
        os.environ["INKDIGITS_MODEL"] = os.fspath(model)
    if allow_origins:
        os.environ["INKDIGITS_ALLOW_ORIGINS"] = ",".join(allow_origins)
    # Also for several workers: a mistake shows here once, not in each of them again and again.
    app = app_from_env()
    uvicorn.run(
        app if workers == 1 else "inkdigits.web.app:app_from_env",
        factory=workers > 1,
        host=host,
        port=port,
        workers=workers,
        http=PromptProtocol,
        access_log=False,  # a drawing is many requests
    )


@contextmanager
def running(app: FastAPI, port: int = 0) -> Iterator[str]:
    """`with running(app) as url:` serves it in a thread, on this port or on a free one."""
    listener = socket.create_server(("127.0.0.1", port))  # queues who comes before Uvicorn is up
    server = uvicorn.Server(uvicorn.Config(app, http=PromptProtocol, log_level="critical"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = server.force_exit = True
        thread.join()
        listener.close()
