"""Which format a file is in: by how it starts, never by its name."""

from __future__ import annotations

import re

PICTURE_SUFFIXES = {
    *(".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"),
    *(".heic", ".heif"),
}
"""Files that are pictures by their name, also where the extra that reads them is missing."""

PAGED_SUFFIXES = {".pdf", ".tif", ".tiff"}
"""Files that may hold pages by their name; see `pages_in`."""

FORMATS = "PNG, JPEG, WebP, BMP, GIF or TIFF"

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
DECODERS = {
    "PNG": ("PIL.PngImagePlugin", "PngImageFile"),
    "JPEG": ("PIL.JpegImagePlugin", "JpegImageFile"),
    "WebP": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "BMP": ("PIL.BmpImagePlugin", "BmpImageFile"),
    "GIF": ("PIL.GifImagePlugin", "GifImageFile"),
    "TIFF": ("PIL.TiffImagePlugin", "TiffImageFile"),
}

# What reads the formats that are none of Pillow's: what to call the file, the package and
# our extra that brings it.
EXTRAS = {
    "HEIC": ("a HEIC photo", "pi-heif", "heic"),
    "PDF": ("a PDF", "pypdfium2", "pdf"),
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


def format_of(data: bytes) -> str | None:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    if data[4:8] == b"ftyp" and _iso_media_format(data[8:64]) == EXTRAS["HEIC"][0]:
        return "HEIC"
    return next((format for magic, format in _MAGIC if data.startswith(magic)), None)


def other_format_of(data: bytes) -> str | None:
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
