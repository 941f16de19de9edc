"""The program that opens PDFs, in a process of its own, with PDFium through pypdfium2 (an extra).

`pdf_process.py` runs this file by its path, and gives as arguments the folders in which pypdfium2
is. It imports nothing of inkdigits and no NumPy, so that it is up in a tenth of a second.

A request is a line of JSON and as many bytes of a PDF as it says; the answer is a line of JSON and
width x height pixels if it says a "size". It ends as soon as its standard input does, also while
it renders: it does not outlive whoever started it.

PDFium's own functions are called, not pypdfium2's classes. As of 5.15 these round a page's pixels
up, even over a limit, and keep the memory of a PDF without pages for good.
"""

from __future__ import annotations

import ctypes
import json
import math
import os
import sys
import time
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import Any, NamedTuple

DPI = 200
"""At this, a small digit of 2.5 mm is as tall as the 20 pixels that the network sees of it, and
A4 has 4 megapixels. Scanners' 300 would more than double what there is to search for ink."""

SHORTEST, LONGEST = 500, 4000
"""Pixels, of a page's longer side, which overrule DPI where a page is of no paper's size. A photo
saved as a PDF often has each pixel as a point, and is over a metre wide: at 4000, it keeps its own
pixels. One digit cut out of a scan is smaller than a stamp."""

_POINTS_AN_INCH = 72


class Request(NamedTuple):
    bytes: int
    """Of the PDF, which follows."""
    page: int | None
    """Counted from 1; None is the only one."""
    max_pixels: int
    """0 asks for the number of pages alone."""
    cpu_seconds: int
    memory: int
    """Bytes of this whole process."""


def main() -> None:
    sys.path += sys.argv[1:]
    requests: SimpleQueue[tuple[Request, bytes]] = SimpleQueue()
    Thread(target=_listen, args=(requests,), daemon=True).start()
    while True:
        request, data = requests.get()
        answer, pixels = _answer(request, data)
        del data
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.write(pixels)
        sys.stdout.buffer.flush()


def _listen(requests: SimpleQueue[tuple[Request, bytes]]) -> None:
    try:
        while line := sys.stdin.buffer.readline():
            request = Request(*json.loads(line))
            requests.put((request, sys.stdin.buffer.read(request.bytes)))
    finally:
        os._exit(0)


def _answer(request: Request, data: bytes) -> tuple[dict[str, Any], bytes | bytearray]:
    try:
        from pypdfium2 import raw as pdfium
    except (ImportError, OSError) as error:  # OSError: it does not load on this machine
        return {"error": "no PDFium", "detail": str(error)[:500]}, b""
    _limit(request.cpu_seconds, request.memory)
    try:
        return _pages(pdfium, request, data)
    except ValueError as error:
        return {"error": "damaged", "detail": str(error)[:500]}, b""
    except MemoryError:
        return {"error": "memory"}, b""


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


def _pages(pdfium: Any, request: Request, data: bytes) -> tuple[dict[str, Any], bytes | bytearray]:
    document = pdfium.FPDF_LoadMemDocument64(data, len(data), None)
    if not document:
        return _refusal(pdfium), b""
    try:
        count = pdfium.FPDF_GetPageCount(document)
        page = 1 if request.page is None and count == 1 else request.page
        if not request.max_pixels or page is None or not 1 <= page <= count:
            return {"pages": count}, b""
        width, height, pixels = _render(pdfium, document, page - 1, request.max_pixels)
        return {"pages": count, "size": [width, height]}, pixels
    finally:
        pdfium.FPDF_CloseDocument(document)


def _refusal(pdfium: Any) -> dict[str, Any]:
    code = pdfium.FPDF_GetLastError()
    if code == pdfium.FPDF_ERR_PASSWORD:
        return {"error": "locked"}
    if code == pdfium.FPDF_ERR_SECURITY:
        return {"error": "encrypted"}
    return {"error": "damaged", "detail": f"PDFium cannot open it: error {code}."}


def _render(pdfium: Any, document: Any, index: int, max_pixels: int) -> tuple[int, int, bytearray]:
    size = pdfium.FS_SIZEF()
    if not pdfium.FPDF_GetPageSizeByIndexF(document, index, ctypes.byref(size)):
        raise ValueError("The page has no size.")
    width, height = _pixels(size.width, size.height, max_pixels)
    page = pdfium.FPDF_LoadPage(document, index)
    if not page:
        raise ValueError("The page cannot be loaded.")
    try:
        grey = bytearray(b"\xff") * (width * height)
        memory = (ctypes.c_ubyte * len(grey)).from_buffer(grey)
        bitmap = pdfium.FPDFBitmap_CreateEx(width, height, pdfium.FPDFBitmap_Gray, memory, width)
        if not bitmap:
            raise ValueError("PDFium takes no bitmap of this size.")
        try:
            flags = pdfium.FPDF_GRAYSCALE | pdfium.FPDF_ANNOT
            pdfium.FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, flags)
        finally:
            pdfium.FPDFBitmap_Destroy(bitmap)
    finally:
        pdfium.FPDF_ClosePage(page)
    return width, height, grey


def _pixels(width: float, height: float, max_pixels: int) -> tuple[int, int]:
    """Width and height in pixels of a page of so many points."""
    longer = max(width, height)
    if not 0 < min(width, height) <= longer < math.inf:
        raise ValueError(f"The page's size is {width} x {height}.")
    scale = min(max(longer * DPI / _POINTS_AN_INCH, SHORTEST), LONGEST) / longer
    pixels = round(width * scale) or 1, round(height * scale) or 1
    if pixels[0] * pixels[1] <= max_pixels:
        return pixels
    scale = math.sqrt(max_pixels / width / height)
    return int(width * scale) or 1, int(height * scale) or 1


if __name__ == "__main__":
    main()
