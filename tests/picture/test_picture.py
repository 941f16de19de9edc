"""`read_picture`: everything that may come in, and everything that must not get through."""

import base64
import ctypes
import io
import os
import struct
import sys
import threading
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes

import numpy as np
import pytest
from PIL import Image, ImageDraw

from inkdigits.errors import UnreadablePicture
from inkdigits.picture import read_picture, to_uint8

FORMATS = ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF"]

# 24 x 32, darker to the top left, so that no turn or mirror leaves it as it is.
GREY = (3 * np.arange(24)[:, None] + 5 * np.arange(32) + 10).astype(np.uint8)


NOISE = np.random.default_rng(0).integers(0, 255, (40, 40), dtype=np.uint8)  # does not compress

LOSSY = 8  # grey levels that JPEG and WebP may be off by


def encoded(image: Image.Image | np.ndarray, format: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image)
    image.save(file, format, **options)
    return file.getvalue()


def png(
    width: int, height: int, bits: int, colour: int, rows: bytes, transparent: bytes = b""
) -> bytes:
    """A PNG that Pillow cannot write; `rows` is unfiltered (each with a 0 in front)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            chunk(b"tRNS", transparent) if transparent else b"",
            chunk(b"IDAT", zlib.compress(rows)),
            chunk(b"IEND", b""),
        ]
    )


def strokes(colour: tuple[int, int, int, int]) -> Image.Image:
    """A seven as a canvas holds it: antialiased strokes on transparent black."""
    alpha = Image.new("L", (280, 280))
    ImageDraw.Draw(alpha).line([(80, 80), (200, 80), (120, 220)], fill=colour[3], width=50)
    canvas = Image.new("RGBA", (70, 70), (*colour[:3], 0))
    canvas.putalpha(alpha.resize((70, 70), Image.Resampling.BOX))
    return canvas


def reason_of(source: Any, **limits: int) -> str:
    with pytest.raises(UnreadablePicture) as raised:
        read_picture(source, **limits)
    return raised.value.reason


def assert_close(picture: np.ndarray, expected: np.ndarray, tolerance: float = 0) -> None:
    assert picture.dtype == np.uint8
    assert picture.flags.c_contiguous
    assert picture.shape == expected.shape
    assert np.abs(picture.astype(float) - expected).max() <= tolerance


# ---------------------------------------------------------------- formats


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_is_read(format: str):
    assert_close(read_picture(encoded(GREY, format)), GREY, tolerance=LOSSY)


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"])
def test_compressed_tiff_is_read(compression: str):
    assert_close(
        read_picture(encoded(GREY, "TIFF", compression=compression)), GREY, tolerance=LOSSY
    )


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG"])
def test_of_several_frames_the_first_is_read(format: str):
    later = [Image.fromarray(GREY[::-1].copy()), Image.fromarray(GREY.T.copy()).resize((32, 24))]
    several = encoded(GREY, format, save_all=True, append_images=later)

    assert_close(read_picture(several), GREY, tolerance=LOSSY)


def test_a_gif_frame_smaller_than_its_screen_keeps_its_place():
    small = bytearray(encoded(GREY, "GIF"))
    small[6:10] = struct.pack("<HH", 50, 40)  # the screen
    place = small.index(b"," + struct.pack("<4H", 0, 0, 32, 24))
    small[place + 1 : place + 5] = struct.pack("<HH", 10, 6)

    picture = read_picture(bytes(small))

    assert picture.shape == (40, 50)
    assert_close(picture[6:30, 10:42].copy(), GREY)


# Where a camera that was held so stores what is upright.
STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_turned_photo_comes_out_upright(format: str, orientation: int):
    turn = STORED[orientation]
    stored = Image.fromarray(GREY) if turn is None else Image.fromarray(GREY).transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = encoded(stored, format, exif=exif)

    assert_close(read_picture(photo), GREY, tolerance=LOSSY)
    assert_close(read_picture(Image.open(io.BytesIO(photo))), GREY, tolerance=LOSSY)


@pytest.mark.parametrize("exif", [b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0nonsense", b"E"])
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_a_damaged_exif_note_does_not_spoil_the_picture(format: str, exif: bytes):
    assert_close(read_picture(encoded(GREY, format, exif=exif)), GREY, tolerance=LOSSY)


# ---------------------------------------------------------------- colours and depths


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    ("colour", "luminance"), [((255, 0, 0), 76), ((0, 255, 0), 150), ((0, 0, 255), 29)]
)
def test_colours_become_their_luminance(format: str, colour: tuple[int, int, int], luminance: int):
    picture = read_picture(encoded(Image.new("RGB", (16, 16), colour), format))

    assert_close(picture, np.full((16, 16), luminance), tolerance=3)


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_cmyk_is_not_inverted(format: str):
    cmyk = Image.fromarray(GREY).convert("RGB").convert("CMYK")

    assert_close(read_picture(encoded(cmyk, format)), GREY, tolerance=LOSSY)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBX", "CMYK", "YCbCr", "HSV", "I", "F"])
def test_pil_images_of_every_mode_are_read(mode: str):
    image = Image.fromarray(np.where(GREY > 100, 255, 0).astype(np.uint8))
    if mode in ("HSV", "YCbCr", "CMYK", "RGBX"):
        image = image.convert("RGB")

    assert_close(read_picture(image.convert(mode)), np.where(GREY > 100, 255, 0), tolerance=1)


def test_a_lab_tiff_gives_its_lightness():
    lab = Image.merge("LAB", [Image.fromarray(GREY), *[Image.new("L", (32, 24), 128)] * 2])

    assert_close(read_picture(encoded(lab, "TIFF")), GREY)


@pytest.mark.parametrize("format", ["PNG", "BMP", "GIF", "TIFF"])
def test_one_bit_is_black_and_white(format: str):
    bits = np.indices((9, 13)).sum(axis=0) % 3 == 0

    assert_close(read_picture(encoded(bits, format)), np.where(bits, 255, 0))


def test_a_tiff_whose_zero_is_white_is_not_inverted():
    bits = np.indices((9, 13)).sum(axis=0) % 3 == 0

    fax = encoded(bits, "TIFF", compression="group4", tiffinfo={262: 0})

    assert_close(read_picture(fax), np.where(bits, 255, 0))


DEEP = np.linspace(0, 65535, 24 * 32).reshape(24, 32).astype(np.uint16)
BIG_ENDIAN = Image.frombytes("I;16B", (32, 24), DEEP.astype(">u2").tobytes())


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(encoded(DEEP, "PNG"), id="PNG"),
        pytest.param(encoded(DEEP, "TIFF"), id="TIFF"),
        pytest.param(encoded(DEEP, "TIFF", compression="tiff_lzw"), id="compressed TIFF"),
        pytest.param(encoded(BIG_ENDIAN, "TIFF"), id="big-endian TIFF"),
        pytest.param(
            encoded(BIG_ENDIAN, "TIFF", compression="tiff_lzw"), id="big-endian compressed TIFF"
        ),
        pytest.param(BIG_ENDIAN, id="big-endian PIL image"),
        pytest.param(Image.fromarray(DEEP.astype(np.int32)), id="32-bit PIL image"),
        pytest.param(encoded(Image.fromarray(DEEP.astype(np.int32)), "TIFF"), id="32-bit TIFF"),
        pytest.param(DEEP, id="array"),
        pytest.param(DEEP.astype(">u2"), id="big-endian array"),
    ],
)
def test_sixteen_bits_are_scaled_and_not_clipped(source: Any):
    assert_close(read_picture(source), DEEP / 257, tolerance=0.5)


def test_a_16_bit_file_is_scaled_even_if_it_is_dark():
    assert read_picture(encoded(np.full((4, 4), 257, np.uint16))).max() == 1


@pytest.mark.parametrize("scale", [1, 255])
def test_a_float_tiff_reaches_1_or_255(scale: int):
    floats = (GREY / 255 * scale).astype(np.float32)

    assert_close(read_picture(encoded(floats, "TIFF")), GREY)


def test_a_float_that_rounding_made_more_than_1_is_no_255():
    floats = (GREY / 255).astype(np.float32)
    floats[0, 0] = np.nextafter(np.float32(1), np.float32(2))
    expected = GREY.astype(float)
    expected[0, 0] = 255
    assert_close(read_picture(Image.fromarray(floats)), expected)


def test_a_float_tiff_on_another_scale_is_refused():
    heights = (GREY * 100.0).astype(np.float32)

    with pytest.raises(UnreadablePicture, match=r"from 1000\.0 to 23400\.0"):
        read_picture(encoded(heights, "TIFF"))


# ---------------------------------------------------------------- transparency


CANVAS = strokes((0, 0, 0, 255))
ALPHA = CANVAS.getchannel("A")


@pytest.mark.parametrize(
    "canvas",
    [
        CANVAS,
        CANVAS.convert("LA"),
        CANVAS.convert("RGBa"),
        CANVAS.convert("LA").convert("La"),
        Image.merge("PA", [CANVAS.convert("L").convert("P"), ALPHA]),
    ],
    ids=lambda canvas: canvas.mode,
)
def test_black_strokes_on_a_transparent_canvas_are_laid_on_white(canvas: Image.Image):
    assert_close(read_picture(canvas), 255 - np.asarray(ALPHA, float), tolerance=1)


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("shade", [0, 255])
def test_strokes_in_a_file_are_laid_on_their_opposite(format: str, shade: int):
    canvas = strokes((shade, shade, shade, 255))
    options = {"lossless": True} if format == "WEBP" else {}
    alpha = np.asarray(canvas.getchannel("A"))

    picture = read_picture(encoded(canvas, format, **options))

    assert_close(picture, alpha if shade else 255 - alpha)


def test_a_palette_with_a_transparent_entry_is_laid_on_white():
    canvas = strokes((0, 0, 0, 255))
    palette = Image.fromarray(
        np.where(np.asarray(canvas)[:, :, 3] > 127, 1, 0).astype(np.uint8), "P"
    )
    palette.putpalette([0, 0, 0, 10, 10, 10])
    expected = np.where(np.asarray(palette) == 1, 10, 255)

    for format, transparent in [("PNG", 0), ("PNG", b"\0\xff"), ("GIF", 0)]:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            picture = read_picture(encoded(palette, format, transparency=transparent))
        assert_close(picture, expected)


@pytest.mark.parametrize(
    ("colour_type", "bits", "channels"), [(0, 8, 1), (0, 16, 1), (2, 8, 3), (2, 16, 3)]
)
def test_a_png_with_one_transparent_colour_is_laid_on_its_inks_opposite(
    colour_type: int, bits: int, channels: int
):
    ink = np.asarray(ALPHA) > 127
    grey = np.where(ink, 80, 0).astype(np.uint8)
    samples = np.repeat(grey, channels * bits // 8, axis=1)  # two equal bytes are the same grey
    rows = b"".join(b"\0" + row.tobytes() for row in samples)

    keyed = png(70, 70, bits, colour_type, rows, transparent=bytes(2 * channels))

    assert_close(read_picture(keyed), np.where(ink, 80, 255))


def test_semi_transparent_strokes_stand_out_from_white():
    picture = read_picture(encoded(strokes((0, 0, 0, 100))))

    assert picture.max() == 255
    assert picture.min() == 155


@pytest.mark.parametrize(
    ("colours", "background"),
    [
        (["navy"], 255),
        (["yellow"], 0),
        (["blue", "green"], 255),
        (["yellow", "cyan", "white"], 0),
        (["black", "white"], 255),  # one is lost on any background: the other is kept
    ],
)
def test_coloured_strokes_are_laid_on_black_or_white(colours: list[str], background: int):
    canvas = Image.new("RGBA", (100, 100))
    for place, colour in enumerate(colours):
        left = 15 + 20 * place
        ImageDraw.Draw(canvas).line([(left, 20), (left, 80)], fill=colour, width=7 - 2 * place)

    picture = read_picture(encoded(canvas))

    assert picture[0, 0] == background
    assert abs(int(picture[50, 15]) - background) > 90


def test_paper_cut_out_of_its_surroundings_is_laid_on_more_paper():
    page = Image.new("RGB", (200, 160), (205, 200, 195))
    ImageDraw.Draw(page).line([(90, 50), (110, 110)], fill=(40, 40, 60), width=5)
    cut_out = Image.new("L", page.size)
    ImageDraw.Draw(cut_out).ellipse([20, 20, 180, 140], fill=255)
    paper = np.asarray(page.convert("L"))[0, 0]
    page.putalpha(cut_out)

    picture = read_picture(encoded(page))

    assert picture[0, 0] == picture[80, 40] == paper
    assert picture.min() < 60


def test_light_paper_with_little_ink_is_still_paper():
    page = Image.new("RGBA", (300, 300), "white")
    ImageDraw.Draw(page).line([(150, 140), (150, 160)], fill="black", width=8)
    page.paste((0, 0, 0, 0), (0, 0, 40, 300))

    picture = read_picture(encoded(page))

    assert (picture[:, :40] == 255).all()


def test_an_opaque_alpha_channel_changes_nothing():
    opaque = np.dstack([GREY, GREY, GREY, np.full_like(GREY, 255)])

    assert_close(read_picture(encoded(opaque)), GREY)


def test_a_picture_that_is_transparent_throughout_is_blank():
    noise = np.random.default_rng(0).integers(0, 255, (20, 30, 4), dtype=np.uint8)
    noise[:, :, 3] = 0

    assert_close(read_picture(encoded(noise)), np.full((20, 30), 255))


# ---------------------------------------------------------------- sources

PNG = encoded(GREY)
BASE64 = base64.b64encode(PNG).decode()
JPEG_BASE64 = base64.b64encode(encoded(GREY, "JPEG")).decode()


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(PNG, id="bytes"),
        pytest.param(bytearray(PNG), id="bytearray"),
        pytest.param(memoryview(PNG), id="memoryview"),
        pytest.param(memoryview(bytes(2 * len(PNG)))[::2], id="strided memoryview"),
        pytest.param(Image.fromarray(GREY), id="PIL image"),
        pytest.param(GREY, id="array"),
        pytest.param(BASE64, id="base64"),
        pytest.param(BASE64.rstrip("="), id="base64 without padding"),
        pytest.param(BASE64.replace("+", "-").replace("/", "_"), id="base64 for URLs"),
        pytest.param(base64.encodebytes(PNG).decode(), id="base64 in lines"),
        pytest.param(f"data:image/png;base64,{BASE64}", id="data URL"),
        pytest.param(f" DATA:image/png;charset=x;BASE64, {BASE64}\n", id="unusual data URL"),
        pytest.param(
            f"data:;base64,{BASE64.replace('+', '%2B')}".replace("=", "%3D"), id="escapes"
        ),
        pytest.param(f"data:image/png,{quote_from_bytes(PNG)}", id="percent-encoded data URL"),
    ],
)
def test_every_source_gives_the_same_picture(source: Any):
    if isinstance(source, memoryview) and not source.contiguous:
        spread = bytearray(2 * len(PNG))
        spread[::2] = PNG
        source = memoryview(spread)[::2]

    assert_close(read_picture(source), GREY)


def test_paths_and_file_objects_are_read(tmp_path: Path):
    path = tmp_path / "my seven.picture"
    path.write_bytes(PNG)

    assert_close(read_picture(path), GREY)
    assert_close(read_picture(str(path)), GREY)
    assert_close(read_picture(io.BytesIO(PNG)), GREY)
    with path.open("rb") as file:
        assert_close(read_picture(file), GREY)


def test_the_base64_of_a_jpeg_is_not_taken_for_a_path():
    assert JPEG_BASE64.startswith("/9j/")
    assert_close(read_picture(JPEG_BASE64), GREY, tolerance=LOSSY)


def test_base64_far_longer_than_any_path_is_read():
    noise = np.random.default_rng(1).integers(0, 255, (300, 300), dtype=np.uint8)

    assert_close(read_picture(base64.b64encode(encoded(noise)).decode()), noise)


def test_a_file_that_exists_comes_before_base64(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    name = base64.urlsafe_b64encode(encoded(GREY.T.copy())).decode()[:40]
    Path(name).write_bytes(PNG)

    assert_close(read_picture(name), GREY)


def test_a_file_object_is_read_from_where_it_stands():
    file = io.BytesIO(b"a header" + PNG)
    file.seek(8)

    assert_close(read_picture(file), GREY)


def test_a_file_object_may_give_a_few_bytes_at_a_time():
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(size, 7))

    assert_close(read_picture(Slow(PNG)), GREY)


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        pytest.param(GREY[:, :, None], GREY, id="one channel"),
        pytest.param(GREY.T, GREY.T, id="not contiguous"),
        pytest.param(GREY[::-1], GREY[::-1], id="negative strides"),
        pytest.param(GREY.astype(np.int64), GREY, id="int64"),
        pytest.param(GREY.astype(np.uint16), GREY, id="uint16 within 255"),
        pytest.param(GREY.astype(">i4"), GREY, id="big-endian"),
        pytest.param(GREY / 255, GREY, id="float64"),
        pytest.param((GREY / 255).astype(np.float16), GREY, id="float16"),
        pytest.param(np.array([[0, 1 + 1e-9]]), np.array([[0, 255]]), id="rounding above 1"),
        pytest.param(GREY > 100, np.where(GREY > 100, 255, 0), id="bool"),
        pytest.param(1 * (GREY > 100), np.where(GREY > 100, 255, 0), id="only 0 and 1"),
        pytest.param(np.uint8(GREY > 100), np.where(GREY > 100, 255, 0), id="uint8 of 0 and 1"),
        pytest.param(np.dstack([GREY] * 3), GREY, id="RGB"),
        pytest.param(np.dstack([GREY] * 3) / 255, GREY, id="RGB floats"),
        pytest.param(
            np.dstack([GREY] * 3 + [np.full_like(GREY, 255)]).transpose(1, 0, 2), GREY.T, id="RGBA"
        ),
        pytest.param(np.array([[[0, 255], [9, 0]]]), np.array([[0, 255]]), id="grey and alpha"),
    ],
)
def test_arrays_of_every_kind_are_read(array: np.ndarray, expected: np.ndarray):
    before = array.copy()

    assert_close(read_picture(array), expected)
    np.testing.assert_array_equal(array, before)


def test_a_grey_uint8_array_is_not_copied():
    assert np.shares_memory(read_picture(GREY), GREY)


def test_a_decoded_picture_may_be_written_to():
    for source in (PNG, encoded(strokes((0, 0, 0, 255))), Image.fromarray(GREY)):
        read_picture(source)[:] = 0


def test_a_pil_image_is_left_as_it_was():
    image = strokes((0, 0, 0, 255))
    before = image.copy()

    read_picture(image)

    assert image == before


def test_a_batch_of_arrays_can_be_brought_to_uint8():
    batch = np.stack([GREY, GREY]) / 255

    np.testing.assert_array_equal(to_uint8(batch), [GREY, GREY])
    assert to_uint8(batch[:0]).shape == (0, 24, 32)


# ---------------------------------------------------------------- what cannot be read


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.full((2, 2), np.nan), "nan"),
        (np.full((2, 2), np.inf), "inf"),
        (np.full((2, 2), 3.5), r"from 3\.5 to 3\.5"),
        (np.full((2, 2), -0.1), r"from -0\.1"),
        (np.array([[0, 256]]), "from 0 to 256"),
        (np.array([[-1, 0]]), "from -1 to 0"),
        (np.array([["a"]]), "type <U1"),
        (np.array([[None]]), "type object"),
        (np.array([[1j]]), "type complex128"),
        (np.zeros(5), r"shape \(5,\)"),
        (np.zeros(()), r"shape \(\)"),
        (np.zeros((4, 4, 5)), r"shape \(4, 4, 5\)"),
        (np.zeros((3, 28, 28)), r"shape \(3, 28, 28\)"),
        (np.zeros((1, 4, 4, 3)), r"shape \(1, 4, 4, 3\)"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_an_array_that_is_no_picture_is_refused(array: np.ndarray, message: str):
    with pytest.raises(UnreadablePicture, match=message) as raised:
        read_picture(array)
    assert raised.value.reason == "unsupported"


@pytest.mark.parametrize("source", [None, 7, 7.5, ["seven.png"], object()])
def test_another_type_is_a_type_error(source: Any):
    with pytest.raises(TypeError, match=f"not {type(source).__name__}"):
        read_picture(source)


def test_a_file_opened_as_text_is_a_type_error():
    with pytest.raises(TypeError, match="binary mode"):
        read_picture(io.StringIO("seven"))


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("no-such-seven.png", r"no-such-seven\.png does not exist"),
        ("no/such/folder/and/no/such/file/as/digits", "does not exist"),
        ("seven\0.png", r"'seven\\x00\.png' cannot be opened"),
        ("\ud800.png", "cannot be opened|does not exist"),
        ("s" * 5000 + ".png", r"^s+\.\.\.s+\.png (cannot be opened|does not exist)"),
        (".", r"\. is a folder"),
    ],
)
def test_a_path_without_a_picture_is_missing(path: str, message: str):
    for source in (path, Path(path)):
        with pytest.raises(UnreadablePicture, match=message) as raised:
            read_picture(source)
        assert raised.value.reason == "missing"
        assert len(str(raised.value)) < 500


def test_a_file_that_may_not_be_opened_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*args: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "seven.png").write_bytes(PNG)
    monkeypatch.setattr(Path, "open", refuse)  # not chmod: a container's root may open anything
    with pytest.raises(UnreadablePicture, match="cannot be opened: Permission denied") as raised:
        read_picture(tmp_path / "seven.png")
    assert raised.value.reason == "missing"


def test_a_closed_file_is_missing():
    file = io.BytesIO(PNG)
    file.close()

    assert reason_of(file) == "missing"


@pytest.mark.parametrize(
    "source",
    [
        b"",
        "",
        " \n",
        "data:image/png;base64,",
        "data:,",
        io.BytesIO(),
        np.zeros((0, 28)),
        np.zeros((28, 0, 3)),
        Image.new("L", (0, 5)),
    ],
)
def test_nothing_is_empty(source: Any):
    assert reason_of(source) == "empty"


def test_an_empty_file_is_called_by_its_name(tmp_path: Path):
    path = tmp_path / "seven.png"
    path.touch()

    with pytest.raises(UnreadablePicture, match=r"seven\.png is empty"):
        read_picture(path)


def test_a_file_object_at_its_end_says_how_to_go_back():
    file = io.BytesIO(PNG)
    file.read()

    with pytest.raises(UnreadablePicture, match=r"seek\(0\)"):
        read_picture(file)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG"),
        (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- drawn -->\n<svg/>', "an SVG"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avif", "an AVIF"),
        (b"\0\0\0\x1cftypavif\0\0\0\0mif1miaf", "an AVIF"),
        (b"\0\0\0\x18ftypisom\0\0\0\0mp41avc1", "a video"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000"),
        (b"8BPS\0\1", "a Photoshop file"),
        (b"\0\0\1\0\1\0", "an icon"),
        (b"P5 2 2 255\n1234", "a PNM"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"\x93NUMPY\1\0", "a NumPy file"),
    ],
)
def test_another_format_is_refused_by_name(data: bytes, name: str):
    with pytest.raises(UnreadablePicture, match=f"The picture is {name}.* PNG") as raised:
        read_picture(data)
    assert raised.value.reason == "unsupported"


def test_an_svg_in_a_data_url_is_refused_by_name():
    with pytest.raises(UnreadablePicture, match="The data URL is an SVG drawing"):
        read_picture("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E")


@pytest.mark.parametrize("format", ["PPM", "ICO", "TGA", "PCX", "JPEG2000", "EPS"])
def test_no_other_decoder_of_pillow_runs(format: str):
    assert reason_of(encoded(Image.new("RGB", (64, 64)), format)) in ("unsupported", "damaged")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"not a picture at all", "The picture is in no picture format"),
        (bytes(1000), "is in no picture format"),
        ("data:image/png;base64", "no comma"),
        ("data:image/png;base64,iVBORw0K*", "The data URL is not valid base64"),
        ("data:image/png;base64,iVBORw0K\u20ac", "The data URL is not valid base64"),
        ("data:image/png,\ud800", "belong in no URL"),
        (BASE64[:60] + "!" + BASE64[60:], "The base64 text is not valid base64"),
        (BASE64[:61], "The base64 text is not valid base64"),
        (
            base64.b64encode(encoded(NOISE)[:600]).decode(),
            "The base64 text starts like a PNG file but does not decode",
        ),
        ("A" * 100_000, "The base64 text is in no picture format"),
    ],
)
def test_what_is_no_picture_is_damaged(source: Any, message: str):
    with pytest.raises(UnreadablePicture, match=message) as raised:
        read_picture(source)
    assert raised.value.reason == "damaged"


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("share", [0.25, 0.5, 0.9])
def test_a_truncated_file_is_damaged(format: str, share: float, tmp_path: Path):
    whole = encoded(NOISE, format)
    path = tmp_path / f"seven.{format.lower()}"
    path.write_bytes(whole[: int(share * len(whole))])

    with pytest.raises(UnreadablePicture, match=rf"seven\.{format.lower()} starts like") as raised:
        read_picture(path)
    assert raised.value.reason == "damaged"


def test_a_pil_image_whose_file_is_truncated_is_damaged():
    assert reason_of(Image.open(io.BytesIO(encoded(NOISE)[:-400]))) == "damaged"


def test_a_pil_image_that_was_closed_is_damaged():
    image = Image.open(io.BytesIO(PNG))
    image.close()

    assert reason_of(image) == "damaged"


FUZZED = {
    **{format: encoded(np.dstack([GREY] * 3), format) for format in FORMATS},
    "alpha": encoded(strokes((0, 0, 0, 255)).resize((16, 16))),
    "LZW": encoded(GREY, "TIFF", compression="tiff_lzw"),
    "palette": encoded(Image.fromarray(GREY).convert("P"), transparency=b"\0\x80"),
    "deep": encoded(DEEP),
}


@pytest.mark.parametrize("kind", FUZZED)
@pytest.mark.filterwarnings("ignore")
def test_no_damage_lets_a_foreign_error_through(kind: str):
    rng = np.random.default_rng(3)
    whole = np.frombuffer(FUZZED[kind], np.uint8)
    header = min(len(whole), 200)  # where a change does the most
    for trial in range(150):
        damaged = whole[: rng.integers(1, len(whole)) if trial % 3 == 0 else None].copy()
        places = rng.integers(0, header if trial % 2 else len(whole), size=rng.integers(0, 4))
        damaged[places[places < len(damaged)]] = rng.integers(0, 256)
        try:
            picture = read_picture(damaged.tobytes(), max_pixels=1_000_000)
        except UnreadablePicture:
            continue
        assert picture.dtype == np.uint8
        assert picture.ndim == 2


# ---------------------------------------------------------------- limits


class Endless(io.RawIOBase):
    """A file that never ends, and counts what is taken from it."""

    taken = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        assert size >= 0
        self.taken += size
        return bytes(size)


def test_no_more_than_the_limit_is_read_from_a_file_object():
    file = Endless()

    assert reason_of(file, max_bytes=1000) == "too large"
    assert file.taken <= 1001


@pytest.mark.parametrize(
    "source",
    [PNG, bytearray(PNG), memoryview(PNG), BASE64, f"data:image/png;base64,{BASE64}"],
    ids=["bytes", "bytearray", "memoryview", "base64", "data URL"],
)
def test_the_limit_on_bytes_is_exact(source: Any):
    assert_close(read_picture(source, max_bytes=len(PNG)), GREY)
    assert reason_of(source, max_bytes=len(PNG) - 1) == "too large"


def test_the_limit_on_bytes_holds_for_files(tmp_path: Path):
    path = tmp_path / "seven.png"
    path.write_bytes(PNG)

    assert_close(read_picture(path, max_bytes=len(PNG)), GREY)
    with pytest.raises(UnreadablePicture, match=r"seven\.png is larger than") as raised:
        read_picture(path, max_bytes=len(PNG) - 1)
    assert str(raised.value).endswith(". Save it smaller.")
    assert raised.value.reason == "too large"


def test_a_file_of_pages_that_is_too_large_may_be_divided(tmp_path: Path):
    for name in ("scan.pdf", "Scan.TIF"):
        (tmp_path / name).write_bytes(bytes(1001))
        with pytest.raises(UnreadablePicture, match="smaller, or divide it into files of fewer"):
            read_picture(tmp_path / name, max_bytes=1000)


def test_the_limit_on_bytes_holds_for_percent_encoding():
    url = f"data:image/png,{quote_from_bytes(PNG)}"

    assert reason_of(url, max_bytes=len(PNG)) == "too large"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
def test_a_pipe_is_read_once_it_is_open_and_not_by_its_name(tmp_path: Path) -> None:
    pipe = tmp_path / "7.png"
    os.mkfifo(pipe)
    assert reason_of(pipe) == "missing"
    writer = threading.Thread(target=pipe.write_bytes, args=[PNG])
    writer.start()
    with pipe.open("rb") as file:
        np.testing.assert_array_equal(read_picture(file), GREY)
    writer.join(timeout=10)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs /dev/zero")
def test_an_endless_device_is_too_large():
    assert reason_of("/dev/zero", max_bytes=100_000) == "too large"


@pytest.mark.parametrize(
    "source",
    [PNG, GREY, np.dstack([GREY] * 3), Image.fromarray(GREY), encoded(GREY, "GIF")],
    ids=["file", "array", "colour array", "PIL image", "GIF"],
)
def test_the_limit_on_pixels_is_exact(source: Any):
    assert_close(read_picture(source, max_pixels=24 * 32), GREY)
    with pytest.raises(UnreadablePicture, match="32 x 24 pixels") as raised:
        read_picture(source, max_pixels=24 * 32 - 1)
    assert raised.value.reason == "too large"
    assert str(raised.value).endswith(". Make it smaller.")  # no door has more to offer


def patched(data: bytes, place: int, layout: str, *values: int) -> bytes:
    changed = bytearray(data)
    struct.pack_into(layout, changed, place, *values)
    return bytes(changed)


def bomb_of(kind: str) -> bytes:
    """A small file that claims or holds far more than 50 megapixels."""
    if kind == "a PNG header":
        return png(30_000, 30_000, 8, 0, b"\0")
    if kind == "a whole PNG":
        return png(12_000, 8_000, 1, 0, bytes((12_000 // 8 + 1) * 8_000))
    if kind == "JPEG":
        jpeg = encoded(GREY, "JPEG")
        return patched(jpeg, jpeg.index(b"\xff\xc0") + 5, ">HH", 60_000, 60_000)
    if kind == "BMP":
        return patched(encoded(GREY, "BMP"), 18, "<ii", 30_000, 30_000)
    if kind == "GIF":
        return patched(encoded(GREY, "GIF"), 6, "<HH", 30_000, 30_000)
    if kind == "a GIF's frame":
        # Its "disposal" makes Pillow allocate it as soon as the file is opened.
        control = b"!\xf9\4\x08\0\0\0\0"
        frame = b"," + struct.pack("<4HB", 0, 0, 13_000, 13_000, 0)
        return b"GIF89a" + struct.pack("<HHBBB", 8, 8, 0, 0, 0) + control + frame + b"\x08\0;"
    if kind == "WebP":
        canvas = struct.pack("<I", 15_999)[:3]
        extended = b"VP8X" + struct.pack("<I4x", 10) + canvas + canvas
        return webp(extended + encoded(Image.new("RGB", (1, 1)), "WEBP")[12:])
    tile = zlib.compress(bytes(8000 * 8000))
    tags = {256: 100, 257: 100, 258: 8, 259: 8, 262: 1, 277: 1, 325: len(tile)}
    if kind == "TIFF":
        tags |= {256: 30_000, 257: 30_000}
    return tiff(tags | {322: 8000, 323: 8000}, tile)


def webp(chunks: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks


def tiff(tags: dict[int, int], data: bytes) -> bytes:
    """A little-endian TIFF of one tile."""
    tags = tags | {324: 8 + 2 + 12 * (len(tags) + 1) + 4}  # where the tile is
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, tags[tag]) for tag in sorted(tags))
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + data


def peak_memory_of(action: Callable[[], object]) -> int:
    """By how many bytes the process grew while it ran, freed again or not; also in C."""
    # Memory that earlier tests freed would be used again, and nothing would seem to grow.
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak of earlier tests
    before = memory("VmHWM")
    action()
    return memory("VmHWM") - before


def memory(field: str) -> int:
    [line] = [x for x in Path("/proc/self/status").read_text().splitlines() if x.startswith(field)]
    return int(line.split()[1]) * 1024


BOMBS = [
    "a PNG header",
    "a whole PNG",
    "JPEG",
    "BMP",
    "GIF",
    "a GIF's frame",
    "TIFF",
    "a TIFF's tile",
]


@pytest.mark.parametrize("kind", BOMBS)
@pytest.mark.filterwarnings("error")
def test_a_decompression_bomb_is_too_large(kind: str):
    assert reason_of(bomb_of(kind)) == "too large"


@pytest.mark.filterwarnings("error")
def test_a_webp_that_claims_a_huge_canvas_is_refused():
    assert reason_of(bomb_of("WebP")) in ("too large", "damaged")


@pytest.mark.skipif(sys.platform != "linux", reason="measured in /proc")
@pytest.mark.parametrize("kind", [*BOMBS, "WebP"])
def test_a_decompression_bomb_is_never_decoded(kind: str):
    bomb = bomb_of(kind)
    assert reason_of(bomb)  # and what it takes to import the decoder is not counted

    assert peak_memory_of(lambda: reason_of(bomb)) < 4 * 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="measured in /proc")
def test_decoding_would_show_in_the_measured_memory():
    large = png(4_000, 4_000, 1, 0, bytes((4_000 // 8 + 1) * 4_000))

    assert peak_memory_of(lambda: read_picture(large)) > 16 * 10**6


@pytest.mark.parametrize("pillow_limit", [None, 400, 20])
@pytest.mark.parametrize("format", ["PNG", "JPEG", "BMP", "GIF"])
@pytest.mark.filterwarnings("error")
def test_the_limit_that_pillow_is_set_to_plays_no_part(
    format: str, pillow_limit: int | None, monkeypatch: pytest.MonkeyPatch
):
    data = encoded(GREY, format)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", pillow_limit)

    assert_close(read_picture(data), GREY, tolerance=LOSSY)
    assert reason_of(data, max_pixels=100) == "too large"


@pytest.mark.parametrize("pillow_limit", [400, 20])
@pytest.mark.parametrize("format", ["WEBP", "TIFF"])
@pytest.mark.filterwarnings("error")
def test_no_decoder_refuses_with_an_error_of_pillows(
    format: str, pillow_limit: int, monkeypatch: pytest.MonkeyPatch
):
    data = encoded(GREY, format)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", pillow_limit)

    try:
        assert_close(read_picture(data), GREY, tolerance=LOSSY)
    except UnreadablePicture as error:  # some versions of these two look at Pillow's own limit
        assert "MAX_IMAGE_PIXELS" in str(error)  # noqa: PT017


@pytest.mark.parametrize("shape", [(1, 20_001), (20_001, 1)])
def test_a_side_over_the_limit_is_too_large(shape: tuple[int, int]) -> None:
    picture = np.zeros(shape, np.uint8)
    for source in (picture, encoded(picture)):
        with pytest.raises(UnreadablePicture, match="limit for a side") as refusal:
            read_picture(source)
        assert refusal.value.reason == "too large"


def test_pictures_of_extreme_shapes_within_the_limit_are_read() -> None:
    for shape in ((1, 20_000), (20_000, 1)):
        assert read_picture(encoded(np.zeros(shape, np.uint8))).shape == shape
