"""HEIC photos and PDFs that are dear to decode, for `picture_bombs.py`."""

from __future__ import annotations

import io
import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "picture"))
from bombs import heic_of_endless_extents

from handwriting import written
from pdfs import BOMBS, CATALOG, drawing, pdf, stream

Bombs = Iterator[tuple[str, bytes]]


def zeros(count: int, times: int = 1) -> bytes:
    """So many bytes of zeros, deflated so often."""
    deflate = zlib.compressobj(1)
    block = bytes(2**20)
    data = b"".join(deflate.compress(block) for _ in range(count // 2**20 + 1)) + deflate.flush()
    for _ in range(times - 1):
        data = zlib.compress(data, 9)
    return data


def box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def heic_bombs() -> Bombs:
    try:
        import pillow_heif
    except ImportError:
        return

    def heic(image: Image.Image, quality: int = 10) -> bytes:
        file = io.BytesIO()
        pillow_heif.from_pillow(image).save(file, quality=quality)
        return file.getvalue()

    small = heic(Image.fromarray(written(7)).convert("RGB"))
    for side in (2000, 3500):
        yield f"{side}²", heic(Image.new("RGB", (side, side)))
    yield "noise", heic(Image.effect_noise((1500, 1500), 99).convert("RGB"), 90)
    yield "endless extents", heic_of_endless_extents(small, 10_000_000)
    at = small.index(b"ispe") + 8
    for width, height in [(2**32 - 1, 2**32 - 1), (7071, 7071), (20_000, 2500), (0, 0), (1, 1)]:
        yield (
            f"says {width} x {height}",
            small[:at] + struct.pack(">II", width, height) + small[at + 8 :],
        )
    head = small[: small.index(b"meta") - 4]
    yield "only a header", head
    yield "boxes in boxes", head + box(b"meta", bytes(4)) + nested(100_000)
    yield "a million boxes", head + box(b"free") * 1_000_000
    yield "a million boxes inside", head + box(b"meta", bytes(4), box(b"free") * 1_000_000)
    for kind in (b"iloc", b"iinf", b"iprp", b"iref", b"idat", b"pitm"):
        yield f"{kind.decode()} of zeros", head + box(b"meta", bytes(4), box(kind, bytes(2**24)))
        yield f"{kind.decode()} of ones", head + box(b"meta", bytes(4), box(kind, b"\xff" * 2**20))
    place = small.index(b"hvc1")
    for kind in (b"grid", b"iovl", b"iden", b"tmap", b"av01", b"jpeg", b"unci"):
        yield f"it is {kind.decode()}", small[:place] + kind + small[place + 4 :]


def nested(depth: int) -> bytes:
    sizes = (8 * (depth - level) for level in range(depth))
    return b"".join(struct.pack(">I4s", size, b"iprp") for size in sizes)


def pdf_bombs() -> Bombs:
    for name, bomb in BOMBS.items():
        yield name, bomb()
    flate, thrice = b"/Filter/FlateDecode", b"/Filter[/FlateDecode/FlateDecode/FlateDecode]"

    def painted(content: bytes, more: bytes = b"", *others: bytes) -> bytes:
        return drawing(zlib.compress(content, 9), b"0 0 216 288", more, *others, of=flate)

    many: dict[str, bytes] = {
        "lines": b"0 0 m 216 288 l S\n",
        "curves": b"0 0 m 9 900 900 9 99 99 c S\n",
        "dashes": b"[.01 .01] 0 d 0 0 m 216 288 l S\n",
        "wide lines": b"900 w 0 0 m 216 288 l S\n",
        "clips": b"0 0 m 216 288 l 9 9 l h W n\n",
        "states": b"q 1 0 0 1 0 0 cm\n",
        "restored": b"Q\n",
        "inline images": b"BI/W 9/H 9/BPC 1/CS/G ID " + bytes(18) + b" EI\n",
        "text": b"BT/F 9 Tf (0123456789)Tj ET\n",
        "marked": b"/A BMC EMC\n",
        "shadings": b"/S sh\n",
        "arrays": b"[[[[[[[[",
        "dictionaries": b"/A<<",
        "numbers": b"1 2 3 4 5 6 7 8 ",
        "brackets": b"((((",
    }
    font = b"/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>"
    for name, content in many.items():
        yield f"a million {name}", painted(content * 1_000_000, font)
    path = b"0 0 m " + b"".join(b"%d %d l " % (i * 37 % 216, i * 91 % 288) for i in range(200_000))
    for end in (b"S", b"f", b"f*", b"B*", b"W n", b"h s"):
        yield f"a path of 200,000 that ends in {end.decode()}", painted(path + end)
    for kind, more in {
        1: b"",
        2: b"/Coords[0 0 1 1]",
        3: b"/Coords[0 0 0 9 9 9]/Extend[true true]",
    }.items():
        function = stream(
            b"{" + b"dup mul 2 sqrt " * 40_000 + b"}", b"/FunctionType 4/Domain[0 1 0 1]/Range[0 1]"
        )
        shading = b"<</ShadingType %d/ColorSpace/DeviceGray/Domain[0 1 0 1]/Function 5 0 R%s>>" % (
            kind,
            more,
        )
        yield (
            f"a shading of type {kind}",
            painted(b"/S sh\n" * 500, b"/Resources<</Shading<</S %s>>>>" % shading, function),
        )
    for bits, space in [(1, b"/DeviceGray"), (8, b"/DeviceRGB"), (16, b"/DeviceCMYK")]:
        data = zeros(6000 * 6000 * 4 * bits // 8, 3)
        image = stream(
            data,
            b"/Type/XObject/Subtype/Image/Width 6000/Height 6000/ColorSpace%s/BitsPerComponent %d%s"
            % (space, bits, thrice),
        )
        yield (
            f"an image of {bits} bits",
            drawing(
                b"216 0 0 288 0 0 cm /I Do",
                b"0 0 216 288",
                b"/Resources<</XObject<</I 5 0 R>>>>",
                image,
            ),
        )
    for filter in (
        b"JBIG2Decode",
        b"JPXDecode",
        b"CCITTFaxDecode",
        b"DCTDecode",
        b"RunLengthDecode",
        b"LZWDecode",
        b"ASCII85Decode",
    ):
        image = stream(
            np.random.default_rng(1).bytes(2**20),
            b"/Type/XObject/Subtype/Image/Width 20000/Height 20000/ColorSpace/DeviceGray"
            b"/BitsPerComponent 8/Filter/" + filter,
        )
        yield (
            f"noise as {filter.decode()}",
            drawing(
                b"216 0 0 288 0 0 cm /I Do",
                b"0 0 216 288",
                b"/Resources<</XObject<</I 5 0 R>>>>",
                image,
            ),
        )
    for size in (
        b"0 0 1e9 1e9",
        b"0 0 1e-9 1e-9",
        b"0 0 1 99999",
        b"-99999 -99999 99999 99999",
        b"0 0 14400 14400",
        b"9 9 0 0",
    ):
        yield f"a page of {size.decode()}", drawing(b"0 g 0 0 99 99 re f", size)
    group = (
        b"/Type/XObject/Subtype/Form/BBox[0 0 999 999]/Group<</S/Transparency/I true/K true>>"
        b"/Resources<</XObject<</F %d 0 R>>>>"
    )
    groups = [stream(b"/F Do " * 2, group % (6 + i)) for i in range(25)]
    yield (
        "groups in groups",
        drawing(
            b"/F Do",
            b"0 0 216 288",
            b"/Resources<</XObject<</F 5 0 R>>>>",
            *groups,
            stream(b"0 g", group % 5),
        ),
    )
    notes = b"<</Type/Annot/Subtype/Square/Rect[0 0 216 288]/C[1 0 0]/IC[0 1 0]>>" * 50_000
    yield "50,000 notes", drawing(b"", b"0 0 216 288", b"/Annots[%s]" % notes)
    yield (
        "kids of kids",
        pdf(
            CATALOG,
            *[b"<</Type/Pages/Kids[%s]/Count 9>>" % (b"%d 0 R " % (3 + i) * 9) for i in range(40)],
        ),
    )
    yield "its own kid", pdf(CATALOG, b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2>>")
    yield "10,000 objects", pdf(CATALOG, *[b"null"] * 10_000)
    yield "arrays in arrays", pdf(CATALOG + b"[" * 10_000_000)
    yield "a length of 2⁶³", drawing(b"").replace(b"/Length 0", b"/Length 9223372036854775807")
    yield "no table", b"%PDF-1.7\n" + b"1 0 obj<<>>endobj\n" * 1_000_000
    yield (
        "tables in a circle",
        b"%PDF-1.7\nxref\n0 0\ntrailer<</Size 9/Prev 9>>\nstartxref\n9\n%%EOF",
    )
    locked = (
        b"/Encrypt<</Filter/Standard/V 5/R 6/Length 256/O(%s)/U(%s)/OE(%s)/UE(%s)/P -4"
        b"/Perms(%s)>>/ID[(a)(a)]"
    )
    yield (
        "a hash of many rounds",
        pdf(CATALOG, trailer=locked % (b"a" * 48, b"a" * 48, b"a" * 32, b"a" * 32, b"a" * 16)),
    )
