"""JPEG files that would take minutes to decode are not decoded, and ordinary ones are."""

import struct

import pytest
from bombs import GREY, assert_cheap, jpeg_with, saved, segment
from PIL import Image

from inkdigits.errors import UnreadablePicture
from inkdigits.picture import read_picture

EXIF, XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
MANY = 500_000


def of_scans(many: int, side: int = 2000) -> bytes:
    """A progressive JPEG whose last scan stands in it so many times more."""
    jpeg = saved("JPEG", Image.new("RGB", (side, side), "teal"), progressive=True)
    return jpeg[:-2] + jpeg[jpeg.rindex(b"\xff\xda") : -2] * many + jpeg[-2:]


def test_thousands_of_scans_are_too_large() -> None:
    assert_cheap(of_scans(3000), "too large: The picture is a JPEG file of too many scans")


@pytest.mark.parametrize(
    "segments",
    [
        pytest.param(segment(0xE1, EXIF + bytes(22)) * MANY, id="EXIF"),
        pytest.param(segment(0xE1) * MANY * 6, id="nothing"),
        pytest.param(segment(0xC0, b"\x08\0\x18\0\x20\1" + b"\1\x11\0" * 21_000) * 490, id="SOF"),
        pytest.param(segment(0xDB, (b"\0" + bytes(64)) * 1000) * 490, id="tables"),
        pytest.param(b"\xff" * 2**24, id="fill bytes"),
        pytest.param(b"\xff\xd8" * 2**22, id="starts"),
    ],
)
def test_more_before_the_picture_than_any_file_has_is_damaged(segments: bytes) -> None:
    assert_cheap(jpeg_with(segments), "damaged")


@pytest.mark.parametrize(
    "segments",
    [
        pytest.param(segment(0xE1, EXIF + bytes(65_500)) * 500, id="EXIF"),
        pytest.param(segment(0xED, b"Photoshop 3.0\0" + b"8BIM\1\1" + bytes(6)) * 500, id="APP13"),
    ],
)
def test_large_notes_cost_nothing(segments: bytes) -> None:
    assert_cheap(jpeg_with(segments), "(24, 32)")


def test_a_damaged_note_says_nothing_on_stderr() -> None:
    entry = b"\x10\x01\2\0\xff\xff\0\0\x10\0\0\0"
    note = EXIF + b"II*\0\x08\0\0\0" + b"\xff\x03" + entry * 1023

    assert_cheap(jpeg_with(segment(0xE1, note)), "(24, 32)")


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_a_progressive_picture_of_any_colours_is_read(mode: str) -> None:
    assert read_picture(saved("JPEG", GREY.convert(mode), progressive=True)).shape == (24, 32)


def test_dozens_of_scans_of_a_small_picture_are_read() -> None:
    assert read_picture(of_scans(90, side=100)).shape == (100, 100)


def test_a_note_in_xmp_still_says_what_is_up() -> None:
    jpeg = jpeg_with(segment(0xE1, XMP + b'<x:xmpmeta tiff:Orientation="6"/>'))

    assert read_picture(jpeg).shape == (32, 24)


def test_a_profile_a_comment_and_a_preview_are_no_hindrance() -> None:
    preview = segment(0xE2, b"MPF\0" + saved("JPEG"))
    jpeg = saved("JPEG", icc_profile=bytes(200_000), comment=b"seven")

    assert read_picture(jpeg[:2] + preview + jpeg[2:] + saved("JPEG")).shape == (24, 32)


def test_of_what_is_held_as_a_whole_fifty_megapixels_are_too_large() -> None:
    small = saved("JPEG", GREY.convert("RGB"), progressive=True, subsampling=0)
    size = small.index(b"\xff\xc2") + 5
    large = small[:size] + struct.pack(">HH", 7000, 7000) + small[size + 4 :]

    with pytest.raises(UnreadablePicture, match="takes too much memory to decode"):
        read_picture(large)
