"""Reads many pictures into a file, and goes on where it stopped."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Literal

from inkdigits.atomic_file import written_atomically
from inkdigits.errors import InkDigitsError
from inkdigits.many.job import Job
from inkdigits.many.journal import journal_at
from inkdigits.many.processes import read_in_processes
from inkdigits.outputs.rows import write_csv, write_json, write_numbers
from inkdigits.recognition.digits import DigitsFile

Engine = Literal["processes", "ray"]


def read_into(
    out: Path,
    names: Sequence[str],
    job: Job,
    *,
    engine: Engine = "processes",
    workers: int | None = None,
    numbers: bool = False,
    follow: Callable[[int], None] = lambda count: None,
) -> int:
    """Write a row for each picture into `out`, .csv, .jsonl or .parquet; how many were not read.

    Until all are read, the rows are in a file of the same name and .part. If there is one, its
    pictures are not read again, unless they have changed.

    Args:
        names: paths of pictures, or addresses such as s3://...
        engine: "processes" on this machine, or "ray" on a cluster.
        workers: how many pictures are read at once; as many as there are cores if left out.
        numbers: with .csv a row for each number, not for each picture.
        follow: is told how many have a row.

    Raises:
        InvalidModel: as `Reader`.
        InkDigitsError: `out` is there already or cannot be written, or .part is of another job or
            has rows of other pictures.
        KeyboardInterrupt: which says what is kept.
    """
    if out.exists():
        raise InkDigitsError(f"{out} is there already. Delete it, or give --out another name.")
    read, write = _engine(engine), _writer(out.suffix, numbers)  # what is missing, is now
    if job.model is not None:
        DigitsFile(job.model, optimize=False)  # what is wrong with it would end each process
    part = out.with_name(f"{out.name}.part")
    with journal_at(part, job.asked()) as journal:
        wanted = dict.fromkeys(names)
        if others := journal.others(wanted):
            raise InkDigitsError(
                f"{part} has {len(others):,} rows of pictures that are not among these, such as "
                f"{min(others)}. Name these, too, to go on; delete it to begin anew; or give --out "
                "another name."
            )
        left = journal.left(wanted)
        follow(len(wanted) - len(left))
        try:
            for lines in read(left, job, workers) if left else ():
                journal.add(lines)
                follow(len(lines))
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"{len(journal.done):,} rows are in {part}. The same command goes on."
            ) from None
        failed = 0

        def rows() -> Iterator[dict[str, Any]]:
            nonlocal failed
            for row in journal.rows(wanted):
                failed += "error" in row
                yield row

        with written_atomically(out) as file:
            write(rows(), file)
    part.unlink()
    return failed


def _engine(engine: Engine) -> Callable[..., Iterator[list[str]]]:
    if engine == "ray":
        from inkdigits.many.on_ray import read_on_ray

        return read_on_ray
    return read_in_processes


def _writer(suffix: str, numbers: bool) -> Callable[[Iterator[dict[str, Any]], BinaryIO], None]:
    if suffix == ".parquet":
        from inkdigits.outputs.parquet import write_parquet

        return write_parquet
    write_rows = write_numbers if numbers else write_csv
    write = write_json if suffix == ".jsonl" else write_rows

    def write_text(rows: Iterator[dict[str, Any]], file: BinaryIO) -> None:
        text = io.TextIOWrapper(file, "utf-8", newline="", write_through=True)
        write(rows, (), text)
        text.detach()

    return write_text
