"""The bundled site in a real browser, opened from a plain static host."""

import base64
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from chromium import Browser, Page, expect
from handwriting import STROKES, png, written
from inkdigits import InkDigitsError, NoInk, Reader
from inkdigits.deploy.site import bundle_site
from static_host import ISOLATED, hosted

FIRST = 120_000
"""Milliseconds for a first reading: a busy machine has to unpack all that reads before it."""

READ = """async (base64) => {
    const { reader } = await import("./reader.js");
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    try {
        return await reader.read(new Blob([bytes]), new AbortController().signal);
    } catch (error) {
        return error.message;
    }
}"""


@pytest.fixture(scope="module")
def page(browser: Browser, site: Path) -> Iterator[Page]:
    """The site at a sub-path of a host that allows threads, ready to read."""
    with hosted(site.parents[1], ISOLATED) as (url, _):
        page = browser.new_page()
        page.goto(f"{url}/some/where/")
        yield page
        page.close()


@pytest.mark.parametrize("address", ["example.org/ink/", "/ink/"])
def test_an_address_that_is_not_whole_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(InkDigitsError, match="no whole address"):
        bundle_site(tmp_path, address=address)


def in_browser(page: Page, picture: bytes) -> Any:
    return page.evaluate(READ, base64.b64encode(picture).decode())


def file_of(picture: np.ndarray, format: str = "PNG", **options: Any) -> bytes:
    file = BytesIO()
    Image.fromarray(picture).save(file, format, **options)
    return file.getvalue()


def page_of(*lines: str, side: int = 120) -> np.ndarray:
    """Lines of digits, dark on white; a space is as wide as a digit."""
    picture = np.full((side * len(lines) + 40, side * max(map(len, lines)) + 40), 255, np.uint8)
    for row, line in enumerate(lines):
        for column, sign in enumerate(line):
            if sign != " ":
                place = picture[20 + side * row :, 20 + side * column :][:side, :side]
                place[:] = written(int(sign), side)
    return picture


def touching(text: str) -> np.ndarray:
    """Digits that lie over each other: a doubtful row, which is read in other widths, too."""
    picture = np.full((80, 21 * len(text) + 60), 255, np.uint8)
    for place, sign in enumerate(text):
        part = picture[10:70, 8 + 21 * place :][:, :60]
        np.minimum(part, written(int(sign), 60)[:, : part.shape[1]], out=part)
    return picture


def in_colour(ink: tuple[int, int, int], paper: tuple[int, int, int]) -> np.ndarray:
    share = page_of("42")[:, :, None] / 255
    return (share * paper + (1 - share) * np.array(ink)).round().astype(np.uint8)


def see_through(ink: int) -> np.ndarray:
    """Strokes on nothing, as a canvas has them."""
    alpha = 255 - page_of("307")
    return np.stack([np.full_like(alpha, ink)] * 3 + [alpha], 2)


