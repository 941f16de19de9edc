"""Any picture that Python can hold becomes one upright grey array.

From top to bottom: where the bytes come from, which format they are in, decoding, turning
whatever the format holds into eight bits of grey, and the plain arrays that need no decoding.
"""

import binascii
import os
import re
import struct
from collections.abc import Callable
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inkdigits.picture.colours import grey_of_colours
from inkdigits.errors import UnreadablePicture
from inkdigits.picture.heic import claimed_sizes, open_heic
from inkdigits.picture.pdf import page_count, render_page

PictureSource: TypeAlias = (
    str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | NDArray[Any] | Image.Image
)
Grey: TypeAlias = NDArray[np.uint8]

PICTURE_SUFFIXES = {
    *(".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"),
    *(".heic", ".heif"),
}
"""Files that are pictures by their name, also where the extra that reads them is missing."""

PAGED_SUFFIXES = {".pdf"}
"""Files that hold pages by their name; see `pages_in`."""

MAX_BYTES = 32 * 2**20
MAX_PIXELS = 50_000_000
MAX_SIDE = 20_000
"""Pixels. Reading takes memory for each row and column, far more than for each pixel."""

_FORMATS = "PNG, JPEG, WebP, BMP, GIF or TIFF"


def read_picture(
    source: PictureSource, *, max_bytes: int = MAX_BYTES, max_pixels: int = MAX_PIXELS
) -> Grey:
    """Read one picture as an upright grey array: uint8 (H, W), C-contiguous, 0 is black.

    `source` is one of

    - a PNG, JPEG, WebP, BMP, GIF or TIFF file (of several frames, the first): its path, its
      bytes, a binary file object (read from where it stands), a data URL or base64 text. A
      string may be any of the last three or a path, so a server should never pass on a string
      that a stranger sent: decode it, and pass bytes;
    - a HEIC photo, with the extra `inkdigits[heic]`, or a PDF of one page, with `inkdigits[pdf]`,
      in any of these ways. A page of a longer PDF is named by a path such as "scan.pdf[2]",
      counted from 1, unless there is a file of that name. Pages are rendered in 200 pixels an
      inch, so that the digits of a form have the 20 pixels that the network sees of them;
    - a PIL image;
    - a NumPy array of shape (H, W), (H, W, 1), (H, W, 2) with alpha, (H, W, 3) or (H, W, 4) with
      alpha. Its values are bools (True is white), floats within 0..1, integers within 0..255, or
      uint16, which is taken to reach 65535 as soon as one value is above 255. A C-contiguous
      uint8 (H, W) array is returned as it is, not copied.

    EXIF orientation is applied, also to PIL images. Colours become their luminance, or the
    channel in which ink stands out where it hardly does in luminance. Transparent
    parts are laid on whichever background lets the ink stand out; a picture that is transparent
    throughout comes back white.

    Raises UnreadablePicture, whose `reason` is "missing", "empty", "unsupported", "damaged" or
    "too large". A file is too large with more than `max_bytes`, and any picture with more than
    `max_pixels` or a side above `MAX_SIDE`, which is looked up in the file's header before anything
    is decoded. Raises TypeError for any other type of source.
    """
    if isinstance(source, np.ndarray):
        return _grey_of_array(np.asarray(source), max_pixels)
    if isinstance(source, Image.Image):
        return _grey_of_pil_image(source, max_pixels)
    page = None
    if isinstance(source, str | os.PathLike) and (named := page_named(os.fsdecode(source))):
        source, page = Path(named[0]), named[1]
    data, name = _bytes_of(source, max_bytes)
    if not data:
        raise UnreadablePicture(
            f"{name} is empty. Give a picture file that has been written to its end.",
            reason="empty",
        )
    return _decode(data, name, page, max_pixels)


def page_named(path: str) -> tuple[str, int] | None:
    """The file and the page, counted from 1, if the path is such as "scan.pdf[2]".

    A file that is really called so is no page.
    """
    if not path.endswith("]"):
        return None
    match = re.fullmatch(r"(.+)\[([0-9]{1,9})\]", path, re.DOTALL)
    if match is None or _exists(path) or not _exists(match[1]):
        return None
    return match[1], int(match[2])


