"""Any picture that Python can hold becomes one upright grey array.

In: a path, bytes, a file object, text, a PIL image, an array. Out: uint8 (H, W), or
UnreadablePicture, which says what was wrong and what to do.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inkdigits.errors import NoProcess, UnreadablePicture
from inkdigits.picture.decoding import APART, checked_format, decode, may_be_larger
from inkdigits.picture.formats import PAGED_SUFFIXES, PICTURE_SUFFIXES
from inkdigits.picture.grey import Grey, grey_of_array, grey_of_image, stack_of, to_uint8
from inkdigits.picture.limits import MAX_BYTES, MAX_PIXELS, MAX_SIDE
from inkdigits.picture.sources import bytes_of, exists
from inkdigits.picture.tiff import pages_at

__all__ = [
    "MAX_BYTES",
    "MAX_PIXELS",
    "MAX_SIDE",
    "PAGED_SUFFIXES",
    "PICTURE_SUFFIXES",
    "Grey",
    "Page",
    "PictureSource",
    "may_be_larger",
    "page_count",
    "page_named",
    "pages_in",
    "read_picture",
    "split_page",
    "stack_of",
    "to_uint8",
]

FileSource: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO


@dataclass(frozen=True)
class Page:
    """One page of a PDF or a TIFF file, as a picture."""

    pdf: FileSource
    """Or the TIFF file."""
    number: int
    """From 1."""


PictureSource: TypeAlias = FileSource | Page | NDArray[Any] | Image.Image


def read_picture(
    source: PictureSource,
    *,
    max_bytes: int = MAX_BYTES,
    max_pixels: int = MAX_PIXELS,
    isolate: bool = False,
) -> Grey:
    """Read one picture as an upright grey array: uint8 (H, W), C-contiguous, 0 is black.

    `source` is one of

    - a PNG, JPEG, WebP, BMP or GIF file (of several frames, the first) or a TIFF file of one
      page: its path, its bytes, a binary file object (read from where it stands), a data URL or
      base64 text. A string may be any of the last three or a path, so a server should never pass
      on a string that a stranger sent: decode it, and pass bytes;
    - a HEIC photo, with the extra `inkdigits[heic]`, or a PDF of one page, with `inkdigits[pdf]`,
      in any of these ways. A page of a longer PDF or TIFF file is `Page(source, 2)`, counted from
      1, or a path such as "scan.pdf[2]", unless there is a file of that name. A PDF is rendered in
      200 pixels an inch, so that the digits of a form have the 20 pixels that the network sees of
      them;
    - a PIL image;
    - a NumPy array of shape (H, W), (H, W, 1), (H, W, 2) with alpha, (H, W, 3) or (H, W, 4) with
      alpha. Its values are bools (True is white), floats within 0..1, integers within 0..255, or
      uint16, which is taken to reach 65535 as soon as one value is above 255. Where all are 0 or 1,
      they are taken for bools. Any other C-contiguous uint8 (H, W) array is returned as it is, not
      copied.

    EXIF orientation is applied, also to PIL images. Colours become their luminance, or the
    channel in which ink stands out where it hardly does in luminance. Transparent
    parts are laid on whichever background lets the ink stand out; a picture that is transparent
    throughout comes back white.

    Raises UnreadablePicture, whose `reason` is "missing", "empty", "unsupported", "damaged" or
    "too large". A file is too large with more than `max_bytes`, and any picture with more than
    `max_pixels` or a side above `MAX_SIDE`, which is looked up in the file's header before anything
    is decoded; so is a file that takes far more time or memory than its pixels: a WebP above 22
    megapixels, a JPEG of hundreds of scans, a run-length encoded BMP above 5 megapixels or 4 MiB, a
    TIFF packed in strips of hundreds of MB. Raises TypeError for any other type of source.

    PDFs and TIFF files, and with `isolate` all files, are decoded in a process of their own (see
    `apart.py`). What takes more than 1.5 seconds of a processor or 1.5 GB of addresses there (2**30
    and 8 for each of `max_pixels`), of a PDF 350 MB of memory, is too large, too, and so is what
    its decoder dies of.
    """
    if isinstance(source, np.ndarray):
        return grey_of_array(np.asarray(source), max_pixels)
    if isinstance(source, Image.Image):
        return grey_of_image(source, max_pixels)
    if isinstance(source, str | os.PathLike) and (named := page_named(os.fsdecode(source))):
        source = Page(Path(named[0]), named[1])
    file, page = (source.pdf, source.number) if isinstance(source, Page) else (source, None)
    data, name = bytes_of(file, max_bytes)
    if not data:
        raise UnreadablePicture(
            f"{name} is empty. Give a picture file that has been written to its end.",
            reason="empty",
        )
    if checked_format(data, name, page) in APART or isolate:
        from inkdigits.picture.apart import decode_apart  # imports subprocess, as few need

        return decode_apart(data, name, page, max_pixels)
    return decode(data, name, page, max_pixels)


def page_named(path: str) -> tuple[str, int] | None:
    """The file and the page, counted from 1, if the path is such as "scan.pdf[2]".

    A file that is really called so is no page.
    """
    named = split_page(path)
    return None if named is None or exists(path) or not exists(named[0]) else named


def split_page(name: str) -> tuple[str, int] | None:
    """Likewise, whether or not such a file is there."""
    match = re.fullmatch(r"(.+)\[([0-9]{1,9})\]", name, re.DOTALL) if name.endswith("]") else None
    return match and (match[1], int(match[2]))


def pages_in(path: str, content: bytes | None = None) -> list[str]:
    """What to call each page of a PDF or a TIFF file for `read_picture`; if there is only one, and
    of anything else, the path itself. Of a file that is not on this machine give the content."""
    count = page_count(Path(path) if content is None else content)
    return [path] if count < 2 else [f"{path}[{page}]" for page in range(1, count + 1)]


def page_count(file: FileSource, *, max_bytes: int = MAX_BYTES) -> int:
    """How many pages a PDF or a TIFF file has; 1 for anything else.

    That is also one that cannot be opened, or has more than `max_bytes`: reading it will say why.
    Raises NoProcess if there is none to count them.
    """
    from inkdigits.picture.apart import page_count

    try:
        data, name = bytes_of(file, max_bytes)
        format = checked_format(data, name, None)
        if format == "TIFF":
            return len(pages_at(data))
        return page_count(data, name) if format == "PDF" else 1
    except NoProcess:
        raise
    except Exception:
        return 1
