"""Requests a second: `inkdigits serve --workers 2` and a Flask page that calls Keras.

    python -m venv keras && keras/bin/pip install flask tensorflow-cpu pillow
    python benchmarks/requests_served.py --keras keras/bin/python

Clients send canvases of 280x280 as PNG over connections that stay open, as many as --clients. First
all that each server can take, in turns: requests a second, medians of --rounds. Then half of that
to each: how long answers take. The clients are on the same machine, and take of it, too.

The Flask page is what tutorials write: it decodes the picture, makes it smaller and calls
`model.predict` of a small convolutional network (which has learned nothing, as that costs no time).
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from handwriting import png, written

FLASK = """
import io, sys
import keras, numpy
from flask import Flask, jsonify, request
from PIL import Image

model = keras.Sequential([
    keras.Input((28, 28, 1)),
    keras.layers.Conv2D(32, 3, activation="relu"),
    keras.layers.MaxPooling2D(),
    keras.layers.Conv2D(64, 3, activation="relu"),
    keras.layers.MaxPooling2D(),
    keras.layers.Flatten(),
    keras.layers.Dense(10, activation="softmax"),
])
app = Flask(__name__)

@app.post("/api/read")
def read():
    picture = Image.open(io.BytesIO(request.get_data())).convert("L").resize((28, 28))
    pixels = 1 - numpy.asarray(picture, numpy.float32)[None, :, :, None] / 255
    return jsonify(digit=int(model.predict(pixels, verbose=0).argmax()))

app.run(port=int(sys.argv[1]), threaded=True)
"""
HEADERS = {"Content-Type": "image/png"}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


@contextlib.contextmanager
def served(command: Sequence[str]) -> Iterator[int]:
    """The port of a server that answers; the command gets it as its last argument."""
    port = free_port()
    with subprocess.Popen(
        [*command, str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            end = time.monotonic() + 180
            while not answers(port):
                if server.poll() is not None or time.monotonic() > end:
                    sys.exit(f"{command[0]} does not serve.")
                time.sleep(0.2)
            yield port
        finally:
            server.terminate()


def answers(port: int) -> bool:
    try:
        ask(connect(port), png(written(7)))
    except (OSError, http.client.HTTPException):
        return False
    return True


def connect(port: int) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def ask(connection: http.client.HTTPConnection, picture: bytes) -> None:
    connection.request("POST", "/api/read", picture, HEADERS)
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise http.client.HTTPException(f"status {answer.status}")


def load(port: int, clients: int, seconds: float, rate: float | None = None) -> list[float]:
    """Seconds that each answer took; with a rate so many are asked for a second, all in all.

    Who is due while all clients wait is asked for later, and has waited since it was due.
    """
    pictures = [png(written(value, 280)) for value in range(10)]
    waits: list[float] = []
    start = time.perf_counter()
    turn = iter(range(10**9))

    def client() -> None:
        connection = connect(port)
        while True:
            number = next(turn)
            due = time.perf_counter() if rate is None else start + number / rate
            if due > start + seconds:
                return
            time.sleep(max(0, due - time.perf_counter()))
            ask(connection, pictures[number % 10])
            waits.append(time.perf_counter() - due)

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return waits


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--keras", help="a Python that has Flask, Keras and Pillow")
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        page = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "page.py"
        page.write_text(FLASK)
        serve = [sys.executable, "-m", "inkdigits", "serve", "--workers", "2", "--port"]
        ports = {"inkdigits serve --workers 2": stack.enter_context(served(serve))}
        if options.keras:
            name = "Flask and model.predict of Keras"
            ports[name] = stack.enter_context(served([options.keras, str(page)]))
        rates: dict[str, list[float]] = {name: [] for name in ports}
        for _ in range(options.rounds):
            for name, port in ports.items():
                begun = time.perf_counter()
                count = len(load(port, options.clients, options.seconds))
                rates[name].append(count / (time.perf_counter() - begun))
        print(f"{'':34} {'requests/s':>10} {'asked/s':>8} {'p50':>9} {'p99':>9}")
        for name, port in ports.items():
            half = median(rates[name]) / 2
            waits = sorted(load(port, options.clients, 2 * options.seconds, half))
            print(
                f"{name:34} {2 * half:10.1f} {half:8.1f} {1000 * median(waits):6.1f} ms "
                f"{1000 * waits[int(len(waits) * 0.99)]:6.1f} ms"
            )
    if options.keras:
        ours, theirs = rates.values()
        ratio = median(a / b for a, b in zip(ours, theirs, strict=True))
        print(f"\n{ratio:.1f} times as many, median of {options.rounds} rounds")


if __name__ == "__main__":
    main()
