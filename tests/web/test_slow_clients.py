"""Clients that connect and send nothing, or too little, or too slowly: others do not notice."""

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import httpx
import pytest
import uvicorn

from inkdigits import Reader
from inkdigits.web import connection
from inkdigits.web.app import create_app
from inkdigits.web.server import running

HEAD = b"POST /api/read HTTP/1.1\r\nHost: here\r\nContent-Type: image/png\r\n"
HEALTH = b"GET /api/health HTTP/1.1\r\nHost: here\r\n\r\n"
Connect = Callable[[str], socket.socket]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Connects to a server; the connection ends with the test."""
    with contextlib.ExitStack() as connections:

        def connect(url: str) -> socket.socket:
            host, port = url.removeprefix("http://").split(":")
            return connections.enter_context(socket.create_connection((host, int(port)), 30))

        yield connect


def is_broken_off(client: socket.socket) -> bool:
    """Whether the server ends it while this waits; all that it sends before is left out."""
    try:
        while client.recv(2**16):
            pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize("sent", [b"", b"GET", HEAD, HEALTH + b"GET"])
def test_a_client_that_sends_no_whole_request_is_not_waited_for(reader, connect, monkeypatch, sent):
    monkeypatch.setattr(connection, "REQUEST_SECONDS", 0.3)
    monkeypatch.setattr(uvicorn, "Config", partial(uvicorn.Config, timeout_keep_alive=0.3))
    with running(create_app(reader)) as url:
        client = connect(url)
        client.sendall(sent)
        assert is_broken_off(client)


def test_a_request_that_comes_byte_by_byte_is_not_waited_for_either(reader, connect, monkeypatch):
    monkeypatch.setattr(connection, "REQUEST_SECONDS", 0.3)
    with running(create_app(reader)) as url:
        client = connect(url)
        client.settimeout(0.01)
        end = time.monotonic() + 30
        with contextlib.suppress(ConnectionError):
            while time.monotonic() < end:
                client.sendall(b"x")
                with contextlib.suppress(TimeoutError):
                    if client.recv(1) == b"":
                        break
        assert time.monotonic() < end


def test_a_body_that_does_not_arrive_in_time_is_told_so(reader, connect):
    with running(create_app(reader, upload_seconds=0.3)) as url:
        client = connect(url)
        client.sendall(HEAD + b"Content-Length: 1000\r\n\r\nseven")
        answer = client.recv(2**16)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert is_broken_off(client)


def test_idle_and_slow_clients_make_room_for_others(reader, connect, monkeypatch, png_of):
    monkeypatch.setattr(connection, "MOST_CONNECTIONS", 5)
    with running(create_app(reader)) as url:
        slow = [connect(url) for _ in range(20)]
        for place, client in enumerate(slow):
            with contextlib.suppress(ConnectionError):
                client.sendall([b"GET", HEAD, HEAD + b"Content-Length: 9\r\n\r\n"][place % 3])
        assert httpx.get(f"{url}/api/health", timeout=60).status_code == 200
        answer = httpx.post(f"{url}/api/read", content=png_of(7), timeout=60)
        assert answer.json()["text"] == "7"
        assert all(map(is_broken_off, slow[:15]))


def test_stalled_uploads_take_only_so_much_memory(reader: Reader, connect: Connect, png_of: Any):
    size = 2**19
    with running(create_app(reader, max_bytes=size)) as url, httpx.Client(timeout=30) as client:

        def until(status: int, stall: bool) -> httpx.Response:
            """The first answer with that status to a large body, perhaps after one that stalls."""
            end = time.monotonic() + 30
            while time.monotonic() < end:
                if stall:
                    stalled.append(connect(url))
                    head = HEAD + b"Content-Length: %d\r\n\r\n" % size
                    stalled[-1].sendall(head + bytes(size - 1))
                answer = client.post(f"{url}/api/read", content=bytes(size))
                if answer.status_code == status:
                    return answer
            raise AssertionError(answer.text)

        stalled: list[socket.socket] = []
        refused = until(503, stall=True)
        assert refused.json()["error"]["type"] == "Busy"
        assert int(refused.headers["retry-after"]) > 0
        assert client.post(f"{url}/api/read", content=png_of(7)).json()["text"] == "7"
        for each in stalled:
            each.close()
        until(422, stall=False)  # it is no picture
