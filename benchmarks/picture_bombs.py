"""Small files, or large ones, that are dear to decode: some of every format.

    python benchmarks/picture_bombs.py              each opened in a process of its own
    python benchmarks/picture_bombs.py --isolate    each decoded apart, as a server does it
    python benchmarks/picture_bombs.py PNG GIF      those of these formats

Fails on whatever ends the process, on errors other than inkdigits' own, and on what takes over 2
seconds of a processor, over 400 MB or writes to stderr. Linux only.
"""

from __future__ import annotations

import argparse
import itertools
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "picture"))
from bombs import chunk, cost_of, jpeg_with, png_with, saved, segment, tiff

from extras_bombs import Bombs, heic_bombs, pdf_bombs, zeros

MOST_SECONDS, MOST_MEGABYTES = 2, 400
SIDE = 7071
"""Squared it is just under 50 megapixels."""


def blank(mode: str, width: int = SIDE, height: int = SIDE) -> Image.Image:
    return Image.new(mode, (width, height))


def noise(mode: str, width: int = SIDE, height: int = SIDE) -> Image.Image:
    """What no compression makes small; a tile of it, over and over."""
    tile = np.random.default_rng(0).integers(0, 256, (512, 512, len(mode)), np.uint8)
    whole = np.tile(tile, (height // 512 + 1, width // 512 + 1, 1))[:height, :width]
    return Image.frombytes(mode, (width, height), whole.tobytes())


# ---------------------------------------------------------------- PNG


def raw_png(
    width: int,
    height: int,
    bits: int,
    colour: int,
    rows: bytes,
    interlace: int = 0,
    *,
    before: bytes = b"",
) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlace)
    return b"".join(
        [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header), before, chunk(b"IDAT", rows), chunk(b"IEND")]
    )


def png_bombs() -> Bombs:
    palette = chunk(b"PLTE", bytes(768))
    for colour, depths in {
        0: (1, 2, 4, 8, 16),
        2: (8, 16),
        3: (1, 4, 8),
        4: (8, 16),
        6: (8, 16),
    }.items():
        channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
        for bits, interlace in itertools.product(depths, (0, 1)):
            rows = zeros(SIDE * (SIDE * bits * channels // 8 + 2))
            yield (
                f"{bits} bits, colour {colour}, interlace {interlace}",
                raw_png(SIDE, SIDE, bits, colour, rows, interlace, before=palette * (colour == 3)),
            )
    for width, height in [
        (20_000, 2500),
        (2500, 20_000),
        (20_001, 1),
        (2**31 - 1, 2**31 - 1),
        (1, 20_000),
    ]:
        yield f"{width} x {height}", raw_png(width, height, 8, 6, zeros(4 * 2**20))
    yield "a gigabyte in 1 x 1", raw_png(1, 1, 8, 0, zeros(2**30))
    yield "half a picture", raw_png(SIDE, SIDE, 8, 2, zeros(SIDE * SIDE))
    yield "noise for rows", raw_png(SIDE, SIDE, 8, 2, np.random.default_rng(0).bytes(2**24))
    for kind in (b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"eXIf", b"tIME", b"fdAT", b"IDAT", b"zzZz"):
        yield f"200,000 empty {kind.decode()}", png_with(200_000 * chunk(kind), b"IDAT")
        packed = b"a\0\0" + zeros(2**28)
        yield f"{kind.decode()} of 256 MB", png_with(20 * chunk(kind, packed), b"IDAT")
    yield "EXIF of 30 MB", png_with(chunk(b"eXIf", tiff({270: bytes(30 * 2**20)})), b"IDAT")
    yield (
        "a palette of 3 MB",
        raw_png(1, 1, 8, 3, zeros(2), before=chunk(b"PLTE", bytes(3 * 2**20))),
    )
    yield "transparent noise", saved("PNG", noise("RGBA", 2700, 2700), compress_level=0)
    yield (
        "1000 frames",
        saved("PNG", blank("L", 99, 99), save_all=True, append_images=[noise("L", 99, 99)] * 999),
    )


# ---------------------------------------------------------------- JPEG


def jpeg_bombs() -> Bombs:
    for mode, progressive, subsampling in itertools.product(
        ("L", "RGB", "CMYK"), (False, True), (0, 2)
    ):
        options = {"progressive": progressive, "subsampling": subsampling, "quality": 30}
        yield (
            f"{mode}, progressive {progressive}, {subsampling}",
            saved("JPEG", blank(mode), **options),
        )
    for mode, progressive in itertools.product(("L", "RGB", "CMYK"), (False, True)):
        picture = saved("JPEG", noise(mode, 3000, 3000), progressive=progressive, quality=75)
        yield f"noise in {mode}, progressive {progressive}", picture
    grown = bytearray(saved("JPEG", blank("RGB", 64, 64)))
    at = grown.index(b"\xff\xc0")
    for width, height in [(65_535, 65_535), (7000, 7000), (20_000, 2500), (0, 0), (1, 65_535)]:
        struct.pack_into(">HH", grown, at + 5, height, width)
        yield f"says {width} x {height}", bytes(grown)
    slow = saved("JPEG", blank("L", 2000, 2000), progressive=True)
    scan = slow.index(b"\xff\xda")
    for scans in (100, 300, 1000, 3000):
        yield (
            f"{scans} scans",
            slow[:-2] + scans * slow[scan : slow.index(b"\xff", scan + 20)] + slow[-2:],
        )
    for marker in (0xC4, 0xDB, 0xDD, 0xE0, 0xE1, 0xE2, 0xED, 0xFE, 0xDC):
        yield f"a million empty {marker:x}", jpeg_with(1_000_000 * segment(marker))
        yield f"500 large {marker:x}", jpeg_with(450 * segment(marker, bytes(65_000)))
    exif = b"Exif\0\0"
    yield (
        "EXIF in a circle",
        jpeg_with(segment(0xE1, exif + b"II*\0" + struct.pack("<IHHHII", 8, 1, 0x8769, 4, 1, 8))),
    )
    yield (
        "EXIF of many tags",
        jpeg_with(segment(0xE1, exif + tiff(dict.fromkeys(range(1, 3000), (1, 2))))),
    )
    yield "a million EXIF", jpeg_with(900_000 * segment(0xE1, exif))
    yield (
        "XMP of angles",
        jpeg_with(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + b"<a>" * 20_000)),
    )
    yield "fill bytes", jpeg_with(b"\xff" * 30_000_000)
    yield (
        "restarts",
        slow[:scan] + segment(0xDD, b"\0\1") + slow[scan:-2] + b"\xff\xd0" * 5_000_000 + slow[-2:],
    )
    yield "no scan", slow[:scan] + b"\0" * 30_000_000
    frames = [blank("RGB", 100, 100)] * 200
    yield "200 pictures in one", saved("MPO", frames[0], save_all=True, append_images=frames)


# ---------------------------------------------------------------- GIF


def gif(width: int, height: int, frames: bytes) -> bytes:
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6) + frames + b";"


