"""What the store of corrections bears: writers that are killed, many at once, wrong labels.

python benchmarks/corrections.py kill
python benchmarks/corrections.py load --seconds 60
python benchmarks/corrections.py review
"""

from __future__ import annotations

import http.client
import json
import os
import resource
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from multiprocessing import get_context
from pathlib import Path
from threading import Lock, Thread
from typing import NamedTuple

import click
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from inkdigits import Reader
from inkdigits.cli.options import data_dir_option
from inkdigits.corrections.correction import Correction, data_url
from inkdigits.corrections.store import New, Store
from inkdigits.datasets.mnist import load_mnist
from postgresql import postgresql, programs

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from handwriting import png, written
from sent import STROKES

WRITERS = 8
NO_LIMIT = 10**9


@click.group()
def main() -> None:
    """What the store of corrections bears."""


# ---------------------------------------------------------------- killed writers


class Outcome(NamedTuple):
    confirmed: int
    lost: int
    doubled: int
    damaged: bool


def rounds_of_killing(
    url: str,
    rounds: int,
    seconds: float = 2,
    seed: int = 0,
    between: Callable[[int], None] = lambda _: None,
) -> Outcome:
    """Rounds of WRITERS processes that keep corrections, all killed at random moments.

    Each notes in a file of its own what was confirmed, which outlives it. `between` is called after
    each round.
    """
    rng, forked = np.random.default_rng(seed), get_context("fork")
    with closing(Store(url)) as store:
        store.open()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            notes = [Path(folder) / f"{number}-{writer}" for writer in range(WRITERS)]
            writers = [forked.Process(target=_write, args=(url, note)) for note in notes]
            for writer in writers:
                writer.start()
            time.sleep(0.1 + seconds / 2)
            for writer in rng.permutation(writers):
                time.sleep(rng.uniform(0, seconds / WRITERS))
                os.kill(writer.pid, signal.SIGKILL)
            for writer in writers:
                writer.join()
            between(number)
        confirmed = {
            line for note in Path(folder).iterdir() for line in note.read_text().splitlines()
        }
    with closing(Store(url)) as store:
        kept = Counter(each.digest for batch in store.all() for each in batch)
        return Outcome(
            len(confirmed),
            len(confirmed - kept.keys()),
            sum(count - 1 for count in kept.values()),
            _is_damaged(store),
        )


def _write(url: str, note: Path) -> None:
    rng = np.random.default_rng()
    store = Store(url, most_an_hour=NO_LIMIT, most_waiting=NO_LIMIT)
    earlier: list[New] = []
    with note.open("a", buffering=1) as file:
        while True:
            news = [_random_correction(rng) for _ in range(rng.integers(1, 5))]
            again = [earlier[rng.integers(len(earlier))]] if earlier else []
            added = store.add(news + again)
            assert all(added)
            # In one write: what is killed has noted all of them or none.
            file.write("".join(f"{new.correction.digest}\n" for new in news))
            earlier.extend(news)


def _random_correction(rng: np.random.Generator, side: int = 28) -> New:
    picture = png(rng.integers(0, 256, (side, side), np.uint8))
    return New(Correction(secrets.token_hex(16), picture, 7), [0.1] * 10, "model")


def _is_damaged(store: Store) -> bool:
    engine = create_engine(store.url, poolclass=NullPool)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            return connection.execute(text("PRAGMA integrity_check")).all() != [("ok",)]
        connection.execute(text("CREATE EXTENSION IF NOT EXISTS amcheck"))
        try:
            for index in ("corrections_pkey", "corrections_digest_key", "by_state", "by_session"):
                connection.execute(text(f"SELECT bt_index_check('{index}', true)"))
        except DBAPIError:
            return True
    return False


@main.command()
@click.option("--rounds", default=50, show_default=True, help="How often all are killed.")
def kill(rounds: int) -> None:
    """Kill 8 writers at random moments, and PostgreSQL itself each tenth time."""

    def say(name: str, outcome: Outcome) -> None:
        print(
            f"{name:10} {rounds} rounds of {WRITERS} writers: {outcome.confirmed:,} confirmed, "
            f"{outcome.lost} lost, {outcome.doubled} doubled, "
            f"{'damaged' if outcome.damaged else 'not damaged'}"
        )

    with tempfile.TemporaryDirectory() as folder:
        say("SQLite", rounds_of_killing(f"sqlite:///{folder}/corrections.sqlite", rounds))
    found = programs()
    if found is None:
        raise click.ClickException("There is no PostgreSQL: install Debian's postgresql.")
    with postgresql(found) as server:

        def crash(number: int) -> None:
            if number % 10 == 9:
                server.crash()

        say("PostgreSQL", rounds_of_killing(server.url, rounds, between=crash))


# ---------------------------------------------------------------- many at once


@main.command()
@click.option("--seconds", default=60, show_default=True)
@click.option("--rate", default=200, show_default=True, help="Corrections a second.")
@click.option("--readings", default=5, show_default=True, help="Readings a second beside them.")
@click.option("--workers", default=4, show_default=True)
def load(seconds: int, rate: int, readings: int, workers: int) -> None:
    """Send corrections to a server that keeps them in SQLite, and have pictures read meanwhile."""
    rng = np.random.default_rng(0)
    drawing = written(7, 120)
    bodies = []
    for _ in range(seconds * rate):
        drawing[:2, :8] = rng.integers(200, 256, (2, 8), np.uint8)  # another drawing each time
        correction = {"session": secrets.token_hex(16), "label": 7, "strokes": STROKES}
        bodies.append(json.dumps(correction | {"picture": data_url(png(drawing))}))
    picture = png(written(7))
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/corrections.sqlite"
        with served(workers, url) as port:
            sending = Paced(port, "/api/corrections", rate, bodies, threads=32)
            reading = Paced(port, "/api/read", readings, [picture] * seconds * readings, threads=4)
            for paced in (sending, reading):
                paced.start()
            sending.report("corrections", 201)
            reading.report("readings", 200)
        # Of workers that have ended, which tells more than the clock on a machine that is busy.
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        with closing(Store(url)) as store:
            kept = store.stats()["waiting"]
        each = 1000 * (used.ru_utime + used.ru_stime) / kept
        print(f"{kept:,} are in the database, each for {each:.1f} ms of the server's processors")


