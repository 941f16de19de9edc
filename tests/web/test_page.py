"""The page in a real browser, drawn on with real mouse, touch and pen events."""

import base64
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from io import BytesIO
from math import ceil
from typing import Any

import pytest
from PIL import Image

from chromium import Browser, Locator, Page, expect
from inkdigits import Reader
from inkdigits.web.app import create_app
from inkdigits.web.server import running

DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 740}
TOUCH = {"viewport": PHONE, "has_touch": True, "is_mobile": True}

Stroke = list[tuple[float, float]]
Strokes = dict[int, list[Stroke]]


@pytest.fixture
def open_page(browser: Browser, url: str) -> Iterator[Callable[..., Page]]:
    """Open the page in a window with the given Playwright options."""
    with ExitStack() as windows:

        def open_page(address: str = url, **options: Any) -> Page:
            # Who wants no motion is shown no example at first sight.
            still = {"viewport": DESKTOP, "reduced_motion": "reduce"}
            window = browser.new_context(**{**still, **options})
            windows.callback(window.close)
            page = window.new_page()
            page.set_default_timeout(30_000)
            page.goto(f"{address}/")
            return page

        yield open_page


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page()


def on_sheet(page: Page, stroke: Stroke) -> list[tuple[float, float]]:
    """The window's coordinates of a stroke in the square in the middle of the sheet."""
    sheet = page.locator("#sheet").bounding_box()
    side = sheet["height"]
    left = sheet["x"] + (sheet["width"] - side) / 2
    return [(left + x * side, sheet["y"] + y * side) for x, y in stroke]


def side_by_side(strokes: Strokes, number: str) -> list[Stroke]:
    """The strokes of a number of at most four digits, from one end of the sheet to the other."""
    left = 0.5 - 0.34 * len(number) / 2 - 0.13
    return [
        [(left + 0.36 * place + 0.6 * x, 0.2 + 0.6 * y) for x, y in stroke]
        for place, value in enumerate(number)
        for stroke in strokes[int(value)]
    ]


def draw(page: Page, strokes: list[Stroke]) -> None:
    for stroke in strokes:
        start, *rest = on_sheet(page, stroke)
        page.mouse.move(*start)
        page.mouse.down()
        for point in rest:
            page.mouse.move(*point, steps=2)
        page.mouse.up()


def tap(page: Page) -> None:
    """Leave a dot in the middle of the sheet."""
    page.mouse.click(*on_sheet(page, [(0.5, 0.5)])[0])


def touch(page: Page, strokes: list[Stroke]) -> None:
    devtools = page.context.new_cdp_session(page)
    for stroke in strokes:
        start, *rest = on_sheet(page, stroke)
        for kind, (x, y) in [("touchStart", start), *(("touchMove", point) for point in rest)]:
            points = [{"x": x, "y": y, "id": 1}]
            devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        devtools.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def draw_with_pen(page: Page, strokes: list[Stroke], pressure: float) -> None:
    devtools = page.context.new_cdp_session(page)

    def send(kind: str, point: tuple[float, float]) -> None:
        event = {
            "type": kind,
            "x": point[0],
            "y": point[1],
            "button": "left",
            "buttons": 1,
            "pointerType": "pen",
            "force": pressure,
            "clickCount": 1,
        }
        devtools.send("Input.dispatchMouseEvent", event)

    for stroke in strokes:
        start, *rest = on_sheet(page, stroke)
        send("mousePressed", start)
        for point in rest:
            send("mouseMoved", point)
        send("mouseReleased", rest[-1])


def give(page: Page, way: str, png: bytes) -> None:
    """Drop a picture on the page or paste one into it."""
    page.evaluate(
        """([way, base64]) => {
            const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
            const data = new DataTransfer();
            data.items.add(new File([bytes], "digit.png", { type: "image/png" }));
            const event = way === "drop"
                ? new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })
                : new ClipboardEvent("paste", { clipboardData: data, bubbles: true });
            document.body.dispatchEvent(event);
        }""",
        [way, base64.b64encode(png).decode()],
    )


def ink(page: Page) -> int:
    """How many of the sheet's pixels are inked, once it is drawn."""
    return page.evaluate(
        """() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(() => {
            const sheet = document.getElementById("sheet");
            const { data } = sheet.getContext("2d").getImageData(0, 0, sheet.width, sheet.height);
            resolve(data.filter((value, i) => i % 4 === 3 && value > 127).length);
        })))"""
    )


