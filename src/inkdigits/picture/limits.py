"""How large a picture may be: bytes, pixels, sides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from PIL import Image

from inkdigits.errors import UnreadablePicture
from inkdigits.picture.formats import PAGED_SUFFIXES

MAX_BYTES = 32 * 2**20
MAX_PIXELS = 50_000_000
MAX_SIDE = 20_000
"""Pixels. Reading takes memory for each row and column, far more than for each pixel."""
MOST_DECODED = 7 * MAX_PIXELS
"""Bytes of a TIFF in memory, and of the one strip or tile of it that is being unpacked; and of a
JPEG of several scans."""
_BITS, _CHANNELS, _ROWS, _TILE_WIDTH, _TILE_LENGTH = 258, 277, 278, 322, 323  # TIFF tags


def check_bytes(size: int, name: str, max_bytes: int) -> None:
    if size > max_bytes:
        has_pages = name.lower().endswith(tuple(PAGED_SUFFIXES))
        divided = ", or divide it into files of fewer pages" if has_pages else ""
        raise UnreadablePicture(
            f"{name} is larger than {max_bytes / 2**20:.3g} MiB. Save it smaller{divided}.",
            reason="too large",
        )


def check_pixels(width: int, height: int, name: str, max_pixels: int) -> None:
    if max(width, height) > MAX_SIDE:
        raise UnreadablePicture(
            f"{name} is {width} x {height} pixels, and the limit for a side is {MAX_SIDE:,}. "
            "Cut it, or make it smaller.",
            reason="too large",
        )
    if width * height > max_pixels:
        raise UnreadablePicture(
            f"{name} is {width} x {height} pixels, and the limit is {max_pixels / 1e6:g} "
            "megapixels. Make it smaller.",
            reason="too large",
        )


def check_header(image: Image.Image, name: str, max_pixels: int) -> None:
    check_pixels(*image.size, name, max_pixels)
    # The tiles of a TIFF may be far larger than the picture, and are decoded whole.
    tags = getattr(image, "tag_v2", {})
    check_pixels(tags.get(_TILE_WIDTH, 0), tags.get(_TILE_LENGTH, 0), name, max_pixels)
    if tags and image.info.get("compression") != "raw":
        _check_strip(*image.size, tags, name, MOST_DECODED * max_pixels // MAX_PIXELS)


def _check_strip(width: int, height: int, tags: Mapping[int, Any], name: str, most: int) -> None:
    """libtiff unpacks a whole strip or tile at a time."""
    tile = tags.get(_TILE_WIDTH, 0) * tags.get(_TILE_LENGTH, 0)
    pixels = tile or width * min(tags.get(_ROWS, height), height)
    unpacked = pixels * tags.get(_CHANNELS, 1) * max(tags.get(_BITS, (1,))) // 8
    if 4 * width * height + unpacked > most:
        raise UnreadablePicture(
            f"{name} is a TIFF file of too large strips to unpack. Save it in smaller ones, or as "
            "PNG.",
            reason="too large",
        )


def takes_too_much(format: str, name: str, what: Literal["time", "memory"]) -> UnreadablePicture:
    too = "too long" if what == "time" else "too much memory"
    advice = "decode. Make it smaller, or save it as an ordinary PNG or JPEG."
    if format == "PDF":
        advice = "render. Print it to a new PDF, or save the page as PNG."
    return UnreadablePicture(f"{name} takes {too} to {advice}", reason="too large")


def no_pixels(name: str) -> UnreadablePicture:
    return UnreadablePicture(
        f"{name} has no pixels. Give one with a height and a width.", reason="empty"
    )
