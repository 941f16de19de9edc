"""How long others wait while somebody keeps the server busy.

    python benchmarks/server_load.py photos 4    a canvas, while 4 clients send 49 megapixels each
    python benchmarks/server_load.py dense 4     the same, while they send 900 digits on 720 x 720
    python benchmarks/server_load.py slow 300    health, beside 300 each: connections that send
                                                 nothing, half a header, a body that never ends
    python benchmarks/server_load.py stalled 40  memory, beside 40 uploads that stall at 31 MB
    python benchmarks/server_load.py kills 50    answers to 4 clients by two workers, while now and
                                                 then any process of the server is killed but the
                                                 first
    python benchmarks/server_load.py answer      bytes of the answer to a page of many digits
    python benchmarks/server_load.py storm 10    a canvas, for 10 minutes in which one client sends
                                                 bombs and four 49 megapixels, beside 300 slow or
                                                 idle connections
    python benchmarks/server_load.py soak 30     answers of two workers to good and bad requests, at
                                                 half the top rate, for 30 minutes

Each starts a server of its own and ends it with SIGTERM, while the clients are still there.
"""

from __future__ import annotations

import base64
import collections
import contextlib
import io
import math
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
from pdfs import BOMBS

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
        patient = httpx.HTTPTransport(retries=9)
        try:
            with httpx.Client(transport=patient, timeout=60) as client:
                client.post(f"{url}/api/read", content=png(written(7))).raise_for_status()
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
    return saved(Image.fromarray(written(7)).resize((7000, 7000)), "JPEG", quality=80)


def saved(picture: Image.Image, format: str, **options: int) -> bytes:
    file = io.BytesIO()
    picture.save(file, format, **options)
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