def size(picture: bytes) -> tuple[int, int]:
    return Image.open(BytesIO(picture)).size


def edge(page: Page, picture: bytes, box: list[int]) -> list[str]:
    """The colours down the left line of the box that is drawn around `box` of the picture."""
    ink(page)  # once it is drawn
    sheet = page.locator("#sheet")
    width, height = sheet.evaluate("it => [it.width, it.height]")
    scale = min(width / size(picture)[0], height / size(picture)[1])
    left, top = (width - size(picture)[0] * scale) / 2, (height - size(picture)[1] * scale) / 2
    x, start, end = left + scale * box[0] - 3, top + scale * box[1], top + scale * box[3]
    return sheet.evaluate(
        """(sheet, [x, start, length]) => {
            const { data } = sheet.getContext("2d").getImageData(x, start, 1, length);
            const hex = (value) => value.toString(16).padStart(2, "0");
            return Array.from({ length }, (_, pixel) =>
                "#" + [...data.slice(4 * pixel, 4 * pixel + 3)].map(hex).join(""));
        }""",
        [ceil(x - 1), ceil(start), int(end - start)],
    )


def share_of(page: Page, name: str, colors: list[str]) -> float:
    """Which part of the colours is the one that the style sheet gives this name."""
    color = page.locator("#sheet").evaluate(
        "(it, name) => getComputedStyle(it).getPropertyValue(name)", f"--{name}"
    )
    return colors.count(color.strip()) / len(colors)


def answer_with(page: Page, reading: dict[str, Any], **changes: Any) -> None:
    """From now on the server answers this."""
    page.route("**/api/read*", lambda route: route.fulfill(json=reading | changes))


def sure_of_all(reading: dict[str, Any]) -> dict[str, Any]:
    digits = [digit | {"sure": True, "confidence": 0.9876} for digit in reading["digits"]]
    return reading | {"sure": True, "confidence": 0.9876, "digits": digits}


def doubting(reading: dict[str, Any], *doubtful: int) -> dict[str, Any]:
    """The reading, sure but that these of its digits are doubtful: perhaps they are a 4."""
    digits = sure_of_all(reading)["digits"]
    for index in doubtful:
        probabilities = [0.0] * 10
        probabilities[4] = 0.3141
        probabilities[digits[index]["value"]] = 0.6
        digits[index] |= {"sure": False, "confidence": 0.6, "probabilities": probabilities}
    return reading | {"sure": False, "digits": digits}


def radio(page: Page, value: int) -> Locator:
    """The one to choose the digit of that value by."""
    return page.get_by_role("radio", name=re.compile(rf"^\s*{value}\b"))


def likely(page: Page, value: int) -> Locator:
    """The row that says how likely that digit is."""
    return page.locator("#ranking li").nth(value)


def expect_reading(page: Page, text: str) -> None:
    expect(page.locator("#numeral")).to_have_text(text)


def expect_to_stay(page: Page, text: str) -> None:
    """Also once the page has all answers of before, which that to a question of now shows."""
    page.evaluate("fetch('api/health').then((answer) => answer.json())")
    expect_reading(page, text)


def expect_strokes(page: Page, count: int) -> None:
    text = {0: "The sheet is blank.", 1: "The sheet has 1 stroke."}
    words = text.get(count, f"The sheet has {count} strokes.")
    expect(page.locator("#sheet")).to_have_attribute("aria-label", words)


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


def test_the_first_doubtful_digit_is_the_one_whose_ranking_is_shown(
    page, reader, png_of_lines, strokes
):
    reading = reader.read(png_of_lines("2307")).to_dict(seen=True)
    answer_with(page, doubting(reading, 1, 3))
    draw(page, strokes[7])
    expect(radio(page, 3)).to_be_checked()
    expect(likely(page, 4)).to_contain_text("31.4 %")


