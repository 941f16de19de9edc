"""A TIFF file, or the EXIF of another, of which only the tags are left that decide its pixels."""

from __future__ import annotations

import struct

MOST_TAGS = 5_000
"""In a file's first directory, which has some dozens."""

_STRIPS = 100_000
"""A strip for each row and channel would be 80,000."""
_MOST_VALUES = {
    **dict.fromkeys((256, 257, 259, 262, 266, 274, 277, 278, 284, 292, 293, 317), 1),
    **dict.fromkeys((322, 323, 512, 513, 514, 515, 531), 1),
    **dict.fromkeys((258, 338, 339, 519, 520, 521), 64),  # for each channel
    **dict.fromkeys((529, 530, 532), 6),  # how its YCbCr is meant
    **dict.fromkeys((273, 279, 324, 325), _STRIPS),
    320: 3 * 2**16,  # colours
    347: 2**16,  # tables of JPEG
    700: 2**16,  # XMP, which may say what is up
}
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 6: 1, 7: 1, 8: 2, 9: 4, 13: 4, 16: 8}
"""Bytes of each value, by type. Fractions are left out but for those of YCbCr."""
_FRACTIONS = {5: 8, 10: 8}


def only_needed(data: bytes) -> bytes:
    """The file with a directory of its first picture's needed tags at its end, and no other.

    Raises ValueError if a tag has far more values than pictures have, and struct.error if the
    directory is cut short.
    """
    order = "<" if data[:2] == b"II" else ">"
    is_big = b"+" in data[2:4]  # BigTIFF
    word, number, entry = ("Q", "Q", "HHQ8s") if is_big else ("I", "H", "HHI4s")
    inline = struct.calcsize(order + word)
    (at,) = struct.unpack_from(order + word, data, 8 if is_big else 4)
    (tags,) = struct.unpack_from(order + number, data, at)
    if tags > MOST_TAGS:
        raise ValueError("It has too many tags.")
    kept: dict[int, bytes] = {}
    at += struct.calcsize(order + number)
    for _ in range(tags):
        tag, type, count, value = struct.unpack_from(order + entry, data, at)
        size = (_SIZES | _FRACTIONS if tag in (529, 532) else _SIZES).get(type, 0) * count
        if tag in _MOST_VALUES and tag not in kept and size:
            if count > _MOST_VALUES[tag]:
                raise ValueError("A tag has too many values.")
            start = struct.unpack(order + word, value)[0] if size > inline else 0
            if start + size <= len(data):
                kept[tag] = struct.pack(order + entry, tag, type, count, value)
        at += struct.calcsize(order + entry)
    end = len(data) + len(data) % 2  # directories start at even places
    start = 16 if is_big else 8
    return b"".join(
        [
            data[: start - inline] + struct.pack(order + word, end) + data[start:],
            bytes(end - len(data)),
            struct.pack(order + number, len(kept)),
            *(kept[tag] for tag in sorted(kept)),
            bytes(inline),
        ]
    )
