"""idx files, the format MNIST came in: a header, then unsigned bytes. Gzipped or plain.

Two zero bytes, the type of the values, the number of dimensions, each dimension as a big-endian
32-bit integer, then the values, last dimension fastest. Source: https://yann.lecun.com/exdb/mnist/
"""

import gzip
import hashlib
import io
import math
import os
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inkdigits.errors import InvalidDataset

GZIP_MAGIC = b"\x1f\x8b"
_UNSIGNED_BYTES = b"\x00\x00\x08"
MOST_UNPACKED = 2**26
"""Bytes. MNIST's largest file has 47 million."""
MOST_HEADER = 20
"""No header is longer, in bytes."""


def read_idx(path: str | os.PathLike[str], *, md5: str | None = None) -> NDArray[np.uint8]:
    """The values of one idx file in the shape its header gives: (N,) labels, (N, H, W) pictures.

    `md5`, if given, is what the decompressed bytes must hash to. Raises `InvalidDataset`, naming
    the file, if it cannot be read, is truncated, is no idx file of unsigned bytes or hashes to
    something else.
    """
    try:
        packed = Path(path).read_bytes()
    except OSError as error:
        raise InvalidDataset(
            f"{path} cannot be read: {error.strerror or error}. Check its path and its permissions."
        ) from error
    try:
        return parse_idx(unpack(packed, path), path, md5=md5)
    except InvalidDataset as error:
        raise InvalidDataset(f"{error} Copy or download the file again.") from error


def unpack(packed: bytes, source: object) -> bytes:
    """`packed` decompressed if it is gzip, else as it is. `source` names it in errors.

    The bytes decide, not the file's name: some servers and browsers decompress a `.gz` on the way.
    """
    if not packed.startswith(GZIP_MAGIC):
        return packed
    try:
        return gunzipped(packed, source)
    except EOFError as error:
        raise InvalidDataset(
            f"{source} is truncated: the gzip data stops after {len(packed):,} bytes."
        ) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise InvalidDataset(f"{source} is damaged: bad gzip data ({error}).") from error


def gunzipped(packed: bytes, source: object) -> bytes:
    """Raises what `gzip` does, and InvalidDataset for what is larger than MOST_UNPACKED."""
    with gzip.GzipFile(fileobj=io.BytesIO(packed)) as file:
        content = file.read(MOST_UNPACKED + 1)
    if len(content) > MOST_UNPACKED:
        raise InvalidDataset(
            f"{source} unpacks to more than {MOST_UNPACKED / 2**20:g} MiB, which no file of digits "
            "that is read at once does."
        )
    return content


def parse_idx(content: bytes, source: object, *, md5: str | None = None) -> NDArray[np.uint8]:
    """The array in the decompressed bytes of an idx file; see `read_idx`."""
    shape, start = parse_header(content, source)
    expected = start + math.prod(shape)
    if len(content) != expected:
        problem = "truncated" if len(content) < expected else "too long"
        raise InvalidDataset(
            f"{source} is {problem}: its header announces {expected:,} bytes, "
            f"it has {len(content):,}."
        )
    if md5 is not None:
        _check_md5(content, source, md5)
    # A copy, because an array on top of `bytes` cannot be written to, and PyTorch warns of that.
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape).copy()


def parse_header(content: bytes, source: object) -> tuple[tuple[int, ...], int]:
    """The shape, and where the values start; `content` is the file, or just its first bytes."""
    if not content.startswith(_UNSIGNED_BYTES):
        raise InvalidDataset(
            f"{source} is not an idx file of unsigned bytes: "
            f"it starts with {content[:8]!r} instead of {_UNSIGNED_BYTES!r}."
        )
    dimensions = content[3] if len(content) > 3 else 0
    if not 1 <= dimensions <= 4:
        raise InvalidDataset(
            f"{source} is not an idx file of labels or pictures: "
            f"it has {dimensions} dimensions instead of 1 to 4."
        )
    start = 4 + 4 * dimensions
    if len(content) < start:
        raise InvalidDataset(f"{source} is truncated: it stops inside its header.")
    shape = tuple(np.frombuffer(content, ">u4", count=dimensions, offset=4).tolist())
    if 0 in shape:
        raise InvalidDataset(f"{source} is empty: its header gives the shape {shape}.")
    return shape, start


def _check_md5(content: bytes, source: object, expected: str) -> None:
    got = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if got != expected:
        raise InvalidDataset(
            f"{source} has the wrong content: its decompressed bytes have MD5 {got}, "
            f"expected {expected}."
        )
