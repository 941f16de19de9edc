"""Data sets that somebody made to do harm: each is refused with a sentence, at little cost."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.lib import format as npy
from PIL import Image

from inkdigits import InvalidDataset
from inkdigits.datasets import dataset, folder
from inkdigits.datasets.spec import open_dataset

PIXELS = bytes(5 * 28 * 28)
ROW = ",".join(["0"] * 784)


def idx(*shape: int, values: bytes = b"") -> bytes:
    return struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape) + values


def array(*shape: int, kind: str = "|u1", values: bytes = PIXELS) -> bytes:
    file = io.BytesIO()
    header = {"descr": kind, "fortran_order": False, "shape": shape}
    npy.write_array_header_1_0(file, header)
    return file.getvalue() + values


def array_of_header(text: bytes) -> bytes:
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + PIXELS


def npz(method: int = zipfile.ZIP_DEFLATED, **arrays: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in arrays.items():
            archive.writestr(f"{name}.npy", content)
    return file.getvalue()


def changed(content: bytes, local: int, central: int, value: int) -> bytes:
    """A zip file of one file, with a byte of both its headers changed."""
    content = bytearray(content)
    content[local] = content[content.index(b"PK\1\2") + central] = value
    return bytes(content)


def damaged_lzma() -> bytes:
    noise = np.random.default_rng(0).bytes(len(PIXELS))
    content = npz(zipfile.ZIP_LZMA, x=array(5, 28, 28, values=noise))
    return content[:300] + bytes(100) + content[400:]


def pen(points: str) -> bytes:
    return f".SEGMENT\n.COMMENT 5 1\n.PEN_DOWN\n{points}\n.PEN_UP\n".encode()


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "csv:huge field": (lambda: b"1" * 200_000 + ROW.encode(), "row 1: it is longer than 65,536"),
    "csv:huge row": (lambda: f"5,{ROW}\n".encode() * 2 + b"0," * 10**6, "row 3: it is longer"),
    "csv:nothing but NUL": (lambda: f"5,{ROW}\n4,{ROW}\n".encode() + bytes(10**6), "row 3: it is"),
    "idx:largest sides": (lambda: idx(*3 * [2**32 - 1]), "the limit is 50 megapixels"),
    "idx:large picture": (lambda: gzip.compress(idx(1, 8000, 8000)), "the limit is 50 megapixels"),
    "idx:many rows": (lambda: idx(2**32 - 1, 28, 28), "is truncated"),
    "idx:wrong checksum": (
        lambda: gzip.compress(idx(5, 28, 28, values=PIXELS))[:-8] + bytes(8),
        "is damaged: CRC",
    ),
    "npz:negative number": (lambda: npz(x=array(-1, 28, 28)), r"pictures are uint8 \(-1, 28, 28\)"),
    "npz:negative sides": (lambda: npz(x=array(5, -28, -28)), "pictures are uint8"),
    "npz:large picture": (lambda: npz(x=array(1, 8000, 8000)), "the limit is 50 megapixels"),
    "npz:many labels": (
        lambda: npz(x=array(2**31, 1, 1), y=array(2**31)),
        "one a picture, and at most 20,000,000",
    ),
    "npz:too few labels": (lambda: npz(x=array(5, 28, 28), y=array(5, values=b"123")), "cannot be"),
    "npz:no arrays": (
        lambda: npz(x=array(5, 28, 28)).replace(b"x.npy", b"x.txt"),
        "holds nothing. It needs an array called pictures",
    ),
    "npz:password": (lambda: changed(npz(x=array(5, 28, 28)), 6, 8, 1), "encrypted"),
    "npz:unknown method": (lambda: changed(npz(x=array(5, 28, 28)), 8, 10, 99), "not supported"),
    "npz:damaged LZMA": (damaged_lzma, r"cannot be read as \.npz"),
    "npz:half a header": (lambda: npz(x=array_of_header(b"{'shape': (((\n")), "cannot be read as"),
    "strokes:far away": (lambda: pen("1e308 -1e308\n-1e308 1e308"), "digit 1: a stroke is not"),
    "strokes:long": (lambda: pen("1 1\n50 60\n" * 5001), "digit 1: it has more than 10,000 points"),
    "strokes:bomb": (lambda: gzip.compress(bytes(2**26 + 1), 1), "unpacks to more than 64 MiB"),
}


@pytest.mark.parametrize(("spec", "content", "message"), [(k, *v) for k, v in HOSTILE.items()])
def test_a_hostile_data_set_is_refused(
    tmp_path: Path, spec: str, content: Callable[[], bytes], message: str
) -> None:
    kind, _, name = spec.partition(":")
    (tmp_path / name).write_bytes(content())

    with pytest.raises(InvalidDataset, match=message):
        open_dataset(f"{kind}:{tmp_path / name}").load()


def test_large_pictures_come_in_small_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset, "MAX_PIXELS", 2 * 28 * 28)
    (tmp_path / "file").write_bytes(idx(5, 28, 28, values=PIXELS))
    (tmp_path / "file.npz").write_bytes(npz(x=array(5, 28, 28)))

    for spec in (f"idx:{tmp_path}/file", f"npz:{tmp_path}/file.npz"):
        assert [len(batch) for batch in open_dataset(spec).batches()] == [2, 2, 1]


def test_of_large_photos_few_are_in_memory_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folder, "MAX_PIXELS", 2 * 28 * 28)
    for digit in range(5):
        Image.new("L", (28, 28), digit).save(tmp_path / f"{digit}.png")

    batches = list(open_dataset(f"folder:{tmp_path}").batches())
    assert [len(batch) for batch in batches] == [2, 2, 1]
    assert [label for batch in batches for label in batch.labels.tolist()] == [0, 1, 2, 3, 4]
    assert [origin for batch in batches for origin in batch.origins][4] == "4.png"
    assert [len(batch) for batch in open_dataset(f"folder:{tmp_path}").batches(1)] == [1] * 5


@pytest.mark.parametrize("names", ["", f"label,{ROW}"])
def test_lines_of_a_csv_may_end_as_on_old_macs(tmp_path: Path, names: str) -> None:
    lines = [*filter(None, [names]), f"5,{ROW}", f"4,{ROW}", f"3,{ROW}"]
    (tmp_path / "old.csv").write_bytes("\r".join(lines).encode())

    assert open_dataset(f"csv:{tmp_path}/old.csv").load().labels.tolist() == [5, 4, 3]
