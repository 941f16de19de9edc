"""What the header of a file says, where Pillow would believe it at any cost."""

from __future__ import annotations

import struct

from inkdigits.errors import UnreadablePicture
from inkdigits.picture.limits import check_pixels

MOST_WEBP = 22_000_000
"""Pixels, each of which takes Pillow 16 bytes."""
MOST_RLE, MOST_RLE_BYTES = 5_000_000, 4 * 2**20
"""Pixels and bytes of a run-length encoded BMP, which Pillow decodes in Python."""


def check_bmp(data: bytes, name: str, max_pixels: int) -> None:
    header, width, height, _, _, compression = struct.unpack_from("<IiiHHI", data, 14)
    if header < 40 or compression not in (1, 2):
        return
    if abs(width * height) > MOST_RLE or len(data) > MOST_RLE_BYTES:
        raise UnreadablePicture(
            f"{name} is a run-length encoded BMP, and the limit for those is "
            f"{MOST_RLE / 1e6:g} megapixels and {MOST_RLE_BYTES / 2**20:g} MiB. Save it as PNG.",
            reason="too large",
        )


def check_gif(data: bytes, name: str, max_pixels: int) -> None:
    check_pixels(*_gif_size(data), name, max_pixels)


def check_webp(data: bytes, name: str, max_pixels: int) -> None:
    width, height = webp_size(data)
    check_pixels(width, height, name, max_pixels)
    if width * height > MOST_WEBP:
        raise UnreadablePicture(
            f"{name} is {width} x {height} pixels, and the limit for WebP is "
            f"{MOST_WEBP / 1e6:g} megapixels. Make it smaller, or save it as JPEG or PNG.",
            reason="too large",
        )


def webp_size(data: bytes) -> tuple[int, int]:
    """The size of the canvas, by the first of the three chunks with which a WebP may start."""
    kind = data[12:16]
    if kind == b"VP8X":
        low_width, high_width, low_height, high_height = struct.unpack_from("<HBHB", data, 24)
        return (high_width << 16 | low_width) + 1, (high_height << 16 | low_height) + 1
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def _gif_size(data: bytes) -> tuple[int, int]:
    """The size that Pillow will give a GIF: its screen, stretched to hold its first frame.

    Pillow itself checks too late, as opening a GIF already allocates a frame of any size.
    """
    data = data[: 2**20]  # one whose first frame begins later is hostile, and walking it slow
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    at = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    while data[at] != ord(","):
        if data[at] == ord("!"):  # an extension: a label, then blocks, the last of which is empty
            at += 2
            while data[at]:
                at += 1 + data[at]
        at += 1
    left, top, frame_width, frame_height = struct.unpack_from("<4H", data, at + 1)
    return max(width, left + frame_width), max(height, top + frame_height)
