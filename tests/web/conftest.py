"""Pictures of digits, and a running server."""

import logging
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from handwriting import STROKES, Stroke, png, written
from inkdigits import Reader, Reading
from inkdigits.web.app import create_app
from inkdigits.web.server import running


@pytest.fixture
def server_log(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> pytest.LogCaptureFixture:
    """What servers log, also where an earlier one in this process has set up where to."""
    log = logging.getLogger("uvicorn.error")
    caplog.set_level(logging.WARNING, log.name)
    monkeypatch.setattr(log, "handlers", [caplog.handler])
    monkeypatch.setattr(log, "propagate", False)
    monkeypatch.setattr(log, "disabled", False)
    return caplog


@pytest.fixture(scope="session")
def strokes() -> dict[int, list[Stroke]]:
    return STROKES


@pytest.fixture(scope="session")
def png_of() -> Callable[[int], bytes]:
    """A picture file of a digit, black on white."""
    return lambda value: png(written(value))


@pytest.fixture(scope="session")
def png_of_lines() -> Callable[..., bytes]:
    """A picture file of lines of digits, a space being as wide as a digit."""

    def png_of_lines(*lines: str) -> bytes:
        page = np.full((40 + 180 * len(lines), 40 + 90 * max(map(len, lines)) + 60), 255, np.uint8)
        for row, line in enumerate(lines):
            for column, sign in enumerate(line):
                if sign != " ":
                    place = page[20 + 180 * row :, 20 + 90 * column :][:150, :150]
                    np.minimum(place, written(int(sign), 150), out=place)
        return png(page)

    return png_of_lines


@pytest.fixture(scope="session")
def blank_png() -> bytes:
    file = BytesIO()
    Image.new("RGB", (64, 48), (214, 204, 186)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment without any of the server's settings."""
    for name in ("MODEL", "ALLOW_ORIGINS", "ALLOW_FRAMES", "MAX_BYTES", "MAX_PIXELS"):
        monkeypatch.delenv(f"INKDIGITS_{name}", raising=False)
    return monkeypatch


@pytest.fixture
def client(reader: Reader) -> TestClient:
    return TestClient(create_app(reader))


@pytest.fixture(scope="session")
def url(reader: Reader) -> Iterator[str]:
    """The address of a server that runs for all tests."""
    with running(create_app(reader)) as address:
        yield address


class NeverSure(Reader):
    """Takes every picture for one digit, of which its model is never sure."""

    def read_array(self, picture: Any, **expected: Any) -> Reading:
        [digit] = self._digits.read(picture[None])
        assert digit
        return Reading(str(digit.value), digit.confidence, digit.sure, (digit,))


@pytest.fixture(scope="session")
def unsure_url(unsure_model: Path) -> Iterator[str]:
    """The address of a server that is never sure."""
    with running(create_app(NeverSure(unsure_model))) as address:
        yield address


@pytest.fixture
def open_page(new_page: Callable[..., Any], url: str) -> Callable[..., Any]:
    """Open the page in a window with the given Playwright options."""
    from visitor import DESKTOP  # which needs Playwright

    def open_page(
        address: str = url,
        *,
        viewport: dict[str, int] = DESKTOP,
        color_scheme: str = "light",
        reduced_motion: str = "reduce",  # who wants none is shown no example at first sight
        **window: Any,
    ) -> Any:
        page = new_page(**window)
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=color_scheme, reduced_motion=reduced_motion)
        page.goto(f"{address}/")
        return page

    return open_page


@pytest.fixture
def page(open_page: Callable[..., Any]) -> Any:
    return open_page()


@pytest.fixture
def held(page: Any) -> list[Any]:
    """The first question waits here for its answer; all others are answered at once."""
    waiting: list[Any] = []

    def hold(route: Any) -> None:
        if waiting:
            route.continue_()
        else:
            waiting.append(route)

    page.route("**/api/read*", hold)
    return waiting
