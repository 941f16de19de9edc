"""How long others wait while somebody keeps the server busy.

    python benchmarks/server_load.py photos 4    a canvas, while 4 clients send 49 megapixels each
    python benchmarks/server_load.py dense 4     the same, while they send 900 digits on 720 x 720
    python benchmarks/server_load.py slow 300    health, beside 300 each: connections that send
                                                 nothing, half a header, a body that never ends
    python benchmarks/server_load.py stalled 40  memory, beside 40 uploads that stall at 31 MB
    python benchmarks/server_load.py kills 50    answers of two workers, one of which is killed now
                                                 and then, to 4 clients
    python benchmarks/server_load.py answer      bytes of the answer to a page of many digits

Each starts a server of its own and ends it with SIGTERM, while the clients are still there.
"""

from __future__ import annotations

import collections
import contextlib
import io
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from handwriting import png, written

SECONDS = 20
PNG = {"Content-Type": "image/png"}
HEAD = b"POST /api/read HTTP/1.1\r\nHost: here\r\nContent-Type: image/png\r\n"


@contextlib.contextmanager
def served(workers: int = 1, model: str = "") -> Iterator[tuple[str, int, subprocess.Popen[bytes]]]:
    """Its address, port and process."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = f"--port {port} --workers {workers}" + (f" --model '{model}'" if model else "")
    serve = f"ulimit -n 1024; exec '{sys.executable}' -m inkdigits serve {options}"
    command = ["bash", "-c", serve]  # as many open files as most systems allow
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as server:
        url = f"http://127.0.0.1:{port}"
        patient = httpx.HTTPTransport(retries=6)
        with httpx.Client(transport=patient, timeout=60) as client:
            client.post(f"{url}/api/read", content=png(written(7))).raise_for_status()
        try:
            yield url, port, server
        finally:
            start = time.perf_counter()
            server.terminate()
            try:
                server.wait(60)
                print(f"SIGTERM: gone after {time.perf_counter() - start:.1f} s")
            except subprocess.TimeoutExpired:
                print("SIGTERM: still there after 60 s")
                server.kill()


def asked(url: str, seconds: float, **picture: bytes) -> None:
    """Print how long each of many requests, one after another, took."""
    waits, statuses = [], collections.Counter[str]()
    end = time.perf_counter() + seconds
    each_anew = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(limits=each_anew, timeout=30) as client:
        while time.perf_counter() < end:
            start = time.perf_counter()
            try:
                answer = client.request("POST" if picture else "GET", url, **picture)
                statuses[str(answer.status_code)] += 1
            except httpx.HTTPError as error:
                statuses[type(error).__name__] += 1
            waits.append((time.perf_counter() - start) * 1000)
            time.sleep(0.02)
    p99 = sorted(waits)[int(len(waits) * 0.99)]
    print(
        f"{url.rpartition('/')[2]}: median {statistics.median(waits):.1f} ms, "
        f"p99 {p99:.1f} ms, {dict(statuses)}"
    )


def memory(process: int) -> str:
    """Megabytes that it has now, and had at most; Linux only."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    sizes = dict(line.split(":", 1) for line in lines)
    return f"{int(sizes['VmRSS'].split()[0]) / 1000:.0f} MB, at most " + (
        f"{int(sizes['VmHWM'].split()[0]) / 1000:.0f}"
    )


def photo() -> bytes:
    file = io.BytesIO()
    Image.fromarray(written(7)).resize((7000, 7000)).save(file, "JPEG", quality=80)
    return file.getvalue()


def dense() -> bytes:
    return png(np.tile(written(7, 24), (30, 30)))