def pages_in(path: str) -> list[str]:
    """What to call each page of a PDF for `read_picture`; the path itself of anything else.

    A PDF that cannot be opened is itself, too: reading it will say why.
    """
    try:
        count = page_count(*_bytes_of_path(path, MAX_BYTES))
    except Exception:
        return [path]
    return [path] if count < 2 else [f"{path}[{page}]" for page in range(1, count + 1)]


# ---------------------------------------------------------------- where the bytes come from


_NAMELESS = {"The picture", "The data URL", "The base64 text"}
"""What pictures are called that are in no file."""


def _bytes_of(source: object, max_bytes: int) -> tuple[bytes, str]:
    """The bytes of a picture file, and what to call it at the start of a sentence."""
    if isinstance(source, bytes | bytearray | memoryview):
        size = source.nbytes if isinstance(source, memoryview) else len(source)
        _check_bytes(size, "The picture", max_bytes)
        return bytes(source), "The picture"
    if isinstance(source, str):
        return _bytes_of_text(source, max_bytes)
    if isinstance(source, os.PathLike):
        return _bytes_of_path(os.fsdecode(source), max_bytes)
    if callable(getattr(source, "read", None)):
        return _bytes_of_file(source, max_bytes)
    raise TypeError(
        "A picture is a path, bytes, a binary file object, a data URL, base64 text, a NumPy array "
        f"or a PIL image, not {type(source).__name__}."
    )


def _check_bytes(size: int, name: str, max_bytes: int) -> None:
    if size > max_bytes:
        raise UnreadablePicture(
            f"{name} is larger than {max_bytes / 2**20:.3g} MiB. "
            "Save it smaller, or raise max_bytes.",
            reason="too large",
        )


def _bytes_of_path(path: str, max_bytes: int) -> tuple[bytes, str]:
    name = _shown(path)
    try:
        if Path(path).is_dir():  # said here, because Windows would call it "permission denied"
            raise UnreadablePicture(
                f"{name} is a folder. Give the path of one picture in it.", reason="missing"
            )
        with Path(path).open("rb") as file:
            data = file.read(max_bytes + 1)
    except FileNotFoundError as error:
        raise UnreadablePicture(
            f"{name} does not exist. Check the path, seen from {_shown(str(Path.cwd()))}.",
            reason="missing",
        ) from error
    except (OSError, ValueError) as error:  # ValueError: the path holds a NUL
        why = getattr(error, "strerror", None) or error
        raise UnreadablePicture(
            f"{name} cannot be opened: {why}. Check the path and its permissions.",
            reason="missing",
        ) from error
    _check_bytes(len(data), name, max_bytes)
    return data, name


def _shown(text: str) -> str:
    """A path as it can stand in a message: short, on one line, printable everywhere."""
    if len(text) > 200:
        text = f"{text[:80]}...{text[-20:]}"
    return text if text.isprintable() else repr(text)


def _bytes_of_file(file: Any, max_bytes: int) -> tuple[bytes, str]:
    path = getattr(file, "name", None)
    name = _shown(path) if isinstance(path, str) else "The picture"
    data = bytearray()
    try:
        # Pipes and raw files may give less than they were asked for.
        while len(data) <= max_bytes and (piece := file.read(max_bytes + 1 - len(data))):
            if not isinstance(piece, bytes | bytearray | memoryview):
                raise TypeError(
                    f"{name} gave {type(piece).__name__} when read, not bytes. "
                    "Open the file in binary mode."
                )
            data += piece
    except (OSError, ValueError) as error:  # ValueError: the file is closed
        raise UnreadablePicture(
            f"{name} cannot be read: {error}. Open the file for reading and pass it again.",
            reason="missing",
        ) from error
    if not data and _is_at_its_end(file):
        raise UnreadablePicture(
            f"{name} has been read or written to its end already. Go back with seek(0) first.",
            reason="empty",
        )
    _check_bytes(len(data), name, max_bytes)
    return bytes(data), name


def _is_at_its_end(file: Any) -> bool:
    try:
        return bool(file.tell() > 0)
    except (AttributeError, OSError, ValueError):
        return False


# ---------------------------------------------------------------- strings


