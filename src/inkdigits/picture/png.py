"""A PNG file without most of its notes, which Pillow unpacks and keeps one by one."""

from __future__ import annotations

import struct

MOST_CHUNKS = 100_000
"""Those of 32 MiB have 4,000: libpng writes 8 KiB into each."""
MOST_NOTES = 100
"""Each may unpack to 1 MiB."""

_PICTURE = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
_ANIMATION = {b"acTL", b"fcTL", b"fdAT"}


def lean_png(data: bytes) -> bytes:
    """The file with its picture, that without the animation, and its first notes.

    Raises ValueError if it has more chunks than any program writes.
    """
    pieces, at, notes = [data[:8]], 8, 0
    for _ in range(MOST_CHUNKS):
        if at + 8 > len(data):
            break
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if kind not in _PICTURE:
            notes += 1
        if kind in _PICTURE or (notes <= MOST_NOTES and kind not in _ANIMATION):
            pieces.append(data[at:end])
        if kind == b"IEND":
            break
        at = end
    else:
        raise ValueError("It has too many chunks.")
    return b"".join(pieces)