def crowd(count: int, picture: bytes) -> None:
    statuses = collections.Counter[int]()
    with served() as (url, _, server):
        over = threading.Event()

        def send() -> None:
            with httpx.Client(timeout=120) as client, contextlib.suppress(httpx.HTTPError):
                while not over.is_set():
                    answer = client.post(f"{url}/api/read", content=picture)
                    statuses[answer.status_code] += 1
                    over.wait(float(answer.headers.get("retry-after", 0)))

        canvas = png(written(7, 280))
        asked(f"{url}/api/read", 3, content=canvas)
        for _ in range(count):
            threading.Thread(target=send, daemon=True).start()
        time.sleep(1)
        asked(f"{url}/api/read", SECONDS, content=canvas)
        print(f"the others: {dict(statuses)}; {memory(server.pid)}")
        over.set()


def slow(count: int) -> None:
    with contextlib.ExitStack() as held, served() as (url, port, server):
        for start in [b"", HEAD, HEAD + b"Content-Length: 5000\r\n\r\nseven"]:
            for _ in range(count):
                client = held.enter_context(socket.create_connection(("127.0.0.1", port)))
                client.sendall(start)
        asked(f"{url}/api/health", SECONDS)
        print(memory(server.pid))


def stalled(count: int) -> None:
    """Each sends 31 of 32 MB."""
    with contextlib.ExitStack() as held, served() as (url, port, server):
        for _ in range(count):
            client = held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
            with contextlib.suppress(OSError):  # refused
                client.sendall(HEAD + b"Content-Length: 32000000\r\n\r\n")
                for _ in range(31):
                    client.sendall(bytes(1_000_000))
        asked(f"{url}/api/health", 5)
        asked(f"{url}/api/read", 5, content=png(written(7)))
        print(memory(server.pid))


def kills(count: int) -> None:
    pictures = {str(value): png(written(value)) for value in range(10)}
    said, rightly = collections.Counter[str](), [0.0]
    over = threading.Event()

    def ask(url: str) -> None:
        while not over.is_set():
            for text, picture in pictures.items():
                try:
                    answer = httpx.post(f"{url}/api/read", content=picture, timeout=60)
                except httpx.TransportError as error:
                    said[type(error).__name__] += 1
                    continue
                is_right = answer.status_code == 200 and answer.json()["text"] == text
                said["right" if is_right else f"{answer.status_code}, wrong"] += 1
                rightly[0] = time.perf_counter() if is_right else rightly[0]

    with served(workers=2) as (url, _, server):
        clients = [threading.Thread(target=ask, args=[url]) for _ in range(4)]
        for client in clients:
            client.start()
        waits = []
        for _ in range(count):
            time.sleep(random.uniform(1, 4))
            children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
            workers = [
                child
                for child in children
                if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
            ]
            os.kill(int(random.choice(workers)), signal.SIGKILL)
            killed = time.perf_counter()
            while rightly[0] < killed:
                time.sleep(0.001)
            waits.append(rightly[0] - killed)
        over.set()
        for client in clients:
            client.join()
        print(
            f"{count} killed: a right answer after {statistics.median(waits):.2f} s, at most "
            f"{max(waits):.2f}; {dict(said)}"
        )


def answer() -> None:
    side, columns = 24, 62
    small = written(7, side)
    page = png(np.tile(small, (columns, columns)))
    with served() as (url, _, _):
        for query in ["", "?seen=true"]:
            for accepted in ["identity", "gzip"]:
                headers = PNG | {"Accept-Encoding": accepted}
                start = time.perf_counter()
                with httpx.stream(
                    "POST", f"{url}/api/read{query}", content=page, headers=headers, timeout=120
                ) as got:
                    size = sum(map(len, got.iter_raw()))
                print(
                    f"{len(page)} bytes sent{query}, {accepted}: {size} bytes, "
                    f"{time.perf_counter() - start:.1f} s"
                )


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["photos", count]:
            crowd(int(count), photo())
        case ["dense", count]:
            crowd(int(count), dense())
        case ["slow", count]:
            slow(int(count))
        case ["stalled", count]:
            stalled(int(count))
        case ["kills", count]:
            kills(int(count))
        case ["answer"]:
            answer()
        case _:
            sys.exit(__doc__)
