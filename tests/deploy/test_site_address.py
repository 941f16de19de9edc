"""Where a bundled site will be, which who shows links to it is told."""

import re
from html import unescape
from pathlib import Path

import pytest

from inkdigits import InkDigitsError
from inkdigits.deploy import site
from inkdigits.deploy.site import bundle_site


@pytest.fixture
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    """A site without what reads pictures, which takes its time to pack."""
    wasm = {"ort-wasm-simd-threaded.wasm": b""}
    monkeypatch.setattr(site, "runtime_files", lambda _: dict(wasm))
    monkeypatch.setattr(site, "model_content", lambda *_: ("none", b""))


@pytest.mark.usefixtures("light")
@pytest.mark.parametrize(
    "address",
    [
        *("https://example.org/ink/", "https://example.org/ink", "HTTPS://example.org/ink//"),
        *("https://example.org/ink/index.html", "https://example.org/ink/?from=here#write"),
    ],
)
def test_the_picture_for_links_is_beside_the_page(tmp_path: Path, address: str) -> None:
    bundle_site(tmp_path, address=address)
    [said] = re.findall(r'"([^"]*preview\.png)"', (tmp_path / "index.html").read_text())
    assert unescape(said) == "https://example.org/ink/preview.png"


@pytest.mark.parametrize("address", ["https:///ink/", "https://[/ink/", "ftp://example.org/ink/"])
def test_what_is_no_address_of_a_site_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(InkDigitsError, match="no whole address"):
        bundle_site(tmp_path, address=address)
