"""The app on Uvicorn: `inkdigits serve`, or for a while within a program."""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from ipaddress import ip_network
from tempfile import TemporaryDirectory
from typing import Literal

import uvicorn
from fastapi import FastAPI
from uvicorn.config import LOGGING_CONFIG

from inkdigits.errors import InkDigitsError
from inkdigits.web import SHARED_FOLDER
from inkdigits.web.app import app_from_env
from inkdigits.web.connection import Connection
from inkdigits.web.observed import JSON_LOG

BACKLOG = 128
"""Connections that are accepted at a time, so that those over the limit never use up all files."""
GRACE = 5
"""Seconds for what is under way, once the server is to end."""


def run(
    *,
    host: str,
    port: int,
    model: str | os.PathLike[str] | None = None,
    workers: int = 1,
    allow_origins: Sequence[str] = (),
    allow_frames: Sequence[str] = (),
    root_path: str = "",
    trust_proxies: Sequence[str] = (),
    log_format: Literal["text", "json"] = "text",
    corrections: bool = False,
) -> None:
    """Serve until stopped; what is left out comes from the environment, as in `app_from_env`.

    Args:
        root_path: which a proxy takes away from the addresses that it passes on.
        trust_proxies: addresses or networks whose X-Forwarded-For and -Proto say who asks.
        log_format: "json" logs each request, too.

    Raises:
        InkDigitsError: the address cannot be listened on, as when another server has the port.
        InvalidModel: `model` cannot be read with.
        ValueError: one of `allow_origins` or `allow_frames` is not an origin, one of
            `trust_proxies` no address, or `root_path` no path.
    """
    settings = {
        "INKDIGITS_MODEL": os.fspath(model or ""),
        "INKDIGITS_ALLOW_ORIGINS": ",".join(allow_origins),
        "INKDIGITS_ALLOW_FRAMES": ",".join(allow_frames),
        "INKDIGITS_CORRECTIONS": "1" if corrections else "",
    }
    with _in_environment({name: value for name, value in settings.items() if value}):
        # Also for several workers: a mistake shows here once, not in each of them again and again.
        app = app_from_env()
        _check_proxy(root_path, trust_proxies)
        _check_address(host, port)
        if workers > 1 and sys.platform == "linux":
            from inkdigits.web.workers import start_quickly  # which imports what Windows has not

            start_quickly()
        with _one_count_of(workers):
            uvicorn.run(
                app if workers == 1 else "inkdigits.web.server:app_of_a_worker",
                factory=workers > 1,
                host=host,
                port=port,
                workers=workers,
                http=Connection,
                root_path=root_path.rstrip("/"),
                proxy_headers=bool(trust_proxies),
                forwarded_allow_ips=[*trust_proxies],
                log_config=JSON_LOG if log_format == "json" else LOGGING_CONFIG,
                access_log=False,  # a drawing is many requests, and addresses may hold secrets
                backlog=BACKLOG,
                timeout_keep_alive=5,
                timeout_graceful_shutdown=GRACE,
                timeout_worker_healthcheck=60,  # where much else runs, 5 s are too few to start in
            )


def app_of_a_worker() -> FastAPI:
    """`app_from_env` in a process that ends with the one that looks after it."""
    threading.Thread(target=_end_with_the_server, daemon=True).start()
    return app_from_env()


def _end_with_the_server() -> None:
    if server := multiprocessing.parent_process():
        server.join()
        os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def _one_count_of(workers: int) -> Iterator[None]:
    """/metrics answers for all workers, whichever is asked: they count in files of one folder."""
    if workers == 1 or SHARED_FOLDER in os.environ:
        yield
        return
    try:
        folder = TemporaryDirectory(prefix="inkdigits-metrics-")
    except OSError as error:
        raise InkDigitsError(
            f"Several workers count in a temporary folder, and there is none: {error.strerror}. "
            "Give the server a /tmp that it may write, or one worker."
        ) from error
    with folder, _in_environment({SHARED_FOLDER: folder.name}):
        yield


@contextmanager
def _in_environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set them, for workers have them from there, and leave them as they were."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _check_proxy(root_path: str, addresses: Sequence[str]) -> None:
    """Uvicorn would take what is no address for the name of one, and trust nobody."""
    if root_path and not root_path.startswith("/"):
        raise ValueError(f"{root_path!r} is no path. Begin it with a slash: /{root_path}")
    for address in addresses:
        try:
            ip_network(address)
        except ValueError as error:
            raise ValueError(
                f"{address!r} is no address to trust. Write one as 10.0.0.7, or a network as "
                "10.0.0.0/8."
            ) from error


def _check_address(host: str, port: int) -> None:
    """Uvicorn would say what is wrong, but not what to do."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise InkDigitsError(
                f"Port {port} is taken, perhaps by another inkdigits serve. Stop what has it, or "
                f"choose another port: inkdigits serve --port {port + 1} (make serve "
                f"PORT={port + 1})."
            ) from error
        raise InkDigitsError(
            f"{host} port {port} cannot be listened on: {error.strerror}. Choose another --host "
            "or --port."
        ) from error


@contextmanager
def running(app: FastAPI, port: int = 0) -> Iterator[str]:
    """`with running(app) as url:` serves it in a thread, on this port or on a free one."""
    listener = socket.create_server(("127.0.0.1", port))  # queues who comes before Uvicorn is up
    server = uvicorn.Server(uvicorn.Config(app, http=Connection, log_level="critical"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = server.force_exit = True
        thread.join()
        listener.close()
