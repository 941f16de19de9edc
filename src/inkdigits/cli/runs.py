"""inkdigits runs: a table of training runs."""

from __future__ import annotations

from pathlib import Path

import click

from inkdigits.cli.app import app


@app.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path("runs"))
def runs(folder: Path) -> None:
    """Print the runs in FOLDER, or in runs, as a Markdown table.

    One with --folds has a row for each of them.
    """
    from inkdigits.training.table import table_of_runs

    print(table_of_runs(folder))
