"""Are pen strokes read as well on the page as from a picture? Both, for the same strokes.

    python benchmarks/replay.py --writers 25-30

A real Chromium (Debian's `chromium`, or the one that INKDIGITS_CHROMIUM names) opens the page and
gets the strokes as real mouse events, one for each point that the tablet recorded. What the page
then says is compared with what `Reader.read` says of the same strokes, in the same place and with
the same pen, inked by `datasets.strokes.ink`. The pen is that of the page's which is nearest to
the one that `datasets.strokes.draw` would take; the page thins ink that is as fast as these events
to 0.7 of it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import time
from pathlib import Path

import numpy as np
from playwright.async_api import Page, Request, async_playwright

from inkdigits import InkDigitsError, NoInk, Reader
from inkdigits.datasets.spec import find_file
from inkdigits.datasets.strokes import PENDIGITS, Stroke, ink, parse_writers, place, read_unipen
from inkdigits.web.app import create_app
from inkdigits.web.server import running

SIDE = 280
PAUSE = "() => new Promise((resolve) => setTimeout(resolve, 1500))"
"""By the page's own clock, late if the machine is busy; between two requests the page waits 400."""


class Traffic:
    """The readings that the page asks for."""

    def __init__(self, page: Page) -> None:
        self.page, self.asked, self.answered = page, 0, 0
        page.on("request", self._asks)
        page.on("requestfinished", self._is_answered)
        page.on("requestfailed", self._is_answered)

    def _asks(self, request: Request) -> None:
        self.asked += "/api/read" in request.url

    def _is_answered(self, request: Request) -> None:
        self.answered += "/api/read" in request.url

    async def settled(self) -> None:
        """Until all is answered and nothing more is asked for a while."""
        before = -1
        while before != self.asked or self.answered != self.asked:
            before = self.asked
            await self.page.evaluate(PAUSE)


async def read_on_page(
    chromium: str, url: str, drawings: list[tuple[list[Stroke], float]]
) -> tuple[list[str], list[float]]:
    """What the page says of strokes in pixels of 280x280, and the pen that each was drawn with."""
    answers, pens = [], []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        page = await browser.new_page(
            viewport={"width": 1280, "height": 800}, reduced_motion="reduce"
        )
        traffic = Traffic(page)
        await page.goto(url)
        choices = page.locator("input[name=pen]")
        widths = [SIDE * float(await choice.input_value()) for choice in await choices.all()]
        for strokes, width in drawings:
            nearest = int(np.argmin([abs(pen - width) for pen in widths]))
            await page.keyboard.press("Escape")  # clears the sheet
            await choices.nth(nearest).evaluate("it => it.click()")
            await draw_on_page(page, strokes)
            await traffic.settled()
            answers.append(await page.locator("#numeral").inner_text())
            pens.append(widths[nearest])
        await browser.close()
    return answers, pens


async def draw_on_page(page: Page, strokes: list[Stroke]) -> None:
    sheet = await page.locator("#sheet").bounding_box()
    assert sheet is not None
    corner, scale = np.array([sheet["x"], sheet["y"]]), sheet["height"] / SIDE
    for stroke in strokes:
        points = (corner + scale * stroke).tolist()
        await page.mouse.move(*points[0])
        await page.mouse.down()
        # All at once, as a fast pen's: one after the other, each would wait for the next frame.
        await asyncio.gather(*(page.mouse.move(*point) for point in points[1:]))
        await page.mouse.up()


def read_picture(reader: Reader, strokes: list[Stroke], pen: float) -> str:
    try:
        return reader.read(ink(strokes, pen, SIDE)).text
    except NoInk:
        return ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, help="a model file; the one that ships if left out")
    parser.add_argument("--writers", required=True, help="whose strokes, such as 1,4,25-30")
    parser.add_argument("--count", type=int, default=300, help="so many of their digits, at random")
    parser.add_argument("--seed", type=int, default=0, help="which digits, and where")
    parser.add_argument("--strokes", default=PENDIGITS, help="a UNIPEN file")
    parser.add_argument("--data-dir", type=Path)
    options = parser.parse_args()
    chromium = os.environ.get("INKDIGITS_CHROMIUM") or shutil.which("chromium")
    if not chromium:
        parser.error("there is no chromium: install Debian's, or name one (INKDIGITS_CHROMIUM)")

    path = find_file(options.strokes, options.data_dir)
    digits = read_unipen(path, parse_writers(options.writers))
    order = np.random.default_rng(options.seed).permutation(len(digits))[: options.count]
    digits = [digits[i] for i in order]
    drawings = [
        place(digit.strokes, np.random.default_rng([options.seed, digit.number]), SIDE)
        for digit in digits
    ]
    reader = Reader(options.model)
    start = time.monotonic()
    with running(create_app(reader)) as url:
        on_page, pens = asyncio.run(read_on_page(chromium, url, drawings))
    seconds = time.monotonic() - start
    from_picture = [
        read_picture(reader, strokes, pen) for (strokes, _), pen in zip(drawings, pens, strict=True)
    ]

    labels = np.array([str(digit.label) for digit in digits])
    drawn, read = (100 * (np.array(a) == labels).mean() for a in (on_page, from_picture))
    differing = int((np.array(on_page) != np.array(from_picture)).sum())
    print(f"{path.name}, {len(digits)} digits of writers {options.writers}, seed {options.seed}")
    print(f"{'drawn on the page':32} {drawn:7.2f} %  in {seconds:.0f} s")
    print(f"{'the same strokes as a picture':32} {read:7.2f} %")
    print(f"{'difference':32} {drawn - read:+7.2f} points; {differing} read differently")


if __name__ == "__main__":
    try:
        main()
    except InkDigitsError as error:
        sys.exit(str(error))
