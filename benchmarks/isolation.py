"""What it costs to decode a picture in a process of its own: `Reader(isolate=True)`.

    python benchmarks/isolation.py

Processor time of both processes together, so that other work on the machine counts little; then how
long the first picture waits for its process, started with the Reader or when it comes.
"""

from __future__ import annotations

import io
import resource
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from inkdigits import Reader
from inkdigits.picture import apart, read_picture

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from handwriting import png, written


def photo() -> bytes:
    """Of 12 megapixels: a 7 on paper with grain."""
    noise = np.random.default_rng(0).integers(100, 200, (3000, 4000, 3), np.uint8)
    paper = Image.fromarray(noise).filter(ImageFilter.GaussianBlur(2))
    paper.paste(Image.fromarray(written(7)).resize((900, 900)), (300, 300))
    return saved(paper)


def saved(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=85)
    return file.getvalue()


def seconds(work: Callable[[], object], times: int) -> float:
    """Of a processor for each time, here and in the processes that were started, once they end."""
    before = spent()
    for _ in range(times):
        work()
    apart.end_all()
    return (spent() - before) / times


def spent() -> float:
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main() -> None:
    small = Image.fromarray(written(7))
    start = seconds(partial(read_picture, png(written(7)), isolate=True), 1)
    print(f"a process starts in {start * 1000:.0f} ms of processor time")
    reader = Reader()
    for name, data, times in [("12 megapixels", photo(), 20), ("280 x 280", saved(small), 300)]:
        here = seconds(partial(read_picture, data), times)
        there = seconds(partial(read_picture, data, isolate=True), times) - start / times
        whole = seconds(partial(reader.read, data), max(times // 10, 5))
        print(
            f"JPEG of {name}: decoded in {here * 1000:.2f} ms here, {there * 1000:.2f} apart "
            f"({there / here:.2f} times); read in {whole * 1000:.1f} ms, so "
            f"{(there - here) / whole:+.1%}"
        )
    for ahead in (False, True):
        if ahead:
            apart.start_ahead()
            time.sleep(1)  # as while a server waits for its first client
        begin = time.perf_counter()
        read_picture(png(written(7)), isolate=True)
        waited = (time.perf_counter() - begin) * 1000
        print(
            f"the first picture, {'started ahead' if ahead else 'started for it'}: {waited:.0f} ms"
        )
        apart.end_all()


if __name__ == "__main__":
    main()
