"""inkdigits compare: whether one model is really better than another."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from inkdigits.cli.app import app
from inkdigits.cli.options import data_dir_option, extra, reader_of


@app.command()
@click.argument("models", metavar="MODEL MODEL...", nargs=-1, required=True)
@click.option("--on", "dataset", metavar="DATASET", required=True, help="Such as mnist:test.")
@click.option("--json", "as_json", is_flag=True, help="All figures as JSON.")
@data_dir_option
def compare(models: tuple[str, ...], dataset: str, as_json: bool, data_dir: Path | None) -> None:
    """Judge several models, and whether one is really better.

    All read the same pictures, and each is compared with the first.

    MODEL is a model file, a run's folder, or "shipped".
    """
    if len(set(models)) < 2 or len(set(models)) < len(models):
        raise click.UsageError("Name two models or more, each once.")
    with extra("scratch"):
        from dataclasses import asdict

        from inkdigits.cli.followed import Followed
        from inkdigits.datasets.spec import open_dataset
        from inkdigits.evaluation.in_words import comparison_in_words
        from inkdigits.evaluation.metrics import difference
        from inkdigits.evaluation.metrics import evaluate as figures_of
        from inkdigits.evaluation.predictions import predict
        from inkdigits.evaluation.seen import seen_note

        opened = open_dataset(dataset, data_dir)
        readers = {model: reader_of(model) for model in models}
        for model, reader in readers.items():
            if note := seen_note(model, reader.metadata.get("trained_on", ""), dataset):
                print(f"inkdigits: {note}", file=sys.stderr)
        predictions = {
            model: predict(reader, Followed(opened, f"{model}: reading"))
            for model, reader in readers.items()
        }
        figures = {model: figures_of(predicted) for model, predicted in predictions.items()}
        first = predictions[models[0]]
        differences = {model: difference(first, predictions[model]) for model in models[1:]}
    if as_json:
        against_first = {model: asdict(found) for model, found in differences.items()}
        print(json.dumps({"models": figures, "against_first": against_first}))
    else:
        print(comparison_in_words(dataset, figures, differences))
