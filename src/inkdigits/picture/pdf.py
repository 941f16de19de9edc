"""A page of a PDF, rendered by PDFium through pypdfium2 (an extra).

PDFium cannot be interrupted, and takes any time and memory: it runs in `worker.py` alone.

Its own functions are called, not pypdfium2's classes. As of 5.15 these round a page's pixels up,
even over a limit, and keep the memory of a PDF without pages for good.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from inkdigits.errors import UnreadablePicture
from inkdigits.picture.grey import Grey
from inkdigits.picture.numbering import page_meant

DPI = 200
"""At this, a small digit of 2.5 mm is as tall as the 20 pixels that the network sees of it, and
A4 has 4 megapixels. Scanners' 300 would more than double what there is to search for ink."""

SHORTEST, LONGEST = 500, 4000
"""Pixels, of a page's longer side, which overrule DPI where a page is of no paper's size. A photo
saved as a PDF often has each pixel as a point, and is over a metre wide: at 4000, it keeps its own
pixels. One digit cut out of a scan is smaller than a stamp."""

_POINTS_AN_INCH = 72


def page_count(data: bytes, name: str) -> int:
    """How many pages a PDF has; raises what `render_page` does."""
    with _opened(data, name) as (pdfium, document):
        return int(pdfium.FPDF_GetPageCount(document))


def render_page(data: bytes, name: str, number: int | None, max_pixels: int) -> Grey:
    """One page, counted from 1, or the only one (None), in grey as on white paper: (H, W).

    It has 200 pixels an inch, and 500 to 4000 on its longer side, but never more than
    `max_pixels`. Annotations are drawn, as handwriting on a tablet is kept as such; the values of
    forms, which are typed, are not.

    Raises UnreadablePicture if the PDF, called `name`, is locked or has no such page, ValueError
    if it is damaged, and ImportError where PDFium is missing or does not load.
    """
    with _opened(data, name) as (pdfium, document):
        page = page_meant("a PDF", name, number, pdfium.FPDF_GetPageCount(document))
        return _rendered(pdfium, document, page - 1, max_pixels)


@contextmanager
def _opened(data: bytes, name: str) -> Iterator[tuple[Any, Any]]:
    try:
        from pypdfium2 import raw as pdfium
    except OSError as error:  # PDFium is there and does not load on this machine
        raise ImportError(str(error)) from error
    document = pdfium.FPDF_LoadMemDocument64(data, len(data), None)
    if not document:
        raise _refusal(name, pdfium)
    try:
        yield pdfium, document
    finally:
        pdfium.FPDF_CloseDocument(document)


def _rendered(pdfium: Any, document: Any, index: int, max_pixels: int) -> Grey:
    size = pdfium.FS_SIZEF()
    if not pdfium.FPDF_GetPageSizeByIndexF(document, index, ctypes.byref(size)):
        raise ValueError("The page has no size.")
    width, height = _pixels(size.width, size.height, max_pixels)
    page = pdfium.FPDF_LoadPage(document, index)
    if not page:
        raise ValueError("The page cannot be loaded.")
    try:
        grey = np.full((height, width), 255, np.uint8)
        memory = grey.ctypes.data_as(ctypes.c_void_p)
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
    return grey


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


def _refusal(name: str, pdfium: Any) -> Exception:
    code = pdfium.FPDF_GetLastError()
    if code == pdfium.FPDF_ERR_PASSWORD:
        return UnreadablePicture(
            f"{name} is a PDF that a password locks. Save it without one.", reason="unsupported"
        )
    if code == pdfium.FPDF_ERR_SECURITY:
        return UnreadablePicture(
            f"{name} is a PDF encrypted in a way that is not known. Save it without encryption.",
            reason="unsupported",
        )
    return ValueError(f"PDFium cannot open it: error {code}.")
