"""HEIC, the format of phones' photos, decoded by libheif through pi-heif (an extra).

pi-heif is asked directly and not registered with Pillow, so that importing inkdigits does not
change what `Image.open` does in the rest of a program.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pi_heif import HeifFile


def open_heic(data: bytes) -> HeifFile:
    """The file with its boxes read and nothing decoded.

    Its `size` and `to_pillow()` are those of its primary picture, turned upright by libheif as the
    file's own boxes say. By the standard, these count and a note in EXIF does not; phones write
    both, and turning by both would turn twice.
    """
    import pi_heif

    return pi_heif.open_heif(data)


_CANVAS = {b"grid": 4, b"iovl": 10}
"""Pictures put together from others, and where in their data the size of the whole stands."""
_CANVAS_HEADER = 32
"""Bytes in which it does."""
_MOST_BOXES = 20_000
"""Side by side. A photo in tiles has two for each."""


def claimed_sizes(data: bytes) -> Iterator[tuple[int, int]]:
    """Every width and height that decoding a HEIC file may take memory for.

    A picture's own size is not enough: it may be cut from a larger one, have an alpha channel of
    another size or say less than its grid of tiles. libheif holds each picture to what its "ispe"
    box says, but takes the memory for a grid or an overlay by the size in that one's data.
    """
    for kind, start, end in _boxes(data, 0, len(data)):
        if kind == b"meta":
            yield from _claimed_by_meta(data, start + 4, end)


def _claimed_by_meta(data: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    inside = list(_boxes(data, start, end))
    for kind, start, end in inside:
        if kind == b"iprp":
            for _, first, last in _boxes_of(b"ipco", data, start, end):
                for _, place, _ in _boxes_of(b"ispe", data, first, last):
                    yield struct.unpack_from(">II", data, place + 4)
    canvases = {
        item: _CANVAS[type]
        for kind, start, end in inside
        if kind == b"iinf"
        for item, type in _item_types(data, start, end)
        if type in _CANVAS
    }
    if not canvases:
        return
    item_data = next((start for kind, start, _ in inside if kind == b"idat"), 0)
    for kind, start, _ in inside:
        if kind == b"iloc":
            for item, content in _item_contents(data, start, item_data):
                if item in canvases:
                    layout = ">II" if content[1] & 1 else ">HH"
                    yield struct.unpack_from(layout, content, canvases[item])


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """The boxes that lie side by side: each one's kind, and where its content starts and ends."""
    for _ in range(_MOST_BOXES):
        if start + 8 > end:
            return
        size, kind = struct.unpack_from(">I4s", data, start)
        header = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, start + 8)
            header = 16
        elif size == 0:  # to the end
            size = end - start
        if size < header:
            raise ValueError("A box is shorter than its header.")
        yield kind, start + header, min(start + size, end)
        start += size
    raise ValueError("It has too many boxes.")


def _boxes_of(kind: bytes, data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    return (box for box in _boxes(data, start, end) if box[0] == kind)


def _item_types(data: bytes, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Of an "iinf" box: each item's number and type."""
    first = start + (6 if data[start] == 0 else 8)
    for _, place, _ in _boxes_of(b"infe", data, first, end):
        if data[place] >= 2:  # older ones are no pictures
            yield struct.unpack_from(">H2x4s" if data[place] == 2 else ">I2x4s", data, place + 4)


def _item_contents(data: bytes, start: int, item_data: int) -> Iterator[tuple[int, bytes]]:
    """Of an "iloc" box: each item's number, and its content as far as a canvas's header goes."""
    at = start + 4

    def number(size: int) -> int:
        nonlocal at
        at += size
        if at > len(data):
            raise ValueError("A box is cut short.")
        return int.from_bytes(data[at - size : at], "big")

    version = data[start]
    sizes = number(2)
    offset_size, length_size, base_size, index_size = (
        sizes >> shift & 15 for shift in (12, 8, 4, 0)
    )
    for _ in range(number(2 if version < 2 else 4)):
        item = number(2 if version < 2 else 4)
        method = number(2) & 15 if version else 0
        number(2)  # the file that it is in: this one
        base = number(base_size) + (item_data if method == 1 else 0)
        content = b""
        for _ in range(number(2)):
            number(index_size if version else 0)
            offset, length = base + number(offset_size), number(length_size)
            if len(content) < _CANVAS_HEADER:  # a length of 0 is to the end
                content += data[offset : offset + min(length or _CANVAS_HEADER, _CANVAS_HEADER)]
        yield item, content