def test_lines_of_numbers_are_shown_as_lines(page, png_of_lines):
    give(page, "drop", png_of_lines("2048", "17 5"))
    expect_reading(page, "2048 17 5")
    assert page.locator("#numeral").inner_text() == "2048\n17 5"


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE])
def test_a_long_number_stays_in_the_window(open_page, reader, png_of_lines, strokes, viewport):
    reading = reader.read(png_of_lines("20")).to_dict(seen=True)
    page = open_page(viewport=viewport)
    text = "2020202020" * 5
    answer_with(page, reading, text=text, lines=[text], digits=reading["digits"] * 25)
    draw(page, strokes[7])
    expect_reading(page, text)
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


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


# ---------------------------------------------------------------- pictures


def test_a_chosen_picture_is_read_and_shown(page, png_of):
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a picture").click()
    file = {"name": "three.png", "mimeType": "image/png", "buffer": png_of(3)}
    chooser.value.set_files(file)
    expect_reading(page, "3")
    expect(page.locator("#sheet")).to_have_attribute("aria-label", "The sheet shows your picture.")
    assert ink(page) > 10_000


@pytest.mark.parametrize("way", ["drop", "paste"])
def test_a_picture_can_be_dropped_or_pasted(page, png_of, way):
    give(page, way, png_of(2))
    expect_reading(page, "2")


def test_a_photo_has_a_box_around_each_sure_digit_and_nowhere_else(page, reader, png_of_lines):
    photo = png_of_lines("2048", "27 5")
    give(page, "drop", photo)
    expect_reading(page, "2048 27 5")
    page.locator("#digits label").first.click()  # its box is bolder than the others
    boxes = [list(digit.box) for digit in reader.read(photo).digits]
    assert len(boxes) == 7
    for box in boxes[1:]:
        assert share_of(page, "sure", edge(page, photo, box)) > 0.95
    assert share_of(page, "sure", edge(page, photo, boxes[0])) > 0.95
    gap = [boxes[5][2] + 20, boxes[5][1], boxes[6][0], boxes[5][3]]
    assert share_of(page, "sure", edge(page, photo, gap)) == 0


def test_the_boxes_fit_a_photo_that_the_camera_says_to_turn(page, reader, png_of_lines):
    file = BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter clockwise
    upright = Image.open(BytesIO(png_of_lines("2048")))
    upright.rotate(90, expand=True).save(file, "JPEG", quality=95, exif=exif)
    give(page, "drop", file.getvalue())
    expect_reading(page, "2048")
    for digit in reader.read(file.getvalue()).digits:
        colors = edge(page, png_of_lines("2048"), list(digit.box))
        assert share_of(page, "sure", colors) > 0.95


def test_a_doubtful_digit_has_a_dashed_box_of_another_colour(page, reader, png_of_lines):
    photo = png_of_lines("205")
    reading = reader.read(photo).to_dict(seen=True)
    answer_with(page, doubting(reading, 1))
    give(page, "drop", photo)
    expect(page.locator("#verdict")).to_have_text("Not sure")
    page.locator("#digits label").first.click()
    two, zero, five = (edge(page, photo, digit["box"]) for digit in reading["digits"])
    assert 0.3 < share_of(page, "unsure", zero) < 0.8
    assert share_of(page, "sure", zero) == 0
    assert share_of(page, "unsure", two + five) == 0
    assert share_of(page, "sure", five) > 0.95


def test_a_sign_that_was_left_out_is_told_and_boxed_in_dots(page, reader, png_of_lines):
    photo = png_of_lines("20 5")
    reading = reader.read(photo).to_dict(seen=True)
    sign = [210, 90, 260, 130]  # between the numbers
    answer_with(page, sure_of_all(reading), sure=False, skipped=[sign])
    give(page, "drop", photo)
    expect(page.locator("#verdict")).to_have_text("Not sure")
    expect(page.locator("#detail")).to_have_text("The outlined sign was left out.")
    dots = edge(page, photo, sign)
    assert 0.2 < share_of(page, "skipped", dots) < 0.8
    assert share_of(page, "sure", dots) == share_of(page, "unsure", dots) == 0


def test_what_may_be_a_digit_and_is_too_faint_is_boxed_in_dashes(page, reader, png_of_lines):
    photo = png_of_lines("20 5")
    reading = sure_of_all(reader.read(photo).to_dict(seen=True))
    place = [210, 90, 260, 130]  # between the numbers
    answer_with(page, reading, sure=False, faint=[place])
    give(page, "drop", photo)
    expect(page.locator("#verdict")).to_have_text("Not sure")
    expect(page.locator("#detail")).to_have_text(
        "What is outlined without a name may be a faint digit."
    )
    assert 0.3 < share_of(page, "unsure", edge(page, photo, place)) < 0.8


