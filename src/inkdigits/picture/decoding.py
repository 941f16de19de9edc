"""The bytes of a file in any known format become an upright grey array."""

from __future__ import annotations

import struct
from importlib import import_module
from io import BytesIO

from PIL import Image

from inkdigits.errors import UnreadablePicture
from inkdigits.picture.formats import DECODERS, EXTRAS, FORMATS, format_of, other_format_of
from inkdigits.picture.grey import Grey, grey_of, upright_grey
from inkdigits.picture.heic import claimed_sizes, open_heic
from inkdigits.picture.limits import check_header, check_pixels
from inkdigits.picture.pdf import page_count, render_page
from inkdigits.picture.sources import NAMELESS


def decode(data: bytes, name: str, page: int | None, max_pixels: int) -> Grey:
    format = format_of(data)
    if format is None:
        raise _unknown_format(data, name)
    if page is not None and format != "PDF":
        raise UnreadablePicture(
            f"{name} is no PDF and has no pages. Leave out [{page}].", reason="unsupported"
        )
    if format in EXTRAS:
        _check_extra(format, name)
    try:
        if format == "PDF":
            return _pdf_page(data, name, page, max_pixels)
        if format == "HEIC":
            return _heic_photo(data, name, max_pixels)
        if format == "GIF":
            check_pixels(*_gif_size(data), name, max_pixels)
        image = _open(data, format)
        check_header(image, name, max_pixels)
        image.load()
        return upright_grey(image, name)
    except UnreadablePicture:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        # Some decoders check Pillow's limit too. It is three times ours, unless lowered.
        raise UnreadablePicture(
            f"{name} has too many pixels for Pillow. "
            "Make it smaller, or raise max_pixels and PIL.Image.MAX_IMAGE_PIXELS.",
            reason="too large",
        ) from error
    except MemoryError as error:
        raise UnreadablePicture(
            f"{name} does not fit in memory. Make it smaller.", reason="too large"
        ) from error
    except Exception as error:  # from a damaged file Pillow raises a dozen unrelated kinds
        raise UnreadablePicture(
            f"{name} starts like a {format} file but does not decode: it is damaged, cut short or "
            "of a rare kind. Copy it again, or save it as an ordinary PNG or JPEG."
        ) from error


def _unknown_format(data: bytes, name: str) -> UnreadablePicture:
    other = other_format_of(data)
    if other is None:
        return UnreadablePicture(
            f"{name} is in no picture format that is known. Give a {FORMATS} file."
        )
    return UnreadablePicture(
        f"{name} is {other}, which inkdigits does not read. Save it as {FORMATS}.",
        reason="unsupported",
    )


def _check_extra(format: str, name: str) -> None:
    kind, module, package, extra = EXTRAS[format]
    try:
        import_module(module)
    except (ImportError, OSError) as error:  # OSError: its library does not load on this machine
        raise UnreadablePicture(
            f"{name} is {kind}, which needs {package}: "
            f'pip install "inkdigits[{extra}]". Or save it as {FORMATS}.',
            reason="unsupported",
        ) from error


def _pdf_page(data: bytes, name: str, page: int | None, max_pixels: int) -> Grey:
    if page is None and (count := page_count(data, name)) > 1:
        how = (
            "Give one of them, as a PDF of its own or as a picture."
            if name in NAMELESS
            else f'Name one of them: "{name}[1]" to "{name}[{count}]".'
        )
        raise UnreadablePicture(f"{name} is a PDF of {count} pages. {how}", reason="unsupported")
    return render_page(data, name, 1 if page is None else page, max_pixels)


_HEIC_PADDING = 64
"""Pixels by which a photo may be stored larger than it is, as HEVC is made of blocks."""


def _heic_photo(data: bytes, name: str, max_pixels: int) -> Grey:
    photo = open_heic(data)
    width, height = photo.size
    check_pixels(width, height, name, max_pixels)
    padded = (width + _HEIC_PADDING) * (height + _HEIC_PADDING)
    for width, height in claimed_sizes(data):
        check_pixels(width, height, name, max(padded, max_pixels))
    return grey_of(photo.to_pillow(), name)  # upright already


def _open(data: bytes, format: str) -> Image.Image:
    """The picture with its header read and nothing decoded."""
    module, decoder = DECODERS[format]
    image: Image.Image = getattr(import_module(module), decoder)(BytesIO(data))
    return image


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
