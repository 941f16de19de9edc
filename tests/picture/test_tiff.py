"""TIFF files of endless tags and strips are refused before they are unpacked; pages are read."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from bombs import GREY, assert_cheap, saved, tiff
from PIL import Image

from inkdigits.errors import UnreadablePicture
from inkdigits.picture import Page, page_count, pages_in, read_picture

MANY = 1_000_000
PIXELS = np.asarray(GREY)
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


def scanned(**options: object) -> bytes:
    """A TIFF file of two pages, the second of which is upside down and smaller."""
    second = Image.fromarray(PIXELS[::-1, :-4].copy())
    return saved("TIFF", save_all=True, append_images=[second], **options)


@pytest.mark.parametrize("options", [{}, {"big_tiff": True}, {"compression": "tiff_lzw"}])
def test_each_page_is_read(options: dict[str, object]) -> None:
    two = scanned(**options)

    assert page_count(two) == 2
    assert np.array_equal(read_picture(Page(two, 1)), PIXELS)
    assert np.array_equal(read_picture(Page(two, 2)), PIXELS[::-1, :-4])


def test_pages_have_names_and_a_file_of_several_asks_for_one(tmp_path: Path) -> None:
    path = tmp_path / "two.tif"
    path.write_bytes(scanned())

    assert pages_in(str(path)) == [f"{path}[1]", f"{path}[2]"]
    assert np.array_equal(read_picture(f"{path}[2]"), PIXELS[::-1, :-4])
    with pytest.raises(UnreadablePicture, match=r"two\.tif is a TIFF file of 2 pages\. Name one"):
        read_picture(path)
    with pytest.raises(UnreadablePicture, match="Give one of them, as a TIFF file of its own"):
        read_picture(path.read_bytes())
    with pytest.raises(UnreadablePicture, match=r"pages 1 to 2, and no page 3\."):
        read_picture(f"{path}[3]")


def test_the_only_page_may_be_named() -> None:
    one = saved("TIFF")

    assert page_count(one) == 1
    assert np.array_equal(read_picture(Page(one, 1)), PIXELS)


def test_a_small_copy_of_the_picture_is_no_page() -> None:
    small = Image.fromarray(PIXELS[::2, ::2].copy())
    small.encoderinfo = {"tiffinfo": {254: 1}}
    with_small = saved("TIFF", save_all=True, append_images=[small])

    assert page_count(with_small) == 1
    assert np.array_equal(read_picture(with_small), PIXELS)


@pytest.mark.parametrize(
    "raw",
    [
        tiff(BASE | {50706: bytes([1, 4, 0, 0])}, b"7"),  # DNG
        tiff(BASE | {254: (1,), 330: (8,)}, b"7"),  # NEF and ARW
        b"II*\0" + struct.pack("<I", 16) + b"CR\2\0" + bytes(4) + tiff(BASE, b"7")[8:],  # CR2
    ],
    ids=["DNG", "NEF", "CR2"],
)
def test_of_a_raw_file_the_preview_is_not_taken_for_the_picture(raw: bytes) -> None:
    with pytest.raises(UnreadablePicture, match=r"is a camera's raw file\. Save it as JPEG"):
        read_picture(raw)


@pytest.mark.parametrize("following", [8, 2**31, 3])
def test_pages_end_where_no_other_is(following: int) -> None:
    one = bytearray(saved("TIFF"))
    (at,) = struct.unpack_from("<I", one, 4)
    (tags,) = struct.unpack_from("<H", one, at)
    struct.pack_into("<I", one, at + 2 + 12 * tags, at if following == 8 else following)

    assert page_count(bytes(one)) == 1
    assert np.array_equal(read_picture(bytes(one)), PIXELS)


def test_a_million_pages_are_not_counted() -> None:
    page = struct.pack("<HHHIIHHII", 2, 256, 4, 1, 1, 257, 4, 1, 1)
    size = len(page) + 4
    chain = b"".join(page + struct.pack("<I", 8 + size * (i + 1)) for i in range(MANY))

    bomb = b"II*\0" + struct.pack("<I", 8) + chain
    assert page_count(bomb) == 1
    assert_cheap(bomb, "damaged", megabytes=350)
