"""The sheet in a real browser, drawn on with real mouse, touch and pen events."""

import base64
import re
from io import BytesIO

from PIL import Image

from chromium import expect
from visitor import (
    PHONE,
    TOUCH,
    draw,
    draw_with_pen,
    expect_reading,
    expect_strokes,
    ink,
    on_sheet,
    side_by_side,
    tap,
    touch,
)

# ---------------------------------------------------------------- drawing


def test_each_digit_drawn_with_the_mouse_is_read(page, strokes):
    for value in range(10):
        draw(page, strokes[value])
        expect_reading(page, str(value))
        page.keyboard.press("Escape")


def test_numbers_written_on_the_sheet_are_read(page, strokes):
    for number in ["10", "365", "2048"]:
        draw(page, side_by_side(strokes, number))
        expect_reading(page, number)
        expect(page.locator("#announcement")).to_contain_text(number)
        page.keyboard.press("Escape")


def test_a_number_grows_while_it_is_written(page, strokes):
    written = side_by_side(strokes, "25")
    draw(page, written[:1])
    expect_reading(page, "2")
    expect(page.locator("#digits")).to_be_hidden()
    draw(page, written[1:])
    expect_reading(page, "25")
    expect(page.locator("#digits label")).to_have_count(2)


def test_a_number_written_with_a_finger_is_read(open_page, strokes):
    page = open_page(**TOUCH, device_scale_factor=3)
    touch(page, side_by_side(strokes, "307"))
    expect_reading(page, "307")


def test_digits_drawn_with_a_finger_are_read(open_page, strokes):
    page = open_page(**TOUCH, device_scale_factor=3)
    for value in (2, 4, 7):
        touch(page, strokes[value])
        expect_strokes(page, len(strokes[value]))
        expect_reading(page, str(value))
        page.keyboard.press("Escape")


def test_digits_drawn_with_a_pen_are_read(page, strokes):
    for value in (3, 5):
        draw_with_pen(page, strokes[value], pressure=0.6)
        expect_strokes(page, len(strokes[value]))
        expect_reading(page, str(value))
        page.keyboard.press("Escape")


def test_a_pen_that_is_pressed_harder_draws_broader(page, strokes):
    draw_with_pen(page, strokes[7], pressure=0.2)
    light = ink(page)
    page.keyboard.press("Escape")
    draw_with_pen(page, strokes[7], pressure=0.9)
    assert ink(page) > 1.3 * light


def test_the_reading_appears_while_drawing(page, strokes):
    [stroke] = strokes[7]
    start, *rest = on_sheet(page, stroke)
    page.mouse.move(*start)
    page.mouse.down()
    for point in rest:
        page.mouse.move(*point, steps=3)
    expect_reading(page, "7")  # the button is still down
    expect(page.locator("#verdict")).to_have_text("Reading")
    page.mouse.up()
    expect(page.locator("#verdict")).to_have_text("Sure")


def test_how_likely_each_digit_is_and_the_networks_view_are_shown(page, strokes):
    draw(page, strokes[7])
    expect(page.locator("#verdict")).to_have_text("Sure")
    rows = page.locator("#ranking li")
    names = [row.split()[0] for row in rows.all_inner_texts()]
    assert names == [*map(str, range(10)), "none"]
    expect(rows.nth(7)).to_contain_text("99.")
    expect(rows.nth(3)).to_have_text("3")  # as good as never: no figure
    inked = page.evaluate(
        """() => document.getElementById("seen").getContext("2d")
            .getImageData(0, 0, 28, 28).data.some((value) => value > 200)"""
    )
    assert inked
    label = page.locator("#seen").get_attribute("aria-label")
    assert re.search(r"ink \d+ pixels wide and (19|2\d) high", label)


def test_a_tap_leaves_a_dot(page):
    tap(page)
    expect_strokes(page, 1)
    assert ink(page) > 100


def test_a_stroke_that_leaves_the_sheet_goes_on(page):
    draw(page, [[(0.5, 0.5), (1.6, 0.5), (1.6, 0.7), (0.5, 0.7)]])
    expect_strokes(page, 1)


def test_the_right_button_does_not_draw(page):
    page.mouse.click(*on_sheet(page, [(0.5, 0.5)])[0], button="right")
    expect_strokes(page, 0)


def test_a_second_finger_is_ignored(open_page):
    page = open_page(viewport=PHONE, has_touch=True)
    devtools = page.context.new_cdp_session(page)
    (x, y), (x2, y2) = on_sheet(page, [(0.3, 0.3), (0.7, 0.7)])
    first, second = {"x": x, "y": y, "id": 1}, {"x": x2, "y": y2, "id": 2}
    for kind, points in [
        ("touchStart", [first]),
        ("touchStart", [first, second]),
        ("touchMove", [first | {"y": y + 60}, second | {"y": y2 - 60}]),
        ("touchEnd", []),
    ]:
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    expect_strokes(page, 1)


def test_a_touch_that_the_system_takes_over_is_no_stroke(open_page):
    page = open_page(viewport=PHONE, has_touch=True)
    devtools = page.context.new_cdp_session(page)
    (x, y) = on_sheet(page, [(0.3, 0.3)])[0]
    for kind, points in [("touchStart", [{"x": x, "y": y}]), ("touchCancel", [])]:
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    expect_strokes(page, 0)
    expect(page.locator("#verdict")).to_have_text("Nothing is drawn yet")


