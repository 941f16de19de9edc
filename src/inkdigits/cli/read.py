"""inkdigits read: what is written in pictures."""

from __future__ import annotations

import csv
import io
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import click

from inkdigits.cli.app import NOT_ALL_READ, app
from inkdigits.cli.kept import check_tables, keep_apart
from inkdigits.cli.names import expanded, is_in, no_pictures, pictures_of
from inkdigits.cli.options import extra, model_option
from inkdigits.errors import InkDigitsError
from inkdigits.outputs.rows import (
    no_formula,
    row_of,
    write_csv,
    write_json,
    write_numbers,
    write_table,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from inkdigits.picture import PictureSource
    from inkdigits.reader import Reader
    from inkdigits.reading import Expect, Reading

OUT_SUFFIXES = ".csv", ".jsonl", ".parquet"
PLOT_SUFFIXES = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WebP"}
FEW = 100
"""So many pictures are read before a model that was optimised first would have caught up."""


@app.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values in UTF-8.")
@click.option(
    "--numbers",
    is_flag=True,
    help="With --csv or --out FILE.csv: a row for each number, not for each picture.",
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
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Write rows into this file (.csv, .jsonl, .parquet), however many pictures there are; "
    "the same command goes on where it was stopped.",
)
@click.option(
    "--workers",
    type=click.IntRange(1),
    help="With --out: processes that read.  [default: one for each core]",
)
@click.option(
    "--engine",
    type=click.Choice(["processes", "ray"]),
    default="processes",
    show_default=True,
    help="With --out: read on this machine, or on a Ray cluster (RAY_ADDRESS).",
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
    out: Path | None,
    workers: int | None,
    engine: Literal["processes", "ray"],
    model: Path | None,
) -> None:
    """Read the numbers in pictures.

    Each holds a digit, a number, or lines of numbers with their marks.

    FILE is a picture, a PDF, a folder of pictures, a glob, or - for standard input; with --out
    also what s3:// names. Of a PDF or TIFF each page is read; scan.pdf[2] is the second alone.

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
    if numbers and not (as_csv or (out and out.suffix == ".csv")):
        raise click.UsageError("--numbers goes with --csv. With --json each line has its numbers.")
    if files.count("-") > 1:
        raise click.UsageError("Standard input (-) can be read only once.")
    if min_confidence is not None and math.isnan(min_confidence):
        raise click.UsageError("--min-confidence must be a number from 0 to 1.")
    if expect == "digit" and length not in (None, 1):
        raise click.UsageError("--expect digit means --length 1.")
    if out:
        if as_json or as_csv or plot or table or "-" in files:
            raise click.UsageError("--out goes without --json, --csv, --plot, --table and -.")
        _read_into(out, files, engine, workers, numbers, (model, expect, length, min_confidence))
    if workers or engine == "ray":
        raise click.UsageError("--workers and --engine go with --out.")
    pictures = [picture for file in files for picture in pictures_of(file)]
    names, sources = zip(*pictures, strict=True)
    if (plot or table) and len(names) > 1:
        raise click.UsageError(f"--plot and --table are for one picture, not for {len(names)}.")
    for option, target in (("--plot", plot), ("--table", table)):
        if target and is_in(names[0], target):
            raise click.UsageError(f"{option} would replace the picture {target}.")
    keep_apart({"--plot": plot, "--table": table}, [model] if model else [])
    if plot and plot.suffix.lower() not in PLOT_SUFFIXES:
        raise click.UsageError(f"--plot writes {' or '.join(PLOT_SUFFIXES)}, not {plot}.")
    check_tables({"--table": table})
    reader = Reader(model, optimize=len(names) > FEW)
    kept: list[tuple[NDArray[np.uint8], Reading]] = []
    results: Iterator[Reading | InkDigitsError]
    if plot or table:
        results = (_kept(reader, source, expect, length, kept) for source in sources)
    else:
        results = reader.read_many(
            sources, batch_size=16, errors="return", expect=expect, length=length
        )
    rows = (
        row_of(name, _told(name, result), min_confidence)
        for name, result in zip(names, results, strict=True)
    )
    write_rows = write_numbers if numbers else write_csv
    write = write_json if as_json else write_rows if as_csv else write_table
    if as_csv and isinstance(sys.stdout, io.TextIOWrapper) and not sys.stdout.isatty():
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    all_read = write(rows, names)
    for picture, reading in kept:
        _leave_pictures(picture, reading, min_confidence, plot, table)
    sys.exit(0 if all_read else NOT_ALL_READ)


def _read_into(
    out: Path,
    files: Sequence[str],
    engine: Literal["processes", "ray"],
    workers: int | None,
    numbers: bool,
    asked: tuple[Any, ...],
) -> NoReturn:
    """Read any number of pictures into a file; `asked` is of each what `Job` says."""
    if out.suffix not in OUT_SUFFIXES:
        raise click.UsageError(f"--out writes {', '.join(OUT_SUFFIXES)}, not {out}.")
    with extra("ray" if engine == "ray" else "parquet"):
        from inkdigits.many.job import Job
        from inkdigits.many.places import is_elsewhere, names_at
        from inkdigits.many.run import read_into

        names = list(
            dict.fromkeys(
                name
                for file in files
                for name in (names_at(file) if is_elsewhere(file) else expanded(file))
            )
        )
        bar: Any = click.progressbar(
            length=len(names),
            label="reading",
            show_pos=True,
            file=sys.stderr,
            hidden=not sys.stderr.isatty(),
        )
        with bar:
            failed = read_into(
                out,
                names,
                Job(*asked),
                engine=engine,
                workers=workers,
                numbers=numbers,
                follow=bar.update,
            )
    print(f"{len(names):,} pictures, of which {failed:,} could not be read, are in {out}")
    sys.exit(NOT_ALL_READ if failed else 0)


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

    sure_from = min_confidence or 0.0
    if plot:
        content = io.BytesIO()
        drawn = draw_reading(picture, reading, sure_from=sure_from)
        try:
            drawn.save(content, PLOT_SUFFIXES[plot.suffix.lower()])
        except (OSError, ValueError) as error:  # no format holds a picture of any size
            raise InkDigitsError(f"{plot} cannot be written: {error}. Choose .png.") from error
        write_atomically(plot, content.getvalue())
    if table:
        text = io.StringIO(newline="")
        rows = (map(no_formula, row) for row in reading.table(sure_from=sure_from))
        csv.writer(text, lineterminator="\n").writerows(rows)
        write_atomically(table, text.getvalue().encode())


def _told(name: str, result: Reading | InkDigitsError) -> Reading | InkDigitsError:
    """The result; the error for a name that stands for no pictures says so."""
    if isinstance(result, InkDigitsError) and (message := no_pictures(name)):
        result.args = (message,)
    return result
