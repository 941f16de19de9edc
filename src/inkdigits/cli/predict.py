"""inkdigits predict: a model's answers to a data set, as a table."""

from __future__ import annotations

from pathlib import Path

import click

from inkdigits.cli.app import app
from inkdigits.cli.kept import check_tables, files_of, keep_apart
from inkdigits.cli.options import data_dir_option, extra, models_option, reader_of


@app.command()
@click.argument("dataset")
@click.option(
    "--out", "-o", type=click.Path(path_type=Path), required=True, help="The table (.csv)."
)
@click.option("--probabilities", is_flag=True, help="With those of all ten digits, as p0 to p9.")
@models_option
@data_dir_option
def predict(
    dataset: str, out: Path, probabilities: bool, models: tuple[str, ...], data_dir: Path | None
) -> None:
    """Write what a model says of each picture of DATASET.

    That is a digit, how likely it is, and whether surely.

    DATASET is such as mnist:test, csv:FILE or folder:my-digits; see convert. Labels are not looked
    at, and may be missing. Several models are blended: the mean of their probabilities counts, and
    what all are sure of is sure.
    """
    with extra("scratch"):
        from inkdigits.cli.followed import Followed
        from inkdigits.datasets.spec import open_dataset
        from inkdigits.evaluation.answers import write_answers

        check_tables({"--out": out})
        keep_apart({"--out": out}, [*files_of(dataset, data_dir), *map(Path, models)])
        opened = Followed(open_dataset(dataset, data_dir, labels=False))
        readers = [reader_of(model) for model in models]
        count = write_answers(readers, opened, out, probabilities=probabilities)
    print(f"{count:,} rows written to {out}")
