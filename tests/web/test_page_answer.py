"""What the page says of a reading, and keeps of it, in a real browser."""

from collections.abc import Callable
from typing import Any

import pytest

from chromium import Page, expect
from inkdigits import Reader
from inkdigits.web.app import create_app
from inkdigits.web.server import running
from visitor import (
    DESKTOP,
    PHONE,
    answer_with,
    doubting,
    draw,
    drop,
    expect_reading,
    expect_strokes,
    give,
    ink,
    likely,
    radio,
    side_by_side,
    size,
    sure_of_all,
    tap,
)

# ---------------------------------------------------------------- each digit of a number


@pytest.fixture
def read_307(page: Page, reader: Reader, png_of_lines: Callable[..., bytes]) -> dict[str, Any]:
    """What the page shows, whatever is drawn: a reading of 307, sure of all its digits."""
    reading = sure_of_all(reader.read(png_of_lines("307")).to_dict(seen=True))
    answer_with(page, reading)
    tap(page)
    expect_reading(page, "307")
    return reading


@pytest.mark.usefixtures("read_307")
def test_each_digit_of_a_number_is_shown_as_the_network_saw_it(page):
    names = page.locator("#digits b")
    expect(names).to_have_text(["3", "0", "7"])
    inked = page.locator("#digits canvas").evaluate_all(
        """(all) => all.map((it) => it.getContext("2d").getImageData(0, 0, 28, 28).data)
            .map((data) => data.filter((value, i) => i % 4 === 3 && value > 127).length)"""
    )
    assert min(inked) > 30


def test_a_single_digit_has_no_row_of_digits(page, strokes):
    draw(page, strokes[7])
    expect_reading(page, "7")
    expect(page.locator("#digits")).to_be_hidden()


@pytest.mark.usefixtures("read_307")
@pytest.mark.parametrize("way", ["click", "keyboard"])
def test_a_chosen_digit_shows_how_likely_each_is_for_it(page, way):
    expect(likely(page, 7)).to_contain_text("%")  # the one that was written last
    if way == "click":
        page.locator("#digits label").first.click()
    else:
        radio(page, 7).focus()
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
    expect(radio(page, 3)).to_be_checked()
    expect(likely(page, 3)).to_contain_text("%")
    expect(likely(page, 7)).not_to_contain_text("%")
    expect(page.get_by_role("list", name="How likely each digit is the 1st")).to_be_visible()


@pytest.mark.usefixtures("read_307")
def test_a_mouse_that_passes_over_a_digit_changes_nothing(page):
    page.locator("#digits label").first.hover()
    expect(radio(page, 7)).to_be_checked()
    expect(likely(page, 7)).to_contain_text("%")


def test_a_choice_outlasts_a_new_answer_with_as_many_digits(page, read_307):
    radio(page, 3).focus()
    page.keyboard.press("Space")
    answer_with(page, doubting(read_307, 2))
    tap(page)
    expect(page.locator("#digits label").last).to_contain_text("not sure")
    expect(radio(page, 3)).to_be_checked()
    expect(radio(page, 3)).to_be_focused()


def test_the_first_doubtful_digit_is_the_one_whose_ranking_is_shown(page, reader, png_of_lines):
    reading = reader.read(png_of_lines("2307")).to_dict(seen=True)
    answer_with(page, doubting(reading, 1, 3))
    tap(page)
    expect(radio(page, 3)).to_be_checked()
    expect(likely(page, 4)).to_contain_text("31.4 %")


def test_lines_of_numbers_are_shown_as_lines(page, png_of_lines):
    give(page, "drop", png_of_lines("2048", "17 5"))
    expect_reading(page, "2048 17 5")
    assert page.locator("#numeral").inner_text() == "2048\n17 5"


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE])
def test_a_long_number_stays_in_the_window(open_page, reader, png_of_lines, viewport):
    reading = reader.read(png_of_lines("20")).to_dict(seen=True)
    page = open_page(viewport=viewport)
    text = "2020202020" * 5
    answer_with(page, reading, text=text, lines=[text], digits=reading["digits"] * 25)
    tap(page)
    expect_reading(page, text)
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


