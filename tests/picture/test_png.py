"""PNG files of endless notes are cheap, and the notes that say what is up still count."""

import zlib

import pytest
from bombs import GREY, assert_cheap, chunk, png_with, saved
from PIL import Image

from inkdigits.picture import read_picture

UNPACKED = zlib.compress(bytes(2**20 - 1), 9)


@pytest.mark.parametrize("kind", [b"teSt", b"IDAT"])
@pytest.mark.parametrize("before", [b"IDAT", b"IEND"])
def test_millions_of_chunks_are_damaged(kind: bytes, before: bytes) -> None:
    assert_cheap(png_with(chunk(kind) * 2_500_000, before), "damaged")


@pytest.mark.parametrize("before", [b"IDAT", b"IEND"])
@pytest.mark.parametrize(
    "note",
    [
        pytest.param(chunk(b"iCCP", b"a\0\0" + UNPACKED), id="profiles"),
        pytest.param(chunk(b"zTXt", b"a\0\0" + UNPACKED[:-2] + b"xx"), id="damaged text"),
    ],
)
def test_notes_that_unpack_to_gigabytes_cost_nothing(note: bytes, before: bytes) -> None:
    assert_cheap(png_with(note * 5_000, before), "(24, 32)")


def test_a_large_transparent_picture_is_not_copied_over_and_over() -> None:
    large = Image.new("RGBA", (5000, 5000), (0, 0, 0, 100))

    assert_cheap(saved("PNG", large), "(5000, 5000)", megabytes=260)


def test_an_orientation_after_some_notes_is_read() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    png = saved("PNG", GREY, exif=exif)
    at = png.index(b"IHDR") + 21

    turned = read_picture(png[:at] + chunk(b"tEXt", b"Title\0seven") * 20 + png[at:])

    assert turned.shape == (32, 24)
