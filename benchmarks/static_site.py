"""The bundled site in a real browser: does it read as Python does, how fast, and what does it load?

    inkdigits bundle site /tmp/site
    python benchmarks/static_site.py /tmp/site --agree 300   the same pictures, read by both
    python benchmarks/static_site.py /tmp/site --latency 20  from pen-up to answer, no network
    python benchmarks/static_site.py /tmp/site --size        what the first visit loads

A real Chromium (Debian's `chromium`, or the one that INKDIGITS_CHROMIUM names) opens the site from
a plain static host. Pictures are, in equal parts, canvases of one digit and of a number (strokes of
pendigits' writers), MNIST's test pictures, drawn photos of numbers, and, with --real, those of a
folder as in `real_pictures.py`.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import gzip
import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from functools import partial
from io import BytesIO
from itertools import chain, cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.async_api import Page, async_playwright

from drawn_pages import StrokeHand, as_photo, by_writer, on_plain_paper, write
from inkdigits import InkDigitsError, Reader
from inkdigits.datasets.mnist import load_mnist
from inkdigits.datasets.spec import find_file
from inkdigits.datasets.strokes import PENDIGITS, Stroke, draw, parse_writers, read_unipen
from real_pictures import digits_of, rows_of
from static_host import ISOLATED, hosted

SETTLED_MS = 600
"""This long after an answer no other is on its way."""
CLOSE = 1e-3
"""Probabilities may differ by so much."""
PREPARED = """async () => {
    const { reader } = await import("./reader.js");
    await reader.prepare(() => {});
}"""
READ = """async (base64) => {
    const { reader } = await import("./reader.js");
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const picture = new Blob([bytes]);
    return reader.read(picture, new AbortController().signal).catch((error) => error.message);
}"""
IS_SETTLED = """(quiet) =>
    window.answered > window.lifted && performance.now() - window.answered > quiet"""
PEN_UP = """() => {
    const numeral = document.getElementById("numeral");
    addEventListener("pointerup", () => (window.lifted = performance.now()), { capture: true });
    // Each answer writes the text anew, also if it is the same.
    new MutationObserver(() => (window.answered = performance.now())).observe(numeral, {
        childList: true, characterData: true, subtree: true,
    });
}"""


def pictures(count: int, seed: int, real: Path | None, data_dir: Path | None) -> Iterator[Any]:
    """Their kinds and files, in turn."""
    path = find_file(PENDIGITS, data_dir)
    digits = read_unipen(path, parse_writers("25-30"))
    hands = [StrokeHand(of_one) for of_one in by_writer(digits)]
    scans, _ = load_mnist("test", data_dir)

    def canvas(rng: np.random.Generator) -> bytes:
        return file_of(draw(digits[rng.integers(len(digits))].strokes, rng))

    def number(rng: np.random.Generator, lay: Any, format: str) -> bytes:
        text = "".join(map(str, rng.integers(0, 10, rng.integers(2, 7))))
        hand = hands[rng.integers(len(hands))]
        return file_of(lay(write(text, hand, int(rng.integers(40, 90)), rng), rng).picture, format)

    def scan(rng: np.random.Generator) -> bytes:
        return file_of(scans[rng.integers(len(scans))])

    kinds = {
        "canvas": canvas,
        "number": partial(number, lay=on_plain_paper, format="PNG"),
        "MNIST": scan,
        "photo": partial(number, lay=as_photo, format="JPEG"),
    }
    found = chain.from_iterable(rows_of(real).values()) if real else iter(())
    files = [labelled.path for labelled in found]
    order = np.random.default_rng(seed).permutation(len(files))
    names = cycle([*kinds, *(["real"] if files else [])])
    for place, name in enumerate(islice(names, count)):
        if name == "real":
            yield name, files[order[place // 5 % len(files)]].read_bytes()
        else:
            yield name, kinds[name](np.random.default_rng([seed, place]))


def file_of(picture: NDArray[np.uint8], format: str = "PNG") -> bytes:
    file = BytesIO()
    Image.fromarray(picture).save(file, format)
    return file.getvalue()


async def agree(page: Page, reader: Reader, samples: Iterator[Any]) -> None:
    count: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    farthest = 0.0
    for number, (kind, file) in enumerate(samples):
        there = await page.evaluate(READ, base64.b64encode(file).decode())
        try:
            here: Any = reader.read(file).to_dict()
        except InkDigitsError as error:
            here = str(error)
        kinds[kind] += 1
        texts = [answer if isinstance(answer, str) else answer["text"] for answer in (here, there)]
        read = not isinstance(here, str) and not isinstance(there, str)
        digits = digits_of(texts[0]) == digits_of(texts[1])
        count["digits"] += digits
        if read and here["sure"] and there["sure"]:
            count["sure"] += 1
            count["same"] += texts[0] == texts[1]
        if read and digits:
            gaps = [
                np.abs(np.subtract(one["probabilities"], other["probabilities"])).max()
                for one, other in zip(here["digits"], there["digits"], strict=True)
            ]
            farthest = max([farthest, *gaps])
            count["close"] += max(gaps, default=0) <= CLOSE
            count["compared"] += 1
            if max(gaps, default=0) > CLOSE:
                print(f"  {kind}, number {number}: probabilities {max(gaps):.1e} apart")
        if not digits:
            print(f"  {kind}: Python {texts[0]!r}, browser {texts[1]!r}")
    print(", ".join(f"{number} {kind}" for kind, number in kinds.items()))
    rows = [
        ("same text, of what both are sure of", count["same"], count["sure"]),
        ("same digits, of all", count["digits"], kinds.total()),
        (f"probabilities within {CLOSE:g}", count["close"], count["compared"]),
    ]
    for name, good, of in rows:
        print(f"{name:36} {good:5} of {of:5}  {100 * good / max(of, 1):7.2f} %")
    print(f"{'farthest apart':36} {farthest:.1e}")


async def latency(page: Page, rounds: int, path: Path) -> None:
    """Of one digit and of a number, the pen held still before it is lifted, and lifted at once."""
    digits = read_unipen(path, parse_writers("25-30"))
    by_value = {digit.label: digit.strokes for digit in digits}
    await page.evaluate(PEN_UP)
    for text in ("7", "2048"):
        strokes = [
            stroke
            for place, sign in enumerate(text)
            for stroke in laid_out(by_value[int(sign)], place, len(text))
        ]
        for hold, how in ((400, "held still"), (0, "lifted at once")):
            taken = []
            for _ in range(rounds + 5):  # the first ones compile
                await page.keyboard.press("Escape")
                await write_on(page, strokes, hold)
                await page.wait_for_function(IS_SETTLED, arg=SETTLED_MS)
                taken.append(await page.evaluate("window.answered - window.lifted"))
            read = await page.locator("#numeral").inner_text()
            middle, slow = np.quantile(taken[5:], [0.5, 0.9])
            name = f"{text}, {how}" if read == text else f"{text}, {how} (read {read})"
            print(f"{name:36} median {middle:6.1f} ms, 90 % within {slow:6.1f} ms")


def laid_out(strokes: list[Stroke], place: int, count: int) -> list[Stroke]:
    """In the sheet's heights, the digit at its place in the row."""
    points = np.concatenate(strokes)
    low, extent = points.min(0), np.ptp(points, axis=0)
    size = 0.5 / max(extent)
    left = 0.9 + 0.42 * (place - (count - 1) / 2) - extent[0] * size / 2
    return [(stroke - low) * size + [left, 0.25] for stroke in strokes]


