"""The program that decodes pictures for `apart.py`, one after another.

`apart.py` runs this file by its path, and gives as arguments the folders in which the packages are.

A request is a line of JSON and as many bytes of a file as it says; the answer is the length of some
JSON, that JSON, and width x height pixels if it says a "size". It ends as soon as its standard
input does, also while it decodes: it does not outlive whoever started it.
"""

from __future__ import annotations

import json
import mmap
import os
import signal
import struct
import sys
from contextlib import suppress
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any, NamedTuple


class Request(NamedTuple):
    work: str
    """"decode", or "count" the pages of a PDF."""
    bytes: int
    """Of the file, which follows."""
    name: str
    page: int | None
    max_pixels: int
    cpu_seconds: float
    memory: int
    """Bytes of addresses of this whole process."""


MOST_RESIDENT = 350_000_000
"""Bytes of memory with a PDF. Told that there is no more, PDFium would leave pictures out."""


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
    from inkdigits.picture.formats import format_of

    _limit_time(request.cpu_seconds)
    _limit_memory(request.memory)
    done = Event()
    watch = Thread(target=_stay_small, args=(done,), daemon=True)
    if is_pdf := format_of(data) == "PDF":
        watch.start()
    try:
        if request.work == "count":
            return {"pages": page_count(data, request.name)}, b""
        picture = decode(data, request.name, request.page, request.max_pixels)
    except UnreadablePicture as error:
        return {"error": str(error), "reason": error.reason}, b""
    finally:
        done.set()
        if is_pdf:
            watch.join()  # or it would see what the next picture takes
        _limit_time(0)  # the next picture's bytes are no work on this one
    return {"size": picture.shape[::-1]}, picture.data


def _limit_time(cpu_seconds: float) -> None:
    """SIGPROF ends this process after so many seconds of work; 0 for never."""
    if hasattr(signal, "setitimer"):  # which Windows has not
        signal.setitimer(signal.ITIMER_PROF, cpu_seconds)


def _limit_memory(memory: int) -> None:
    """What this process may take from now on, where the system knows such limits."""
    try:
        import resource
    except ImportError:
        return
    for kind, most in {resource.RLIMIT_CORE: 0, resource.RLIMIT_AS: memory}.items():
        hard = resource.getrlimit(kind)[1]
        soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with suppress(ValueError, OSError):
            resource.setrlimit(kind, (soft, hard))


def _stay_small(done: Event) -> None:
    """End this process when it takes more than MOST_RESIDENT, where the system tells of it."""
    with suppress(OSError), open("/proc/self/statm", "rb", buffering=0) as sizes:  # noqa: PTH123
        while not done.wait(0.005):
            sizes.seek(0)
            if int(sizes.read().split()[1]) * mmap.PAGESIZE > MOST_RESIDENT:
                os._exit(1)


if __name__ == "__main__":
    main()
