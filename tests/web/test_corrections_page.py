"""Correcting on the page and reviewing what was sent, in a real browser."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib import import_module
from typing import Any

import pytest

from inkdigits import Reader
from inkdigits.corrections.store import Store
from inkdigits.web.app import create_app
from inkdigits.web.server import running
from sent import BOB, new

if os.environ.get("INKDIGITS_REQUIRE_BROWSER") == "1":
    playwright_api = import_module("playwright.sync_api")
else:
    playwright_api = pytest.importorskip("playwright.sync_api", reason="there is no Playwright")
Browser, Page = playwright_api.Browser, playwright_api.Page
expect = playwright_api.expect
expect.set_options(timeout=30_000)

TOKEN = "a-token-that-nobody-guesses"


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    with playwright_api.sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=chromium_path, args=arguments)
        yield browser
        browser.close()


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
def open_page(browser: Browser, kept: tuple[Store, str]) -> Iterator[Callable[..., Page]]:
    window = browser.new_context()
    page = window.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))

    def open_page(path: str = "") -> Any:
        page.goto(f"{kept[1]}/{path}")
        return page

    yield open_page
    window.close()
    assert complaints == []


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
    page.keyboard.press("Shift+A")
    expect(page.get_by_role("status")).to_have_text("Nothing is waiting.")
    decided = {kept.number: (kept.state, kept.label) for kept in store.page()}
    first, second, third, *rest = order
    assert (first.label, decided[first.number]) == (1, ("accepted", 7))
    assert decided[second.number] == ("rejected", second.label)
    assert decided[third.number] == ("accepted", None)
    assert [decided[kept.number] for kept in rest] == [("accepted", kept.label) for kept in rest]
