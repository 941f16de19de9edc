"""The page as a whole, in a real browser."""

import base64
import re
from io import BytesIO

import pytest
from PIL import Image

from chromium import expect
from inkdigits.web.app import create_app
from inkdigits.web.server import running
from visitor import (
    PHONE,
    TOUCH,
    answer_with,
    draw,
    expect_reading,
    expect_strokes,
    give,
    on_sheet,
    patient,
    side_by_side,
    tap,
    touch,
)

# ---------------------------------------------------------------- what is on its way


def test_nothing_is_called_sure_before_the_pen_is_up_and_all_its_ink_is_read(page, held, strokes):
    patient(page)
    draw(page, strokes[7])
    expect(page.locator("#verdict")).to_have_text("Reading")
    expect(page.locator("#detail")).to_have_text("The answer is on its way.")
    expect(page.get_by_role("button", name="Copy", exact=True)).to_be_disabled()
    held[0].continue_()
    expect(page.locator("#verdict")).to_have_text("Sure")
    page.mouse.move(*on_sheet(page, [(0.9, 0.2)])[0])
    page.mouse.down()
    expect(page.locator("#verdict")).to_have_text("Reading")  # the last answer is of older ink


def test_a_stroke_that_is_being_drawn_is_undone_alone(page, strokes):
    draw(page, strokes[4])
    (x, y) = on_sheet(page, [(0.9, 0.2)])[0]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 50)
    expect_strokes(page, 3)
    page.keyboard.press("Control+z")
    expect_strokes(page, 2)
    page.mouse.up()
    expect_strokes(page, 2)
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+Shift+z")
    expect_strokes(page, 2)


def test_the_sheet_stays_where_it_is_when_the_page_grows(open_page, reader, png_of_lines):
    page = open_page(viewport={"width": 1024, "height": 768})
    before = page.locator("#sheet").bounding_box()
    reading = reader.read(png_of_lines("20")).to_dict(seen=True)
    text = "2020202020" * 5
    answer_with(page, reading, text=text, lines=[text], digits=reading["digits"] * 25)
    tap(page)
    expect_reading(page, text)
    assert page.evaluate("document.documentElement.scrollHeight > innerHeight")
    assert page.locator("#sheet").bounding_box() == before


@pytest.mark.parametrize(
    "viewport", [{"width": 320, "height": 256}, {"width": 1920, "height": 1080}]
)
def test_the_page_fits_a_window_zoomed_in_by_four_and_fills_a_projector(open_page, viewport):
    page = open_page(viewport=viewport)
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    sheet = page.locator("#sheet").bounding_box()
    assert sheet["width"] > 0.5 * viewport["width"]
    assert sheet["height"] > 0.5 * viewport["height"]


def test_a_phones_sheet_is_a_third_of_its_screen(open_page):
    page = open_page(**TOUCH)
    assert page.locator("#sheet").bounding_box()["height"] > PHONE["height"] / 3


def test_a_reload_keeps_the_drawing(page, strokes):
    draw(page, strokes[4])
    expect_reading(page, "4")
    page.reload()
    expect_strokes(page, 2)
    expect_reading(page, "4")


# ---------------------------------------------------------------- privacy and safety


@pytest.mark.parametrize("path", ["", "docs"])
def test_no_request_leaves_the_site_and_nothing_is_complained_about(
    browser, url, strokes, png_of, path
):
    window = browser.new_context()
    page = window.new_page()
    asked, complaints = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{url}/{path}", wait_until="networkidle")
    if not path:
        draw(page, strokes[7])
        expect_reading(page, "7")
        give(page, "paste", png_of(3))
        expect_reading(page, "3")
    window.close()
    assert asked
    assert [address for address in asked if not address.startswith(f"{url}/")] == []
    assert complaints == []


@pytest.mark.parametrize("allowed", [False, True])
def test_the_page_of_another_origin_reads_only_if_it_is_allowed(
    open_page, reader, url, png_of, allowed
):
    page = open_page(bypass_csp=True)  # it stands for a page of somebody else, with no policy
    ask = """([url, base64]) => fetch(`${url}/api/read`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ image: base64 }),
    }).then((answer) => answer.json()).then(({ text }) => text, () => "refused")"""
    with running(create_app(reader, allow_origins=[url] if allowed else [])) as other:
        answer = page.evaluate(ask, [other, base64.b64encode(png_of(7)).decode()])
    assert answer == ("7" if allowed else "refused")