@pytest.mark.parametrize("sure", [True, False])
def test_a_mark_stands_in_its_place_and_has_a_box_of_its_own(page, reader, png_of_lines, sure):
    photo = png_of_lines("20 5")
    reading = sure_of_all(reader.read(photo).to_dict(seen=True))
    mark = {"text": ",", "confidence": 0.9, "sure": sure, "box": [210, 90, 260, 130]}
    answer_with(page, reading, text="20,5", lines=["20,5"], sure=sure, marks=[mark])
    give(page, "drop", photo)
    expect_reading(page, "20,5")
    row = page.locator("#digits > :is(label, i)")
    expect(row).to_have_count(4)
    expect(row.nth(2)).to_have_text(",")
    box = edge(page, photo, mark["box"])
    if sure:
        assert share_of(page, "sure", box) > 0.95
    else:
        assert 0.3 < share_of(page, "unsure", box) < 0.8
        expect(page.locator("#numeral .unsure")).to_have_text([","])


def test_a_digit_that_is_pointed_at_in_a_photo_is_chosen(page, reader, png_of_lines):
    photo = png_of_lines("205")
    give(page, "drop", photo)
    expect_reading(page, "205")
    expect(radio(page, 5)).to_be_checked()
    left, top, right, bottom = reader.read(photo).digits[0].box
    sheet = page.locator("#sheet").bounding_box()
    scale = min(sheet["width"] / size(photo)[0], sheet["height"] / size(photo)[1])
    x = sheet["x"] + sheet["width"] / 2 + ((left + right) / 2 - size(photo)[0] / 2) * scale
    y = sheet["y"] + sheet["height"] / 2 + ((top + bottom) / 2 - size(photo)[1] / 2) * scale
    page.mouse.click(x, y)
    expect(radio(page, 2)).to_be_checked()
    expect(likely(page, 2)).to_contain_text("%")
    page.mouse.click(sheet["x"] + 4, sheet["y"] + 4)  # where there is none
    expect(radio(page, 2)).to_be_checked()


def test_the_sheet_takes_the_shape_of_a_picture_and_gets_its_own_back(page, png_of_lines):
    def aspect() -> float:
        sheet = page.locator("#sheet").bounding_box()
        return sheet["width"] / sheet["height"]

    blank = aspect()
    photo = png_of_lines("20485")
    give(page, "drop", photo)
    expect_reading(page, "20485")
    assert aspect() == pytest.approx(min(size(photo)[0] / size(photo)[1], 2.4), rel=0.02)
    page.keyboard.press("Escape")
    expect_strokes(page, 0)
    assert aspect() == pytest.approx(blank, rel=0.01)


def test_a_phone_offers_its_camera(open_page, png_of_lines):
    page = open_page(**TOUCH)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Take a photo").tap()
    camera = chooser.value.element
    assert camera.get_attribute("capture") == "environment"
    assert camera.get_attribute("accept") == "image/*"
    file = {"name": "image.png", "mimeType": "image/png", "buffer": png_of_lines("42")}
    chooser.value.set_files(file)
    expect_reading(page, "42")


def test_a_computer_with_a_mouse_offers_no_camera(page):
    expect(page.get_by_role("button", name="Choose a picture")).to_be_visible()
    expect(page.get_by_role("button", name="Take a photo")).to_be_hidden()


def test_a_photo_or_a_form_that_the_browser_does_not_know_is_shown_and_read(
    page, reader, png_of_lines
):
    assert {".heic", ".heif", "application/pdf", "image/*"} == set(
        page.locator("#file").get_attribute("accept").split(",")
    )
    pdf = BytesIO()
    form = Image.open(BytesIO(png_of_lines("42"))).convert("L")
    form.save(pdf, "PDF", save_all=True, append_images=[form])
    file = {"name": "form.pdf", "mimeType": "application/pdf", "buffer": pdf.getvalue()}
    page.locator("#file").set_input_files(file)
    expect_reading(page, "42")
    expect(page.locator("#caption")).to_be_hidden()
    expect(page.locator("#notice")).to_have_text("Of 2 pages the first is read.")
    assert ink(page) > 0.9 * page.evaluate("sheet.width * sheet.height")  # white is ink, too


