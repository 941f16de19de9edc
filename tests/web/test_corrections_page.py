"""Correcting on the page and reviewing what was sent, in a real browser."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chromium import Page, expect
from handwriting import STROKES, png, written
from inkdigits import Reader
from inkdigits.corrections.store import Store
from inkdigits.datasets.spec import open_dataset
from inkdigits.picture import read_picture
from inkdigits.web.app import create_app
from inkdigits.web.server import running
from sent import BOB, new

TOKEN = "a-token-that-nobody-guesses"


@pytest.fixture(scope="module")
def kept(reader: Reader, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, str]]:
    """A database, and the address of a server that keeps corrections in it."""
    file = tmp_path_factory.mktemp("kept") / "corrections.sqlite"
    with (
        closing(Store(f"sqlite:///{file}")) as store,
        running(create_app(reader, corrections=store, owner_token=TOKEN)) as url,
    ):
        yield store, url


@pytest.fixture
def store(kept: tuple[Store, str]) -> Store:
    """Empty."""
    store, _ = kept
    store.delete(before=1e12)
    return store


@pytest.fixture
def open_page(
    new_page: Callable[..., Page], kept: tuple[Store, str]
) -> Iterator[Callable[..., Page]]:
    page = new_page(reduced_motion="reduce")  # no example is written at first sight
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))

    def open_page(path: str = "") -> Any:
        page.goto(f"{kept[1]}/{path}")
        return page

    yield open_page
    assert complaints == []


def write(page: Page, number: str, steps: int = 1) -> None:
    """As a hand that is told so many points of on the way from one of a stroke to the next."""
    sheet = page.locator("#sheet").bounding_box()
    for place, value in enumerate(number):
        for stroke in STROKES[int(value)]:
            left, top, side = sheet["x"], sheet["y"], sheet["height"]
            points = [
                (left + side * (0.15 + 0.5 * place + 0.6 * x), top + side * (0.2 + 0.6 * y))
                for x, y in stroke
            ]
            page.mouse.move(*points[0])
            page.mouse.down()
            for point in points[1:]:
                page.mouse.move(*point, steps=steps)
            page.mouse.up()
    expect(page.locator("#numeral")).to_have_text(number)


def wait_until(page: Page, is_so: Callable[[], bool]) -> None:
    """Half a minute at most, while the browser tells what happens."""
    end = time.monotonic() + 30
    while not is_so() and time.monotonic() < end:
        page.wait_for_timeout(20)


def draw(page: Page, number: str) -> None:
    """With what corrects it opened."""
    write(page, number)
    page.locator("#correct summary").click()


def say(page: Page, label: str) -> None:
    page.locator("#labels").get_by_role("button", name=label, exact=True).click()


def soon(holds: Callable[[], bool]) -> None:
    """Wait until it holds."""
    for _ in range(300):
        if holds():
            return
        time.sleep(0.1)
    raise AssertionError("it never held")


def labels(store: Store) -> list[int | None]:
    return sorted((kept.label for kept in store.page()), key=str)


def test_a_digit_that_was_read_is_corrected_with_its_strokes_and_the_others_called_right(
    store: Store, reader: Reader, open_page: Callable[..., Page]
) -> None:
    page = open_page()
    draw(page, "73")
    expect(page.locator("#what-is-kept")).to_contain_text("kept on this server for 365 days")
    expect(page.locator("#promise")).to_contain_text("Only digits that you correct")
    page.locator("#digits label").first.click()
    expect(page.locator("#question")).to_have_text("The 7 that is chosen is really")
    say(page, "1")
    expect(page.locator("#question")).to_have_text("The 7 that is chosen is 1, you said.")
    page.get_by_role("button", name="All right").click()
    soon(lambda: labels(store) == [1, 3])
    seven, three = sorted(store.page(), key=lambda kept: kept.label or 0)
    assert seven.session == three.session
    for kept, value in [(seven, 7), (three, 3)]:
        assert reader.predict(kept.pixels()[None]) == [value]  # alone, though it was beside another
        assert kept.strokes is not None
        assert len(kept.strokes) == len(STROKES[value])
        times = [time for stroke in kept.strokes for _, _, time in stroke]
        assert times == sorted(times)
        assert times[0] == 0 < times[-1]


def test_of_a_photo_the_digit_is_kept_and_the_rest_only_if_its_owner_agrees(
    store: Store, reader: Reader, open_page: Callable[..., Page]
) -> None:
    page = open_page()
    photo = np.full((400, 900), 200, np.uint8)
    photo[100:300, 100:300] = np.minimum(written(4, 200), 200)
    photo[100:300, 600:800] = np.minimum(written(9, 200), 200)
    file = {"name": "49.png", "mimeType": "image/png", "buffer": png(photo)}
    page.locator("#file").set_input_files(file)
    expect(page.locator("#numeral")).to_have_text(re.compile("4 ?9"))
    page.locator("#correct summary").click()
    page.locator("#digits label").first.click()
    say(page, "1")
    soon(lambda: labels(store) == [1])
    page.locator("#digits label").last.click()
    page.get_by_label("The whole photo may be kept").check()
    say(page, "7")
    soon(lambda: labels(store) == [1, 7])
    four, nine = sorted(store.page(), key=lambda kept: kept.label or 0)
    assert reader.predict(four.pixels()[None]) == [4]
    assert reader.predict(nine.pixels()[None]) == [9]
    assert (four.strokes, four.box, store.photo(four)) == (None, None, None)
    kept = read_picture(store.photo(nine) or b"")
    assert kept.shape == photo.shape
    assert nine.box
    x0, y0, x1, y1 = nine.box
    assert 600 < x0 < x1 < 800
    assert 100 < y0 < y1 < 300


def test_a_button_stays_under_the_finger_while_what_was_said_before_arrives(
    open_page: Callable[..., Page],
) -> None:
    page = open_page()
    page.set_viewport_size({"width": 390, "height": 600})
    held: list[Any] = []
    page.route("**/api/corrections", lambda route: held.append(route))
    draw(page, "73")
    page.locator("#digits label").first.click()
    with page.expect_request("**/api/corrections"):
        say(page, "1")
    expect(page.locator("#waiting")).to_be_visible()
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    button = page.get_by_role("button", name="All right").bounding_box()
    page.mouse.move(button["x"] + 20, button["y"] + button["height"] - 5)
    page.mouse.down()
    held[0].continue_()
    expect(page.locator("#waiting")).to_be_hidden()
    page.mouse.up()
    page.locator("#digits label").last.click()
    expect(page.locator("#question")).to_have_text("The 3 that is chosen is 3, you said.")
    page.unroute_all()


def test_where_nothing_is_kept_yet_and_no_room_left_no_hidden_button_is_named(
    open_page: Callable[..., Page],
) -> None:
    page = open_page()
    draw(page, "7")
    page.evaluate(
        """() => {
            for (let size = 2 ** 22; size >= 1; size /= 2) {
                try { localStorage.setItem(`full ${size}`, "A".repeat(size)); } catch {}
            }
        }"""
    )
    say(page, "1")
    expect(page.locator("#said")).to_have_text(
        "This browser has no room for more. Say it of one digit, or without the whole photo."
    )
    expect(page.locator("#waiting")).to_be_hidden()
    expect(page.locator("#question")).to_have_text("The 7 is really")


def test_wide_ink_is_kept_as_small_as_any_digit(
    store: Store, reader: Reader, open_page: Callable[..., Page]
) -> None:
    page = open_page()
    reading = reader.read(png(written(7))).to_dict(seen=True)
    [digit] = reading["digits"]
    wide = reading | {"digits": [digit | {"box": [20, 100, 480, 180]}]}
    page.route("**/api/read*", lambda route: route.fulfill(json=wide))
    sheet = page.locator("#sheet").bounding_box()
    page.mouse.move(sheet["x"] + sheet["height"] * 0.1, sheet["y"] + sheet["height"] / 2)
    page.mouse.down()
    page.mouse.move(sheet["x"] + sheet["height"] * 1.7, sheet["y"] + sheet["height"] / 2, steps=9)
    page.mouse.up()
    page.locator("#correct summary").click()
    say(page, "No digit")
    soon(lambda: labels(store) == [None])
    [kept] = store.page()
    assert kept.strokes
    pixels = kept.pixels()
    assert pixels.shape == (256, 256)
    columns = np.flatnonzero(pixels.min(axis=0) < 128)
    assert np.ptp(columns) == pytest.approx(256 * 1.6 * 280 / (460 * 1.6), abs=8)  # all of it


def test_of_what_the_server_refuses_the_page_does_not_say_that_you_said_it(
    open_page: Callable[..., Page],
) -> None:
    page = open_page()
    page.route(
        "**/api/corrections",
        lambda route: route.fulfill(status=422, json={"error": {"message": "It is too wild."}}),
    )
    draw(page, "7")
    say(page, "1")
    expect(page.locator("#said")).to_have_text("It was not kept: It is too wild.")
    expect(page.locator("#question")).to_have_text("The 7 is really")


def test_of_what_the_server_refuses_nothing_is_undone_but_what_was_said_before_it(
    store: Store, open_page: Callable[..., Page]
) -> None:
    page = open_page()
    draw(page, "73")
    page.get_by_role("button", name="All right").click()
    soon(lambda: labels(store) == [3, 7])
    refusal = {"error": {"message": "It is too wild."}}
    page.route("**/api/corrections", lambda route: route.fulfill(status=422, json=refusal))
    page.locator("#digits label").first.click()
    say(page, "1")
    expect(page.locator("#said")).to_have_text("It was not kept: It is too wild.")
    page.locator("#take-back").click()
    expect(page.locator("#said")).to_have_text("It is taken back.")
    assert labels(store) == []
    expect(page.locator("#take-back")).to_be_disabled()
    page.locator("#digits label").last.click()
    expect(page.locator("#question")).to_have_text("The 3 that is chosen is really")


def test_of_what_the_server_will_not_take_back_the_page_does_not_say_that_it_has(
    store: Store, open_page: Callable[..., Page]
) -> None:
    page = open_page()
    draw(page, "73")
    page.locator("#digits label").first.click()
    say(page, "1")
    soon(lambda: labels(store) == [1])
    page.route("**/api/corrections/*", lambda route: route.fulfill(status=405))
    page.locator("#take-back").click()
    expect(page.locator("#said")).to_have_text("It was not taken back: It is still on the server.")
    page.locator("#digits label").last.click()
    say(page, "2")
    soon(lambda: labels(store) == [1, 2])


def test_what_is_undone_before_the_server_has_answered_is_taken_back_after_a_reload(
    store: Store, open_page: Callable[..., Page]
) -> None:
    page = open_page()
    held: list[Any] = []

    def keep_and_hold(route: Any) -> None:
        route.fetch()
        held.append(route)

    page.route("**/api/corrections", keep_and_hold)
    draw(page, "7")
    with page.expect_request("**/api/corrections"):
        say(page, "1")
    expect(page.locator("#said")).to_have_text("Thank you. It is noted.")
    soon(lambda: labels(store) == [1])
    page.locator("#take-back").click()
    expect(page.locator("#waiting")).to_be_hidden()
    page.unroute("**/api/corrections")
    page.reload()
    soon(lambda: labels(store) == [])


def test_what_no_hand_has_written_cannot_be_corrected(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.locator("#examples").get_by_role("button", name="7", exact=True).click()
    expect(page.locator("#numeral")).to_have_text("7")
    expect(page.locator("#verdict")).to_have_text("Sure")
    expect(page.locator("#correct")).to_be_hidden()


@pytest.mark.parametrize("way", ["typed", "typed and written", "linked", "linked and written"])
def test_what_no_hand_has_written_here_cannot_be_corrected_after_a_reload_either(
    open_page: Callable[..., Page], way: str
) -> None:
    page = open_page()
    if way.startswith("typed"):
        page.locator("#sheet").focus()
        page.keyboard.type("7")
    else:
        page.locator("#examples").get_by_role("button", name="7", exact=True).click()
        expect(page.locator("#verdict")).to_have_text("Sure")
        page.get_by_role("button", name="Link").click()
        page.reload()
    expect(page.locator("#numeral")).to_have_text("7")
    if way.endswith("written"):
        sheet = page.locator("#sheet").bounding_box()
        page.mouse.click(sheet["x"] + 20, sheet["y"] + 20)
        expect(page.locator("#sheet")).to_have_attribute("aria-label", "The sheet has 2 strokes.")
    for _ in range(2):
        expect(page.locator("#copy")).to_be_enabled()  # it has been read
        page.wait_for_timeout(200)  # until then corrections would be offered
        expect(page.locator("#correct")).to_be_hidden()
        page.reload()


def test_ones_own_drawing_can_be_corrected_after_a_reload_also_if_its_link_was_copied(
    open_page: Callable[..., Page],
) -> None:
    page = open_page()
    draw(page, "7")
    for _ in range(2):
        page.reload()
        expect(page.locator("#numeral")).to_have_text("7")
        expect(page.locator("#correct")).to_be_visible()
        page.get_by_role("button", name="Link").click()
        expect(page).to_have_url(re.compile("#write="))


def test_ones_own_drawing_stays_ones_own_however_often_its_link_is_reloaded(
    open_page: Callable[..., Page],
) -> None:
    page = open_page()
    write(page, "7", steps=60)
    page.get_by_role("button", name="Link").click()
    expect(page).to_have_url(re.compile("#write="))
    for _ in range(3):
        page.reload()
        expect(page.locator("#numeral")).to_have_text("7")
        expect(page.locator("#correct")).to_be_visible()


@pytest.mark.parametrize("health", ["comes late", "fails once"])
def test_what_is_said_is_sent_however_late_the_server_says_that_it_keeps_it(
    store: Store, open_page: Callable[..., Page], health: str
) -> None:
    page = open_page()
    held: list[Any] = []
    page.route("**/api/health", lambda route: held.append(route))
    with page.expect_request("**/api/health"):
        page.reload()
    if health == "fails once":
        held[0].abort()
        page.unroute("**/api/health")
        write(page, "7")
    else:
        write(page, "7")
        page.wait_for_timeout(200)  # until then corrections would be offered
        expect(page.locator("#correct")).to_be_hidden()
        held[0].continue_()
    page.locator("#correct summary").click()
    expect(page.locator("#what-is-kept")).to_contain_text("kept on this server for 365 days")
    say(page, "1")
    soon(lambda: labels(store) == [1])


def test_what_was_said_is_taken_back_step_by_step(
    store: Store, open_page: Callable[..., Page]
) -> None:
    page = open_page()
    draw(page, "73")
    say(page, "No digit")
    page.get_by_role("button", name="All right").click()
    soon(lambda: labels(store) == [7, None])
    for button, left in [
        ("take-back", [None]),
        ("all-right", [7, None]),  # what was corrected before stays so
        ("take-back", [None]),
        ("take-back", []),
    ]:
        page.locator(f"#{button}").click()
        soon(lambda left=left: labels(store) == left)  # type: ignore[misc]
    expect(page.locator("#take-back")).to_be_disabled()


def test_what_the_server_cannot_keep_now_stays_in_the_browser_until_it_can(
    store: Store, open_page: Callable[..., Page]
) -> None:
    page = open_page()
    page.route("**/api/corrections", lambda route: route.fulfill(status=503, json={}))
    draw(page, "7")
    say(page, "1")
    expect(page.locator("#waiting")).to_contain_text("1 correction is in this browser")
    assert labels(store) == []
    page.unroute("**/api/corrections")
    page.reload()
    soon(lambda: labels(store) == [1])


def test_what_could_not_be_sent_or_taken_back_is_when_its_writer_comes_again(
    store: Store, open_page: Callable[..., Page]
) -> None:
    page = open_page()
    draw(page, "73")
    page.get_by_role("button", name="All right").click()
    soon(lambda: labels(store) == [3, 7])
    page.route("**/api/corrections*/**", lambda route: route.abort())
    page.locator("#take-back").click()
    expect(page.locator("#said")).to_contain_text("It is taken back once it answers.")
    page.route("**/api/corrections", lambda route: route.abort())
    page.locator("#digits label").first.click()
    say(page, "1")
    expect(page.locator("#waiting")).to_contain_text("1 correction is in this browser")
    page.keyboard.press("Escape")  # there is no drawing that would be read again
    assert labels(store) == [3, 7]
    page.unroute_all()
    page.reload()
    soon(lambda: labels(store) == [1])
    expect(page.locator("#correct")).to_be_hidden()


def test_without_a_servers_consent_it_stays_here_and_is_saved_as_a_data_set(
    url: str, new_page: Callable[..., Page], tmp_path: Path
) -> None:
    page = new_page(reduced_motion="reduce")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(url)
    draw(page, "7")
    expect(page.locator("#what-is-kept")).to_contain_text("is sent nowhere")
    expect(page.locator("#promise")).to_have_text(
        "Pictures are not stored: each is read in memory and forgotten."
    )
    say(page, "1")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as a file").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    batch = open_dataset(f"corrections:{file}").load()
    assert batch.labels is not None
    assert batch.labels.tolist() == [1]
    page.get_by_role("button", name="Forget").click()
    expect(page.locator("#waiting")).to_be_hidden()
    assert f"{url}/api/health" in asked
    assert f"{url}/api/corrections" not in asked


def review(page: Page) -> Any:
    """The cards, after the token."""
    page.get_by_label("token").fill(TOKEN)
    page.keyboard.press("Enter")
    cards = page.locator("#gallery button")
    expect(cards.first).to_be_focused()
    return cards


def test_with_caps_lock_one_press_accepts_one_correction(
    store: Store, open_page: Callable[..., Page]
) -> None:
    store.add([new(1, 1), new(2, 2)])
    page = open_page("review")
    cards = review(page)
    page.keyboard.press("A")  # without Shift
    expect(cards.nth(0)).to_have_attribute("data-state", "accepted")
    expect(cards.nth(1)).to_have_attribute("data-state", "waiting")
    page.keyboard.press("Shift+a")  # as Caps Lock makes it
    soon(lambda: [kept.state for kept in store.page()] == ["accepted"] * 2)


def test_the_owner_reviews_with_buttons_where_there_are_no_keys(
    store: Store, open_page: Callable[..., Page]
) -> None:
    store.add([new(i, i, side=50 + i) for i in range(3)])
    page = open_page("review")
    cards = review(page)
    names = ("Accept", "Reject", "Undo")
    press = {name: page.get_by_role("button", name=name, exact=True) for name in names}
    cards.nth(1).click()
    press["Reject"].click()
    expect(cards.nth(1)).to_have_attribute("data-state", "rejected")
    expect(page.locator("#gallery [aria-current]")).to_have_count(1)
    press["Undo"].click()
    expect(cards.nth(1)).to_have_attribute("data-state", "waiting")
    for _ in range(3):
        press["Accept"].click()
    expect(page.get_by_role("status")).to_have_text("Nothing is waiting.")
    soon(lambda: [kept.state for kept in store.page()] == ["accepted"] * 3)
    press["Accept"].click()  # of what is there no more


def test_after_the_last_answer_the_last_decision_can_still_be_undone(
    store: Store, open_page: Callable[..., Page]
) -> None:
    store.add([new(1, 1)])
    page = open_page("review")
    cards = review(page)
    page.keyboard.press("r")
    expect(page.get_by_role("status")).to_have_text("Nothing is waiting.")
    page.keyboard.press("u")
    expect(cards).to_have_attribute("data-state", "waiting")
    expect(cards).to_be_focused()
    expect(page.get_by_role("status")).to_be_empty()
    soon(lambda: [kept.state for kept in store.page()] == ["waiting"])
    page.keyboard.press("a")
    expect(page.get_by_role("status")).to_have_text("Nothing is waiting.")
    assert [kept.state for kept in store.page()] == ["accepted"]


def test_what_its_sender_has_taken_back_leaves_the_review(
    store: Store, open_page: Callable[..., Page]
) -> None:
    store.add([new(1, 1), new(2, 2), new(3, 3)])
    first, _, last = store.page(suspicious_first=True)
    page = open_page("review")
    cards = review(page)
    store.take_back(first.number, first.session)
    page.keyboard.press("a")
    expect(cards).to_have_count(2)
    expect(page.get_by_role("status")).to_have_text("Its sender has taken it back.")
    expect(cards.first).to_be_focused()
    with page.expect_response("**/review"):
        page.keyboard.press("a")
    store.take_back(last.number, last.session)
    page.keyboard.press("r")
    expect(page.get_by_role("status")).to_have_text(
        "Its sender has taken it back. Nothing is waiting."
    )
    assert [kept.state for kept in store.page()] == ["accepted"]


def test_that_its_sender_has_taken_it_back_is_said_also_if_that_answer_is_not_the_last(
    store: Store, open_page: Callable[..., Page]
) -> None:
    store.add([new(1, 1), new(2, 2)])
    first, last = store.page(suspicious_first=True)
    page = open_page("review")
    review(page)
    held: list[Any] = []
    page.route(f"**/corrections/{first.number}/review", lambda route: held.append(route))
    store.take_back(last.number, last.session)
    with page.expect_request("**/review"):
        page.keyboard.press("a")
    page.keyboard.press("r")
    expect(page.get_by_role("status")).to_have_text("Its sender has taken it back.")
    with page.expect_response("**/api/corrections?*"):
        held[0].continue_()
    expect(page.get_by_role("status")).to_have_text(
        "Its sender has taken it back. Nothing is waiting."
    )


@pytest.mark.parametrize(("failed", "state"), [(1, "accepted"), (2, "waiting")])
def test_a_card_shows_what_the_server_has_after_a_decision_has_failed(
    store: Store, open_page: Callable[..., Page], failed: int, state: str
) -> None:
    store.add([new(1, 1), new(2, 2)])
    page = open_page("review")
    cards = review(page)
    asked: list[Any] = []
    answered: list[int] = []

    def hold_the_first(route: Any) -> None:
        asked.append(route)
        if 1 < len(asked) <= failed:
            fail(route)
        elif len(asked) > 1:
            route.continue_()

    def fail(route: Any) -> None:
        route.fulfill(status=503, json={"error": {"message": "The disk is full."}})

    page.route("**/review", hold_the_first)
    page.on("response", lambda answer: "/review" in answer.url and answered.append(answer.status))
    with page.expect_request("**/review"):
        page.keyboard.press("r")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("a")
    expect(cards.first).to_have_attribute("data-state", "accepted")
    fail(asked[0])
    wait_until(page, lambda: len(answered) == 2)
    assert answered == [503, 503 if failed == 2 else 204]
    expect(cards.first).to_have_attribute("data-state", state)
    page.wait_for_timeout(100)  # and stays so
    expect(cards.first).to_have_attribute("data-state", state)
    assert {kept.state for kept in store.page()} == {"waiting", state}


def test_what_is_undone_stays_undone_however_late_its_decision_arrives(
    store: Store, open_page: Callable[..., Page]
) -> None:
    store.add([new(1, 1)])
    page = open_page("review")
    page.get_by_label("token").fill(TOKEN)
    page.keyboard.press("Enter")
    card = page.locator("#gallery button")
    expect(card).to_be_focused()
    asked: list[Any] = []
    answered: list[Any] = []

    def hold_the_first(route: Any) -> None:
        asked.append(route)
        if len(asked) > 1:
            route.continue_()

    page.route("**/review", hold_the_first)
    page.on("response", lambda answer: "/review" in answer.url and answered.append(answer))
    with page.expect_request("**/review"):
        page.keyboard.press("r")
    page.keyboard.press("u")
    expect(card).to_have_attribute("data-state", "waiting")
    page.wait_for_timeout(200)  # so much earlier the second one could be there
    asked[0].continue_()
    wait_until(page, lambda: len(answered) == 2)
    assert len(answered) == 2
    assert [kept.state for kept in store.page()] == ["waiting"]


def test_the_owner_reviews_with_the_keyboard_the_most_suspicious_first(
    store: Store, open_page: Callable[..., Page]
) -> None:
    store.add([new(i, i, side=50 + i) for i in range(5)] + [new(7, 1, session=BOB)])
    order = store.page(suspicious_first=True)
    page = open_page("review")
    page.get_by_label("token").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("The token is wrong")
    page.get_by_label("token").fill(TOKEN)
    page.keyboard.press("Enter")
    cards = page.locator("#gallery button")
    expect(cards).to_have_count(6)
    expect(cards.first).to_be_focused()
    expect(cards.first).to_have_accessible_name("A 1; read 7, 99.1 %; waiting")
    for key in "7rna":
        page.keyboard.press(key)
    expect(cards.nth(4)).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("r")
    page.keyboard.press("u")
    expect(cards.nth(3)).to_have_attribute("data-state", "accepted")
    first, second, third, *rest = order
    held: list[Any] = []
    page.route(f"**/corrections/{rest[1].number}/review", lambda route: held.append(route))
    with page.expect_response(f"**/corrections/{rest[2].number}/review"):
        page.keyboard.press("Shift+A")
    [late] = held  # the last but one is answered last
    late.continue_()
    expect(page.get_by_role("status")).to_have_text("Nothing is waiting.")
    decided = {kept.number: (kept.state, kept.label) for kept in store.page()}
    assert (first.label, decided[first.number]) == (1, ("accepted", 7))
    assert decided[second.number] == ("rejected", second.label)
    assert decided[third.number] == ("accepted", None)
    assert [decided[kept.number] for kept in rest] == [("accepted", kept.label) for kept in rest]
