"""A static host for a folder, as plain as any, to open a bundled site from."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ISOLATED = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
}
"""With these headers browsers allow threads."""


class Host(SimpleHTTPRequestHandler):
    """Counts the bytes of the bodies that it sends."""

    headers_too: dict[str, str] = {}  # noqa: RUF012 (each host has a class of its own)
    sent = 0

    def end_headers(self) -> None:
        for name, value in self.headers_too.items():
            self.send_header(name, value)
        super().end_headers()

    def copyfile(self, source, outputfile) -> None:  # type: ignore[no-untyped-def]
        type(self).sent += Path(source.name).stat().st_size
        super().copyfile(source, outputfile)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def hosted(folder: Path, headers: dict[str, str] | None = None) -> Iterator[tuple[str, type[Host]]]:
    """`with hosted(folder) as (url, host):` serves it; `host.sent` says how many bytes went out."""
    host = type("ThisHost", (Host,), {"headers_too": headers or {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(host, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", host
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