def test_a_file_that_nobody_can_show_is_sent_and_its_answer_shown(page, reader, png_of_lines):
    reading = reader.read(png_of_lines("42")).to_dict(seen=True)
    sent = []

    def answer(route: Any) -> None:
        sent.append(route.request.post_data_buffer)
        route.fulfill(json=reading)

    page.route("**/api/picture", lambda route: route.abort())
    page.route("**/api/read*", answer)
    file = {"name": "photo.heic", "mimeType": "image/heic", "buffer": b"what the server reads"}
    page.locator("#file").set_input_files(file)
    expect_reading(page, "42")
    expect(page.locator("#caption")).to_have_text("photo.heic cannot be shown here.")
    assert sent == [b"what the server reads"]


def test_clear_returns_from_a_picture_to_drawing(page, png_of, strokes):
    give(page, "paste", png_of(2))
    expect_reading(page, "2")
    page.get_by_role("button", name="Clear").click()
    expect_strokes(page, 0)
    draw(page, strokes[7])
    expect_reading(page, "7")


def test_a_blank_picture_is_said_to_be_blank(page, blank_png):
    give(page, "drop", blank_png)
    expect(page.locator("#verdict")).to_have_text("No reading")
    expect(page.locator("#detail")).to_contain_text("Nothing is written")


def test_a_file_that_is_no_picture_is_said_to_be_none(page):
    give(page, "drop", b"seven")
    expect(page.locator("#caption")).to_have_text("digit.png cannot be shown here.")
    expect(page.locator("#verdict")).to_have_text("No reading")


def test_a_picture_over_the_limit_is_not_sent(open_page, reader, png_of):
    with running(create_app(reader, max_bytes=100)) as url:
        page = open_page(url)
        page.wait_for_load_state("networkidle")
        page.evaluate("fetch('api/health').then((answer) => answer.json())")  # it knows the limits
        sent = []
        page.on("request", lambda request: sent.append(request.url))
        give(page, "drop", png_of(7))
        expect(page.locator("#notice")).to_contain_text("larger than")
        assert sent == []


def test_a_picture_over_the_limit_leaves_the_drawing_to_be_read(open_page, reader, png_of, strokes):
    with running(create_app(reader, max_bytes=10_000)) as url:
        page = open_page(url)
        page.evaluate("fetch('api/health').then((answer) => answer.json())")  # it knows the limits
        draw(page, strokes[7])
        give(page, "drop", b"7" * 10_001)
        expect(page.locator("#notice")).to_contain_text("larger than")
        expect_reading(page, "7")
        expect(page.locator("#verdict")).to_have_text("Sure")


def test_an_error_of_the_page_itself_is_not_called_the_servers(page, strokes):
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    page.evaluate("delete window.CompressionStream")
    draw(page, strokes[7])
    expect(page.locator("#verdict")).to_have_text("Something went wrong in this page")
    assert "CompressionStream is not defined" in complaints[0]


# ---------------------------------------------------------------- sure or not


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_sure_digit_is_inked_and_said_to_be_sure(open_page, strokes, reader, png_of, scheme):
    page = open_page(color_scheme=scheme)
    sure = reader.read(png_of(7)).to_dict(seen=True) | {"sure": True, "confidence": 0.9876}
    page.route("**/api/read*", lambda route: route.fulfill(json=sure))
    draw(page, strokes[7])
    expect(page.locator("#verdict")).to_have_text("Sure")
    expect(page.locator("#detail")).to_have_text("It is clear.")
    expect(page.locator("#announcement")).to_have_text("Sure: 7.")
    ink_color = page.locator("body").evaluate("it => getComputedStyle(it).color")
    expect(page.locator("#numeral")).to_have_css("color", ink_color)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_guess_is_only_outlined_and_said_not_to_be_sure(open_page, unsure_url, strokes, scheme):
    page = open_page(unsure_url, color_scheme=scheme)
    draw(page, strokes[7])
    doubt = "It could also be an 8."
    expect(page.locator("#verdict")).to_have_text("Not sure")
    expect(page.locator("#detail")).to_have_text(doubt)
    expect(likely(page, 3)).to_contain_text("41.2 %")
    expect(page.locator("#announcement")).to_have_text(f"Not sure: perhaps 3. {doubt}")
    expect(page.locator("#numeral")).to_have_text("3")
    expect(page.locator("#numeral span")).to_have_css("color", "rgba(0, 0, 0, 0)")
    expect(page.locator("#numeral span")).to_have_css("-webkit-text-stroke-width", "2px")


