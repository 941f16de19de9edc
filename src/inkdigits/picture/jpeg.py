"""A JPEG file without what decides no pixel, which Pillow and libjpeg would take long over.

Pillow joins the pieces of an EXIF note in quadratic time, reads what lies between segments byte by
byte, and keeps a record of every segment.
"""

from __future__ import annotations

import re
import struct

from inkdigits.errors import UnreadablePicture
from inkdigits.picture.limits import MAX_PIXELS, MOST_DECODED, takes_too_much
from inkdigits.picture.tiff import only_needed

MOST_SEGMENTS = 5_000
"""Far above what files have: 500 large ones already fill 32 MiB."""
MOST_HEADER = 2**18
"""Bytes of tables before the first scan, which have some hundreds."""
MOST_SCANNED = 24 * MAX_PIXELS
"""Pixels, counted in every scan. A progressive file has some 10 scans, and in CMYK 24."""

_SOI, _EOI, _SOS, _APP1 = 0xD8, 0xD9, 0xDA, 0xE1
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
"""They and files of several scans are held as a whole: 2 bytes a sample, beside 4 a pixel."""
_KEPT = _FRAMES | {0xC4, 0xCC, 0xDB, 0xDD, 0xE0, 0xEE}  # tables, and what says which colours
_LEFT_OUT = {0xDC, 0xFE, *range(0xE0, 0xF0)} - _KEPT
_EXIF, _XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
_MARKER = re.compile(rb"\xff([\xc0-\xcf\xd8-\xfe])")
"""Not restarts, nor what stands in scans for a byte of 255."""


def lean_jpeg(data: bytes, name: str) -> bytes:
    """The file, of whose notes only the first of EXIF and of XMP are left: they say what is up.

    Raises UnreadablePicture if its scans are so many that they take minutes to decode, and
    ValueError if it is damaged or has more segments than any camera writes.
    """
    header, at = [data[:2]], 2
    notes = {_EXIF, _XMP}
    pixels = held = scans = first = 0
    is_progressive = False
    for _ in range(MOST_SEGMENTS):
        match = _MARKER.search(data, at, len(data) if scans else at + MOST_HEADER)
        marker = match[1][0] if match else _EOI
        if match is None or marker in (_SOI, _EOI) or match.end() + 2 > len(data):
            break
        start = at = match.start()
        at += 2 + struct.unpack_from(">H", data, start + 2)[0]
        if marker == _SOS:
            first = first or start
            scans += 1
            if scans * pixels > MOST_SCANNED:
                raise _too_many_scans(name)
            if held > MOST_DECODED and (is_progressive or scans > 1):
                raise takes_too_much("JPEG", name, "memory")
        elif not scans and marker in _KEPT:
            header.append(data[start:at])
            if marker in _FRAMES:
                height, width = struct.unpack_from(">HH", data, start + 5)
                pixels = max(pixels, height * width)
                held = max(held, height * width * (4 + 2 * _samples(data[start:at])))
                is_progressive = marker in _PROGRESSIVE
        elif not scans and marker == _APP1:
            kind = next((kind for kind in notes if data.startswith(kind, start + 4)), None)
            if kind is not None:
                notes.remove(kind)
                header.append(_note(data[start:at], kind))
        elif not scans and marker not in _LEFT_OUT:
            raise ValueError("It has a segment that no JPEG has.")
    else:
        raise ValueError("It has too many segments.")
    if not scans or sum(map(len, header)) > MOST_HEADER:
        raise ValueError("It has no scan, or too much before the first.")
    return b"".join([*header, data[first:]])


def _samples(frame: bytes) -> float:
    """How many there are for each pixel: 3 in full colours, 1.5 where two of them are halved."""
    sides = [(each >> 4) * (each & 15) for each in frame[11::3]]
    return sum(sides) / max([1, *sides])


def _note(segment: bytes, kind: bytes) -> bytes:
    if kind != _EXIF:
        return segment
    try:
        note = _EXIF + only_needed(segment[4 + len(_EXIF) :])
    except (ValueError, struct.error):  # a damaged note is no reason to refuse the picture
        return b""
    return segment[:2] + struct.pack(">H", 2 + len(note)) + note if len(note) < 2**16 - 2 else b""


def _too_many_scans(name: str) -> UnreadablePicture:
    return UnreadablePicture(
        f"{name} is a JPEG file of too many scans for its size. "
        "Save it as an ordinary JPEG or PNG.",
        reason="too large",
    )
