"""The whole loop: drawn, corrected, reviewed, learned from, promoted, and then read right."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import pytest
from rich.console import Console

from chromium import Browser, Page, expect
from handwriting import STROKES, Stroke, arc, drawn, png
from inkdigits.corrections import gate
from inkdigits.corrections.correction import correction_of, data_url
from inkdigits.corrections.fine_tune import fine_tune
from inkdigits.corrections.store import New, Store
from inkdigits.corrections.versions import Versions
from inkdigits.training.recipes import BEST
from inkdigits.web import following
from inkdigits.web.app import create_app
from inkdigits.web.following import FollowingReader
from inkdigits.web.server import running

TOKEN = "a-token-that-nobody-guesses"
SIGMA = [(0.75, 0.3), (0.5, 0.35), *arc(0.48, 0.6, 0.36, 0.45, -0.25, 0.8)]
"""A 6 that begins far to the right, as a sigma does; what ships reads a 0."""
OTHERS = 23
"""So many more who write it so have corrected it."""


def another(rng: np.random.Generator) -> Stroke:
    """No hand writes it twice alike."""
    turn, slant = rng.uniform(-0.1, 0.1), rng.uniform(-0.15, 0.15)
    bent = (np.array(SIGMA) - 0.5) @ [[1, turn], [slant - turn, rng.uniform(0.9, 1.1)]] + 0.5
    return [(x, y) for x, y in (bent + rng.normal(0, 0.01, bent.shape)).tolist()]


def corrected(rng: np.random.Generator, session: int) -> New:
    stroke = another(rng)
    sent = {
        "session": f"{session:032x}",
        "picture": data_url(png(drawn([stroke]))),
        "label": 6,
        "strokes": [[[x, y, 10.0 * time] for time, (x, y) in enumerate(stroke)]],
    }
    return New(correction_of(sent), [0.9, *[0.01] * 9], "what ships")


def draw(page: Page, stroke: Stroke) -> None:
    clear = page.get_by_role("button", name="Clear")
    if clear.is_enabled():
        clear.click()
    sheet = page.locator("#sheet").bounding_box()
    left, top, side = sheet["x"] + 20, sheet["y"], sheet["height"]
    points = [(left + side * x, top + side * y) for x, y in stroke]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point)
    page.mouse.up()


def soon(holds: Callable[[], bool]) -> None:
    """Wait until it holds."""
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end, "it never held"
        time.sleep(0.05)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(f"sqlite:///{tmp_path / 'corrections.sqlite'}")) as store:
        yield store


@pytest.mark.usefixtures("little")
def test_what_a_visitor_corrects_is_read_right_when_its_owner_has_promoted_what_learned_it(
    browser: Browser,
    store: Store,
    tmp_path: Path,
    data_dir: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(following, "EVERY", 0.05)
    monkeypatch.setattr(gate, "LOST", 0.02)  # a few hundred cannot show as much as thousands
    rng, versions = np.random.default_rng(0), Versions(tmp_path / "versions")
    versions.make()
    app = create_app(FollowingReader(versions.folder), corrections=store, owner_token=TOKEN)
    with running(app) as url:
        page = browser.new_context(reduced_motion="reduce").new_page()
        page.goto(url)
        draw(page, another(rng))
        expect(page.locator("#numeral")).to_have_text("0")
        page.locator("#correct summary").click()
        with page.expect_response(f"{url}/api/corrections"):
            page.locator("#labels").get_by_role("button", name="6", exact=True).click()
        store.add([corrected(rng, session) for session in range(OTHERS)])

        page.goto(f"{url}/review")
        page.get_by_label("token").fill(TOKEN)
        page.keyboard.press("Enter")
        expect(page.locator("#gallery button").first).to_be_focused()
        page.keyboard.press("Shift+A")
        soon(lambda: store.stats()["accepted_labels"] == {6: 1 + OTHERS})

        version, comparisons = fine_tune(
            f"corrections:{store.url.render_as_string()}",
            tmp_path / "run",
            versions,
            data_dir=data_dir,
            recipe=replace(BEST, batch_size=50),
            console=Console(quiet=True),
            limit=300,
            epochs=2,
        )
        assert version.passed, "\n".join(map(str, comparisons))
        versions.promote(version.name)
        model = f"{url}/api/model"
        soon(lambda: httpx.get(model, timeout=60).json()["sha256"][:12] == version.name)

        page.goto(url)
        for stroke, text in [(another(rng), "6"), (STROKES[0][0], "0"), (another(rng), "6")]:
            draw(page, stroke)
            expect(page.locator("#numeral")).to_have_text(text)
        page.context.close()
