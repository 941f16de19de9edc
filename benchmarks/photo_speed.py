"""How long a photo takes to read, and how much memory.

    python benchmarks/photo_speed.py

1. A JPEG of 12 megapixels with one number on squared paper, from its bytes to the reading, on one
   thread: median of several, beside what Pillow takes to decode it. Its peak memory is that of a
   process of its own that reads it once, and of one that only imports inkdigits and ONNX Runtime.
2. The same of 24 megapixels with one digit and nothing else, sharp: as a JPEG, as a PNG.
3. A canvas of 280x280 with one digit, through `Reader.read` of the array.
4. Pictures that are hard in other ways: 50 megapixels, 500 digits, a page of text.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from drawn_pages import StrokeHand, as_levels, as_photo, write
from hard_ink import smooth_hand
from inkdigits import Reader
from inkdigits.datasets.spec import find_file
from inkdigits.datasets.strokes import PENDIGITS, read_unipen
from speed import median_ms, seven

PEAK = """
import re, sys
from pathlib import Path
from inkdigits import Reader
reader = Reader()
if len(sys.argv) > 1:
    reader.read(sys.argv[1])
print(int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""


def photo(hand: StrokeHand, text: str, size: tuple[int, int], height: int = 80) -> bytes:
    """A photographed page as a JPEG of that width and height."""
    rng = np.random.default_rng(6)
    picture = Image.fromarray(as_photo(write(text, hand, height, rng), rng).picture)
    file = io.BytesIO()
    picture.resize(size, Image.Resampling.BICUBIC).save(file, "JPEG", quality=85)
    return file.getvalue()


def one_digit(hand: StrokeHand, format: str) -> bytes:
    """A sharp digit on white, 6000x4000 in colour, as a file of that format."""
    ink = hand.digit(7, 2400, 180, np.random.default_rng(0))
    picture = Image.new("RGB", (6000, 4000), "white")
    picture.paste("black", (2100, 800), Image.fromarray(as_levels(255 * ink)))
    file = io.BytesIO()
    picture.save(file, format, quality=85)
    return file.getvalue()


def peak_mb(*arguments: str) -> int:
    command = [sys.executable, "-c", PEAK, *arguments]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def page_of_text() -> Image.Image:
    page = Image.new("L", (1600, 2200), 245)
    line = "the quick brown fox jumps over a lazy dog while wizards brew tea"
    font = ImageFont.load_default(size=36)
    ImageDraw.Draw(page).multiline_text((80, 80), "\n".join([line] * 25), fill=30, font=font)
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--times", type=int, default=9, help="readings to take the median of")
    parser.add_argument("--data-dir", type=Path)
    options = parser.parse_args()

    digits = read_unipen(find_file(PENDIGITS, options.data_dir), {20})
    hand, large = StrokeHand(digits), smooth_hand(digits)
    reader = Reader(threads=1)
    timed = {
        "12 megapixels": photo(hand, "20485", (4000, 3000)),
        "24 megapixels, one digit, JPEG": one_digit(large, "JPEG"),
        "24 megapixels, one digit, PNG": one_digit(large, "PNG"),
    }
    for name, data in timed.items():
        print(f"{name}, {len(data) / 1e6:.1f} MB: read as {reader.read(data).text}")
        decoding = median_ms(lambda d=data: Image.open(io.BytesIO(d)).convert("L"), options.times)
        reading = median_ms(lambda d=data: reader.read(d), options.times)
        print(f"  {reading:6.0f} ms, of which Pillow's decoding is {decoding:.0f} ms")
    without = peak_mb()
    with tempfile.TemporaryDirectory() as folder:
        for name, content in {
            **timed,
            "50 megapixels": photo(hand, "20485", (8160, 6120)),
        }.items():
            file = Path(folder, "photo")
            file.write_bytes(content)
            print(f"  peak memory, {name}: {peak_mb(str(file))} MB ({without} MB without one)")

    canvas = np.asarray(seven())
    print(f"a canvas of 280x280: {median_ms(lambda: reader.read(canvas), 300):.3f} ms")
    many = "\n".join("1234567890" * 3 for _ in range(18))
    form = photo(hand, many, (3000, 2200), height=48)
    print(f"540 digits: {median_ms(lambda: reader.read(form), 3):.0f} ms")
    text = page_of_text()
    print(f"a page of text: {median_ms(lambda: reader.read(text), 3):.0f} ms")


if __name__ == "__main__":
    main()