def orientation(value: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = value
    return exif


PICTURES: dict[str, Callable[[], bytes]] = {
    "a digit": lambda: png(written(7)),
    "two lines of numbers": lambda: png(page_of("20 48", "365")),
    "digits that touch": lambda: png(touching("7759")),
    "a page upside down": lambda: png(page_of("2475", "7423")[::-1, ::-1]),
    "a page on its side": lambda: png(np.rot90(page_of("2475", "7423"))),
    "a large photo": lambda: file_of(page_of("573", side=900), "JPEG"),
    "a photo on its side": lambda: file_of(
        np.rot90(page_of("52")), "JPEG", exif=orientation(6), quality=95
    ),
    "dark strokes on nothing": lambda: file_of(see_through(20)),
    "light strokes on nothing": lambda: file_of(see_through(240)),
    "yellow ink on white": lambda: file_of(in_colour((255, 240, 60), (255, 255, 255))),
    "yellow ink on white, with an alpha": lambda: file_of(
        np.dstack([in_colour((255, 240, 60), (255, 255, 255)), np.full((160, 280), 255, np.uint8)])
    ),
    "red ink on grey": lambda: file_of(in_colour((190, 90, 90), (120, 120, 120))),
}


@pytest.mark.parametrize("name", PICTURES)
def test_the_browser_reads_what_python_reads(page: Page, reader: Reader, name: str) -> None:
    picture = PICTURES[name]()
    here = reader.read(picture).to_dict()
    there = in_browser(page, picture)
    for key in ("text", "lines", "sure", "turned", "skipped", "faint", "warnings", "model"):
        assert there[key] == here[key], key
    assert there["confidence"] == pytest.approx(here["confidence"], abs=1e-3)
    signs, same_signs = (all["digits"] + all["marks"] for all in (here, there))
    for sign, same in zip(signs, same_signs, strict=True):
        assert np.abs(np.subtract(sign["box"], same["box"])).max() <= 1
        assert same["sure"] == sign["sure"]
        assert same.get("probabilities") == pytest.approx(sign.get("probabilities"), abs=1e-3)


def test_shared_links_find_a_picture_which_the_browser_does_not_keep(site: Path) -> None:
    assert 'og:image" content="preview.png"' in (site / "index.html").read_text()
    with Image.open(site / "preview.png") as preview:
        assert preview.size == (1200, 630)
    assert "preview.png" not in (site / "service-worker.js").read_text()


def test_a_blank_picture_is_refused_in_the_same_words(page: Page, reader: Reader) -> None:
    blank = png(np.full((40, 60), 255, np.uint8))
    with pytest.raises(NoInk) as refusal:
        reader.read(blank)
    assert in_browser(page, blank) == str(refusal.value)


def test_what_is_no_picture_is_refused(page: Page) -> None:
    assert "cannot decode" in in_browser(page, b"%PDF-1.7")


def draw(page: Page, value: int) -> None:
    write(page, page.locator("#sheet"), value)


def write(page: Page, sheet: Any, value: int, left: float = 0) -> None:
    """A digit, so many of the sheet's heights from its left edge."""
    box = sheet.bounding_box()
    for stroke in STROKES[value]:
        for number, (x, y) in enumerate(stroke):
            page.mouse.move(box["x"] + (left + x) * box["height"], box["y"] + y * box["height"])
            if number == 0:
                page.mouse.down()
        page.mouse.up()


def test_a_site_that_was_visited_once_reads_without_a_network(browser: Browser, site: Path) -> None:
    with browser.new_context() as window:
        with hosted(site.parents[1]) as (url, _):
            page = window.new_page()
            asked: list[str] = []
            page.on("request", lambda request: asked.append(request.url))
            page.goto(f"{url}/some/where/")
            draw(page, 7)
            expect(page.locator("#numeral")).to_have_text("7", timeout=FIRST)
            page.evaluate("navigator.serviceWorker.ready.then(() => null)")
            expect(page.locator("#progress")).to_be_hidden()
        assert all(address.startswith((f"{url}/some/where/", "blob:")) for address in asked)
        page.reload()  # the host is gone
        expect(page.locator("#numeral")).to_have_text(
            "7", timeout=FIRST
        )  # the drawing is still there
        page.goto(f"{url}/some/where/index.html?from=mail")
        expect(page.locator("#numeral")).to_have_text("7", timeout=FIRST)
        page.keyboard.press("Escape")
        draw(page, 4)
        expect(page.locator("#numeral")).to_have_text("4")


def test_a_browser_that_keeps_nothing_more_asks_the_host(browser: Browser, site: Path) -> None:
    with hosted(site) as (url, _), browser.new_context() as window:
        page = window.new_page()
        page.goto(url)
        page.evaluate("navigator.serviceWorker.ready.then(() => null)")
        [worker] = window.service_workers
        worker.evaluate("() => (caches.open = async () => Promise.reject('no room')) && null")
        page.reload()
        draw(page, 7)
        expect(page.locator("#numeral")).to_have_text("7", timeout=FIRST)


def test_every_file_has_a_name_that_hosts_know(site: Path) -> None:
    known = {".css", ".html", ".js", ".json", ".png", ".svg", ".webmanifest", ".xz"}
    assert {file.suffix for file in site.rglob("*.*")} <= known  # .mjs some call no script


def test_a_reader_that_has_stopped_begins_anew(browser: Browser, site: Path) -> None:
    with hosted(site) as (url, _), browser.new_context() as window:
        page = window.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(url)
        draw(page, 4)
        expect(page.locator("#copy")).to_be_enabled(timeout=FIRST)  # all of it has been read
        [worker] = page.workers
        worker.evaluate("loading.then(({ reader }) => (reader.digits.run = null))")
        page.keyboard.press("Control+z")  # is one question, and a stroke may be several
        expect(page.locator("#detail")).to_contain_text("The reader has stopped")
        assert "not a function" in complaints[-1]
        page.keyboard.press("Escape")
        draw(page, 4)
        expect(page.locator("#numeral")).to_have_text("4", timeout=FIRST)


def test_a_reader_that_cannot_be_loaded_is_asked_for_again(browser: Browser, site: Path) -> None:
    with hosted(site) as (url, _), browser.new_context() as window:
        page = window.new_page()
        window.route("**/page.onnx.xz", lambda route: route.abort())
        page.goto(url)
        draw(page, 7)
        expect(page.locator("#verdict")).to_have_text("The reader cannot be loaded", timeout=FIRST)
        expect(page.locator("#progress")).to_be_hidden()
        window.unroute("**/page.onnx.xz")
        expect(page.locator("#numeral")).to_have_text("7", timeout=FIRST)


def test_a_site_opened_as_a_file_says_what_is_missing(browser: Browser, site: Path) -> None:
    page = browser.new_page()
    page.goto((site / "index.html").as_uri())
    expect(page.locator("#detail")).to_contain_text("needs a web server")
    page.close()


def test_a_browser_without_webassembly_is_told_so(browser: Browser, site: Path) -> None:
    with hosted(site) as (url, _), browser.new_context() as window:
        page = window.new_page()
        page.add_init_script("delete window.WebAssembly")
        page.goto(url)
        expect(page.locator("#detail")).to_contain_text("no WebAssembly")


FOREIGN = """<!doctype html>
<style>canvas, output { display: none }</style>
<script type="module" src="SITE/ink-digits.js"></script>
<ink-digits expect="number" width="270"></ink-digits>
<script>addEventListener("read", ({ detail }) => (window.readings ??= []).push(detail));</script>
"""
CORS = {"Access-Control-Allow-Origin": "*"}
ONE_SHEET = """(attributes) => {
    window.readings = [];
    document.body.innerHTML = `<button>before</button> <ink-digits ${attributes}></ink-digits>`;
}"""


@pytest.fixture(scope="module")
def foreign_url(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A page of another site, which has the component."""
    folder = tmp_path_factory.mktemp("foreign")
    with hosted(site.parents[1], CORS) as (url, _), hosted(folder) as (other, _):
        (folder / "index.html").write_text(FOREIGN.replace("SITE", f"{url}/some/where"))
        yield other


@pytest.fixture(scope="module")
def foreign_page(browser: Browser, foreign_url: str) -> Iterator[Page]:
    with browser.new_context() as window:
        page = window.new_page()
        page.goto(foreign_url)
        yield page


@pytest.fixture
def foreign(foreign_page: Page) -> Callable[..., Page]:
    """The page with one new component, which has these attributes; what reads is loaded once."""

    def with_sheet(attributes: str) -> Page:
        foreign_page.evaluate(ONE_SHEET, attributes)
        return foreign_page

    return with_sheet


def test_a_page_of_another_site_reads_with_one_script_tag(
    browser: Browser, foreign_url: str
) -> None:
    page = browser.new_page()
    page.goto(foreign_url)
    sheet = page.locator("ink-digits canvas")
    write(page, sheet, 4, 0.05)
    write(page, sheet, 7, 1.0)  # far from it: two numbers, if not one is expected
    expect(page.locator("ink-digits output")).to_have_text("47", timeout=FIRST)
    assert sheet.bounding_box()["width"] == 270
    element = page.locator("ink-digits")
    expect(element).to_have_js_property("value", "47")  # it has been told
    assert element.evaluate("it => [it.value, it.reading.text]") == ["47", "47"]
    reading = page.evaluate("window.readings.at(-1)")
    assert [digit["value"] for digit in reading["digits"]] == [4, 7]
    page.locator("ink-digits button").click()
    expect(page.locator("ink-digits output")).to_be_empty()
    assert element.evaluate("it => [it.value, it.reading]") == ["", None]
    page.close()


def test_digits_are_typed_on_the_sheet_of_another_sites_page(foreign: Callable[..., Page]) -> None:
    page = foreign("")
    page.get_by_role("button", name="before").focus()
    page.keyboard.press("Tab")
    page.keyboard.type("31")
    page.keyboard.press("Backspace")
    page.keyboard.type("4")
    expect(page.locator("ink-digits")).to_have_js_property("value", "34", timeout=FIRST)


def test_what_is_expected_of_a_sheet_can_be_changed_and_a_mistake_is_told(
    foreign: Callable[..., Page],
) -> None:
    page = foreign('expect="number"')
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    element, sheet = page.locator("ink-digits"), page.locator("ink-digits canvas")
    write(page, sheet, 4, 0.05)
    write(page, sheet, 7, 1.0)
    expect(element).to_have_js_property("value", "47", timeout=FIRST)
    element.evaluate("it => it.setAttribute('expect', 'digit')")
    expect(element).to_have_js_property("value", "7")
    element.evaluate("it => it.setAttribute('expect', 'numbers')")
    expect(element).to_have_js_property("value", "47")
    assert '<ink-digits> has expect="numbers". It has to be "digit" or "number".' in complaints


def test_a_sheet_goes_on_reading_after_an_error_of_its_own(foreign: Callable[..., Page]) -> None:
    page = foreign("")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    element, sheet = page.locator("ink-digits"), page.locator("ink-digits canvas")
    page.evaluate("[window.Stream, window.CompressionStream] = [CompressionStream, null]")
    write(page, sheet, 4)
    expect(page.locator("ink-digits output")).to_contain_text("CompressionStream", timeout=FIRST)
    page.evaluate("() => { window.CompressionStream = window.Stream; }")
    element.evaluate("it => it.clear()")
    write(page, sheet, 7)
    expect(element).to_have_js_property("value", "7", timeout=FIRST)
    assert "CompressionStream" in errors[0]


DRAWN = """() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(() => {
    const { requestAnimationFrame } = window;
    let count = 0;
    window.requestAnimationFrame = (draw) => requestAnimationFrame(draw, count++);
    dispatchEvent(new Event("resize"));
    window.requestAnimationFrame = requestAnimationFrame;
    resolve(count);
}, 100)))"""
"""How often something is drawn because the window has another size."""


def test_a_sheet_follows_the_window_as_long_as_it_is_in_the_page(
    foreign: Callable[..., Page],
) -> None:
    page = foreign("")
    page.evaluate("customElements.whenDefined('ink-digits').then(() => null)")
    assert page.evaluate(DRAWN) == 1
    page.evaluate("() => { (window.taken = document.querySelector('ink-digits')).remove(); }")
    assert page.evaluate(DRAWN) == 0
    page.evaluate("() => { document.body.append(window.taken); }")
    assert page.evaluate(DRAWN) == 1


def test_a_sheet_says_nothing_of_what_is_not_there_any_more(foreign: Callable[..., Page]) -> None:
    page = foreign("")
    sheet = page.locator("ink-digits canvas")
    element = page.locator("ink-digits")
    write(page, sheet, 4)
    expect(element).to_have_js_property("value", "4", timeout=FIRST)
    page.mouse.down()  # another stroke begins
    expect(element).to_have_js_property("value", "")
    for _ in range(2):  # of which the second changes nothing
        element.evaluate("it => it.clear()")
    page.mouse.up()
    write(page, sheet, 7)
    expect(element).to_have_js_property("value", "7")
    element.evaluate("it => { it.setAttribute('expect', 'digit'); it.setAttribute('length', 2); }")
    write(page, sheet, 7)
    expect(page.locator("ink-digits output")).to_contain_text("one digit has length 1")
    assert element.evaluate("it => [it.value, it.reading]") == ["", None]
    told = page.evaluate("window.readings.map((it) => it && it.text)")
    assert told[-4:] == ["4", None, "7", None]
