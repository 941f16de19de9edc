"""What a browser fetches for the page: python benchmarks/page_weight.py

Bytes of each file, and of what goes over the wire with gzip (headers left out); and what becomes of
it at the next visit: "kept" is not asked for, 304 is asked for and not sent.
"""

from __future__ import annotations

import posixpath
import re
from typing import NamedTuple

from fastapi.testclient import TestClient

from inkdigits import Reader
from inkdigits.web.app import create_app

NAMED = re.compile(
    r'(?:src=|rel="(?:icon|stylesheet)" href=|from )"(?:\./)?([\w/-]+\.(?:js|css|svg))"'
)
"""Where a page or a script names another file."""


class Fetched(NamedTuple):
    address: str
    bytes: int
    sent: int
    again: str


def fetched(client: TestClient, page: str = "/") -> list[Fetched]:
    """Each file that the page needs, once."""
    addresses, files = [page], []
    for address in addresses:
        with client.stream("GET", address, headers={"Accept-Encoding": "gzip"}) as answer:
            sent = sum(map(len, answer.iter_raw()))
        content = client.get(address)
        if "immutable" in content.headers["cache-control"]:
            again = "kept"
        else:
            known = {"If-None-Match": content.headers["etag"]}
            again = str(client.get(address, headers=known).status_code)
        files.append(Fetched(address, len(content.content), sent, again))
        for name in NAMED.findall(content.text):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(address), name))
            if path not in addresses:
                addresses.append(path)
    return files


def main() -> None:
    files = fetched(TestClient(create_app(Reader())))
    print(f"{'file':34} {'bytes':>7} {'sent':>7} {'next visit':>11}")
    for file in files:
        print(f"{file.address:34} {file.bytes:7} {file.sent:7} {file.again:>11}")
    total = sum(file.bytes for file in files), sum(file.sent for file in files)
    print(f"{f'{len(files)} files':34} {total[0]:7} {total[1]:7}")


if __name__ == "__main__":
    main()
