"""The bytes of a file in any known format become an upright grey array."""

from __future__ import annotations

import struct
from importlib import import_module
from io import BytesIO

from PIL import Image

from inkdigits.errors import UnreadablePicture
from inkdigits.picture.formats import DECODERS, EXTRAS, FORMATS, format_of, other_format_of
from inkdigits.picture.grey import Grey, grey_of, upright_grey
from inkdigits.picture.headers import check_bmp, check_gif, check_webp
from inkdigits.picture.heic import claimed_sizes, open_heic
from inkdigits.picture.jpeg import lean_jpeg
from inkdigits.picture.limits import check_header, check_pixels
from inkdigits.picture.png import lean_png
from inkdigits.picture.tiff import only_needed

_CHECKS = {"BMP": check_bmp, "GIF": check_gif, "WebP": check_webp}
"""Of formats for which Pillow does too much before its size can be checked, or too slowly."""


def decode(data: bytes, name: str, page: int | None, max_pixels: int) -> Grey:
    format = format_of(data)
    if format is None:
        raise _unknown_format(data, name)
    if page is not None and format != "PDF":
        raise UnreadablePicture(
            f"{name} is no PDF and has no pages. Leave out [{page}].", reason="unsupported"
        )
    try:
        if format == "PDF":
            return _pdf_page(data, name, page, max_pixels)
        if format == "HEIC":
            return _heic_photo(data, name, max_pixels)
        image = _open(data, format, name, max_pixels)
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


def may_be_larger(data: bytes, pixels: int) -> bool:
    """Whether a file has more than so many pixels by its header, or its header does not tell."""
    format = format_of(data)
    if format is None or format in EXTRAS:
        return format is not None
    try:
        _open(data, format, "", pixels)
    except UnreadablePicture as error:
        return error.reason == "too large"
    except Exception:  # as in `decode`, which will say so
        return False
    return False


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


def _missing_extra(format: str, name: str) -> UnreadablePicture:
    kind, package, extra = EXTRAS[format]
    return UnreadablePicture(
        f"{name} is {kind}, which needs {package}: "
        f'pip install "inkdigits[{extra}]". Or save it as {FORMATS}.',
        reason="unsupported",
    )


def _pdf_page(data: bytes, name: str, page: int | None, max_pixels: int) -> Grey:
    from inkdigits.picture.pdf import render_page  # imports subprocess, which others do without

    try:
        return render_page(data, name, page, max_pixels)
    except ImportError as error:
        raise _missing_extra("PDF", name) from error


_HEIC_PADDING = 64
"""Pixels by which a photo may be stored larger than it is, as HEVC is made of blocks."""


def _heic_photo(data: bytes, name: str, max_pixels: int) -> Grey:
    try:
        import_module("pi_heif")
    except (ImportError, OSError) as error:  # OSError: its library does not load on this machine
        raise _missing_extra("HEIC", name) from error
    photo = open_heic(data)
    width, height = photo.size
    check_pixels(width, height, name, max_pixels)
    padded = (width + _HEIC_PADDING) * (height + _HEIC_PADDING)
    for width, height in claimed_sizes(data):
        check_pixels(width, height, name, max(padded, max_pixels))
    return grey_of(photo.to_pillow(), name)  # upright already


def _open(data: bytes, format: str, name: str, max_pixels: int) -> Image.Image:
    """The picture with its header read and nothing decoded."""
    if format in _CHECKS:
        _CHECKS[format](data, name, max_pixels)
    module, decoder = DECODERS[format]
    lean = BytesIO(_lean(data, format, name))
    image: Image.Image = getattr(import_module(module), decoder)(lean)
    _keep_little_exif(image)
    check_header(image, name, max_pixels)
    return image


def _lean(data: bytes, format: str, name: str) -> bytes:
    if format == "JPEG":
        return lean_jpeg(data, name)
    if format == "PNG":
        return lean_png(data)
    return only_needed(data) if format == "TIFF" else data


def _keep_little_exif(image: Image.Image) -> None:
    """Pillow warns of each tag that is damaged, on stderr."""
    if exif := image.info.get("exif"):
        try:
            image.info["exif"] = only_needed(exif.removeprefix(b"Exif\0\0"))
        except (ValueError, struct.error):
            del image.info["exif"]