class Paced:
    """Requests at a steady rate, whoever is still waiting for an answer."""

    def __init__(
        self, port: int, path: str, rate: float, bodies: Sequence[str | bytes], threads: int
    ) -> None:
        self._port, self._path, self._rate = port, path, rate
        self._bodies = iter(enumerate(bodies))
        self._next = Lock()
        self._answers: list[tuple[int, float]] = []
        self._threads = [Thread(target=self._send_all) for _ in range(threads)]

    def start(self) -> None:
        self._start = time.perf_counter()
        for thread in self._threads:
            thread.start()

    def report(self, name: str, expected: int) -> None:
        for thread in self._threads:
            thread.join()
        took = time.perf_counter() - self._start
        counts = Counter(status for status, _ in self._answers)
        waits = np.array([wait for status, wait in self._answers if status == expected]) * 1000
        p50, p99 = np.percentile(waits, [50, 99])
        print(
            f"{name}: {counts[expected]:,} answered {expected} in {took:.0f} s, "
            f"{counts[expected] / took:.0f} a second; p50 {p50:.0f} ms, p99 {p99:.0f} ms; "
            f"others: {dict(counts - Counter({expected: counts[expected]}))}"
        )

    def _send_all(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        while True:
            with self._next:
                i, body = next(self._bodies, (0, None))
            if body is None:
                return
            due = self._start + i / self._rate
            time.sleep(max(0, due - time.perf_counter()))
            connection.request(
                "POST", self._path, body, {"Content-Type": "application/octet-stream"}
            )
            answer = connection.getresponse()
            answer.read()
            self._answers.append((answer.status, time.perf_counter() - due))


@contextmanager
def served(workers: int, url: str) -> Iterator[int]:
    """The port of a server that keeps corrections."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    serve = [sys.executable, "-m", "inkdigits", "serve", "--corrections", "--port", str(port)]
    environment = os.environ | {"INKDIGITS_DATABASE_URL": url}
    with subprocess.Popen(
        [*serve, "--workers", str(workers)], env=environment, stderr=subprocess.PIPE, text=True
    ) as server:
        assert server.stderr
        for _ in range(workers):
            assert any("startup complete" in line for line in server.stderr)
        time.sleep(1)
        try:
            yield port
        finally:
            server.terminate()


# ---------------------------------------------------------------- wrong labels


@main.command()
@click.option("--count", default=2000, show_default=True, help="Corrections.")
@click.option("--in-session", default=25, show_default=True, help="Corrections of one hand.")
@data_dir_option
def review(count: int, in_session: int, data_dir: Path | None) -> None:
    """How many of 30 % wrong labels come first in the review's order."""
    pictures, labels = load_mnist("validation", data_dir)
    rng = np.random.default_rng(0)
    reader = Reader()

    def measure(name: str, chosen: NDArray[np.int64], said: NDArray[np.int64]) -> None:
        """Of digits, each hand's in a row, what was said that they are."""
        probabilities = reader.predict_proba(pictures[chosen])
        sessions = [secrets.token_hex(16) for _ in range(0, count, in_session)]
        news = [
            New(
                Correction(sessions[i // in_session], png(pictures[digit]), int(said[i])),
                probabilities[i].tolist(),
                "model",
            )
            for i, digit in enumerate(chosen)
        ]
        wrong = {
            new.correction.digest
            for new, digit, label in zip(news, chosen, said, strict=True)
            if labels[digit] != label
        }
        with tempfile.TemporaryDirectory() as folder:
            store = Store(f"sqlite:///{folder}/corrections.sqlite")
            store.add(news)
            order = [
                each.digest in wrong for each in store.page(limit=count, suspicious_first=True)
            ]
            store.close()
        first = {
            share: sum(order[: round(share * count)]) / len(wrong) for share in (0.3, 0.35, 0.4)
        }
        print(
            f"{name}: {len(wrong)} of {count} labels are wrong; of these there are "
            + ", ".join(f"{found:.1%} in the first {share:.0%}" for share, found in first.items())
        )

    some = rng.choice(len(labels), count, replace=False)
    is_wrong = rng.random(count) < 0.3
    at_random = np.where(is_wrong, (labels[some] + rng.integers(1, 10, count)) % 10, labels[some])
    measure("At random", some, at_random)

    sevens = rng.permutation(np.flatnonzero(labels == 7))[: round(0.3 * count)]
    others = rng.choice(np.flatnonzero(labels != 7), count - len(sevens), replace=False)
    by_all = rng.permutation(np.concatenate([sevens, others]))
    measure(
        "All 7s called 1, in every session",
        by_all,
        np.where(labels[by_all] == 7, 1, labels[by_all]),
    )
    by_some = np.concatenate([sevens, others])
    measure(
        "All 7s called 1, in sessions of them alone",
        by_some,
        np.where(labels[by_some] == 7, 1, labels[by_some]),
    )


if __name__ == "__main__":
    main()
