"""How fast many pictures are read into a file, with how much memory, and after a node is lost.

    python benchmarks/many_pictures.py speed --count 2000
    python benchmarks/many_pictures.py memory --count 50000
    python benchmarks/many_pictures.py writing --count 200000
    python benchmarks/many_pictures.py ray --count 4000

All read canvases of 280x280 in PNG with one digit each, in a temporary folder.

speed   what `inkdigits read FOLDER --out readings.csv` does, against a loop of Pillow and ONNX
        Runtime that does no more than decode, run the model file and write a line: in turns, by the
        clock and in processor time, medians of --rounds. Two workers against one, too. A picture at
        a time is what such loops do; 8 at a time is the fastest that there is.
memory  of all processes, at tenths of the way, with --workers
writing how many rows a second the one process keeps that all others give theirs to, and then writes
        as Parquet; and the memory that it takes to know which there are
ray     a cluster of two nodes, one of which is killed half-way: rows, and rows that are missing,
        double or different (needs the extra ray)
"""

from __future__ import annotations

import argparse
import collections
import csv
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing import active_children
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import inkdigits
from handwriting import png, written
from inkdigits.many.job import BATCH, Job, Worker, batches_of
from inkdigits.many.journal import journal_at
from inkdigits.many.run import read_into
from inkdigits.outputs.parquet import write_parquet

BEGIN = 2 * BATCH
"""Pictures after which both workers run."""
DIGITS = Path(inkdigits.__file__).parent / "models" / "digits.onnx"


