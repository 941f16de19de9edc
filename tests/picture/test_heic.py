"""`read_picture` of HEIC photos, made here with pillow-heif, and without it."""

import io
import struct
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bombs import assert_cheap, heic_of_endless_extents
from PIL import Image
from test_picture import GREY, STORED, assert_close, encoded, peak_memory_of, reason_of, strokes

from inkdigits.errors import UnreadablePicture
from inkdigits.picture import read_picture

pillow_heif = pytest.importorskip("pillow_heif")

LOSSY = 8  # grey levels
LARGE = np.kron(GREY, np.ones((8, 8), np.uint8))  # 192 x 256


def heic(
    *images: Image.Image | np.ndarray, orientation: int | None = None, **options: Any
) -> bytes:
    """A photo of the first image, and of others beside it.

    With an orientation it is turned as phones do it: by the file's boxes, and noted in EXIF too.
    """
    file = pillow_heif.HeifFile()
    for image in images:
        file.add_from_pillow(image if isinstance(image, Image.Image) else Image.fromarray(image))
    if orientation:
        exif = Image.Exif()
        exif[0x0112] = orientation
        file[0].info["exif"] = exif.tobytes()
    written = io.BytesIO()
    file.save(written, **{"quality": -1, "chroma": 444, **options})
    return written.getvalue()


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_a_heic_photo_reads_like_a_png_of_it(mode: str):
    image = Image.fromarray(GREY).convert(mode)

    assert_close(read_picture(heic(image)), read_picture(encoded(image)), tolerance=LOSSY)


@pytest.mark.parametrize("name", ["photo.heic", "photo.heif", "photo"])
def test_a_heic_photo_is_known_by_its_content(tmp_path: Path, name: str):
    path = tmp_path / name
    path.write_bytes(heic(GREY))

    assert_close(read_picture(path), GREY, tolerance=LOSSY)


def test_a_photo_in_tiles_is_read():
    tiled = heic(LARGE, tile_size=64)
    assert b"grid" in tiled

    assert_close(read_picture(tiled), LARGE, tolerance=LOSSY)


@pytest.mark.parametrize("mode", ["I;16", "RGB;16", "RGBA;16"])
def test_more_than_eight_bits_are_scaled(mode: str):
    channels = {"I;16": 1, "RGB;16": 3, "RGBA;16": 4}[mode]
    deep = np.repeat(LARGE.astype(np.uint16)[:, :, None] * 257, channels, axis=2)
    if channels == 4:
        deep[:, :, 3] = 65535
    file = pillow_heif.from_bytes(mode, (256, 192), deep.tobytes())
    written = io.BytesIO()
    file.save(written, quality=-1, chroma=444)

    assert_close(read_picture(written.getvalue()), LARGE, tolerance=LOSSY)


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 255, 0), (0, 0, 255)])
def test_colours_become_their_luminance(colour: tuple[int, int, int]):
    image = Image.new("RGB", (64, 64), colour)

    assert_close(read_picture(heic(image)), np.asarray(image.convert("L")), tolerance=LOSSY)


@pytest.mark.parametrize("shade", [0, 255])
def test_strokes_on_a_transparent_ground_are_laid_on_their_opposite(shade: int):
    canvas = strokes((shade, shade, shade, 255))

    picture = read_picture(heic(canvas))

    assert_close(picture, read_picture(encoded(canvas)), tolerance=2 * LOSSY)


@pytest.mark.parametrize("orientation", STORED)
def test_a_turned_photo_comes_out_upright(orientation: int):
    turn = STORED[orientation]
    stored = Image.fromarray(GREY) if turn is None else Image.fromarray(GREY).transpose(turn)
    photo = heic(stored, orientation=orientation)

    assert (b"irot" in photo or b"imir" in photo) == (orientation > 1)
    assert_close(read_picture(photo), GREY, tolerance=LOSSY)


@pytest.mark.parametrize("orientation", STORED)
def test_a_note_in_exif_alone_turns_nothing(orientation: int):
    photo = bytearray(heic(GREY, orientation=1))  # and so with no turn in its boxes
    note = struct.pack(">HHIH", 0x0112, 3, 1, 1)
    struct.pack_into(">H", photo, photo.index(note) + 8, orientation)

    assert_close(read_picture(bytes(photo)), GREY, tolerance=LOSSY)


@pytest.mark.parametrize("primary", [0, 1])
def test_of_several_pictures_the_primary_is_read(primary: int):
    other = GREY.T.copy()

    photo = heic(GREY, other, primary_index=primary)

    assert_close(read_picture(photo), [GREY, other][primary], tolerance=LOSSY)


# ---------------------------------------------------------------- limits


def test_the_limit_on_pixels_is_exact():
    photo = heic(GREY)  # which HEVC stores in a block of 64 x 64

    assert_close(read_picture(photo, max_pixels=24 * 32), GREY, tolerance=LOSSY)
    with pytest.raises(UnreadablePicture, match="32 x 24 pixels") as raised:
        read_picture(photo, max_pixels=24 * 32 - 1)
    assert raised.value.reason == "too large"


def test_the_limit_on_bytes_is_exact():
    photo = heic(GREY)

    assert read_picture(photo, max_bytes=len(photo)).shape == GREY.shape
    assert reason_of(photo, max_bytes=len(photo) - 1) == "too large"


def places(box: bytes, data: bytes) -> Iterator[int]:
    at = -1
    while (at := data.find(box, at + 1)) >= 0:
        yield at


