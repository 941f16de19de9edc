"""How fast data is read and judged, against the peers people would use instead.

    pip install pandas
    python benchmarks/datasets_speed.py --data-dir path/to/mnist

1. A CSV of 42,000 rows, as Kaggle's train.csv: `CsvDataset.load` against `pandas.read_csv` and a
   conversion to a uint8 array, each in a fresh process; and how much memory it takes above what
   the imports take.
2. Judging MNIST's 10,000 test pictures: `predict`, which `inkdigits evaluate` uses, against bare
   ONNX Runtime on the same batches.

All run in turn, so that a busy machine slows all of them; medians of several rounds.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime

import inkdigits
from inkdigits import Reader
from inkdigits.datasets.convert import convert
from inkdigits.datasets.dataset import ArrayDataset
from inkdigits.datasets.mnist import load_mnist
from inkdigits.evaluation.predictions import predict

ROWS = 42_000
BATCH = 1000
MEASURE = """
import sys, time
{imports}
def peak():
    [line] = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024
before = peak()
start = time.perf_counter()
{load}
seconds = time.perf_counter() - start
assert array.shape[0] == {rows} and array.dtype == numpy.uint8
print(seconds, peak() - before)
"""
LOADERS = {
    "CsvDataset": (
        "import numpy; from inkdigits.datasets.csv_file import CsvDataset",
        "array = CsvDataset(sys.argv[1]).load().pictures",
    ),
    "pandas": (
        "import numpy, pandas",
        "array = pandas.read_csv(sys.argv[1]).to_numpy().astype(numpy.uint8)",
    ),
}


def load_in_a_fresh_process(name: str, path: Path) -> tuple[float, float]:
    """Seconds, and bytes of memory above what the imports take."""
    imports, load = LOADERS[name]
    code = MEASURE.format(imports=imports, load=load, rows=ROWS)
    command = [sys.executable, "-c", code, str(path)]
    seconds, grown = subprocess.run(
        command, capture_output=True, text=True, check=True
    ).stdout.split()
    return float(seconds), float(grown)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--data-dir", type=Path)
    options = parser.parse_args()
    if not find_spec("pandas"):
        parser.error("pandas is missing, which is read beside: pip install pandas")

    pictures, labels = load_mnist("train", options.data_dir)
    pixels = ROWS * 784
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.csv"
        convert(ArrayDataset("train", pictures[:ROWS], labels[:ROWS]), f"csv:{path}")
        runs = [
            {name: load_in_a_fresh_process(name, path) for name in LOADERS}
            for _ in range(options.rounds)
        ]
    print(f"a CSV of {ROWS:,} rows, median of {options.rounds}")
    seconds = {name: float(np.median([run[name][0] for run in runs])) for name in LOADERS}
    for name in LOADERS:
        memory = np.median([run[name][1] for run in runs]) / pixels
        print(f"  {name:12} {seconds[name]:.3f} s   memory {memory:.1f} x the pixels")
    print(f"  ratio        {seconds['CsvDataset'] / seconds['pandas']:.2f}")

    pictures, labels = load_mnist("test", options.data_dir)
    dataset = ArrayDataset("mnist:test", pictures, labels)
    threads = os.cpu_count() or 1
    reader = Reader(threads=threads)
    session_options = onnxruntime.SessionOptions()
    session_options.intra_op_num_threads = threads
    model = Path(inkdigits.__file__).parent / "models" / "digits.onnx"
    session = onnxruntime.InferenceSession(model, session_options)
    bare, ours = [], []
    for _ in range(options.rounds):
        start = time.perf_counter()
        for first in range(0, len(pictures), BATCH):
            session.run(None, {"picture": pictures[first : first + BATCH]})
        bare.append(time.perf_counter() - start)
        start = time.perf_counter()
        predict(reader, dataset)
        ours.append(time.perf_counter() - start)
    print(f"MNIST's 10,000 test pictures, median of {options.rounds}")
    print(f"  bare ONNX Runtime {len(pictures) / np.median(bare):8,.0f} pictures/s")
    print(f"  predict           {len(pictures) / np.median(ours):8,.0f} pictures/s")
    print(f"  ratio             {np.median(bare) / np.median(ours):8.2f}")


if __name__ == "__main__":
    main()
