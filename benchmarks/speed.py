"""How fast a picture is read: in a process that runs, and as a process of its own.

    python benchmarks/speed.py

1. One 280x280 picture, in-process, one thread, a batch of one. First the model file alone, then
   `Reader.read` of the array, then of the PNG file's bytes: median of many.
2. `inkdigits read seven.png` as a whole process, against the time that Python needs to import what
   any such program imports. Both alternate, so that a busy machine slows both: medians and ratio.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from inkdigits import Reader

BASELINE = "import numpy, PIL.Image, onnxruntime"


def seven() -> Image.Image:
    """A 7 on a canvas of 280x280."""
    picture = Image.new("L", (280, 280), 255)
    points = [(80, 70), (140, 72), (200, 68), (165, 130), (130, 230)]
    ImageDraw.Draw(picture).line(points, fill=0, width=16, joint="curve")
    return picture


def median_ms(call: Callable[[], object], times: int) -> float:
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return 1000 * float(np.median(seconds))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--times", type=int, default=1000, help="readings to take the median of")
    parser.add_argument("--processes", type=int, default=15, help="processes, likewise")
    options = parser.parse_args()

    picture = seven()
    array = np.asarray(picture)
    file = io.BytesIO()
    picture.save(file, "PNG")
    reader = Reader(threads=1)
    for _ in range(50):
        reader.read(array)
    run = reader._digits._session.run
    print("one 280x280 picture, one thread, median")
    for name, call in {
        "the model file alone": lambda: run(None, {"picture": array[None]}),
        "Reader.read(array)": lambda: reader.read(array),
        "Reader.read(PNG bytes)": lambda: reader.read(file.getvalue()),
    }.items():
        print(f"  {name:24} {median_ms(call, options.times):.3f} ms")

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "seven.png"
        path.write_bytes(file.getvalue())
        command = [str(Path(sys.executable).with_name("inkdigits")), "read", str(path)]
        answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert answer.split()[1] == "7", answer
        baseline, ours = [], []
        for _ in range(options.processes):
            for command_line, times in (
                ([sys.executable, "-c", BASELINE], baseline),
                (command, ours),
            ):
                times.append(
                    median_ms(lambda c=command_line: subprocess.run(c, capture_output=True), 1)
                )
    print("whole processes, median")
    print(f"  {'python -c ' + repr(BASELINE):60} {np.median(baseline):6.0f} ms")
    print(f"  {'inkdigits read seven.png':60} {np.median(ours):6.0f} ms")
    print(f"  {'ratio':60} {np.median(ours) / np.median(baseline):6.2f}")


if __name__ == "__main__":
    main()
