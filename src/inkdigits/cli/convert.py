"""inkdigits convert: a data set in another format."""

from __future__ import annotations

from pathlib import Path

import click

from inkdigits.cli.app import app
from inkdigits.cli.options import data_dir_option, extra


@app.command()
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@data_dir_option
def convert(source: str, target: str, data_dir: Path | None) -> None:
    """Write the data set FROM in another format, TO.

    FROM is one of mnist:test (or train, validation, train+validation), csv:FILE, folder:FOLDER,
    idx:PICTURES[,LABELS], npz:FILE[,PART], strokes:FILE, corrections:; TO is csv:FILE,
    folder:FOLDER, idx:PICTURES,LABELS or npz:FILE.
    """
    with extra("scratch"):
        from inkdigits.cli.followed import Followed
        from inkdigits.datasets.convert import convert as run
        from inkdigits.datasets.spec import open_dataset

        count = run(Followed(open_dataset(source, data_dir), "converting"), target)
    print(f"{count:,} pictures written to {target}")
