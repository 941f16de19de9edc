"""The bytes of a file in any known format become an upright grey array."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from io import BytesIO

from PIL import Image

from inkdigits.errors import UnreadablePicture
from inkdigits.picture.formats import DECODERS, EXTRAS, FORMATS, format_of, other_format_of
from inkdigits.picture.grey import Grey, grey_of, upright_grey
from inkdigits.picture.headers import check_bmp, check_gif, check_webp, webp_size
from inkdigits.picture.heic import claimed_sizes, open_heic
from inkdigits.picture.jpeg import lean_jpeg
from inkdigits.picture.limits import check_header, check_pixels, takes_too_much
from inkdigits.picture.numbering import page_meant
from inkdigits.picture.png import lean_png
from inkdigits.picture.tiff import is_raw, only_needed, pages_at

_CHECKS = {"BMP": check_bmp, "GIF": check_gif, "WebP": check_webp}
"""Of formats for which Pillow does too much before its size can be checked, or too slowly."""


APART = {"PDF", "TIFF"}
"""Formats that are never decoded in the process that asks; see `apart.py`. Nobody can stop PDFium,
and libtiff writes to stderr what it thinks of a damaged file."""
PAGED = APART
"""Formats that may have several pages, which are read one at a time."""


def checked_format(data: bytes, name: str, page: int | None) -> str:
    """The file's format; raises UnreadablePicture if it is none that can be decoded here."""
    format = format_of(data)
    if format is None:
        raise _unknown_format(data, name)
    if page is not None and format not in PAGED:
        raise UnreadablePicture(
            f"{name} is no PDF or TIFF file and has no pages. Leave out [{page}].",
            reason="unsupported",
        )
    if format in EXTRAS and not find_spec(EXTRAS[format][1].replace("-", "_")):
        raise _missing_extra(format, name)
    return format


def decode(data: bytes, name: str, page: int | None, max_pixels: int) -> Grey:
    """The picture in a file, or one page of it, which only `worker.py` may ask for."""
    format = checked_format(data, name, page)
    with _told(format, name):
        if format == "PDF":
            from inkdigits.picture.pdf import render_page

            return render_page(data, name, page, max_pixels)
        if format == "HEIC":
            return _heic_photo(data, name, max_pixels)
        at = None
        if format == "TIFF":
            if is_raw(data):
                raise UnreadablePicture(
                    f"{name} is a camera's raw file. Save it as JPEG.", reason="unsupported"
                )
            pages = pages_at(data)
            at = pages[page_meant("a TIFF file", name, page, len(pages)) - 1]
        image = _open(data, format, name, max_pixels, at)
        image.load()
        return upright_grey(image, name)


def page_count(data: bytes, name: str) -> int:
    """How many pages a PDF has; likewise only for `worker.py`."""
    from inkdigits.picture import pdf

    with _told("PDF", name):
        return pdf.page_count(data, name)


@contextmanager
def _told(format: str, name: str) -> Iterator[None]:
    """Whatever goes wrong is an UnreadablePicture that says what."""
    try:
        yield
    except UnreadablePicture:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        # Some decoders check Pillow's limit too. It is three times ours, unless lowered.
        raise UnreadablePicture(
            f"{name} has too many pixels for Pillow. "
            "Make it smaller, or raise PIL.Image.MAX_IMAGE_PIXELS.",
            reason="too large",
        ) from error
    except MemoryError as error:
        raise takes_too_much(format, name, "memory") from error
    except Exception as error:  # from a damaged file Pillow raises a dozen unrelated kinds
        if format in EXTRAS and isinstance(error, ImportError):  # it does not load on this machine
            raise _missing_extra(format, name) from error
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
        if format == "WebP":  # which libwebp would begin to decode
            return math.prod(webp_size(data)) > pixels
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


def _open(
    data: bytes, format: str, name: str, max_pixels: int, at: int | None = None
) -> Image.Image:
    """The picture with its header read and nothing decoded; of a TIFF file, the one `at`."""
    if format in _CHECKS:
        _CHECKS[format](data, name, max_pixels)
    module, decoder = DECODERS[format]
    lean = BytesIO(_lean(data, format, name, at))
    image: Image.Image = getattr(import_module(module), decoder)(lean)
    _keep_little_exif(image)
    check_header(image, name, max_pixels)
    return image


def _lean(data: bytes, format: str, name: str, at: int | None) -> bytes:
    if format == "JPEG":
        return lean_jpeg(data, name)
    if format == "PNG":
        return lean_png(data)
    return only_needed(data, at) if format == "TIFF" else data


def _keep_little_exif(image: Image.Image) -> None:
    """Pillow warns of each tag that is damaged, on stderr."""
    if exif := image.info.get("exif"):
        try:
            image.info["exif"] = only_needed(exif.removeprefix(b"Exif\0\0"))
        except (ValueError, struct.error):
            del image.info["exif"]
