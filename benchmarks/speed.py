"""How fast a picture is read: in a process that runs, and as a process of its own.

    python benchmarks/speed.py --data-dir path/to/pendigits

1. One 280x280 picture, in-process, one thread, a batch of one. First the model file alone, then
   `Reader.read` of the array, then of the PNG file's bytes: median of many. Then `Reader.read` of
   arrays of that size with four digits each, drawn of the pen strokes of writers 19 to 24: two
   dozen in turn, median of as many readings; and of one with nothing on it.
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
from collections.abc import Callable, Sequence
from itertools import cycle
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from drawn_pages import StrokeHand, as_levels, by_writer, write
from inkdigits import InkDigitsError, NoInk, Reader
from inkdigits.datasets.spec import find_file
from inkdigits.datasets.strokes import PENDIGITS, WrittenDigit, parse_writers, read_unipen

BASELINE = "import numpy, PIL.Image, onnxruntime"


def seven() -> Image.Image:
    """A 7 on a canvas of 280x280."""
    picture = Image.new("L", (280, 280), 255)
    points = [(80, 70), (140, 72), (200, 68), (165, 130), (130, 230)]
    ImageDraw.Draw(picture).line(points, fill=0, width=16, joint="curve")
    return picture


def four_digits(digits: Sequence[WrittenDigit], count: int = 24) -> list[NDArray[np.uint8]]:
    """Canvases of 280x280 with a number of four digits each, by each writer in turn."""
    hands = [StrokeHand(own) for own in by_writer(digits)]
    canvases = []
    for number in range(count):
        rng = np.random.default_rng(number)
        text, height = "".join(map(str, rng.integers(0, 10, 4))), int(rng.integers(50, 100))
        while max((ink := write(text, hands[number % len(hands)], height, rng).ink).shape) > 260:
            height -= 5  # until it fits
        top, left = rng.integers(10, 271 - np.array(ink.shape))
        canvas = np.zeros((280, 280), np.float32)
        canvas[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
        canvases.append(as_levels(255 * (1 - canvas)))
    return canvases


def is_blank(reader: Reader, picture: NDArray[np.uint8]) -> bool:
    try:
        reader.read(picture)
    except NoInk:
        return True
    return False


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
    parser.add_argument("--data-dir", type=Path)
    options = parser.parse_args()

    strokes = find_file(PENDIGITS, options.data_dir)
    fours = four_digits(read_unipen(strokes, parse_writers("19-24")))
    picture = seven()
    array = np.asarray(picture)
    file = io.BytesIO()
    picture.save(file, "PNG")
    reader = Reader(threads=1)
    for _ in range(50):
        reader.read(array)
    for four in fours:
        reader.read(four)
    in_turn = cycle(fours)
    run = reader._digits._session.run
    print("one 280x280 picture, one thread, median")
    for name, call in {
        "the model file alone": lambda: run(None, {"picture": array[None]}),
        "Reader.read(array)": lambda: reader.read(array),
        "Reader.read(PNG bytes)": lambda: reader.read(file.getvalue()),
        "Reader.read(four digits)": lambda: reader.read(next(in_turn)),
        "Reader.read(blank)": lambda: is_blank(reader, np.full_like(array, 255)),
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
    try:
        main()
    except InkDigitsError as error:
        sys.exit(str(error))
