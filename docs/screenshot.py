"""Take pictures of the page.

python docs/screenshot.py                  docs/page.png, which the README shows, docs/seven.png,
                                           which it reads, and the preview.png that is shown with
                                           links to the page
python docs/screenshot.py FOLDER           of all that it shows, in three widths, light and dark
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise, product
from pathlib import Path

from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, sync_playwright

from inkdigits import Reader
from inkdigits.web.app import create_app
from inkdigits.web.server import running

DOCS = Path(__file__).parent
PREVIEW = DOCS.parent / "src" / "inkdigits" / "web" / "static" / "preview.png"
SIZES = {360: 740, 1280: 800, 1920: 1080}
Stroke = list[tuple[float, float]]
NUMBER: list[Stroke] = [
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
"""2048, stroke by stroke, in heights of a sheet that is 1.8 wide."""
SEVEN: list[Stroke] = [
    [(0.66, 0.24), (0.85, 0.26), (1.1, 0.23), (1.0, 0.4), (0.9, 0.6), (0.85, 0.8)]
]
ONE_OR_SEVEN: list[Stroke] = [[(0.84, 0.3), (0.95, 0.24), (1.0, 0.24), (0.97, 0.5), (0.95, 0.8)]]


def smooth(points: Stroke, rounds: int = 3) -> Stroke:
    """Cut the corners (Chaikin 1974), so that it looks like writing."""
    for _ in range(rounds):
        cut = [points[0]]
        for (x0, y0), (x1, y1) in pairwise(points):
            cut += [(x0 + share * (x1 - x0), y0 + share * (y1 - y0)) for share in (0.25, 0.75)]
        points = [*cut, points[-1]]
    return points


def write(page: Page, strokes: list[Stroke]) -> None:
    """As large as it fits: an upright sheet is narrower than 1.8 heights."""
    sheet = page.locator("#sheet").bounding_box()
    assert sheet is not None
    height = min(sheet["height"], sheet["width"] / 1.8)
    left = sheet["x"] + (sheet["width"] - 1.8 * height) / 2
    top = sheet["y"] + (sheet["height"] - height) / 2
    for stroke in strokes:
        for number, (x, y) in enumerate(smooth(stroke)):
            page.mouse.move(left + x * height, top + y * height)
            if number == 0:
                page.mouse.down()
        page.mouse.up()


def first_sight(page: Page) -> None:
    page.locator("#sum", has_text="19").wait_for()


def digit(page: Page) -> None:
    write(page, SEVEN)
    page.locator("#numeral", has_text="7").wait_for()


def number(page: Page) -> None:
    write(page, NUMBER)
    page.locator("#numeral", has_text="2048").wait_for()
    page.locator("#verdict", has_text="Sure").wait_for()


def photo(page: Page) -> None:
    page.locator("#file").set_input_files(DOCS / "form.png")
    page.locator("#numeral", has_text="968").wait_for()


def doubt(page: Page) -> None:
    write(page, ONE_OR_SEVEN)
    page.locator("#verdict", has_text="Not sure").wait_for()


def failure(page: Page) -> None:
    page.route("**/api/read*", lambda route: route.abort())
    write(page, SEVEN)
    page.locator("#verdict", has_text="cannot be reached").wait_for()


VIEWS: list[Callable[[Page], None]] = [first_sight, digit, number, photo, doubt, failure]


def picture(
    browser: Browser,
    url: str,
    view: Callable[[Page], None],
    path: Path,
    size: tuple[int, int],
    scheme: str = "light",
) -> None:
    width, height = size
    page = browser.new_page(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="no-preference" if view is first_sight else "reduce",
    )
    page.goto(url)
    view(page)
    page.wait_for_timeout(500)  # the bars take a moment to grow
    page.screenshot(path=path)
    page.close()
    print(path)


def seven(path: Path, side: int = 280, pen: int = 18) -> None:
    """A digit as a canvas has it, black on white."""
    image = Image.new("L", (4 * side, 4 * side), 255)
    draw = ImageDraw.Draw(image)
    for stroke in SEVEN:
        for x, y in smooth(stroke, rounds=8):
            draw.circle(((x - 0.38) * 4 * side, y * 4 * side), 2 * pen, fill=0)
    image.reduce(4).save(path, optimize=True)
    print(path)


def few_colours(path: Path) -> None:
    """A quarter of the bytes, as it is in the package."""
    with Image.open(path) as image:
        image.convert("RGB").quantize(64).save(path, optimize=True)


@contextmanager
def page_and_browser() -> Iterator[tuple[str, Browser]]:
    with running(create_app(Reader())) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        yield url, browser
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?")
    folder = parser.parse_args().folder
    with page_and_browser() as (url, browser):
        if not folder:
            seven(DOCS / "seven.png")
            picture(browser, url, number, DOCS / "page.png", (1280, 800))
            picture(browser, url, number, PREVIEW, (1200, 630))
            few_colours(PREVIEW)
            return
        folder.mkdir(parents=True, exist_ok=True)
        for view, (width, height), scheme in product(VIEWS, SIZES.items(), ["light", "dark"]):
            name = f"{view.__name__.replace('_', '-')}-{width}-{scheme}.png"
            picture(browser, url, view, folder / name, (width, height), scheme)


if __name__ == "__main__":
    main()
