"""PDFs made by hand, among them small ones that are dear to render."""

from __future__ import annotations

import zlib


def pdf(*objects: bytes, trailer: bytes = b"") -> bytes:
    """A PDF of these objects, the first of which is its catalog."""
    data, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(objects) + 1
    return b"".join(
        [
            data,
            b"xref\n0 %d\n0000000000 65535 f \n" % count + table,
            b"trailer\n<</Size %d/Root 1 0 R%s>>\n" % (count, trailer),
            b"startxref\n%d\n%%%%EOF\n" % len(data),
        ]
    )


CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"
ONE_PAGE = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"


def stream(content: bytes, more: bytes = b"") -> bytes:
    return b"<</Length %d%s>>stream\n%s\nendstream" % (len(content), more, content)


def drawing(
    content: bytes, box: bytes = b"0 0 216 288", more: bytes = b"", *others: bytes, of: bytes = b""
) -> bytes:
    """A PDF of one page, 3 x 4 inches if not said otherwise, with lines and areas drawn on it.

    `others` are objects from number 5 on, and `of` is what the content stream says of itself.
    """
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[%s]/Contents 4 0 R%s>>" % (box, more)
    return pdf(CATALOG, ONE_PAGE, page, stream(content, of), *others)


# ---------------------------------------------------------------- bombs


def _deflated_often(block: bytes, count: int, times: int) -> bytes:
    """`count` equal blocks, deflated as a whole, without ever being held as a whole."""
    deflate = zlib.compressobj(9)
    head = deflate.compress(block) + deflate.flush(zlib.Z_FULL_FLUSH)
    again = deflate.compress(block) + deflate.flush(zlib.Z_FULL_FLUSH)
    data = head + again * (count - 1) + b"\3\0"
    for _ in range(times - 1):
        data = zlib.compress(data, 9)
    return data


def deflated_three_times() -> bytes:
    """Gigabytes of painting."""
    block = b"0 0 m 9 9 l S\n" * 2**20
    content = _deflated_often(block, 64, 3)
    return drawing(content, of=b"/Filter[/FlateDecode/FlateDecode/FlateDecode]")


def pattern_of_tiny_steps() -> bytes:
    """Hundreds of millions of tiles."""
    tile = stream(
        b"0 g 0 0 1 1 re f",
        b"/Type/Pattern/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 1 1]/XStep .01/YStep .01"
        b"/Resources<<>>",
    )
    return drawing(
        b"/Pattern cs /P scn 0 0 999 999 re f",
        b"0 0 216 288",
        b"/Resources<</Pattern<</P 5 0 R>>>>",
        tile,
    )


def form_that_draws_itself() -> bytes:
    """Twice, so that each depth has twice as much to draw as the one above."""
    form = stream(
        b"0 g 0 0 9 9 re f /F Do /F Do",
        b"/Type/XObject/Subtype/Form/BBox[0 0 216 288]/Resources<</XObject<</F 5 0 R>>>>",
    )
    return drawing(b"/F Do", b"0 0 216 288", b"/Resources<</XObject<</F 5 0 R>>>>", form)


def a_million_rectangles() -> bytes:
    content = zlib.compress(b"0 0 216 288 re f\n" * 1_000_000, 9)
    return drawing(zlib.compress(content, 9), of=b"/Filter[/FlateDecode/FlateDecode]")


def large_image_drawn_often(side: int = 20_000, times: int = 50) -> bytes:
    bits = _deflated_often(bytes(side * side // 200), 200, 3)
    image = stream(
        bits,
        b"/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray/BitsPerComponent 8"
        b"/Filter[/FlateDecode/FlateDecode/FlateDecode]" % (side, side),
    )
    places = b"".join(b"q %d 0 0 %d 0 0 cm /I Do Q\n" % (216 - i, 288 - i) for i in range(times))
    return drawing(places, b"0 0 216 288", b"/Resources<</XObject<</I 5 0 R>>>>", image)


BOMBS = {
    "content deflated three times": deflated_three_times,
    "a pattern of tiny steps": pattern_of_tiny_steps,
    "a form that draws itself": form_that_draws_itself,
    "a million rectangles": a_million_rectangles,
    "a large image drawn often": large_image_drawn_often,
}
