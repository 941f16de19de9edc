"""inkdigits evaluate: how well a model reads a data set."""

from __future__ import annotations

import json
from pathlib import Path

import click

from inkdigits.cli.app import app
from inkdigits.cli.options import data_dir_option, extra, reader_of


@app.command()
@click.argument("model")
@click.argument("dataset")
@click.option("--json", "as_json", is_flag=True, help="All figures as JSON.")
@click.option("--html", type=click.Path(path_type=Path), help="Write a page with pictures, too.")
@data_dir_option
def evaluate(
    model: str, dataset: str, as_json: bool, html: Path | None, data_dir: Path | None
) -> None:
    """Judge MODEL on DATASET.

    MODEL is a model file, a run's folder, or "shipped". DATASET is such as mnist:test, csv:FILE or
    folder:my-digits; see convert.
    """
    with extra("scratch"):
        from inkdigits.cli.followed import Followed
        from inkdigits.datasets.spec import open_dataset
        from inkdigits.evaluation.metrics import evaluate as figures_of
        from inkdigits.evaluation.predictions import predict
        from inkdigits.evaluation.text import evaluation_text

        predictions = predict(reader_of(model), Followed(open_dataset(dataset, data_dir)))
        figures = figures_of(predictions)
        if html:
            from inkdigits.atomic_file import write_atomically
            from inkdigits.evaluation.page import page

            write_atomically(html, page(model, predictions, figures).encode())
    if as_json:
        print(json.dumps({"model": model, **figures}))
    else:
        print(evaluation_text(model, figures))