def _bytes_of_text(text: str, max_bytes: int) -> tuple[bytes, str]:
    """A string is a data URL, else the path of a file that exists, else base64, else a bad path."""
    if not text.strip():
        raise UnreadablePicture(
            "The string is empty. Give a path, a data URL or base64 text.", reason="empty"
        )
    if text[:64].lstrip()[:5].lower() == "data:":
        return _bytes_of_data_url(text.strip(), max_bytes), "The data URL"
    if not _exists(text) and _looks_like_base64(text):
        return _bytes_of_base64(text, "The base64 text", max_bytes), "The base64 text"
    return _bytes_of_path(text, max_bytes)


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):  # too long for a path, as base64 text is, or it holds a NUL
        return False


def _looks_like_base64(text: str) -> bool:
    """Whether a string that is no file was meant as base64 rather than as a path.

    Every word is valid base64, and so are many paths ("/9j/4AAQ" is how a JPEG starts): what
    tells is that it decodes to the start of a known format, or that no path is this long.
    """
    if len(text) < 32:  # shorter than the smallest picture
        return False
    head = re.sub(r"\s", "", text[:80])[:32]
    try:
        start = _decode_base64(head)
    except ValueError:
        return False
    if _format_of(start) or _other_format_of(start):
        return True
    return len(text) > 4096 and re.fullmatch(r"[A-Za-z0-9+/_=\s-]*", text) is not None


def _bytes_of_data_url(url: str, max_bytes: int) -> bytes:
    header, comma, body = url.partition(",")
    if not comma:
        raise UnreadablePicture(
            "The data URL has no comma, and so no data. "
            'Give all of it: "data:image/png;base64,iVBORw0...".'
        )
    if header.rstrip().lower().endswith(";base64"):
        if "%" in body:
            body = _percent_decode(body, max_bytes).decode("latin-1")
        return _bytes_of_base64(body, "The data URL", max_bytes)
    return _percent_decode(body, max_bytes)


def _percent_decode(body: str, max_bytes: int) -> bytes:
    _check_bytes(len(body), "The data URL", max_bytes)  # as it is written: decoding takes memory
    from urllib.parse import unquote_to_bytes  # only here, as it takes long to import

    try:
        return unquote_to_bytes(body)
    except UnicodeEncodeError as error:
        raise UnreadablePicture(
            "The data URL holds characters that belong in no URL. Encode the picture again."
        ) from error


def _bytes_of_base64(text: str, name: str, max_bytes: int) -> bytes:
    text = "".join(text.split()).rstrip("=")
    _check_bytes(len(text) * 3 // 4, name, max_bytes)
    try:
        return _decode_base64(text)
    except ValueError as error:
        raise UnreadablePicture(
            f"{name} is not valid base64: it is cut short or holds other characters. "
            "Encode the picture again and pass all of it."
        ) from error


def _decode_base64(text: str) -> bytes:
    """The bytes of base64 without whitespace or padding, in either of its two alphabets."""
    text = text.replace("-", "+").replace("_", "/")
    return binascii.a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True)


# ---------------------------------------------------------------- formats

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),  # these two are BigTIFF
    (b"MM\0+", "TIFF"),
    (b"%PDF", "PDF"),
)

# Pillow's class for each format, made directly: Image.open() would look at a dozen other formats,
# and would warn or refuse according to the process-wide Image.MAX_IMAGE_PIXELS instead of our
# own limit. Each plugin is imported when it is first needed.
_DECODERS = {
    "PNG": ("PIL.PngImagePlugin", "PngImageFile"),
    "JPEG": ("PIL.JpegImagePlugin", "JpegImageFile"),
    "WebP": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "BMP": ("PIL.BmpImagePlugin", "BmpImageFile"),
    "GIF": ("PIL.GifImagePlugin", "GifImageFile"),
    "TIFF": ("PIL.TiffImagePlugin", "TiffImageFile"),
}

# What reads the formats that are none of Pillow's: what to call the file, the module, the package
# and our extra that brings it.
_EXTRAS = {
    "HEIC": ("a HEIC photo", "pi_heif", "pi-heif", "heic"),
    "PDF": ("a PDF", "pypdfium2", "pypdfium2", "pdf"),
}

