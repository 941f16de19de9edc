"""A model file's SHA-256, which it carries itself: a file with one changed byte is not run.

It is the last of the metadata, `sha256`, and is taken over all bytes of the file before it: one
field of ONNX's ModelProto, of always as many bytes. So it is checked without parsing the file.
"""

from __future__ import annotations

import hashlib

from inkdigits.errors import InvalidModel

KEY = "sha256"
_MARK = b"\n\x06sha256\x12"
"""How the metadatum begins, wherever it stands in a file."""
_BEFORE_THE_DIGITS = b"r\x4a" + _MARK + b"\x40"
"""In the encoding of protobuf: field 14 of 74 bytes, the key, and 64 bytes of a value."""
_SIZE = len(_BEFORE_THE_DIGITS) + 64


def fingerprint_of(content: bytes | memoryview) -> bytes:
    """What goes behind a serialised model that has no `sha256` among its metadata."""
    return _BEFORE_THE_DIGITS + hashlib.sha256(content).hexdigest().encode()


def version_of(content: bytes) -> str:
    """What a model file is called in short: the first digits of its SHA-256, as it carries it."""
    carried = content[-64:].decode() if content.rfind(_MARK) >= 0 else ""
    return (carried or hashlib.sha256(content).hexdigest())[:12]


def check_fingerprint(name: str, content: bytes) -> None:
    """Raise InvalidModel if the file has a SHA-256 and is not what it was taken of."""
    if content.rfind(_MARK) < 0:  # from the end, where it is
        return
    whole = memoryview(content)
    if whole[-_SIZE:] != fingerprint_of(whole[:-_SIZE]):
        raise InvalidModel(
            f"{name} is damaged, or was changed after it was written: its SHA-256 is another. "
            "Fetch it again, or write it anew (inkdigits.modelfile.build.write_model)."
        )
