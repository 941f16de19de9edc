"""TIFF files of endless tags and strips are refused before they are unpacked."""

import struct
import zlib

import pytest
from bombs import GREY, assert_cheap, saved, tiff
from PIL import Image

from inkdigits.picture import read_picture

MANY = 1_000_000
BASE: dict[int, tuple[int, ...] | bytes] = {
    256: (1,),
    257: (1,),
    258: (8,),
    259: (1,),
    262: (1,),
    277: (1,),
    278: (1,),
    279: (1,),
}


@pytest.mark.parametrize("compression", [1, 8])
@pytest.mark.parametrize("height", [1000, MANY])
def test_a_million_strips_are_damaged(height: int, compression: int) -> None:
    tags = BASE | {257: (height,), 259: (compression,)}
    bomb = tiff(tags | {273: (8,) * MANY, 279: (1,) * MANY}, b"\0")

    assert_cheap(bomb, "damaged", megabytes=150)


def test_a_resolution_of_a_million_numbers_is_not_looked_at() -> None:
    tags = BASE | {282: bytes(MANY * 8), 33_432: bytes(MANY)}

    assert_cheap(tiff(tags, b"\7"), "(1, 1)", megabytes=150)


def test_a_directory_of_a_million_tags_is_damaged() -> None:
    entries = b"".join(struct.pack("<HHQQ", i % 2**16, 4, 2**31, 16) for i in range(MANY))

    assert_cheap(b"II+\0" + struct.pack("<HHQQ", 8, 0, 16, MANY) + entries, "damaged")


@pytest.mark.parametrize(("bits", "kind", "channels"), [(32, 3, 1), (32, 2, 1), (16, 1, 4)])
def test_one_strip_of_hundreds_of_megabytes_is_too_large(
    bits: int, kind: int, channels: int
) -> None:
    side = 7000
    strip = zlib.compress(bytes(side * side * channels * bits // 8))
    tags = BASE | {256: (side,), 257: (side,), 278: (side,), 279: (len(strip),), 259: (8,)}
    tags |= {258: (bits,) * channels, 277: (channels,), 339: (kind,) * channels}
    tags |= {262: (2,), 338: (2,)} if channels == 4 else {}

    assert_cheap(tiff(tags, strip), "too large: The picture is a TIFF file of too large strips")


@pytest.mark.parametrize("mode", ["F", "I", "I;16"])
def test_a_picture_of_many_bits_takes_little_more_than_its_own_memory(mode: str) -> None:
    large = Image.new(mode, (5000, 5000), 1)

    assert_cheap(saved("TIFF", large, compression="tiff_adobe_deflate"), "(5000, 5000)")


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "LAB", "I;16"])
@pytest.mark.parametrize("big_tiff", [False, True])
def test_every_mode_is_read_as_pillow_reads_it(mode: str, big_tiff: bool) -> None:
    source = GREY if mode == "I;16" else GREY.convert("RGB")
    image = source.convert(mode) if mode != "LAB" else Image.new("LAB", (32, 24), (90, 1, 2))

    file = saved("TIFF", image, big_tiff=big_tiff)

    assert (read_picture(file) == read_picture(image)).all()