def processes_below(process: int) -> list[int]:
    """Ids of those that it has started, and that these have; Linux only."""
    found = []
    for children in Path(f"/proc/{process}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # it has just ended
            for child in map(int, children.read_text().split()):
                if b"resource_tracker" not in Path(f"/proc/{child}/cmdline").read_bytes():
                    found += [child, *processes_below(child)]
    return found


def kills(count: int) -> None:
    """Every other picture is a JPEG, which the workers have decoded by further processes."""
    pictures = {
        str(value): saved(Image.fromarray(written(value)), "PNG" if value % 2 else "JPEG")
        for value in range(10)
    }
    said, last_right = collections.Counter[str](), [0.0]
    over = threading.Event()

    def ask(url: str) -> None:
        while not over.is_set():
            for text, picture in pictures.items():
                start = time.perf_counter()
                try:
                    answer = httpx.post(f"{url}/api/read", content=picture, timeout=60)
                except httpx.TransportError as error:
                    said[type(error).__name__] += 1
                    continue
                is_right = answer.status_code == 200 and answer.json()["text"] == text
                said["right" if is_right else f"{answer.status_code}, wrong"] += 1
                last_right[0] = max(last_right[0], start * is_right)

    with served(workers=2) as (url, _, server):
        clients = [threading.Thread(target=ask, args=[url], daemon=True) for _ in range(4)]
        for client in clients:
            client.start()
        waits = []
        for _ in range(count):
            time.sleep(random.uniform(1, 4))
            os.kill(random.choice(processes_below(server.pid)), signal.SIGKILL)
            killed = time.perf_counter()
            while last_right[0] < killed:
                time.sleep(0.001)
            waits.append(time.perf_counter() - killed)
        over.set()
        for client in clients:
            client.join()
        print(
            f"{count} killed: a request that came later was answered rightly after "
            f"{statistics.median(waits):.2f} s, at most {max(waits):.2f}; {dict(said)}"
        )


def storm(minutes: float) -> None:
    photos, bombs = [photo()], [bomb() for bomb in BOMBS.values()]
    statuses = collections.Counter[int]()
    over = threading.Event()
    with served() as (url, port, server):

        def send(pictures: list[bytes]) -> None:
            with httpx.Client(timeout=120) as client, contextlib.suppress(httpx.HTTPError):
                while not over.is_set():
                    answer = client.post(f"{url}/api/read", content=random.choice(pictures))
                    statuses[answer.status_code] += 1
                    over.wait(float(answer.headers.get("retry-after", 0)))

        def idle() -> None:
            while not over.is_set():
                with contextlib.ExitStack() as held:
                    for start in 100 * [b"", HEAD, HEAD + b"Content-Length: 5000\r\n\r\nseven"]:
                        client = socket.create_connection(("127.0.0.1", port))
                        held.enter_context(client).sendall(start)
                    over.wait(15)  # after 20 they would be closed

        def watch() -> None:
            while not over.wait(1):
                megabytes.append(held_by(server.pid)[0])

        megabytes: list[float] = []
        crowd = [(send, photos)] * 4 + [(send, bombs)]
        others = [threading.Thread(target=each, args=[which], daemon=True) for each, which in crowd]
        others += [threading.Thread(target=each, daemon=True) for each in (idle, watch)]
        for other in others:
            other.start()
        canvas = png(written(7, 280))
        for part in range(5):
            asked(f"{url}/api/read", minutes * 60 / 5, content=canvas)
            middle, most = statistics.median(megabytes), max(megabytes)
            held = f"{middle:.0f} MB, at most {most:.0f}; now {told(server.pid)}"
            print(f"after {(part + 1) * minutes / 5:g} minutes: {held}", flush=True)
            megabytes.clear()
        over.set()
        print(f"the others: {dict(statuses)}")
        for other in others:
            other.join()


def told(process: int) -> str:
    return "{:.0f} MB and {} files of {} processes".format(*held_by(process))


def held_by(process: int) -> tuple[float, int, int]:
    """Memory in MB and files of a process and those that it has started, and how many these are."""
    kilobytes = files = count = 0
    for each in [process, *processes_below(process)]:
        with contextlib.suppress(OSError):  # it has just ended
            sizes = Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()
            # What several processes share counts once.
            kilobytes += sum(int(line.split()[1]) for line in sizes if line.startswith("Pss:"))
            files += len(list(Path(f"/proc/{each}/fd").iterdir()))
            count += 1
    return kilobytes / 1000, files, count


def good_and_bad() -> list[tuple[str, str, bytes, int]]:
    """A query, a type, a body, and the status that is due."""
    seven, canvases = Image.fromarray(written(7)), [png(written(value)) for value in range(10)]
    return [
        *(("", "image/png", canvas, 200) for canvas in canvases),
        ("", "application/json", b'{"image": "%s"}' % base64.b64encode(canvases[3]), 200),
        ("?expect=digit", "image/tiff", saved(seven, "TIFF"), 200),
        ("?length=1", "image/jpeg", saved(seven.resize((1600, 1200)), "JPEG"), 200),
        ("?seen=true", "application/pdf", saved(seven, "PDF"), 200),
        ("?length=0", "image/png", canvases[0], 422),
        ("", "image/png", canvases[0][:300], 422),
        ("", "image/png", b"", 422),
        ("", "image/gif", b"GIF89a" + b"\xff" * 99, 422),
        ("", "image/jpeg", b"no picture", 422),
        ("", "text/plain", b"7", 415),
        ("", "application/json", b"{", 400),
        ("", "multipart/form-data; boundary=x", b"--x", 422),
    ]


def sent(url: str, seconds: float, rate: float = math.inf) -> tuple[list[float], list[str]]:
    """Milliseconds that each answer took from when it was due, and what was not as it should be;
    with a rate so many are due in a second."""
    requests, waits, wrong = good_and_bad(), list[float](), list[str]()
    turn, begin = iter(range(10**9)), time.perf_counter()

    def client() -> None:
        with httpx.Client(timeout=60) as client:
            for number in turn:
                due = begin + number / rate if rate < math.inf else time.perf_counter()
                if max(due, time.perf_counter()) > begin + seconds:
                    return
                time.sleep(max(due - time.perf_counter(), 0))
                query, kind, body, status = requests[number % len(requests)]
                address, head = f"{url}/api/read{query}", {"Content-Type": kind}
                try:
                    answer = client.post(address, content=body, headers=head)
                    if answer.status_code != status:
                        wrong.append(f"{answer.status_code} for {status}: {answer.text[:80]}")
                except httpx.HTTPError as error:
                    wrong.append(type(error).__name__)
                waits.append((time.perf_counter() - due) * 1000)

    clients = [threading.Thread(target=client) for _ in range(8)]
    for each in clients:
        each.start()
    for each in clients:
        each.join()
    return waits, wrong


def soak(minutes: float) -> None:
    with served(workers=2) as (url, _, server):
        top = len(sent(url, SECONDS)[0]) / SECONDS
        print(f"top: {top:.1f} requests/s; at the start {told(server.pid)}", flush=True)
        waits, wrong = sent(url, 60 * minutes, top / 2)
        p50, p99 = np.percentile(waits, [50, 99])
        print(
            f"{len(waits):,} requests, {len(waits) / minutes / 60:.1f} a second: p50 {p50:.1f} ms, "
            f"p99 {p99:.1f}; not as due: {dict(collections.Counter(wrong))}"
        )
        print(f"at the end {told(server.pid)}")


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
        case ["storm", minutes]:
            storm(float(minutes))
        case ["soak", minutes]:
            soak(float(minutes))
        case _:
            sys.exit(__doc__)
