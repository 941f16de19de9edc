"""inkdigits read: what is written in pictures."""

from __future__ import annotations

import csv
import io
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from inkdigits.cli.app import NOT_ALL_READ, app
from inkdigits.cli.names import no_pictures, pictures_of
from inkdigits.cli.options import model_option
from inkdigits.errors import InkDigitsError
from inkdigits.outputs.rows import write_csv, write_json, write_numbers, write_table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from inkdigits.picture import PictureSource
    from inkdigits.reader import Reader
    from inkdigits.reading import Expect, Reading

PLOT_SUFFIXES = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WebP"}
FEW = 100
"""So many pictures are read before a model that was optimised first would have caught up."""


@app.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values.")
@click.option(
    "--numbers", is_flag=True, help="With --csv: a row for each number, not for each picture."
)
@click.option(
    "--min-confidence",
    type=click.FloatRange(0, 1),
    help="Call nothing sure that is less likely than this, whatever the model says.",
)
@click.option(
    "--expect",
    type=click.Choice(["digit", "number"]),
    help="What each picture holds: one digit, or one number.",
)
@click.option("--length", type=click.IntRange(1), help="How many digits each picture holds.")
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
    help="Draw boxes and answers on the picture, into this file (.png, .jpg, .webp); of one FILE.",
)
@click.option(
    "--table",
    type=click.Path(path_type=Path),
    help="Write the numbers in rows and columns as they lie (.csv); of one FILE.",
)
@model_option
def read(
    files: tuple[str, ...],
    as_json: bool,
    as_csv: bool,
    numbers: bool,
    min_confidence: float | None,
    expect: Expect,
    length: int | None,
    plot: Path | None,
    table: Path | None,
    model: Path | None,
) -> None:
    """Read the numbers in pictures.

    Each holds a digit, a number, or lines of numbers with their marks.

    FILE is a picture, a PDF, a folder of pictures, a glob, or - for standard input. Of a PDF each
    page is read; scan.pdf[2] is the second alone.

    A line is the file, the number and its confidence; a slash stands where a new line of writing
    begins. Where the model is not sure, no number but "not sure (perhaps 314, 41.2%)" follows the
    file; --json and --csv give the best guess as text and say in sure that it is one. In a table
    a number that is not sure has a question mark behind it.

    The exit code is 0 if all were read, surely or not, 1 if some were not (each says why), 2 for
    wrong usage or if the answer cannot be written.
    """
    from inkdigits.reader import Reader

    if as_json and as_csv:
        raise click.UsageError("Choose one of --json and --csv.")
    if numbers and not as_csv:
        raise click.UsageError("--numbers goes with --csv. With --json each line has its numbers.")
    if files.count("-") > 1:
        raise click.UsageError("Standard input (-) can be read only once.")
    if min_confidence is not None and math.isnan(min_confidence):
        raise click.UsageError("--min-confidence must be a number from 0 to 1.")
    if expect == "digit" and length not in (None, 1):
        raise click.UsageError("--expect digit means --length 1.")
    pictures = [picture for file in files for picture in pictures_of(file)]
    names, sources = zip(*pictures, strict=True)
    if (plot or table) and len(names) > 1:
        raise click.UsageError(f"--plot and --table are for one picture, not for {len(names)}.")
    if plot and plot.suffix.lower() not in PLOT_SUFFIXES:
        raise click.UsageError(f"--plot writes {' or '.join(PLOT_SUFFIXES)}, not {plot}.")
    reader = Reader(model, optimize=len(names) > FEW)
    kept: list[tuple[NDArray[np.uint8], Reading]] = []
    results: Iterator[Reading | InkDigitsError]
    if plot or table:
        results = (_kept(reader, source, expect, length, kept) for source in sources)
    else:
        results = reader.read_many(
            sources, batch_size=16, errors="return", expect=expect, length=length
        )
    rows = (_row(name, result, min_confidence) for name, result in zip(names, results, strict=True))
    write_rows = write_numbers if numbers else write_csv
    write = write_json if as_json else write_rows if as_csv else write_table
    all_read = write(rows, names)
    for picture, reading in kept:
        _leave_pictures(picture, reading, min_confidence, plot, table)
    sys.exit(0 if all_read else NOT_ALL_READ)


def _kept(
    reader: Reader,
    source: PictureSource,
    expect: Expect,
    length: int | None,
    kept: list[tuple[NDArray[np.uint8], Reading]],
) -> Reading | InkDigitsError:
    """Read one picture, and keep both it and its reading."""
    from inkdigits.picture import read_picture

    try:
        picture = read_picture(source)
        reading = reader.read_array(picture, expect=expect, length=length)
    except InkDigitsError as error:
        return error
    kept.append((picture, reading))
    return reading


def _leave_pictures(
    picture: NDArray[np.uint8],
    reading: Reading,
    min_confidence: float | None,
    plot: Path | None,
    table: Path | None,
) -> None:
    """Write what --plot and --table ask for."""
    from inkdigits.atomic_file import write_atomically
    from inkdigits.outputs.plot import draw_reading

    content = io.BytesIO()
    try:
        if plot:
            format = PLOT_SUFFIXES[plot.suffix.lower()]
            draw_reading(picture, reading).save(content, format)
            write_atomically(plot, content.getvalue())
        if table:
            text = io.StringIO(newline="")
            rows = reading.table(sure_from=min_confidence or 0.0)
            csv.writer(text, lineterminator="\n").writerows(rows)
            write_atomically(table, text.getvalue().encode())
    except OSError as error:
        raise InkDigitsError(
            f"{error.filename} cannot be written: {error.strerror}. Choose another file."
        ) from error


def _row(
    name: str, result: Reading | InkDigitsError, min_confidence: float | None
) -> dict[str, Any]:
    if isinstance(result, InkDigitsError):
        message = no_pictures(name) or str(result)
        return {"file": name, "error": {"type": type(result).__name__, "message": message}}
    row = {"file": name, **result.to_dict()}
    if min_confidence is not None:
        for answer in (row, *row["numbers"], *row["digits"], *row["marks"]):
            answer["sure"] = answer["sure"] and answer["confidence"] >= min_confidence
    return row