def test_the_page_does_not_scroll_while_drawing(open_page):
    page = open_page(**TOUCH)
    assert page.evaluate("document.documentElement.scrollHeight > innerHeight")
    touch(page, [[(0.5, 0.9), (0.5, 0.6), (0.5, 0.3), (0.5, 0.1)]])
    expect_strokes(page, 1)
    assert page.evaluate("scrollY") == 0


def test_turning_the_screen_keeps_the_drawing(page, strokes):
    draw(page, strokes[4])
    page.set_viewport_size(PHONE)
    expect_strokes(page, 2)
    assert ink(page) > 500


def test_the_sheet_is_sharp_on_a_dense_screen(open_page):
    page = open_page(device_scale_factor=2)
    for _ in range(2):  # what a frame finds out of the sheet's size is drawn in the next one
        ink(page)
    sheet = page.locator("#sheet")
    assert sheet.evaluate("it => it.width") == 2 * sheet.evaluate("it => it.clientWidth")


def test_a_broader_pen_leaves_more_ink(page, strokes):
    inked = []
    for pen in ["Fine", "Medium", "Broad"]:
        page.get_by_label(pen).check()
        draw(page, strokes[7])
        inked.append(ink(page))
        expect_reading(page, "7")
        page.get_by_role("button", name="Clear").click()
    assert inked[0] * 1.3 < inked[1] < inked[2] / 1.3


# ---------------------------------------------------------------- undo, clear, blank


def test_a_blank_sheet_is_said_to_be_blank(page):
    expect(page.locator("#verdict")).to_have_text("Nothing is drawn yet")
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    expect(page.get_by_role("button", name="Clear")).to_be_disabled()


def test_undo_takes_back_one_stroke_at_a_time(page, strokes):
    draw(page, [*strokes[1], [(0.2, 0.5), (0.8, 0.5)]])
    expect_strokes(page, 2)
    page.get_by_role("button", name="Undo").click()
    expect_strokes(page, 1)
    expect_reading(page, "1")
    page.get_by_role("button", name="Undo").click()
    expect_strokes(page, 0)
    expect(page.locator("#verdict")).to_have_text("Nothing is drawn yet")


def test_clear_empties_the_sheet_and_undo_brings_it_back(page, strokes):
    draw(page, strokes[4])
    page.get_by_role("button", name="Clear").click()
    expect_strokes(page, 0)
    expect(page.locator("#verdict")).to_have_text("Nothing is drawn yet")
    assert ink(page) == 0
    page.get_by_role("button", name="Undo").click()
    expect_strokes(page, 2)
    expect_reading(page, "4")


# ---------------------------------------------------------------- first sight, examples, typing


def test_at_first_sight_an_example_is_written_and_read_until_somebody_writes(open_page, strokes):
    page = open_page(reduced_motion="no-preference")
    expect_reading(page, "12+7")
    expect(page.locator("#sum")).to_have_text("= 19")
    draw(page, strokes[7])
    expect_strokes(page, 1)
    expect_reading(page, "7")


def test_an_example_that_is_chosen_is_read(page):
    page.get_by_role("button", name="2048").click()
    expect_reading(page, "2048")
    expect(page.locator("#verdict")).to_have_text("Sure")


def test_an_example_is_read_as_far_as_the_pen_has_written_it(open_page):
    page = open_page(reduced_motion="no-preference")
    expect_reading(page, "12+7")
    expect(page.locator("#verdict")).to_have_text("Sure")
    page.evaluate(
        """() => {
            const [numeral, sheet] = ["numeral", "sheet"].map((id) => document.getElementById(id));
            window.shown = [];
            const note = () => shown.push([numeral.textContent, sheet.ariaLabel]);
            new MutationObserver(note).observe(numeral, { childList: true, characterData: true });
        }"""
    )
    page.get_by_role("button", name="2048").click()
    expect_reading(page, "2048")
    expect(page.locator("#verdict")).to_have_text("Sure")
    sheets = [sheet for text, sheet in page.evaluate("shown") if text == "2048"]
    assert set(sheets) == {"The sheet has 5 strokes."}


def test_of_an_example_that_is_being_written_no_more_is_read_than_is_shown(open_page):
    page = open_page(reduced_motion="no-preference")
    expect_reading(page, "12+7")
    expect(page.locator("#verdict")).to_have_text("Sure")
    page.evaluate(
        """() => {
            window.requestAnimationFrame = () => 0; // as if the page was too busy to draw
            window.sent = new Promise((resolve) => {
                window.fetch = async (address, { body }) => {
                    const bytes = new Uint8Array(await body.arrayBuffer());
                    resolve(btoa(String.fromCharCode(...bytes)));
                };
            });
        }"""
    )
    page.get_by_role("button", name="2048").click()
    sent = Image.open(BytesIO(base64.b64decode(page.evaluate("sent")))).convert("L")
    expect_strokes(page, 1)
    left, top, right, bottom = sent.point(lambda value: 255 * (value < 128)).getbbox()
    assert max(right - left, bottom - top) < 0.1 * sent.height  # where the pen begins


def test_a_screen_reader_leaves_the_keys_on_the_sheet_to_the_page(page):
    sheet = page.get_by_role("application", name="The sheet is blank.")  # which ends browse mode
    expect(sheet).to_have_accessible_description(re.compile("Type digits here"))


def test_what_is_typed_on_the_sheet_is_written_and_read(page):
    page.locator("#sheet").focus()
    page.keyboard.type("305")
    expect_reading(page, "305")
    page.keyboard.press("Backspace")
    expect_reading(page, "30")
    page.reload()
    page.locator("#sheet").focus()
    page.keyboard.type("7")
    expect_reading(page, "307")  # behind what was typed before