def frame(left: int, top: int, width: int, height: int, lzw: bytes, flags: int = 0) -> bytes:
    blocks = b"".join(bytes([len(part)]) + part for part in itertools_batched(lzw, 255))
    return b"," + struct.pack("<HHHHB", left, top, width, height, flags) + b"\2" + blocks + b"\0"


def itertools_batched(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def gif_bombs() -> Bombs:
    for mode in ("1", "L", "P"):
        yield f"50 megapixels in {mode}", saved("GIF", blank(mode))
    yield "noise", saved("GIF", noise("L", 5000, 5000))
    yield "interlaced noise", saved("GIF", noise("L", 5000, 5000), interlace=1)
    for width, height in [(65_535, 65_535), (20_001, 1), (1, 1), (SIDE, SIDE)]:
        yield f"a screen of {width} x {height}", gif(width, height, frame(0, 0, 1, 1, b"\x4c\1"))
        yield (
            f"a frame of {width} x {height}",
            gif(1, 1, frame(0, 0, width, height, b"\x4c\1" * 999)),
        )
    yield "a frame far away", gif(1, 1, frame(65_535, 65_535, 1, 1, b"\x4c\1"))
    yield "a million comments", gif(1, 1, b"!\xfe\1a\0" * 1_000_000 + frame(0, 0, 1, 1, b"\x4c\1"))
    yield "an endless comment", gif(1, 1, b"!\xfe" + (b"\xff" + bytes(255)) * 100_000 + b"\0")
    yield "a million controls", gif(1, 1, b"!\xf9\4\0\0\0\0\0" * 1_000_000)
    yield "a million frames", gif(9, 9, frame(0, 0, 9, 9, b"\x4c\1") * 1_000_000)
    yield "junk between frames", gif(1, 1, b"\0" * 30_000_000)
    yield (
        "codes that never end",
        gif(SIDE, SIDE, frame(0, 0, SIDE, SIDE, b"\x8c\x2d\x99\x87" * 7_000_000)),
    )
    yield (
        "1000 frames",
        saved("GIF", blank("L", 99, 99), save_all=True, append_images=[noise("L", 99, 99)] * 999),
    )


# ---------------------------------------------------------------- TIFF


def tiff_bombs() -> Bombs:
    packings = ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "zstd", "lzma")
    for packing, mode in itertools.product(packings, ("L", "RGB", "RGBA")):
        try:
            yield f"{packing}, {mode}", saved("TIFF", blank(mode, 4000, 4000), compression=packing)
        except Exception:  # not every packing takes every mode, nor has every Pillow each of them
            continue
    for packing in ("group3", "group4", "tiff_ccitt", "tiff_lzw"):
        yield f"{packing}, 1 bit", saved("TIFF", blank("1"), compression=packing)
    for mode in ("F", "I", "I;16", "CMYK", "LAB", "RGB", "RGBA"):
        yield f"raw {mode}", saved("TIFF", blank(mode, 2800, 2800))
        yield f"deflated {mode}", saved("TIFF", blank(mode), compression="tiff_adobe_deflate")
    base = {256: (1,), 257: (1,), 258: (8,), 259: (1,), 262: (1,), 277: (1,), 278: (1,), 279: (1,)}
    many = 1_000_000
    for tag in (254, 258, 273, 279, 320, 324, 330, 339, 347, 700, 33723, 34665, 34675):
        yield f"a million values of {tag}", tiff(base | {tag: (8,) * many}, b"\0")
    for tag in (256, 257, 258, 277, 278, 317, 322, 323):
        yield f"tag {tag} is 2³²-1", tiff(base | {tag: (2**32 - 1,)}, b"\0")
    for size in (16, 4096, 20_000, 65_536):
        tiles = {322: (size,), 323: (size,), 324: (8,), 325: (99,), 259: (8,)}
        yield f"tiles of {size}", tiff(base | {256: (SIDE,), 257: (SIDE,)} | tiles, zeros(2**24))
    strip = zeros(2**30)
    yield "a gigabyte in a strip", tiff(base | {259: (8,), 279: (len(strip),)}, strip)
    yield "a directory in itself", tiff(base, b"\0")[:-4] + struct.pack("<I", 8)
    yield (
        "64 channels",
        tiff(
            base | {256: (900,), 257: (900,), 258: (8,) * 64, 277: (64,), 278: (900,)}, bytes(2**20)
        ),
    )


