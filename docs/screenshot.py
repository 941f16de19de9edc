"""Take the picture of the page that the README shows: python docs/screenshot.py"""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path

from playwright.sync_api import sync_playwright

from inkdigits import Reader
from inkdigits.web.app import create_app
from inkdigits.web.server import running

# 2048, stroke by stroke, in heights of the sheet.
STROKES = [
    [
        *[(0.28, 0.4), (0.3, 0.29), (0.39, 0.23), (0.48, 0.28), (0.48, 0.4), (0.4, 0.55)],
        *[(0.28, 0.7), (0.25, 0.76), (0.31, 0.73), (0.39, 0.74), (0.46, 0.77), (0.54, 0.73)],
    ],
    [
        *[(0.79, 0.26), (0.69, 0.26), (0.63, 0.4), (0.62, 0.6), (0.68, 0.76), (0.8, 0.76)],
        *[(0.88, 0.62), (0.88, 0.42), (0.83, 0.28), (0.74, 0.25), (0.7, 0.27)],
    ],
    [(1.07, 0.24), (1.02, 0.42), (1.0, 0.55), (1.1, 0.57), (1.28, 0.53)],
    [(1.23, 0.26), (1.21, 0.45), (1.19, 0.62), (1.18, 0.8)],
    [
        *[(1.6, 0.29), (1.52, 0.22), (1.42, 0.27), (1.42, 0.4), (1.52, 0.48), (1.61, 0.58)],
        *[(1.61, 0.72), (1.51, 0.78), (1.4, 0.72), (1.4, 0.6), (1.5, 0.5), (1.6, 0.4)],
        *[(1.62, 0.3), (1.56, 0.24)],
    ],
]


def smooth(points: list[tuple[float, float]], rounds: int = 3) -> list[tuple[float, float]]:
    """Cut the corners (Chaikin 1974), so that it looks like writing."""
    for _ in range(rounds):
        cut = [points[0]]
        for (x0, y0), (x1, y1) in pairwise(points):
            cut += [(x0 + share * (x1 - x0), y0 + share * (y1 - y0)) for share in (0.25, 0.75)]
        points = [*cut, points[-1]]
    return points


def main() -> None:
    with running(create_app(Reader())) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
        page.goto(url)
        sheet = page.locator("#sheet").bounding_box()
        assert sheet is not None
        for stroke in STROKES:
            for number, (x, y) in enumerate(smooth(stroke)):
                page.mouse.move(sheet["x"] + x * sheet["height"], sheet["y"] + y * sheet["height"])
                if number == 0:
                    page.mouse.down()
            page.mouse.up()
        page.locator("#numeral", has_text="2048").wait_for()
        page.locator("#verdict", has_text="Sure").wait_for()
        page.wait_for_timeout(500)  # the bars take a moment to grow
        page.screenshot(path=Path(__file__).with_name("page.png"))
        browser.close()


if __name__ == "__main__":
    main()