@pytest.mark.usefixtures("read_307")
def test_the_keyboard_reaches_the_digits_of_a_number(page):
    page.get_by_role("button", name="Full screen").focus()
    page.keyboard.press("Tab")
    expect(radio(page, 7)).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(radio(page, 0)).to_be_focused()


# ---------------------------------------------------------------- sure or not


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_sure_digit_is_inked_and_said_to_be_sure(open_page, reader, png_of, scheme):
    page = open_page(color_scheme=scheme)
    sure = reader.read(png_of(7)).to_dict(seen=True) | {"sure": True, "confidence": 0.9876}
    page.route("**/api/read*", lambda route: route.fulfill(json=sure))
    tap(page)
    expect(page.locator("#verdict")).to_have_text("Sure")
    expect(page.locator("#detail")).to_have_text("It is clear.")
    expect(page.locator("#announcement")).to_have_text("Sure: 7.")
    ink_color = page.locator("body").evaluate("it => getComputedStyle(it).color")
    expect(page.locator("#numeral")).to_have_css("color", ink_color)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_guess_is_only_outlined_and_said_not_to_be_sure(open_page, unsure_url, scheme):
    page = open_page(unsure_url, color_scheme=scheme)
    tap(page)
    doubt = "It could also be an 8."
    expect(page.locator("#verdict")).to_have_text("Not sure")
    expect(page.locator("#detail")).to_have_text(doubt)
    expect(likely(page, 3)).to_contain_text("41.2 %")
    expect(page.locator("#announcement")).to_have_text(f"Not sure: perhaps 3. {doubt}")
    expect(page.locator("#numeral")).to_have_text("3")
    expect(page.locator("#numeral span")).to_have_css("color", "rgba(0, 0, 0, 0)")
    expect(page.locator("#numeral span")).to_have_css("-webkit-text-stroke-width", "2px")


def test_only_the_doubtful_digits_of_a_number_are_outlined(page, reader, png_of_lines):
    reading = reader.read(png_of_lines("205")).to_dict(seen=True)
    answer_with(page, doubting(reading, 2))
    tap(page)
    words = "The 3rd digit could also be a 4."
    expect_reading(page, "205")
    expect(page.locator("#verdict")).to_have_text("Not sure")
    expect(page.locator("#detail")).to_have_text(words)
    expect(page.locator("#announcement")).to_have_text(f"Not sure: perhaps 205. {words}")
    ink_color = page.locator("body").evaluate("it => getComputedStyle(it).color")
    expect(page.locator("#numeral")).to_have_css("color", ink_color)
    outlined = page.locator("#numeral .unsure")
    expect(outlined).to_have_text(["5"])
    expect(outlined).to_have_css("color", "rgba(0, 0, 0, 0)")
    expect(page.get_by_role("radio", name="not sure")).to_have_count(1)
    expect(page.get_by_role("radio", name="5 not sure")).to_be_visible()


def test_doubtful_digits_of_a_drawing_are_outlined_on_the_ink(page, read_307):
    answer_with(page, doubting(read_307, 1))
    tap(page)
    expect(page.locator("#verdict")).to_have_text("Not sure")
    ink(page)
    colors = page.locator("#sheet").evaluate(
        """(sheet) => {
            const { data } = sheet.getContext("2d").getImageData(0, 0, sheet.width, sheet.height);
            const red = getComputedStyle(sheet).getPropertyValue("--unsure").trim();
            const hex = (value) => value.toString(16).padStart(2, "0");
            let count = 0;
            for (let i = 0; i < data.length; i += 4) {
                count += "#" + [...data.slice(i, i + 3)].map(hex).join("") === red ? 1 : 0;
            }
            return count;
        }"""
    )
    assert colors > 200


# ---------------------------------------------------------------- when something is wrong


def test_a_server_that_is_gone_is_said_to_be_gone_and_read_from_when_it_is_back(
    open_page, reader, strokes
):
    with running(create_app(reader)) as url:
        page = open_page(url)
    draw(page, strokes[7])
    expect(page.locator("#verdict")).to_have_text("The server cannot be reached")
    with running(create_app(reader), port=int(url.rpartition(":")[2])):
        expect_reading(page, "7")


# ---------------------------------------------------------------- what an answer is kept as