def test_only_the_doubtful_digits_of_a_number_are_outlined(page, reader, png_of_lines, strokes):
    reading = reader.read(png_of_lines("205")).to_dict(seen=True)
    answer_with(page, doubting(reading, 2))
    draw(page, strokes[7])
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


# ---------------------------------------------------------------- answers that come late


@pytest.fixture
def held(page: Page) -> list[Any]:
    """The first question waits here for its answer; all others are answered at once."""
    waiting: list[Any] = []

    def hold(route: Any) -> None:
        if waiting:
            route.continue_()
        else:
            waiting.append(route)

    page.route("**/api/read*", hold)
    return waiting


def patient(page: Page) -> None:
    """Gives up no question, however long its answer is held."""
    page.add_init_script("AbortSignal.timeout = () => new AbortController().signal")
    page.reload()


def test_a_late_answer_about_the_drawing_is_not_shown_for_a_picture(
    page, held, reader, strokes, png_of
):
    with page.expect_request("**/api/read*"):
        draw(page, strokes[7])
    give(page, "drop", png_of(2))
    expect_reading(page, "2")
    held[0].fulfill(json=reader.read(png_of(7)).to_dict(seen=True))
    expect_to_stay(page, "2")


def test_a_late_answer_about_a_picture_is_not_shown_for_the_drawing_below_it(
    page, held, reader, strokes, png_of
):
    with page.expect_request("**/api/read*"):
        give(page, "drop", png_of(2))
    page.keyboard.press("Control+z")
    expect_strokes(page, 0)
    draw(page, strokes[7])
    expect_reading(page, "7")
    held[0].fulfill(json=reader.read(png_of(2)).to_dict(seen=True))
    expect_to_stay(page, "7")


def test_a_late_answer_about_one_picture_puts_no_boxes_on_the_next(
    page, held, reader, png_of_lines
):
    first, second = png_of_lines("20"), png_of_lines("9  4")
    with page.expect_request("**/api/read*"):
        give(page, "drop", first)
    give(page, "drop", second)
    expect_reading(page, "9 4")
    held[0].fulfill(json=reader.read(first).to_dict(seen=True))
    expect_to_stay(page, "9 4")
    _, zero = reader.read(first).digits
    assert share_of(page, "sure", edge(page, second, list(zero.box))) == 0


def test_the_boxes_of_one_picture_are_gone_while_the_next_is_read(page, reader, png_of_lines):
    patient(page)
    first, second = png_of_lines("20"), png_of_lines("9  4")
    give(page, "drop", first)
    expect_reading(page, "20")
    page.route("**/api/read*", lambda route: None)  # no answer comes
    with page.expect_request("**/api/read*"):
        give(page, "drop", second)
    expect(page.locator("#verdict")).to_have_text("Reading the picture")
    expect_reading(page, "·")
    expect(page.locator("#digits")).to_be_hidden()
    for digit in reader.read(first).digits:
        assert share_of(page, "sure", edge(page, second, list(digit.box))) == 0


@pytest.mark.parametrize("then", ["a picture", "a drawing", "nothing"])
def test_a_picture_that_opens_late_does_not_replace_what_came_after_it(page, strokes, png_of, then):
    page.evaluate(
        """() => {
            const open = window.createImageBitmap;
            const opened = new Promise((resolve) => (window.openFirst = resolve));
            window.createImageBitmap = (file) => {
                window.createImageBitmap = open;
                return (window.firstBitmap = opened.then(() => open(file)));
            };
        }"""
    )
    give(page, "drop", png_of(2))
    if then == "a picture":
        give(page, "drop", png_of(3))
        expect_reading(page, "3")
    elif then == "a drawing":
        draw(page, strokes[7])
        expect_reading(page, "7")
    else:
        page.keyboard.press("Escape")
    page.evaluate("openFirst(); firstBitmap.then(() => {})")
    expect_to_stay(page, {"a picture": "3", "a drawing": "7", "nothing": "·"}[then])
    if then != "a picture":
        expect_strokes(page, 1 if then == "a drawing" else 0)


