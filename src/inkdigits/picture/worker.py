"""The program that decodes pictures for `apart.py`, one after another.

`apart.py` runs this file by its path, and gives as arguments the folders in which the packages are.

A request is a line of JSON and as many bytes of a file as it says; the answer is the length of some
JSON, that JSON, and width x height pixels if it says a "size". It ends as soon as its standard
input does, also while it decodes: it does not outlive whoever started it.
"""

from __future__ import annotations

import json
import math
import os
import struct
import sys
import time
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import Any, NamedTuple


class Request(NamedTuple):
    work: str
    """"decode", or "count" the pages of a PDF."""
    bytes: int
    """Of the file, which follows."""
    name: str
    page: int | None
    max_pixels: int
    cpu_seconds: int
    memory: int
    """Bytes of this whole process."""


def main() -> None:
    sys.path += sys.argv[1:]
    requests: SimpleQueue[tuple[Request, bytes]] = SimpleQueue()
    Thread(target=_listen, args=(requests,), daemon=True).start()
    import inkdigits.picture.decoding  # noqa: F401 (ahead of the first request)

    while True:
        request, data = requests.get()
        answer, pixels = _answer(request, data)
        del data
        content = json.dumps(answer).encode()
        sys.stdout.buffer.write(struct.pack("<I", len(content)) + content)
        sys.stdout.buffer.write(pixels)
        sys.stdout.buffer.flush()
        del pixels


def _listen(requests: SimpleQueue[tuple[Request, bytes]]) -> None:
    try:
        while line := sys.stdin.buffer.readline():
            request = Request(*json.loads(line))
            requests.put((request, sys.stdin.buffer.read(request.bytes)))
    finally:
        os._exit(0)


def _answer(request: Request, data: bytes) -> tuple[dict[str, Any], Any]:
    from inkdigits.errors import UnreadablePicture
    from inkdigits.picture.decoding import decode, page_count

    _limit(request.cpu_seconds, request.memory)
    try:
        if request.work == "count":
            return {"pages": page_count(data, request.name)}, b""
        picture = decode(data, request.name, request.page, request.max_pixels)
    except UnreadablePicture as error:
        return {"error": str(error), "reason": error.reason}, b""
    return {"size": picture.shape[::-1]}, picture.data


def _limit(cpu_seconds: int, memory: int) -> None:
    """What this process may take from now on, where the system knows such limits."""
    try:
        import resource
    except ImportError:
        return
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: math.ceil(time.process_time()) + cpu_seconds,
        resource.RLIMIT_AS: memory,
    }
    for kind, most in limits.items():
        hard = resource.getrlimit(kind)[1]
        soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with suppress(ValueError, OSError):
            resource.setrlimit(kind, (soft, hard))


if __name__ == "__main__":
    main()
