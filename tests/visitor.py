"""What a visitor does to the page, with real mouse, touch and pen events, and sees of it."""

import base64
import re
from io import BytesIO
from math import ceil
from typing import Any

from PIL import Image

from chromium import Locator, Page, expect

DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 740}
TOUCH = {"viewport": PHONE, "has_touch": True, "is_mobile": True}

Stroke = list[tuple[float, float]]
Strokes = dict[int, list[Stroke]]


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
            page.mouse.move(*point)
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


def drop(page: Page, add: str) -> None:
    page.evaluate(
        f"""() => {{
            const dataTransfer = new DataTransfer();
            {add}
            const options = {{ dataTransfer, bubbles: true, cancelable: true }};
            document.body.dispatchEvent(new DragEvent("drop", options));
        }}"""
    )


def patient(page: Page) -> None:
    """Gives up no question, however long its answer is held."""
    page.add_init_script("AbortSignal.timeout = () => new AbortController().signal")
    page.reload()
