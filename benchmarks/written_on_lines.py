"""Are numbers read that are written on the page's lines, one rule high?

    python benchmarks/written_on_lines.py
    python benchmarks/written_on_lines.py --rule 0.125 --pen 0.055    other rules, another pen

Numbers of four digits, strokes of pendigits' writers, stand on the rules of the page's sheet. A
real Chromium (Debian's `chromium`, or the one that INKDIGITS_CHROMIUM names) inks them as the page
does and makes the PNG that the page sends, which `Reader.read` reads.
"""

from __future__ import annotations

import argparse
import base64
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import sync_playwright

from drawn_pages import by_writer
from inkdigits import NoInk, Reader, Reading
from inkdigits.datasets.spec import find_file
from inkdigits.datasets.strokes import PENDIGITS, WrittenDigit, parse_writers, read_unipen
from inkdigits.web.app import create_app
from inkdigits.web.server import running

DIGITS = 4
ASPECT = 1.8
"""Of the page's sheet."""
TO_PNG = """async ([strokes, aspect]) => {
    const { toPng } = await import("./ink.js");
    const png = new Uint8Array(await (await toPng(strokes, aspect)).arrayBuffer());
    return btoa(String.fromCharCode(...png));
}"""


def number(
    hand: list[WrittenDigit], rule: float, pen: float, rng: np.random.Generator
) -> tuple[str, list[list[dict[str, float]]]]:
    """Its digits, and its strokes as the page has them, in heights of the sheet."""
    height = rule * rng.uniform(0.8, 1) - pen / 2
    bottom = rule * rng.integers(1, round(1 / rule) + 1) - pen / 2
    left = rng.uniform(0.1, 0.25)
    text, strokes = "", []
    for _ in range(DIGITS):
        digit = hand[rng.integers(len(hand))]
        points = np.concatenate(digit.strokes)
        (x0, y0), (x1, y1) = points.min(0), points.max(0)
        scale = min(height / max(y1 - y0, 1), 1.3 * height / max(x1 - x0, 1))
        for stroke in digit.strokes:
            placed = (stroke - [x0, y1]) * scale + [left, bottom]
            strokes.append([{"x": x, "y": y, "width": pen} for x, y in placed.tolist()])
        left += (x1 - x0) * scale + rng.uniform(0.15, 0.3) * height + pen
        text += str(digit.label)
    return text, strokes


def read(reader: Reader, png: bytes) -> Reading | None:
    try:
        return reader.read(png)
    except NoInk:
        return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rule", type=float, default=0.25, help="from line to line, in heights")
    parser.add_argument("--pen", type=float, default=0.04, help="its width, in heights")
    parser.add_argument("--writers", default="19-24", help="whose strokes, such as 1,4,25-30")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data-dir", type=Path)
    options = parser.parse_args()
    chromium = os.environ.get("INKDIGITS_CHROMIUM") or shutil.which("chromium")
    if not chromium:
        parser.error("there is no chromium: install Debian's, or name one (INKDIGITS_CHROMIUM)")
    path = find_file(PENDIGITS, options.data_dir)
    hands: list[Any] = by_writer(read_unipen(path, parse_writers(options.writers)))
    rng = np.random.default_rng(options.seed)
    reader = Reader()
    right = sure = wrong = size = 0
    with running(create_app(reader)) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(reduced_motion="reduce")
        page.goto(url)
        for _ in range(options.count):
            hand = hands[rng.integers(len(hands))]
            text, strokes = number(hand, options.rule, options.pen, rng)
            png = base64.b64decode(page.evaluate(TO_PNG, [strokes, ASPECT]))
            reading = read(reader, png)
            size += len(png)
            right += reading is not None and reading.text == text
            sure += reading is not None and reading.sure
            wrong += reading is not None and reading.sure and reading.text != text
        browser.close()
    print(f"{options.count} numbers, rules {options.rule} apart, pen {options.pen}")
    shares = [
        f"{name} {count / options.count:.0%}" for name, count in (("right", right), ("sure", sure))
    ]
    print(*shares, f"sure and wrong {wrong}", sep=", ")
    print(f"{size / options.count:.0f} bytes sent for one")


if __name__ == "__main__":
    main()