def canvases(folder: Path, count: int) -> list[str]:
    """Files of digits, each a little elsewhere than others."""
    ways = [
        png(np.roll(written(n % 10, 280), (n // 10 % 5 - 2, n // 50 - 2), (0, 1)))
        for n in range(250)
    ]
    for number in range(count):
        part = folder / f"{number // 1000:03}"
        part.mkdir(exist_ok=True)
        (part / f"{number:06}.png").write_bytes(ways[number % len(ways)])
    return sorted(map(str, folder.glob("*/*.png")))


def loop(batch: int) -> Callable[[Sequence[str], Path], None]:
    """What does no more than it takes: decodes, runs the model file, writes a line."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(DIGITS, options, providers=["CPUExecutionProvider"])

    def read(names: Sequence[str], out: Path) -> None:
        with out.open("w", newline="") as file:
            writer = csv.writer(file)
            for some in batches_of(names, batch):
                pictures = np.stack([np.asarray(Image.open(name).convert("L")) for name in some])
                [probabilities] = session.run(["probabilities"], {"picture": pictures})
                for name, each in zip(some, probabilities, strict=True):
                    writer.writerow([name, each.argmax(), each.max()])

    return read


def seconds_of(read: Callable[[], None]) -> tuple[float, float]:
    """By the clock, and of processors, those of processes that it starts and ends included."""

    def processors() -> float:
        both = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(used.ru_utime + used.ru_stime for used in both)

    start, before = time.perf_counter(), processors()
    read()
    return time.perf_counter() - start, processors() - before


def speed(count: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        names, out = canvases(Path(place), count), Path(place) / "readings.csv"

        def ours(workers: int) -> Callable[[Sequence[str], Path], None]:
            def read(some: Sequence[str], out: Path) -> None:
                read_into(out, some, Job(), workers=workers)

            return read

        ways = {
            "Pillow and ONNX Runtime, one at a time": loop(1),
            "Pillow and ONNX Runtime, 8 at a time": loop(8),
            "Pillow and ONNX Runtime, 16 at a time": loop(16),
            "read --out, 1 worker": ours(1),
            "read --out, 2 workers": ours(2),
        }
        times: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
        for _ in range(rounds):
            for way, read in ways.items():
                both = []
                for some in (names[:BEGIN], names):  # what it takes to begin is not counted
                    out.unlink(missing_ok=True)
                    both.append(seconds_of(partial(read, some, out)))
                (begin, its_own), (clock, processor) = both
                times[way].append((clock - begin, processor - its_own))
    print(f"{count - BEGIN} pictures, medians of {rounds} rounds\n")
    print(f"{'':40} {'pictures/s':>10} {'ms of processor a picture':>26}")
    for way, both in times.items():
        clock, processor = (median(values) for values in zip(*both, strict=True))
        each = 1000 * processor / (count - BEGIN)
        print(f"{way:40} {(count - BEGIN) / clock:10.0f} {each:26.3f}")
    *loops, one, two = times.values()

    def ratio(of: Sequence[tuple[float, float]], to: Sequence[tuple[float, float]], at: int) -> str:
        return f"{median(a[at] / b[at] for a, b in zip(of, to, strict=True)):.2f}"

    print("\n1 worker has of the loops' speed, by the clock and by processor time:")
    for way, loop_times in zip(ways, loops, strict=False):
        print(f"{way:40} {ratio(loop_times, one, 0)}, {ratio(loop_times, one, 1)}")
    print(f"2 workers against 1: {ratio(one, two, 0)} times as fast by the clock; ", end="")
    print(f"{ratio(two, one, 1)} times its processor time")


def used() -> float:
    """Megabytes of this process and of those that it has started; Linux only."""
    processes = [os.getpid(), *(child.pid for child in active_children())]
    status = [Path(f"/proc/{process}/status").read_text() for process in processes]
    return sum(int(text.partition("VmRSS:")[2].split()[0]) for text in status) / 1000


def memory(count: int, workers: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        names = canvases(Path(place), count)
        done, shown = 0, 0
        start = time.perf_counter()

        def follow(more: int) -> None:
            nonlocal done, shown
            done += more
            if done * 10 // count > shown:
                shown = done * 10 // count
                seconds = time.perf_counter() - start
                print(f"{done:7} pictures {used():6.0f} MB {done / seconds:6.0f} a second")

        out = Path(place) / "readings.parquet"
        read_into(out, names, Job(), workers=workers, follow=follow)
        print(f"written: {used():.0f} MB, {out.stat().st_size / count:.0f} bytes a row")


def writing(count: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        [line] = Worker(Job())(canvases(Path(place), 1))
        row = json.loads(line)
        before = used()
        names = [f"/scans/2024/box-{n // 1000:05}/scan-{n:08}.png" for n in range(count)]
        parts = line.split(json.dumps(row["file"]))
        out = Path(place) / "readings.parquet"
        with journal_at(Path(place) / "readings.part", {}) as journal:
            start = time.process_time()
            for some in batches_of(names, BATCH):
                journal.add([json.dumps(name).join(parts) for name in some])
            kept = count / (time.process_time() - start)
            size, held = journal.path.stat().st_size / count, (used() - before) * 1e6 / count
            print(f"kept: {kept:.0f} rows a second of processor, {size:.0f} bytes each; ", end="")
            print(f"{held:.0f} bytes of memory for each name")
            start = time.process_time()
            with out.open("wb") as file:
                write_parquet(journal.rows(names), file)
        written_a_second = count / (time.process_time() - start)
        size = out.stat().st_size / count
        print(f"written as Parquet: {written_a_second:.0f} rows a second, {size:.0f} bytes each")


def lose_a_node(count: int) -> None:
    # Or else a busy machine lets its workers wait for minutes.
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 (Ray spells it so)
    import ray
    from ray.cluster_utils import Cluster

    with tempfile.TemporaryDirectory() as place:
        names = canvases(Path(place), count)
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
        other = cluster.add_node(num_cpus=1)
        ray.init(address=cluster.address, log_to_driver=False, logging_level="error")
        done, lost = 0, False
        start = time.perf_counter()

        def follow(more: int) -> None:
            nonlocal done, lost
            done += more
            if done > count / 2 and not lost:
                lost = True
                cluster.remove_node(other, allow_graceful=False)
                print(f"{done} of {count} rows are there: one of two nodes is killed")

        out = Path(place) / "readings.jsonl"
        read_into(out, names, Job(), engine="ray", follow=follow)
        seconds = time.perf_counter() - start
        rows = [json.loads(line) for line in out.read_text().splitlines()]
        ray.shutdown()
        cluster.shutdown()
    files = collections.Counter(row["file"] for row in rows)
    wrong = sum(row.get("text") != str(int(Path(row["file"]).stem) % 250 % 10) for row in rows)
    print(
        f"{len(rows)} rows after {seconds:.0f} s: {len(set(names) - set(files))} missing, "
        f"{sum(files.values()) - len(files)} double, {wrong} wrong"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ways: dict[str, Callable[..., None]] = {
        "speed": speed,
        "memory": memory,
        "writing": writing,
        "ray": lose_a_node,
    }
    parser.add_argument("what", choices=ways)
    parser.add_argument("--count", type=int, default=2000, help="pictures")
    parser.add_argument("--rounds", type=int, default=5, help="of speed")
    parser.add_argument("--workers", type=int, default=1, help="of memory")
    options = parser.parse_args()
    more = {"speed": {"rounds": options.rounds}, "memory": {"workers": options.workers}}
    ways[options.what](options.count, **more.get(options.what, {}))


if __name__ == "__main__":
    main()
