"""Small files that are dear to decode, and what it costs to read one, measured in a process."""

from __future__ import annotations

import io
import json
import os
import struct
import subprocess
import sys
import zlib
from dataclasses import dataclass

import numpy as np
from PIL import Image

MEASURED = """
import json, re, resource, sys, time
from pathlib import Path
from inkdigits.errors import UnreadablePicture
from inkdigits.picture import apart, read_picture

data = sys.stdin.buffer.read()
before = time.process_time()
try:
    answer = str(read_picture(data, isolate=len(sys.argv) > 1).shape)
except UnreadablePicture as error:
    answer = f"{error.reason}: {error}"
apart.end_all()
others = resource.getrusage(resource.RUSAGE_CHILDREN)  # in one of which it may be decoded
seconds = time.process_time() - before + others.ru_utime + others.ru_stime
status = Path("/proc/self/status")  # getrusage counts the process that started this one, too
peak = re.search(r"VmHWM:\\s*([0-9]+)", status.read_text()) if status.exists() else None
peak = max(int(peak[1]), others.ru_maxrss) if peak else 0
print(json.dumps([seconds, peak / 1024, answer]))
"""


@dataclass
class Cost:
    seconds: float
    """Of a processor."""
    megabytes: float
    """At most, of the largest process; 0 where there is no /proc."""
    answer: str
    """The shape of the picture, or else the reason and the message."""
    stderr: str


def cost_of(data: bytes, isolate: bool = False) -> Cost:
    """What it costs a process of its own to read the picture; a foreign error fails the test."""
    result = subprocess.run(
        [sys.executable, "-c", MEASURED, *(["isolate"] if isolate else [])],
        input=data,
        capture_output=True,
        check=True,
        timeout=100,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    return Cost(*json.loads(result.stdout), result.stderr.decode())


def assert_cheap(data: bytes, answer: str, megabytes: float = 250) -> None:
    cost = cost_of(data)
    assert answer in cost.answer
    assert cost.seconds < 2
    assert cost.megabytes < megabytes
    assert cost.stderr == ""


GREY = Image.fromarray((3 * np.arange(24)[:, None] + 5 * np.arange(32) + 10).astype(np.uint8))


def saved(format: str, image: Image.Image = GREY, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def segment(marker: int, content: bytes = b"") -> bytes:
    return struct.pack(">BBH", 0xFF, marker, 2 + len(content)) + content


def jpeg_with(segments: bytes) -> bytes:
    jpeg = saved("JPEG")
    return jpeg[:2] + segments + jpeg[2:]


def chunk(kind: bytes, content: bytes = b"") -> bytes:
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def png_with(chunks: bytes, before: bytes) -> bytes:
    png = saved("PNG")
    at = png.index(before) - 4
    return png[:at] + chunks + png[at:]


def tiff(tags: dict[int, tuple[int, ...] | bytes], strip: bytes = b"") -> bytes:
    """A little-endian TIFF of 32-bit numbers and of bytes, whose one strip is as it is given."""
    entries, values = b"", strip
    at = 8 + 2 + 12 * (len(tags) + (273 not in tags)) + 4
    for tag, value in sorted(({273: (at,)} | tags).items()):
        content = value if isinstance(value, bytes) else np.array(value, "<u4").tobytes()
        count = len(content) if isinstance(value, bytes) else len(value)
        place = content if len(content) <= 4 else struct.pack("<I", at + len(values))
        values += content if len(content) > 4 else b""
        entries += struct.pack("<HHI", tag, 1 if isinstance(value, bytes) else 4, count)
        entries += place.ljust(4, b"\0")
    return b"II*\0" + struct.pack("<IH", 8, len(entries) // 12) + entries + bytes(4) + values


def heic_of_endless_extents(photo: bytes, size: int) -> bytes:
    """A photo in tiles, with 900 items more, each of 32 pieces that reach to the file's end."""
    at = photo.index(b"iloc") - 4
    (length,) = struct.unpack_from(">I", photo, at)
    items = struct.unpack_from(">H", photo, at + 14)[0]
    piece = struct.pack(">II", 1, 0)
    more = b"".join(
        struct.pack(">HHHIH", 1000 + item, 0, 0, 0, 32) + 32 * piece for item in range(900)
    )
    box = bytearray(photo[at : at + length])
    struct.pack_into(">I", box, 0, length + len(more))
    struct.pack_into(">H", box, 14, items + 900)
    place = 16
    for _ in range(items):  # what comes after this box moves
        method, pieces = struct.unpack_from(">2xH6xH", box, place)
        for each in range(place + 12, place + 12 + 8 * pieces, 8):
            if method == 0:
                (offset,) = struct.unpack_from(">I", box, each)
                struct.pack_into(">I", box, each, offset + len(more))
        place += 12 + 8 * pieces
    meta = photo.index(b"meta") - 4
    head = bytearray(photo[:at])
    struct.pack_into(">I", head, meta, struct.unpack_from(">I", photo, meta)[0] + len(more))
    whole = bytes(head) + bytes(box) + more + photo[at + length :]
    return whole + struct.pack(">I4s", 8 + size, b"free") + bytes(size)
