"""inkdigits kaggle: a submission for its digit recogniser."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from inkdigits.cli.app import app
from inkdigits.cli.options import model_option


@app.command()
@click.argument("test", type=click.Path(path_type=Path))
@click.option("--out", "-o", type=click.Path(path_type=Path), required=True, help="The submission.")
@model_option
def kaggle(test: Path, out: Path, model: Path | None) -> None:
    """Write a submission for Kaggle's digit recogniser: TEST is its test.csv.

    Its test rows come from MNIST, most of which the model that ships was trained on. An honest
    submission is by a model that was trained on Kaggle's train.csv alone.
    """
    from inkdigits.evaluation.kaggle import HONESTY, write_submission
    from inkdigits.reader import Reader

    reader = Reader(model, threads=os.cpu_count() or 1)
    submission = write_submission(reader, test, out)
    for origin in submission.blank:
        print(f"inkdigits: {origin} is blank: its label is a guess.", file=sys.stderr)
    print(f"{submission.count:,} rows written to {out}")
    trained_on = reader.metadata.get("trained_on") or "data that it does not tell"
    print(f"The model was trained on {trained_on}.")
    if model is None:
        print(HONESTY)
