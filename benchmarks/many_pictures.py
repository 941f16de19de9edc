"""How fast many pictures are read into a file, with how much memory, and after a node is lost.

    python benchmarks/many_pictures.py speed --count 2000
    python benchmarks/many_pictures.py memory --count 50000
    python benchmarks/many_pictures.py writing --count 200000
    python benchmarks/many_pictures.py ray --count 4000

All read canvases of 280x280 in PNG with one digit each, in a temporary folder.

speed   `inkdigits read FOLDER --out readings.csv` against a loop of Pillow and ONNX Runtime that
        does no more than decode, run the model file and write a line: the same machine, in turns,
        processor time and time by the clock, medians of --rounds. Two workers against one, too.
        A picture at a time is what such loops do; 16 at a time is the fastest that there is.
memory  of the process that reads, at tenths of the way
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
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
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


def bare(folder: Path, out: Path, batch: int) -> None:
    """No more than it takes."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(DIGITS, options, providers=["CPUExecutionProvider"])
    names = sorted(map(str, folder.glob("*/*.png")))
    with out.open("w", newline="") as file:
        writer = csv.writer(file)
        for start in range(0, len(names), batch):
            some = names[start : start + batch]
            pictures = np.stack([np.asarray(Image.open(name).convert("L")) for name in some])
            [probabilities] = session.run(["probabilities"], {"picture": pictures})
            for name, each in zip(some, probabilities, strict=True):
                writer.writerow([name, each.argmax(), each.max()])


def timed(command: Sequence[str]) -> tuple[float, float]:
    """Seconds by the clock, and of processors; of a whole process and those that it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def speed(count: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder, out = Path(place) / "scans", Path(place) / "readings.csv"
        folder.mkdir()
        canvases(folder, count)
        ours = ["-m", "inkdigits", "read", str(folder), "--out", str(out), "--workers"]
        loop = [__file__, "loop", str(folder), str(out)]
        ways = {
            "Pillow and ONNX Runtime, one at a time": [*loop, "1"],
            "Pillow and ONNX Runtime, 16 at a time": [*loop, "16"],
            "inkdigits read --out, 1 worker": [*ours, "1"],
            "inkdigits read --out, 2 workers": [*ours, "2"],
        }
        times: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
        for _ in range(rounds):
            for way, command in ways.items():
                out.unlink(missing_ok=True)
                times[way].append(timed(command))
    print(f"{count} pictures, whole processes, medians of {rounds} rounds\n")
    print(f"{'':42} {'pictures/s':>10} {'ms of processor a picture':>26}")
    for way, both in times.items():
        clock, processor = (median(values) for values in zip(*both, strict=True))
        print(f"{way:42} {count / clock:10.0f} {1000 * processor / count:26.3f}")
    one_loop, best_loop, one, two = times.values()

    def ratio(of: Sequence[tuple[float, float]], to: Sequence[tuple[float, float]], at: int) -> str:
        return f"{median(a[at] / b[at] for a, b in zip(of, to, strict=True)):.2f}"

    print(f"\n1 worker, against the loop one at a time: {ratio(one_loop, one, 0)} of its speed by")
    print(f"the clock, {ratio(one_loop, one, 1)} by processor time; against 16 at a time ", end="")
    print(f"{ratio(best_loop, one, 0)} and {ratio(best_loop, one, 1)}")
    print(f"2 workers against 1: {ratio(one, two, 0)} by the clock; they take ", end="")
    print(f"{ratio(two, one, 1)} times its processor time")


def used() -> float:
    """Megabytes of this process; Linux only."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1000


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
        ahead, behind = line.split(json.dumps(row["file"]))
        out = Path(place) / "readings.parquet"
        with journal_at(Path(place) / "readings.part", {}) as journal:
            start = time.process_time()
            for some in batches_of(names, BATCH):
                journal.add([ahead + json.dumps(name) + behind for name in some])
            kept = count / (time.process_time() - start)
            size, held = journal.path.stat().st_size / count, (used() - before) * 1e6 / count
            print(f"kept: {kept:.0f} rows a second of processor, {size:.0f} bytes each; ", end="")
            print(f"{held:.0f} bytes of memory for each name")
            start = time.process_time()
            with out.open("wb") as file:
                write_parquet(journal.rows(), file)
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
    if sys.argv[1:2] == ["loop"]:
        bare(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
    else:
        main()
