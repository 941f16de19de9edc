"""inkdigits kaggle: a submission for its digit recogniser."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from inkdigits.cli.app import app
from inkdigits.cli.kept import check_tables, keep_apart
from inkdigits.cli.options import SHIPPED, models_option, reader_of


@app.command()
@click.argument("test", type=click.Path(path_type=Path))
@click.option(
    "--out", "-o", type=click.Path(path_type=Path), required=True, help="The submission (.csv)."
)
@click.option(
    "--probabilities",
    type=click.Path(path_type=Path),
    help="Write those of all ten digits, too, into this file (.csv).",
)
@models_option
def kaggle(test: Path, out: Path, probabilities: Path | None, models: tuple[str, ...]) -> None:
    """Write a submission for Kaggle's digit recogniser.

    TEST is its test.csv. Several models are blended: the mean of their probabilities counts.

    Its test rows come from MNIST, most of which the model that ships was trained on. An honest
    submission is by a model that was trained on Kaggle's train.csv alone.
    """
    outputs = {"--out": out, "--probabilities": probabilities}
    check_tables(outputs)
    keep_apart(outputs, [test, *map(Path, models)])
    from inkdigits.cli.followed import Followed
    from inkdigits.evaluation.kaggle import HONESTY, test_rows, write_submission

    readers = [reader_of(model) for model in models]
    submission = write_submission(readers, Followed(test_rows(test)), out, probabilities)
    for origin in submission.blank:
        print(f"inkdigits: {origin} is blank: its label is a guess.", file=sys.stderr)
    print(f"{submission.count:,} rows written to {out}")
    for model, reader in zip(models, readers, strict=True):
        trained_on = reader.metadata.get("trained_on") or "data that it does not tell"
        print(f"{model} was trained on {trained_on}.")
    if SHIPPED in models:
        print(HONESTY)
