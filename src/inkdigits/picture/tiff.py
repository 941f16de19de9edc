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

_KIND, _INSIDE, _DNG_VERSION = 254, 330, 50706
"""Tags: whether it is a smaller copy, where the directories inside of it are, and of DNG files."""
_CR2 = b"II*\0\x10\0\0\0CR\2\0"
_MOST_LOOKED_AT = 100_000
"""Tags of all directories."""


def pages_at(data: bytes) -> list[int]:
    """Where the directories of a file's pages are.

    Its first picture is a page whatever its tags say. What follows is one if it has a size and is
    no smaller copy or mask; at a directory that is none, or was there before, the pages end.
    """
    order, (word, _, _), at = _layout(data)
    pages: list[int] = []
    seen: set[int] = set()
    looked_at = 0
    while at and at not in seen:
        seen.add(at)
        try:
            tags, numbers, following = _directory(data, at, _MOST_LOOKED_AT - looked_at)
            looked_at += tags
            if pages and not {256, 257} <= numbers.keys():
                break
            is_small_or_mask = numbers.get(_KIND, 0) & 0b101 or numbers.get(255) == 2
            if not pages or not is_small_or_mask:
                pages.append(at)
            (at,) = struct.unpack_from(order + word, data, following)
        except struct.error:
            break  # it points to where nothing is
    return pages


def is_raw(data: bytes) -> bool:
    """Whether it is a camera's own file, such as DNG, NEF, ARW or CR2: its first picture is no more
    than a small preview of what the sensor saw."""
    if data.startswith(_CR2):
        return True
    try:
        _, numbers, _ = _directory(data, _layout(data)[2])
    except (struct.error, ValueError):  # decoding says so
        return False
    return _DNG_VERSION in numbers or (_INSIDE in numbers and numbers.get(_KIND, 0) & 1 == 1)


def _directory(data: bytes, at: int, most: int = MOST_TAGS) -> tuple[int, dict[int, int], int]:
    """How many tags a directory has, the first number of each, and where the next one's place is.

    Raises ValueError if there are too many, and struct.error if it is cut short.
    """
    order, (_, number, entry), _ = _layout(data)
    (tags,) = struct.unpack_from(order + number, data, at)
    if tags > min(most, MOST_TAGS):
        raise ValueError("It has too many tags.")
    first, size = at + struct.calcsize(order + number), struct.calcsize(order + entry)
    numbers = {}
    for place in range(first, first + tags * size, size):
        tag, type, _, value = struct.unpack_from(order + entry, data, place)
        numbers[tag] = struct.unpack_from(order + ("H" if type == 3 else "I"), value)[0]
    return tags, numbers, first + tags * size


def _layout(data: bytes) -> tuple[str, tuple[str, str, str], int]:
    """The byte order, how a place, a number of tags and a tag are packed, and where the first
    directory is."""
    order = "<" if data[:2] == b"II" else ">"
    is_big = b"+" in data[2:4]  # BigTIFF
    packed = ("Q", "Q", "HHQ8s") if is_big else ("I", "H", "HHI4s")
    (at,) = struct.unpack_from(order + packed[0], data, 8 if is_big else 4)
    return order, packed, at


def only_needed(data: bytes, at: int | None = None) -> bytes:
    """The file with a directory of one picture's needed tags at its end, and no other.

    The picture is the one whose directory is `at`, or the first.

    Raises ValueError if a tag has far more values than pictures have, and struct.error if the
    directory is cut short.
    """
    order, (word, number, entry), first = _layout(data)
    inline = struct.calcsize(order + word)
    at = first if at is None else at
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
    start = 2 * inline
    return b"".join(
        [
            data[: start - inline] + struct.pack(order + word, end) + data[start:],
            bytes(end - len(data)),
            struct.pack(order + number, len(kept)),
            *(kept[tag] for tag in sorted(kept)),
            bytes(inline),
        ]
    )
