"""A static site: the page of `inkdigits serve`, with the model files read by the browser itself."""

from __future__ import annotations

import base64
import hashlib
import json
import lzma
import os
from dataclasses import asdict
from html import escape
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from inkdigits.deploy.files import check_folder, files_of, write_folder
from inkdigits.deploy.runtime import runtime_files
from inkdigits.errors import InkDigitsError
from inkdigits.recognition.digits import DigitsFile
from inkdigits.recognition.page import PageFile
from inkdigits.recognition.session import model_content

SUFFIXES = (".css", ".html", ".js", ".png", ".svg", ".webmanifest")

FOR_THE_SERVER = {f"{name}.{kind}" for name in ("docs", "review") for kind in ("css", "html", "js")}
"""Files of the page that are about the server's API."""

MARKS = ("reader/contents.json", "reader/page.onnx.xz")
"""Files of no other folder: what has them may be replaced."""

NOT_KEPT = {"preview.png"}
"""By the browser: it is for who shows links to the page."""

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
)
"""The browser sees to it that nothing is sent anywhere."""

CHANGES = {
    '<meta name="viewport"': (
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n    <meta name="viewport"'
    ),
    '<script type="module"': '<script defer src="missing.js"></script>\n    <script type="module"',
    '\n      <a href="docs">For programs</a>': "",
    "Pictures are not stored: each is read in memory and forgotten.": (
        "Pictures stay on this device: this browser reads them itself, and sends nothing anywhere."
    ),
    ' <a href="docs">Programs</a> can be used all the same.': "",
}
"""What is otherwise in the page without a server."""


def bundle_site(
    out: Path,
    *,
    model: str | os.PathLike[str] | None = None,
    runtime: Path | None = None,
    address: str | None = None,
    preset: int = 6,
) -> dict[str, int]:
    """Write the site into the folder `out`, and say how many bytes each of its files has.

    Args:
        out: is made if it is not there; the files of a site that was bundled there are replaced.
        model: a file like `digits.onnx`; the one that ships if left out.
        runtime: see `runtime_files`.
        address: where the site will be, such as "https://example.org/ink/", or its index.html. Who
            shows links to it finds the picture for that; most know only whole addresses.
        preset: how hard LZMA tries, from 0 to 9.

    Raises:
        InvalidModel: the model file is missing or breaks its contract.
        NoRuntime: what runs the model files in a browser cannot be had.
        InkDigitsError: `out` cannot be written or holds other files, or `address` is none.
    """
    check_folder(out, MARKS)  # before anything is fetched
    preview = _beside(address, "preview.png") if address else "preview.png"
    digits = DigitsFile(model)  # which checks it, too
    rules = PageFile(None).rules.beside(digits.metadata)
    files = runtime_files(runtime)
    large = {
        "ort-wasm-simd-threaded.wasm": files.pop("ort-wasm-simd-threaded.wasm"),
        "digits.onnx": model_content(model, "digits.onnx")[1],
        "page.onnx": model_content(None, "page.onnx")[1],
    }
    packed = {f"{name}.xz": _packed(content, preset) for name, content in large.items()}
    sizes = {name: len(content) for name, content in packed.items()}
    contents = json.dumps(
        {"sizes": sizes, "rules": asdict(rules), "version": digits.version}
    ).encode()
    reading = files | packed | {"contents.json": contents}
    site = _page(preview) | {f"reader/{name}": content for name, content in reading.items()}
    kept = {name: content for name, content in site.items() if name not in NOT_KEPT}
    site["service-worker.js"] = _knowing(kept.pop("service-worker.js"), kept)
    write_folder(out, site, MARKS)
    return {name: len(content) for name, content in site.items()}


def _beside(address: str, name: str) -> str:
    """The address of a file beside the page, which is at `address` or, as index.html, below it."""
    try:
        parts = urlsplit(address)
    except ValueError:  # as of brackets that hold no IPv6 address
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise InkDigitsError(
            f"{address} is no whole address. Write one such as https://example.org/ink/"
        )
    path = parts.path if parts.path.endswith((".html", ".htm")) else f"{parts.path.rstrip('/')}/"
    return urljoin(parts._replace(path=path).geturl(), name)


def _page(preview: str) -> dict[str, bytes]:
    """The page's own files, of the server and of the site; at `preview` is its picture."""
    served = {
        name: content
        for name, content in files_of("web/static", *SUFFIXES).items()
        if name not in FOR_THE_SERVER
    }
    page = served | files_of("deploy/static", *SUFFIXES)
    html = page["index.html"].decode()
    for old, new in {**CHANGES, '"preview.png"': f'"{escape(preview)}"'}.items():
        assert html.count(old) == 1, f"{old!r} is not in the page once"
        html = html.replace(old, new)
    return page | {"index.html": html.encode()}


def _packed(content: bytes, preset: int) -> bytes:
    # The browser's side, XZ Embedded, knows no better checksum.
    return lzma.compress(content, check=lzma.CHECK_CRC32, preset=preset)


def _knowing(service_worker: bytes, site: dict[str, bytes]) -> bytes:
    """The service worker with the list of what it keeps."""
    sums = {
        "./" if name == "index.html" else name: f"sha256-{_sha256(content)}"
        for name, content in sorted(site.items())
    }
    files = json.dumps(sums, indent=2)
    script = service_worker.decode().replace("const FILES = {};", f"const FILES = {files};")
    script = script.replace('VERSION = ""', f'VERSION = "{_sha256(files.encode())}"')
    return script.encode()


def _sha256(content: bytes) -> str:
    return base64.b64encode(hashlib.sha256(content).digest()).decode()
