"""The real browser of the tests. Where Playwright, which drives it, is missing they are skipped."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import pytest

if os.environ.get("INKDIGITS_REQUIRE_BROWSER") == "1":
    playwright_api = import_module("playwright.sync_api")
else:
    playwright_api = pytest.importorskip("playwright.sync_api", reason="there is no Playwright")
Browser, Page, Locator = playwright_api.Browser, playwright_api.Page, playwright_api.Locator
expect = playwright_api.expect
expect.set_options(timeout=30_000)  # of a busy machine; what is there already is not waited for

ARGUMENTS = [
    "--no-sandbox",  # Chromium does not start as root with it, as in most containers
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def started(chromium_path: str) -> Iterator[Browser]:
    with playwright_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=ARGUMENTS)
        yield browser
        browser.close()


class Windows:
    """A browser's windows. To open one takes longer than most tests, so each is used again."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._kept: dict[str, Page] = {}

    def new_page(self, **options: Any) -> Page:
        """A page in a window with these of Playwright's options, whose storage is empty."""
        key = repr(sorted(options.items()))
        if key not in self._kept:
            # It stays blank and open, for a window closes with its last page.
            self._kept[key] = self._browser.new_context(**options).new_page()
        page = self._kept[key].context.new_page()
        page.set_default_timeout(30_000)
        return page

    def forget(self) -> None:
        """Close all pages, and empty what they stored."""
        for kept in self._kept.values():
            _, *pages = kept.context.pages
            for page in pages:
                page.close()
            if pages:
                devtools = kept.context.new_cdp_session(kept)
                everything = {"origin": "*", "storageTypes": "all"}
                devtools.send("Storage.clearDataForOrigin", everything)
                devtools.detach()