def test_a_reference_that_cannot_be_loaded_says_so(page, url):
    page.route("**/openapi.json", lambda route: route.fulfill(status=502, body="Bad gateway"))
    page.goto(f"{url}/docs")
    expect(page.locator("#reference")).to_contain_text("Load the page again later.")


def test_the_reference_shows_how_to_ask_this_very_server(page, url):
    page.get_by_role("link", name="For programs").click()
    expect(page.get_by_text(f"curl -F file=@seven.png {url}/api/read")).to_be_visible()
    expect(page.get_by_text(f"'{url}/api/read?expect=number&length=4'")).to_be_visible()
    for parameter in ["expect", "length"]:
        expect(page.locator("dt").get_by_text(parameter, exact=True)).to_be_visible()
    for field in ["lines", "skipped", "turned"]:
        expect(page.locator("dt").get_by_text(field, exact=True)).to_be_visible()
    expect(page.get_by_text("POST /api/read")).to_be_visible()
    assert "undefined" not in page.locator("main").inner_text()


# ---------------------------------------------------------------- everybody


def test_the_keyboard_reaches_every_tool(page):
    tap(page)
    expect_strokes(page, 1)
    reached = []
    for _ in range(4):  # from the sheet, which was clicked last; nothing is to be redone
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("document.activeElement.innerText || document.activeElement.value")
        )
    assert reached == ["0.04", "Undo", "Clear", "Choose a picture"]


def test_arrow_keys_change_the_pen(page):
    page.get_by_label("Medium").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_label("Broad")).to_be_checked()


def test_control_z_undoes_and_escape_and_delete_clear(page, strokes):
    draw(page, strokes[4])
    page.keyboard.press("Control+z")
    expect_strokes(page, 1)
    page.keyboard.press("Escape")
    expect_strokes(page, 0)
    page.keyboard.press("Control+z")
    expect_strokes(page, 1)
    page.keyboard.press("Delete")
    expect_strokes(page, 0)


def test_a_screen_reader_hears_the_answer_once(page, strokes):
    page.evaluate(
        """() => {
            window.heard = [];
            const announcement = document.getElementById("announcement");
            new MutationObserver(() => heard.push(announcement.textContent))
                .observe(announcement, { childList: true, characterData: true, subtree: true });
        }"""
    )
    announcement = page.locator("#announcement")
    expect(announcement).to_have_attribute("aria-live", "polite")
    draw(page, strokes[7])
    expect(announcement).to_contain_text("7")
    page.get_by_role("button", name="Clear").click()
    expect(announcement).to_have_text("The sheet is blank.")
    assert len(page.evaluate("heard")) == 2


@pytest.mark.parametrize(("server", "number"), [("url", "7"), ("url", "2048"), ("unsure_url", "7")])
def test_a_phone_shows_sheet_and_answer_without_scrolling_sideways(
    open_page, request, server, number, strokes
):
    page = open_page(request.getfixturevalue(server), **TOUCH, device_scale_factor=2)
    touch(page, strokes[7] if number == "7" else side_by_side(strokes, number))
    expect(page.locator("#page")).to_have_attribute("data-state", re.compile("sure"))
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    for part in ["#sheet", "#numeral", "#verdict", "#detail"]:
        box = page.locator(part).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE["width"]
        assert box["y"] + box["height"] <= PHONE["height"]


def test_the_reference_fits_a_phone(open_page):
    page = open_page(viewport=PHONE)
    page.get_by_role("link", name="For programs").click()
    expect(page.get_by_text("POST /api/read")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_in_the_dark_ink_is_light_on_a_dark_sheet_read_the_same_and_printed_dark_on_light(
    open_page, strokes
):
    page = open_page(color_scheme="dark")
    ink_color, paper_color = page.evaluate(
        """() => [getComputedStyle(document.getElementById("sheet")).color,
                  getComputedStyle(document.body).backgroundColor]
            .map((color) => color.match(/\\d+/g).slice(0, 3).map(Number))
            .map(([red, green, blue]) => red + green + blue)"""
    )
    assert ink_color > 600
    assert paper_color < 150
    draw(page, strokes[5])
    expect_reading(page, "5")
    page.emulate_media(media="print", color_scheme="dark")
    printed = Image.open(BytesIO(page.locator("#frame").screenshot())).convert("L")
    assert printed.getextrema()[0] < 60
    assert printed.getpixel((9, 9)) > 200


def test_who_wants_less_motion_gets_none(open_page):
    page = open_page(reduced_motion="reduce")
    bar = page.locator("#ranking i").first
    assert bar.evaluate("it => getComputedStyle(it, '::after').transitionDuration") == "0s"