@pytest.mark.parametrize("first", ["the picture", "the example"])
def test_a_picture_that_opens_while_an_example_is_written_takes_its_place(open_page, png_of, first):
    page = open_page(reduced_motion="no-preference")
    page.evaluate(
        """() => {
            const open = window.createImageBitmap;
            window.createImageBitmap = async (file) => {
                await new Promise((resolve) => setTimeout(resolve, 1000));
                return open(file);
            };
        }"""
    )
    if first == "the example":
        page.get_by_role("button", name="2048").click()
    give(page, "drop", png_of(3))
    expect_reading(page, "3")


@pytest.mark.parametrize("then", ["a drawing", "nothing"])
def test_a_file_that_late_turns_out_to_need_the_server_does_not_stop_what_came_after_it(
    page, held, strokes, then
):
    page.evaluate(
        """() => {
            const open = window.createImageBitmap;
            const opened = new Promise((_, reject) => (window.failFirst = reject));
            window.createImageBitmap = () => {
                window.createImageBitmap = open;
                return opened;
            };
        }"""
    )
    asked = []
    page.route("**/api/picture", lambda route: asked.append(route))
    give(page, "drop", b"a form")
    if then == "a drawing":
        with page.expect_request("**/api/read*"):
            draw(page, strokes[7])
    else:
        page.keyboard.press("Escape")
    page.evaluate("failFirst(); new Promise((resolve) => setTimeout(resolve, 100))")
    if then == "a drawing":
        held[0].continue_()
        expect_reading(page, "7")
        expect(page.locator("#verdict")).to_have_text("Sure")
    else:
        expect(page.locator("#verdict")).to_have_text("Nothing is drawn yet")
    assert asked == []


def test_of_a_form_that_is_shown_too_late_nothing_is_told(page, png_of):
    asked = []
    page.route("**/api/picture", lambda route: asked.append(route))
    with page.expect_request("**/api/picture"):
        give(page, "drop", b"a form")
    expect(page.locator("#verdict")).to_have_text("Opening the picture")
    page.keyboard.press("Escape")
    expect(page.locator("#verdict")).to_have_text("Nothing is drawn yet")
    with page.expect_response("**/api/picture"):
        asked[0].fulfill(body=png_of(7), headers={"Content-Type": "image/png", "Pages": "2"})
    page.wait_for_timeout(100)  # until then it would be told
    expect(page.locator("#notice")).to_be_hidden()
    expect_reading(page, "·")


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
    expect(page.locator("#verdict")).to_have_text("Sure")
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


# ---------------------------------------------------------------- what else comes


def drop(page: Page, add: str) -> None:
    page.evaluate(
        f"""() => {{
            const dataTransfer = new DataTransfer();
            {add}
            const options = {{ dataTransfer, bubbles: true, cancelable: true }};
            document.body.dispatchEvent(new DragEvent("drop", options));
        }}"""
    )


def test_of_several_files_it_is_said_which_one_is_read(page):
    drop(
        page,
        """for (const name of ["a.png", "b.png", "c.png"]) {
            dataTransfer.items.add(new File(["no picture"], name, { type: "image/png" }));
        }""",
    )
    expect(page.locator("#notice")).to_have_text("Of 3 files a.png is read. Give one at a time.")
    expect(page.locator("#verdict")).to_have_text("No reading")
    expect(page.locator("#notice")).to_be_visible()


def test_of_another_pages_picture_it_is_said_how_to_bring_it(page):
    drop(page, """dataTransfer.setData("text/uri-list", "https://example.org/seven.png");""")
    expect(page.locator("#notice")).to_contain_text("Copy the picture and paste it")


def test_over_a_picture_no_pen_can_be_chosen(page, png_of):
    give(page, "drop", png_of(2))
    expect_reading(page, "2")
    expect(page.get_by_label("Fine")).to_be_disabled()


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


@pytest.mark.usefixtures("read_307")
def test_the_keyboard_reaches_the_digits_of_a_number(page):
    page.get_by_role("button", name="Full screen").focus()
    page.keyboard.press("Tab")
    expect(radio(page, 7)).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(radio(page, 0)).to_be_focused()


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