async def write_on(page: Page, strokes: list[Stroke], hold: int) -> None:
    sheet = await page.locator("#sheet").bounding_box()
    assert sheet is not None
    for stroke in strokes:
        first, *rest = (stroke * sheet["height"] + [sheet["x"], sheet["y"]]).tolist()
        await page.mouse.move(*first)
        await page.mouse.down()
        for point in rest:
            await page.mouse.move(*point)
        await page.wait_for_timeout(hold)
        await page.mouse.up()


def print_sizes(site: Path) -> None:
    """What is packed already goes as it is; hosts send the rest in gzip."""
    total = 0
    for path in sorted(path for path in site.rglob("*") if path.is_file()):
        content = path.read_bytes()
        size = len(content) if path.suffix == ".xz" else len(gzip.compress(content))
        total += size
        if size > 20_000:
            print(f"{path.relative_to(site)!s:44} {size / 1e6:6.2f} MB")
    print(f"{'all files, in gzip but what is packed':44} {total / 1e6:6.2f} MB")


async def look(options: argparse.Namespace) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=options.chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        window = await browser.new_context(
            viewport={"width": 1280, "height": 800}, reduced_motion="reduce"
        )
        page = await window.new_page()
        with hosted(options.site, ISOLATED if options.threads else None) as (url, host):
            await page.goto(url)
            await page.evaluate(PREPARED)
            await page.evaluate("navigator.serviceWorker.ready.then(() => null)")
            sent = f"{host.sent / 1e6:6.2f} MB, nothing in gzip"
        print(f"{'sent by the host at the first visit':36} {sent}")
        await page.reload()  # and the host is gone: what follows is read without a network
        await page.evaluate(PREPARED)
        if options.agree:
            samples = pictures(options.agree, options.seed, options.real, options.data_dir)
            await agree(page, Reader(), samples)
        if options.latency:
            await latency(page, options.latency, find_file(PENDIGITS, options.data_dir))
        await browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("site", type=Path, help="the folder that `inkdigits bundle site` wrote")
    parser.add_argument("--size", action="store_true", help="say what the first visit loads")
    parser.add_argument("--agree", type=int, default=0, help="so many pictures, read by both")
    parser.add_argument("--real", type=Path, help="a folder of real pictures, a fifth of these")
    parser.add_argument("--seed", type=int, default=0, help="which pictures")
    parser.add_argument("--latency", type=int, default=0, help="so many times each is written")
    parser.add_argument("--threads", action="store_true", help="from a host that allows them")
    parser.add_argument("--data-dir", type=Path)
    options = parser.parse_args()
    options.chromium = os.environ.get("INKDIGITS_CHROMIUM") or shutil.which("chromium")
    if not options.chromium:
        parser.error("there is no chromium: install Debian's, or name one (INKDIGITS_CHROMIUM)")
    if options.size:
        print_sizes(options.site)
    if options.agree or options.latency:
        asyncio.run(look(options))


if __name__ == "__main__":
    try:
        main()
    except InkDigitsError as error:
        sys.exit(str(error))
