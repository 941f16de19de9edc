"""Pictures that are given to the page, in a real browser."""

from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from chromium import expect
from inkdigits.web.app import create_app
from inkdigits.web.server import running
from visitor import (
    TOUCH,
    answer_with,
    doubting,
    draw,
    drop,
    edge,
    expect_reading,
    expect_strokes,
    expect_to_stay,
    give,
    ink,
    likely,
    patient,
    radio,
    share_of,
    size,
    sure_of_all,
)

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


# ---------------------------------------------------------------- what else comes


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


# ---------------------------------------------------------------- answers that come late


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