# ---------------------------------------------------------------- WebP, BMP and what is none


def webp(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(
        kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)
        for kind, content in chunks
    )
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def webp_bombs() -> Bombs:
    for lossless, mode in itertools.product((False, True), ("RGB", "RGBA")):
        options = {"lossless": lossless, "quality": 50, "method": 0}
        yield (
            f"25 megapixels of {mode}, lossless {lossless}",
            saved("WEBP", blank(mode, 5000, 5000), **options),
        )
        yield (
            f"noise in {mode}, lossless {lossless}",
            saved("WEBP", noise(mode, 2000, 2000), **options),
        )
    for width, height in [(2**24, 2**24), (16_383, 16_383), (5000, 5000), (1, 1)]:
        canvas = (
            struct.pack("<I", 0x12)
            + (width - 1).to_bytes(3, "little")
            + (height - 1).to_bytes(3, "little")
        )
        yield f"nothing on {width} x {height}", webp((b"VP8X", canvas))
        still = saved("WEBP", noise("RGB", 64, 64))[12:]
        head = webp((b"VP8X", canvas), *[(b"EXIF", bytes(2**20))] * 20)
        yield f"notes and a picture on {width} x {height}", head + still
        frames = [(b"ANMF", bytes(16) + still)] * 2000
        yield (
            f"2000 frames on {width} x {height}",
            webp((b"VP8X", canvas), (b"ANIM", bytes(6)), *frames),
        )
    big = (SIDE - 1) | (SIDE - 1) << 14
    for size in (2**28 - 1, big, 4999 | 4999 << 14):
        yield (
            f"a bare header {size}",
            webp((b"VP8L", b"\x2f" + struct.pack("<I", size) + bytes(99))),
        )
    yield "a million chunks", webp((b"VP8X", bytes(10)), *[(b"ABCD", b"")] * 1_000_000)
    films = [noise("RGB", 600, 600), blank("RGB", 600, 600)] * 30
    yield "a film", saved("WEBP", films[0], save_all=True, append_images=films, method=0)


