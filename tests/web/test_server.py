"""Serving with Uvicorn, in one process and in several."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event

import httpx
import pytest

from inkdigits import InkDigitsError, InvalidModel
from inkdigits.web.server import run
from server_load import processes_below

PROMPT = 0.03
"""Seconds. Where a packet waits for the receipt of another, each answer takes 0.04 or more."""

SERVE = """
from inkdigits.web import server
server.GRACE = {grace}
server.run(host="127.0.0.1", port={port}, workers={workers}, **{options})
"""


@contextmanager
def served(workers, environment, grace=5, **options):
    """The port of a server in a process of its own, and the process, with its log in stderr."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    code = SERVE.format(port=port, workers=workers, grace=grace, options=options)
    with subprocess.Popen(
        [sys.executable, "-c", code], stderr=subprocess.PIPE, text=True
    ) as server:
        try:
            for _ in range(workers):
                wait_for_line(server.stderr, "Application startup complete")
            yield port, server
        finally:
            server.terminate()


@pytest.mark.parametrize("workers", [1, 2])
def test_digits_are_read_promptly_by_one_process_or_several(workers, png_of, environment):
    patient = httpx.HTTPTransport(retries=5)  # the port opens after the startup
    with (
        served(workers, environment) as (port, _),
        httpx.Client(transport=patient, timeout=30) as client,
    ):
        url = f"http://127.0.0.1:{port}/api"
        assert client.post(f"{url}/read", content=png_of(7)).json()["text"] == "7"
        waits = [client.get(f"{url}/health").elapsed.total_seconds() for _ in range(20)]
        while min(waits) >= PROMPT and len(waits) < 500:  # the machine may be busy
            waits.append(client.get(f"{url}/health").elapsed.total_seconds())
        counted = client.get(f"http://127.0.0.1:{port}/metrics").text
    assert min(waits) < PROMPT
    # Those of each worker, whichever is asked.
    assert f'inkdigits_requests_total{{path="/api/health",status="200"}} {len(waits)}.0' in counted
    assert 'inkdigits_digit_confidence_count{digit="7"} 1.0' in counted


@pytest.mark.parametrize(
    ("trusted", "client"), [([], "127.0.0.1"), (["127.0.0.0/8"], "203.0.113.9")]
)
def test_a_log_of_json_says_who_asked_as_a_trusted_proxy_says_and_no_query(
    trusted, client, environment
):
    options = {"log_format": "json", "root_path": "/ink", "trust_proxies": trusted}
    with served(1, environment, **options) as (port, server):
        url = f"http://127.0.0.1:{port}/api/health?token=secret"
        patient = httpx.HTTPTransport(retries=5)
        with httpx.Client(transport=patient, timeout=60) as proxy:
            proxy.get(url, headers={"X-Forwarded-For": "203.0.113.9"}).raise_for_status()
        lines = (json.loads(line) for line in server.stderr)
        line = next(line for line in lines if line["message"] == "request")
    assert line["client"] == client
    assert (line["method"], line["path"], line["status"]) == ("GET", "/ink/api/health", 200)
    assert line["milliseconds"] > 0
    assert "secret" not in json.dumps(line)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_client_that_is_slow_does_not_keep_a_server_from_ending(workers, environment):
    patient = httpx.HTTPTransport(retries=5)
    with (
        served(workers, environment, grace=1) as (port, server),
        httpx.Client(transport=patient, timeout=30) as client,
    ):
        client.get(f"http://127.0.0.1:{port}/api/health")
        with socket.create_connection(("127.0.0.1", port)) as slow:
            slow.sendall(
                b"POST /api/read HTTP/1.1\r\nHost: here\r\nExpect: 100-continue\r\n"
                b"Content-Length: 10\r\n\r\n"
            )
            assert slow.recv(100).startswith(b"HTTP/1.1 100 ")  # it waits for the body
            server.terminate()
            server.communicate(timeout=30)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="no /proc here")
def test_others_are_read_rightly_when_a_worker_is_killed_and_it_is_replaced(png_of, environment):
    pictures = {str(value): png_of(value) for value in (4, 7)}
    over = Event()

    def ask(url):
        """When what was answered: rightly, and otherwise."""
        answered, wrong = [], []
        while not over.is_set():
            for text, picture in pictures.items():
                with suppress(httpx.TransportError):  # the one that was asked is dead
                    said = httpx.post(url, content=picture, timeout=30).json().get("text")
                    (answered if said == text else wrong).append((time.monotonic(), said))
        return answered, wrong

    with served(2, environment) as (port, server), ThreadPoolExecutor(1) as clients:
        asking = clients.submit(ask, f"http://127.0.0.1:{port}/api/read")
        try:
            forking, worker, *_ = processes_below(server.pid)
            for process in (worker, forking):  # which the other worker outlives
                os.kill(process, signal.SIGKILL)
            killed = time.monotonic()
            for _ in range(2):
                wait_for_line(server.stderr, "Application startup complete")
            replaced = time.monotonic()
        finally:
            over.set()
        answered, wrong = asking.result()

    assert not wrong
    assert any(killed < moment < replaced for moment, _ in answered)


def wait_for_line(log, text):
    """Read Uvicorn's log until a line has `text`."""
    assert any(text in line for line in log), "the server ended"


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="no /proc here")
def test_nothing_is_left_of_a_server_that_is_killed(environment):
    with served(2, environment) as (_, server):
        processes = processes_below(server.pid)
        server.kill()
        end = time.monotonic() + 30
        while any(Path(f"/proc/{each}").exists() for each in processes):
            assert time.monotonic() < end
            time.sleep(0.02)


def test_a_model_that_is_none_is_refused_before_anything_is_served(environment, tmp_path):
    with pytest.raises(InvalidModel):
        run(host="127.0.0.1", port=0, model=tmp_path / "none.onnx", workers=2)


def test_what_is_no_origin_is_refused_before_anything_is_served(environment):
    with pytest.raises(ValueError, match="is not an origin"):
        run(host="127.0.0.1", port=0, allow_origins=["example.org"])
    assert "INKDIGITS_ALLOW_ORIGINS" not in os.environ  # for whoever serves next


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"trust_proxies": ["proxy.example"]}, "'proxy.example' is no address to trust"),
        ({"root_path": "ink"}, "Begin it with a slash: /ink"),
    ],
)
def test_what_a_proxy_cannot_be_is_refused_before_anything_is_served(environment, wrong, message):
    with pytest.raises(ValueError, match=message):
        run(host="127.0.0.1", port=0, **wrong)


def test_a_port_that_is_taken_is_told_with_what_to_do(environment):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(InkDigitsError, match=rf"{port} is taken.*--port {port + 1}.*PORT="):
            run(host="127.0.0.1", port=port)


def test_an_address_that_is_not_of_this_machine_is_told(environment):
    with pytest.raises(InkDigitsError, match=r"192\.0\.2\.1 port 0 cannot be listened on"):
        run(host="192.0.2.1", port=0)
