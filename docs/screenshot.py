"""Take the picture of the page that the README shows: python docs/screenshot.py"""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path

from playwright.sync_api import sync_playwright

from inkdigits import Reader
from inkdigits.web.app import create_app
from inkdigits.web.server import running

# A 2 that is written in one go, in shares of the sheet.
CORNERS = [
    *[(0.28, 0.36), (0.33, 0.22), (0.5, 0.16), (0.66, 0.24), (0.66, 0.4), (0.52, 0.58)],
    *[(0.34, 0.74), (0.27, 0.82), (0.36, 0.78), (0.5, 0.8), (0.62, 0.83), (0.76, 0.78)],
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
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(url)
        sheet = page.locator("#sheet").bounding_box()
        assert sheet is not None
        for number, (x, y) in enumerate(smooth(CORNERS)):
            page.mouse.move(sheet["x"] + x * sheet["width"], sheet["y"] + y * sheet["height"])
            if number == 0:
                page.mouse.down()
        page.mouse.up()
        page.locator("#verdict", has_text="Sure").wait_for()
        page.wait_for_timeout(500)  # the bars take a moment to grow
        page.screenshot(path=Path(__file__).with_name("page.png"))
        browser.close()


if __name__ == "__main__":
    main()
