"""The real browser of the tests. Where Playwright, which drives it, is missing they are skipped."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

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
