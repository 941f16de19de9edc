"""What a command writes: it replaces nothing that is read, and is what its name says."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import click

from inkdigits.errors import InvalidDataset
from inkdigits.picture import PICTURE_SUFFIXES


def keep_apart(outputs: Mapping[str, Path | None], inputs: Iterable[Path] = ()) -> None:
    """Raise UsageError if an output, by its option's name, is one of the inputs or another output.

    Of an input that is a folder its pictures are meant, and its model file. Raises InkDigitsError
    if an output cannot be written, before any work is done for it.
    """
    from inkdigits.atomic_file import check_place

    read, written = list(inputs), dict[str, str]()
    for option, out in outputs.items():
        if out is None:
            continue
        if any(_is_of(out, path) for path in read):
            raise click.UsageError(f"{option} would replace {out}, which is read. Name another.")
        place = os.path.realpath(out)
        if other := written.get(place):
            raise click.UsageError(f"{other} and {option} are the same file, {out}. Name two.")
        written[place] = option
        check_place(out)


def keep_outside(out: Path, dataset: str, data_dir: Path | None) -> None:
    """Raise UsageError if the folder of --out is in that of a data set, which it would add to."""
    for folder in files_of(dataset, data_dir):
        if folder.is_dir() and out.resolve().is_relative_to(folder.resolve()):
            raise click.UsageError(
                f"--out would put {out}, with pictures, among those of {dataset}. Name a folder "
                "outside of it."
            )


def check_tables(outputs: Mapping[str, Path | None]) -> None:
    """Raise UsageError if the name of a file of comma-separated values promises another format."""
    for option, out in outputs.items():
        if out and out.suffix.lower() not in ("", ".csv", ".txt"):
            raise click.UsageError(
                f"{option} writes comma-separated values, which {out} does not say. Name it .csv."
            )


def files_of(dataset: str, data_dir: Path | None = None) -> Iterator[Path]:
    """What may be the files of a data set, or its folder."""
    from inkdigits.datasets.spec import find_file

    kind, _, rest = dataset.partition(":")
    names = {"mnist": [], "npz": [rest.partition(",")[0]]}.get(kind, [rest, *rest.split(",")])
    for name in {*names} - {""}:
        with suppress(InvalidDataset):  # there are several: it is told when the data are opened
            yield find_file(name, data_dir)


def _is_of(out: Path, path: Path) -> bool:
    try:
        if not path.is_dir():
            return out.samefile(path)
        is_kept = out.suffix.lower() in PICTURE_SUFFIXES | {".onnx"}
        return is_kept and out.is_file() and out.resolve().is_relative_to(path.resolve())
    except (OSError, ValueError):  # one of them is not there
        return False