_OTHER_MAGIC = (
    (b"%!PS", "a PostScript file"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL picture"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"8BPS", "a Photoshop file"),
    (b"gimp xcf", "a GIMP file"),
    (b"\0\0\1\0", "an icon"),
    (b"icns", "an icon"),
    (b"qoif", "a QOI picture"),
    (b"DDS ", "a DDS texture"),
    (b"AT&TFORM", "a DjVu document"),
    (b"\x76\x2f\x31\x01", "an OpenEXR picture"),
    (b"SIMPLE  =", "a FITS picture"),
    (b"\x93NUMPY", "a NumPy file (numpy.load gives the array in it)"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
)


def _format_of(data: bytes) -> str | None:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    if data[4:8] == b"ftyp" and _iso_media_format(data[8:64]) == _EXTRAS["HEIC"][0]:
        return "HEIC"
    return next((format for magic, format in _MAGIC if data.startswith(magic)), None)


def _other_format_of(data: bytes) -> str | None:
    """What the file is, with its article, if it is of a well-known kind that is not read."""
    if data[4:8] == b"ftyp":
        return _iso_media_format(data[8:64])
    if re.match(rb"P[1-7]\s", data):
        return "a PNM picture"
    text = data[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith(b"<") and b"<svg" in text:
        return "an SVG drawing"
    if text.startswith((b"<!doctype html", b"<html")):
        return "a web page"
    return next((kind for magic, kind in _OTHER_MAGIC if data.startswith(magic)), None)


def _iso_media_format(brands: bytes) -> str:
    if b"avi" in brands:
        return "an AVIF picture"
    if any(brand in brands for brand in (b"hei", b"hev", b"mif1", b"msf1")):
        return "a HEIC photo"
    return "a video"


# ---------------------------------------------------------------- decoding


def _decode(data: bytes, name: str, page: int | None, max_pixels: int) -> Grey:
    format = _format_of(data)
    if format is None:
        raise _unknown_format(data, name)
    if page is not None and format != "PDF":
        raise UnreadablePicture(
            f"{name} is no PDF and has no pages. Leave out [{page}].", reason="unsupported"
        )
    if format in _EXTRAS:
        _check_extra(format, name)
    try:
        if format == "PDF":
            return _pdf_page(data, name, page, max_pixels)
        if format == "HEIC":
            return _heic_photo(data, name, max_pixels)
        if format == "GIF":
            _check_pixels(*_gif_size(data), name, max_pixels)
        image = _open(data, format)
        _check_header(image, name, max_pixels)
        image.load()
        return _upright_grey(image, name)
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
    other = _other_format_of(data)
    if other is None:
        return UnreadablePicture(
            f"{name} is in no picture format that is known. Give a {_FORMATS} file."
        )
    return UnreadablePicture(
        f"{name} is {other}, which inkdigits does not read. Save it as {_FORMATS}.",
        reason="unsupported",
    )


def _check_extra(format: str, name: str) -> None:
    kind, module, package, extra = _EXTRAS[format]
    try:
        import_module(module)
    except (ImportError, OSError) as error:  # OSError: its library does not load on this machine
        raise UnreadablePicture(
            f"{name} is {kind}, which needs {package}: "
            f'pip install "inkdigits[{extra}]". Or save it as {_FORMATS}.',
            reason="unsupported",
        ) from error


def _pdf_page(data: bytes, name: str, page: int | None, max_pixels: int) -> Grey:
    if page is None and (count := page_count(data, name)) > 1:
        how = (
            "Give one of them, as a PDF of its own or as a picture."
            if name in _NAMELESS
            else f'Name one of them: "{name}[1]" to "{name}[{count}]".'
        )
        raise UnreadablePicture(f"{name} is a PDF of {count} pages. {how}", reason="unsupported")
    return render_page(data, name, 1 if page is None else page, max_pixels)


_HEIC_PADDING = 64
"""Pixels by which a photo may be stored larger than it is, as HEVC is made of blocks."""


def _heic_photo(data: bytes, name: str, max_pixels: int) -> Grey:
    photo = open_heic(data)
    width, height = photo.size
    _check_pixels(width, height, name, max_pixels)
    padded = (width + _HEIC_PADDING) * (height + _HEIC_PADDING)
    for width, height in claimed_sizes(data):
        _check_pixels(width, height, name, max(padded, max_pixels))
    return _grey(photo.to_pillow(), name)  # upright already


def _open(data: bytes, format: str) -> Image.Image:
    """The picture with its header read and nothing decoded."""
    module, decoder = _DECODERS[format]
    image: Image.Image = getattr(import_module(module), decoder)(BytesIO(data))
    return image


def _check_pixels(width: int, height: int, name: str, max_pixels: int) -> None:
    if max(width, height) > MAX_SIDE:
        raise UnreadablePicture(
            f"{name} is {width} x {height} pixels, and the limit for a side is {MAX_SIDE:,}. "
            "Cut it, or make it smaller.",
            reason="too large",
        )
    if width * height > max_pixels:
        raise UnreadablePicture(
            f"{name} is {width} x {height} pixels, and the limit is {max_pixels / 1e6:g} "
            "megapixels. Make it smaller, or raise max_pixels.",
            reason="too large",
        )


_TILE_WIDTH, _TILE_LENGTH = 322, 323  # TIFF tags


def _check_header(image: Image.Image, name: str, max_pixels: int) -> None:
    _check_pixels(*image.size, name, max_pixels)
    # The tiles of a TIFF may be far larger than the picture, and are decoded whole.
    tags = getattr(image, "tag_v2", {})
    _check_pixels(tags.get(_TILE_WIDTH, 0), tags.get(_TILE_LENGTH, 0), name, max_pixels)


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


# ---------------------------------------------------------------- from any PIL image to grey

# How to turn a picture upright, by its EXIF orientation.
_UPRIGHT: dict[int, Callable[[Grey], Grey]] = {
    2: lambda grey: grey[:, ::-1],
    3: lambda grey: grey[::-1, ::-1],
    4: lambda grey: grey[::-1],
    5: lambda grey: grey.T,
    6: lambda grey: grey[::-1].T,
    7: lambda grey: grey[::-1, ::-1].T,
    8: lambda grey: grey.T[::-1],
}

_OWN_CONTRAST = 64  # grey levels


def _grey_of_pil_image(image: Image.Image, max_pixels: int) -> Grey:
    name = "The PIL image"
    if 0 in image.size:
        raise _no_pixels(name)
    try:
        _check_header(image, name, max_pixels)
        return _upright_grey(image, name)
    except UnreadablePicture:
        raise
    except Exception as error:  # it may not be loaded yet, and its file damaged or closed
        raise UnreadablePicture(
            f"{name} cannot be loaded: {error}. Check that its file is whole and still open."
        ) from error


def _upright_grey(image: Image.Image, name: str) -> Grey:
    grey = _grey(image, name)
    turn = _UPRIGHT.get(_orientation(image))
    return np.ascontiguousarray(turn(grey)) if turn else grey


def _orientation(image: Image.Image) -> Any:
    try:
        return image.getexif().get(0x0112)
    except Exception:  # a damaged note about the picture is no reason to refuse the picture
        return None


def _grey(image: Image.Image, name: str) -> Grey:
    if image.mode.startswith("I;16"):
        return _grey_of_16_bit(image)
    if image.mode in ("I", "F"):
        return _grey_of_32_bit(np.asarray(image), name)
    if image.mode == "LAB":
        return np.array(image.getchannel("L"))
    if not image.has_transparency_data:
        return np.array(grey_of_colours(image) if image.mode == "RGB" else image.convert("L"))
    if image.mode == "La":  # Pillow would lose its alpha on the way to RGBA
        image = image.convert("LA")
    if image.mode != "RGBA":
        image = image.convert("RGBA")
    return _on_a_background(image.convert("L"), image.getchannel("A"))


def _grey_of_16_bit(image: Image.Image) -> Grey:
    values = np.asarray(image)
    grey = _from_16_bit(values)
    transparent = image.info.get("transparency")
    if transparent is None:
        return grey
    alpha = np.where(values == transparent, 0, 255).astype(np.uint8)
    return _on_a_background(Image.fromarray(grey), Image.fromarray(alpha))


def _grey_of_32_bit(values: NDArray[Any], name: str) -> Grey:
    """Pillow's 32-bit integers and floats may hold 8 or 16 bits, not rescaled."""
    low, high = values.min(), values.max()
    if values.dtype.kind == "f" and low >= 0 and 1 < high <= 255:
        return (values + 0.5).astype(np.uint8)
    if values.dtype.kind == "i" and low >= 0 and 255 < high <= 65535:
        return _from_16_bit(values)
    return to_uint8(values, name)


def _on_a_background(grey: Image.Image, alpha: Image.Image) -> Grey:
    """Lay a partly transparent picture on the background that lets its ink stand out.

    A cut-out of paper with ink on it is laid on more of its own paper. Strokes on a transparent
    canvas are laid on white if they are dark, on black if they are light.
    """
    if alpha.getextrema() == (255, 255):
        return np.array(grey)
    picture = Image.new("L", grey.size, _background(np.asarray(grey), alpha))
    picture.paste(grey, mask=alpha)
    return np.array(picture)


def _background(grey: Grey, alpha: Image.Image) -> int:
    box = alpha.getbbox()
    if box is None:
        return 255  # nothing is opaque
    opaque = np.cumsum(_histogram(grey, np.asarray(alpha)))
    darkest, median, lightest = np.searchsorted(opaque, opaque[-1] * np.array([0.001, 0.5, 0.999]))
    # Strokes of two colours, or with a soft edge, have contrast too, but they do not fill the
    # space that they are in as paper does.
    left, top, right, bottom = box
    is_solid = opaque[-1] / 255 > (right - left) * (bottom - top) / 2
    if is_solid and lightest - darkest >= _OWN_CONTRAST:
        return int(median)
    return 255 if median < 128 else 0


def _histogram(grey: Grey, weights: Grey) -> NDArray[np.float64]:
    """How much there is of each of the 256 levels: (256,).

    Without the many pixels that weigh nothing, and piece by piece, as NumPy widens what it counts.
    """
    counts = np.zeros(256)
    for start in range(0, grey.size, 2**20):
        levels = grey.ravel()[start : start + 2**20]
        weight = weights.ravel()[start : start + 2**20]
        counts += np.bincount(levels[weight > 0], weight[weight > 0], minlength=256)
    return counts


# ---------------------------------------------------------------- arrays


def _grey_of_array(array: NDArray[Any], max_pixels: int) -> Grey:
    name = "The array"
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim != 2 and not (array.ndim == 3 and array.shape[2] in (2, 3, 4)):
        raise UnreadablePicture(
            f"{name} has the shape {array.shape}. Give one picture, of shape (H, W), or (H, W, C) "
            "with 1 to 4 channels.",
            reason="unsupported",
        )
    if array.size == 0:
        raise _no_pixels(name)
    _check_pixels(array.shape[1], array.shape[0], name, max_pixels)
    levels = np.ascontiguousarray(to_uint8(array, name))
    if levels.ndim == 2:
        return levels
    return _grey(Image.fromarray(levels), name)


def _no_pixels(name: str) -> UnreadablePicture:
    return UnreadablePicture(
        f"{name} has no pixels. Give one with a height and a width.", reason="empty"
    )


def to_uint8(values: NDArray[Any], name: str = "The array") -> Grey:
    """Values on any scale that read_picture() takes, in any shape -> the same shape in 0..255.

    uint8 comes back as it is, not copied. Raises UnreadablePicture ("unsupported") for values on
    no such scale, calling the array `name`.
    """
    if values.dtype == np.uint8:
        return values
    if values.dtype == np.bool_ or values.size == 0:
        return np.where(values, 255, 0).astype(np.uint8)
    if values.dtype.kind not in "iuf":
        raise UnreadablePicture(
            f"{name} holds values of type {values.dtype}. Give numbers: uint8 within 0..255, or "
            "floats within 0..1.",
            reason="unsupported",
        )
    low, high = values.min(), values.max()
    if values.dtype.kind == "f" and low >= -1e-6 and high <= 1 + 1e-6:  # not so if either is NaN
        shares: NDArray[np.float32] = np.clip(values, 0, 1).astype(np.float32)
        return (shares * 255 + 0.5).astype(np.uint8)
    if values.dtype.kind != "f" and low >= 0 and high <= 255:
        return values.astype(np.uint8)
    if values.dtype.newbyteorder("=") == np.uint16:
        return _from_16_bit(values)
    raise UnreadablePicture(
        f"{name} holds {values.dtype} values from {low} to {high}. Give floats within 0..1, "
        "integers within 0..255, or uint16.",
        reason="unsupported",
    )


def _from_16_bit(values: NDArray[Any]) -> Grey:
    """0..65535 -> 0..255, to the nearest."""
    wide = values.astype(np.uint32)
    wide += 128
    wide //= 257
    return wide.astype(np.uint8)