def test_the_answer_is_copied_and_saved(open_page):
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="12+7").click()
    expect(page.locator("#verdict")).to_have_text("Sure")
    page.evaluate(
        """() => {
            window.said = [];
            const note = () => said.push(copy.textContent);
            const copy = document.getElementById("copy");
            new MutationObserver(note).observe(copy, { childList: true, characterData: true });
        }"""
    )
    page.locator("#copy").click()
    page.wait_for_function("said.includes('Copied')")  # it does not say so for long
    assert page.evaluate("navigator.clipboard.readText()") == "12+7"
    with page.expect_download() as download:
        page.locator("#save-table").click()
    assert download.value.path().read_bytes() == b"12+7\r\n"
    page.evaluate("URL.revokeObjectURL = (address) => (window.revoked = address)")
    with page.expect_download() as download:
        page.locator("#save-picture").click()
    assert page.evaluate("window.revoked") is None  # some browsers ask where to save it
    assert size(download.value.path().read_bytes()) == (1296, 720)


def test_where_the_clipboard_is_not_allowed_the_answer_is_copied_all_the_same(page):
    page.get_by_role("button", name="2048").click()
    expect(page.locator("#announcement")).to_have_text("Sure: 2048.")  # nothing more is said of it
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error()); }")
    page.locator("#copy").click()
    expect(page.locator("#announcement")).to_have_text("Copied")


def test_a_link_writes_the_drawing_again(open_page, page, strokes):
    draw(page, strokes[4])
    expect(page.locator("#verdict")).to_have_text("Sure")
    page.locator("#copy-link").click()
    address = page.evaluate("location.href")
    assert "#write=" in address
    draw(page, strokes[1])
    assert "#write=" not in page.evaluate("location.href")  # which is of the drawing before
    other = open_page()
    draw(other, strokes[1])
    expect_strokes(other, 1)
    other.goto(address)  # in the open page
    expect_strokes(other, 2)
    other.reload()
    expect_strokes(other, 2)
    expect_reading(other, "4")
    other.goto(address[:-9])
    other.reload()
    expect(other.locator("#notice")).to_contain_text("damaged")


def test_what_was_read_before_can_be_brought_back(page, strokes):
    draw(page, side_by_side(strokes, "25"))
    expect(page.locator("#verdict")).to_have_text("Sure")
    expect(page.locator("#recent")).to_be_hidden()
    page.keyboard.press("Escape")
    page.locator("#recent").get_by_role("button", name="25").click()
    expect_strokes(page, len(side_by_side(strokes, "25")))
    expect_reading(page, "25")


def test_what_is_brought_back_again_and_again_is_listed_once_and_its_button_keeps_the_focus(page):
    recent = page.locator("#recent").get_by_role("button")
    for number in ("25", "47"):
        page.locator("#sheet").focus()
        page.keyboard.press("Escape")
        page.keyboard.type(number)
        expect_reading(page, number)
        expect(page.locator("#verdict")).to_have_text("Sure")
    page.keyboard.press("Escape")
    expect(recent).to_have_text(["47", "25"])
    for number in ("25", "47", "25"):
        button = recent.get_by_text(number, exact=True)
        button.focus()
        page.keyboard.press("Enter")
        expect_reading(page, number)
        expect(page.locator("#verdict")).to_have_text("Sure")
        page.keyboard.press("Escape")
        expect(recent.first).to_have_text(number)
        expect(recent).to_have_count(2)
        expect(button).to_be_focused()


def test_full_screen_shows_the_sheet_and_a_large_answer(page):
    page.get_by_role("button", name="Full screen").click()
    expect(page.locator("#enlarge")).to_have_text("Leave full screen")
    expect(page.locator(".evidence")).to_be_hidden()
    expect(page.locator("#sheet")).to_be_visible()
    expect(page.locator("#examples")).to_be_hidden()
    drop(page, "dataTransfer.setData('text/uri-list', 'https://example.org/digit.png');")
    expect(page.locator("#notice")).to_be_visible()
    heard = page.get_by_role("status").filter(has_text="Copy the picture and paste it")
    assert heard.evaluate("(it) => document.fullscreenElement.contains(it)")
    page.locator("#enlarge").click()
    expect(page.locator(".evidence")).to_be_visible()
