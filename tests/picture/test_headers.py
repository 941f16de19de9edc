"""What a header of a BMP or a WebP claims is looked at before Pillow spends anything on it."""

import struct

import pytest
from bombs import assert_cheap, saved
from PIL import Image

from inkdigits.picture import read_picture


def run_lengths(width: int, height: int, runs: bytes) -> bytes:
    """A run-length encoded BMP in 256 colours."""
    palette = b"".join(struct.pack("4B", level, 0, 255 - level, 0) for level in range(256))
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(runs), 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", 0, 0, 0, 54 + 1024) + header + palette + runs


@pytest.mark.parametrize(
    "bomb",
    [
        pytest.param(run_lengths(5000, 10_000, b"\1\5" * 2**23), id="runs"),
        pytest.param(run_lengths(1, 20_000, b"\xff\5" * 2**23), id="runs over the edge"),
        pytest.param(run_lengths(20_000, 2500, b"\1\5\0\0" * 2500), id="ends of lines"),
    ],
)
def test_a_large_run_length_encoded_bmp_is_too_large(bomb: bytes) -> None:
    assert_cheap(bomb, "too large: The picture is a run-length encoded BMP")


def test_a_run_length_encoded_bmp_of_a_screen_is_read() -> None:
    runs = (b"\xff\5" * 7 + b"\x87\5\0\0") * 1080

    assert read_picture(run_lengths(1920, 1080, runs)).shape == (1080, 1920)


def test_a_webp_of_fifty_megapixels_is_too_large() -> None:
    bomb = saved("WebP", Image.new("RGB", (9000, 5500)), lossless=True, method=0)

    assert_cheap(bomb, "too large: The picture is 9000 x 5500 pixels")


def test_a_webp_of_nothing_but_a_size_is_never_allocated() -> None:
    size = struct.pack("<BI", 0x2F, 9999 | 4999 << 14)
    bomb = b"RIFF" + struct.pack("<I", 18) + b"WEBPVP8L" + struct.pack("<I", 5) + size + b"\0"

    assert_cheap(bomb, "too large", megabytes=150)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("lossless", [False, True])
def test_an_ordinary_webp_is_read(mode: str, lossless: bool) -> None:
    image = Image.new(mode, (640, 480), "white")

    assert read_picture(saved("WebP", image, lossless=lossless)).shape == (480, 640)