def bmp(width: int, height: int, bits: int, packed: int, rows: bytes, header: int = 40) -> bytes:
    info = struct.pack("<IiiHHIIiiII", header, width, height, 1, bits, packed, 0, 0, 0, 0, 0)
    info = info.ljust(header, b"\0") + bytes(1024)
    return b"BM" + struct.pack("<IHHI", 0, 0, 0, 14 + len(info)) + info + rows


def bmp_bombs() -> Bombs:
    for bits, most in {1: SIDE, 4: SIDE, 8: 5600, 16: 4000, 24: 3200, 32: 2800}.items():
        row = (most * bits + 31) // 32 * 4
        yield f"{bits} bits", bmp(most, most, bits, 0, bytes(row * most))
        yield f"{bits} bits, upside down", bmp(most, -most, bits, 0, bytes(row * most))
        yield f"{bits} bits of 2³¹ pixels", bmp(2**31 - 1, 2**31 - 1, bits, 0, b"")
    for packed, bits in ((1, 8), (2, 4)):
        yield f"{bits} bits, run length", bmp(2200, 2200, bits, packed, b"\1\0" * 2_000_000)
        yield f"{bits} bits, jumps", bmp(2200, 2200, bits, packed, b"\0\2\0\0" * 1_000_000)
        yield f"{bits} bits, ends of lines", bmp(2200, 2200, bits, packed, b"\0\0" * 2_000_000)
        yield f"{bits} bits, literal", bmp(2200, 2200, bits, packed, (b"\0\3abc\0") * 690_000)
        yield f"{bits} bits, a wide line", bmp(20_000, 250, bits, packed, b"\xff\1" * 20_000)
        yield (
            f"{bits} bits, over the limit",
            bmp(20_000, 2500, bits, packed, b"\xff\1" * 15_000_000),
        )
    for header in (12, 16, 64, 108, 124, 2**31 - 1):
        yield (
            f"a header of {header}",
            bmp(SIDE, SIDE, 24, 3, b"", 40)[:14] + struct.pack("<I", header) + bytes(2000),
        )


def foreign_bombs() -> Bombs:
    """Formats that are not read: a large file of each is refused at once."""
    for format in (
        "ICO",
        "ICNS",
        "PPM",
        "TGA",
        "PCX",
        "SGI",
        "DDS",
        "EPS",
        "JPEG2000",
        "AVIF",
        "QOI",
    ):
        try:
            yield format, saved(format, noise("RGB", 1024, 1024))
        except Exception:  # Pillow without it, or it does not write this
            continue
    yield "a ZIP of zeros", b"PK\3\4" + zeros(2**30)
    yield "an SVG in itself", b"<svg>" + b"<g>" * 10_000_000
    yield "zeros", bytes(32 * 2**20)
    yield "spaces", b" " * 32 * 2**20
    yield "a byte too many", b"\x89PNG\r\n\x1a\n" + bytes(32 * 2**20)


FORMATS: dict[str, Callable[[], Bombs]] = {
    "PNG": png_bombs,
    "JPEG": jpeg_bombs,
    "GIF": gif_bombs,
    "TIFF": tiff_bombs,
    "WebP": webp_bombs,
    "BMP": bmp_bombs,
    "HEIC": heic_bombs,
    "PDF": pdf_bombs,
    "none": foreign_bombs,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--isolate", action="store_true")
    parser.add_argument("formats", nargs="*", metavar="FORMAT", help=f"of {', '.join(FORMATS)}")
    options = parser.parse_args()
    count, finds, dearest, largest = 0, 0, 0.0, 0.0
    for format in options.formats or FORMATS:
        for bomb, data in FORMATS[format]():
            name = f"{format} {bomb}"
            count += 1
            try:
                cost = cost_of(data, options.isolate)
            except subprocess.SubprocessError as error:
                finds += 1
                print(f"{name}: {error}", flush=True)
                continue
            dearest, largest = max(dearest, cost.seconds), max(largest, cost.megabytes)
            if cost.seconds > MOST_SECONDS or cost.megabytes > MOST_MEGABYTES or cost.stderr:
                finds += 1
                print(f"{name}, {len(data):,} bytes: {cost}", flush=True)
    print(f"{count} bombs, {finds} finds; at most {dearest:.1f} s and {largest:.0f} MB")
    sys.exit(bool(finds))


if __name__ == "__main__":
    main()