def claiming(photo: bytes, width: int, height: int, which: int = 0) -> bytes:
    """The photo, of which one picture is said to be so large."""
    changed = bytearray(photo)
    struct.pack_into(">II", changed, list(places(b"ispe", photo))[which] + 8, width, height)
    return bytes(changed)


def test_a_side_over_the_limit_is_too_large():
    with pytest.raises(UnreadablePicture, match="limit for a side"):
        read_picture(claiming(heic(GREY), 20_001, 1))


def of_a_large_canvas(photo: bytes) -> bytes:
    """A photo in tiles whose canvas is larger than the picture is said to be."""
    [at] = [at for at in places(struct.pack(">HH", 256, 192), photo) if photo[at - 4] == 0]
    changed = bytearray(photo)
    struct.pack_into(">HH", changed, at, 15_000, 15_000)
    return bytes(changed)


BOMBS = {
    "a picture": claiming(heic(GREY), 15_000, 15_000),
    "another picture": claiming(heic(GREY, LARGE), 15_000, 15_000, which=1),
    "alpha": claiming(heic(strokes((0, 0, 0, 255))), 15_000, 15_000, which=-1),
    "a tile": claiming(heic(LARGE, tile_size=64), 15_000, 15_000, which=-1),
    "a grid": of_a_large_canvas(heic(LARGE, tile_size=64)),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_photo_that_claims_too_many_pixels_is_too_large(kind: str):
    with pytest.raises(UnreadablePicture, match="15000 x 15000 pixels") as raised:
        read_picture(BOMBS[kind])
    assert raised.value.reason == "too large"


@pytest.mark.skipif(sys.platform != "linux", reason="measured in /proc")
@pytest.mark.parametrize("kind", BOMBS)
def test_a_photo_that_claims_too_many_pixels_is_never_decoded(kind: str):
    assert reason_of(BOMBS[kind])

    assert peak_memory_of(lambda: reason_of(BOMBS[kind])) < 4 * 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="measured in /proc")
def test_a_photo_larger_than_it_says_is_never_decoded():
    liar = claiming(heic(np.zeros((3000, 3000), np.uint8), quality=10), 64, 64)
    assert reason_of(liar) == "damaged"

    assert peak_memory_of(lambda: reason_of(liar)) < 4 * 2**20


def test_endless_pieces_of_a_canvas_are_not_copied():
    photo = heic_of_endless_extents(heic(LARGE, tile_size=64), size=8 * 2**20)

    assert_cheap(photo, "(192, 256)")


def test_millions_of_boxes_are_damaged():
    assert_cheap(heic(GREY) + struct.pack(">I4s", 8, b"free") * 4_000_000, "damaged")


# ---------------------------------------------------------------- what cannot be read


@pytest.mark.parametrize("share", [0.02, 0.25, 0.5, 0.9])
def test_a_truncated_photo_is_damaged(tmp_path: Path, share: float):
    whole = heic(np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8))
    path = tmp_path / "seven.heic"
    path.write_bytes(whole[: max(16, int(share * len(whole)))])

    with pytest.raises(UnreadablePicture, match=r"seven\.heic starts like a HEIC file") as raised:
        read_picture(path)
    assert raised.value.reason == "damaged"


FUZZED = {
    "colour": heic(np.dstack([GREY] * 3)),
    "alpha": heic(strokes((0, 0, 0, 255))),
    "tiles": heic(LARGE, tile_size=64),
}


@pytest.mark.parametrize("kind", FUZZED)
def test_no_damage_lets_a_foreign_error_through(kind: str):
    rng = np.random.default_rng(3)
    whole = np.frombuffer(FUZZED[kind], np.uint8)
    for trial in range(150):
        damaged = whole[: rng.integers(1, len(whole)) if trial % 3 == 0 else None].copy()
        header = 600 if trial % 2 else len(whole)
        changed = rng.integers(12, min(header, len(whole)), size=rng.integers(0, 4))
        damaged[changed[changed < len(damaged)]] = rng.integers(0, 256)
        try:
            picture = read_picture(damaged.tobytes(), max_pixels=1_000_000)
        except UnreadablePicture:
            continue
        assert picture.dtype == np.uint8
        assert picture.ndim == 2


def test_without_the_extra_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "photo.heic"
    path.write_bytes(heic(GREY))
    monkeypatch.setitem(sys.modules, "pi_heif", None)

    with pytest.raises(UnreadablePicture) as raised:
        read_picture(path)
    assert raised.value.reason == "unsupported"
    assert str(raised.value) == (
        f'{path} is a HEIC photo, which needs pi-heif: pip install "inkdigits[heic]". '
        "Or save it as PNG, JPEG, WebP, BMP, GIF or TIFF."
    )


# ---------------------------------------------------------------- in a program


def test_threads_may_read_photos_at_once():
    photos = [heic(LARGE, tile_size=64), heic(LARGE[::-1].copy())] * 10

    with ThreadPoolExecutor(4) as threads:
        pictures = list(threads.map(read_picture, photos))

    for i, picture in enumerate(pictures):
        assert_close(picture, LARGE[::-1] if i % 2 else LARGE, tolerance=LOSSY)


def test_reading_a_photo_does_not_change_what_pillow_opens(tmp_path: Path):
    path = tmp_path / "photo.heic"
    path.write_bytes(heic(GREY))
    code = f"""
import sys
import inkdigits.picture
assert not {{"pi_heif", "pypdfium2", "pypdfium2_raw"}} & set(sys.modules)
print(inkdigits.picture.read_picture({str(path)!r}).shape)
from PIL import Image
Image.init()
print([format for format in Image.OPEN if "HEI" in format])
"""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert result.stdout == "(24, 32)\n[]\n"
