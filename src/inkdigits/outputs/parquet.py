"""Readings as a Parquet file (`pip install "inkdigits[parquet]"`), a row a picture."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO

import pyarrow as pa
from pyarrow.parquet import ParquetWriter

ROWS = 5000
"""That are in memory at a time."""

_BOX = pa.list_(pa.int32(), 4)
_SIGN = [("confidence", pa.float32()), ("sure", pa.bool_()), ("box", _BOX)]
SCHEMA = pa.schema(
    [
        ("file", pa.string()),
        ("text", pa.string()),
        ("confidence", pa.float32()),
        ("sure", pa.bool_()),
        ("lines", pa.list_(pa.string())),
        ("number", pa.float64()),
        (
            "numbers",
            pa.list_(
                pa.struct(
                    [("text", pa.string()), ("value", pa.float64()), *_SIGN, ("line", pa.int32())]
                )
            ),
        ),
        (
            "digits",
            pa.list_(
                pa.struct(
                    [("value", pa.int8()), *_SIGN, ("probabilities", pa.list_(pa.float32(), 10))]
                )
            ),
        ),
        ("marks", pa.list_(pa.struct([("text", pa.string()), *_SIGN]))),
        ("skipped", pa.list_(_BOX)),
        ("faint", pa.list_(_BOX)),
        ("turned", pa.int16()),
        ("warnings", pa.list_(pa.string())),
        ("model", pa.string()),
        ("error", pa.string()),
        ("message", pa.string()),
    ]
)
"""What `Reading.to_dict` has, and for a picture that was not read error and message alone."""


def write_parquet(rows: Iterator[dict[str, Any]], file: BinaryIO) -> None:
    """Write rows of `row_of`."""
    with ParquetWriter(file, SCHEMA, compression="zstd") as writer:
        while some := [_columns(row) for row in islice(rows, ROWS)]:
            writer.write_table(pa.Table.from_pylist(some, SCHEMA))


def _columns(row: dict[str, Any]) -> dict[str, Any]:
    # The name of a file need not be valid text.
    row["file"] = row["file"].encode(errors="backslashreplace").decode()
    if error := row.get("error"):
        return row | {"error": error["type"], "message": error["message"]}
    return row
