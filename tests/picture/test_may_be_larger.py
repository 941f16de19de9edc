"""Which pictures are large, before anything is decoded."""

from io import BytesIO

import pytest
from PIL import Image

from inkdigits.picture import may_be_larger


def file(format: str, width: int, height: int) -> bytes:
    data = BytesIO()
    Image.new("L", (width, height)).save(data, format)
    return data.getvalue()


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WebP", "BMP", "GIF", "TIFF"])
def test_a_file_is_larger_from_one_pixel_more(format):
    assert not may_be_larger(file(format, 100, 50), 5000)
    assert may_be_larger(file(format, 100, 51), 5000)


def test_the_header_is_enough():
    assert may_be_larger(file("PNG", 3000, 3000)[:100], 5000)


def test_a_pdf_may_always_be_larger():
    assert may_be_larger(b"%PDF-1.7", 5000)


@pytest.mark.parametrize("data", [b"", b"seven", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF----WEBP"])
def test_what_does_not_decode_is_not_large(data):
    assert not may_be_larger(data, 5000)
