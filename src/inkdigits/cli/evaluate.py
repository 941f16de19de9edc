"""inkdigits evaluate: how well a model reads a data set."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import click

from inkdigits.cli.app import app
from inkdigits.cli.kept import files_of, keep_apart
from inkdigits.cli.options import data_dir_option, extra, reader_of

BOTH = (
    "What is not clearly one digit at a glance was read with page.onnx, too: this judges both "
    "files."
)
"""What to say of --read."""


@app.command()
@click.argument("model")
@click.argument("dataset")
@click.option(
    "--read",
    "by_reading",
    is_flag=True,
    help="Read each picture as inkdigits read does: what is not one digit there is misread. This "
    "judges page.onnx, too.",
)
@click.option("--json", "as_json", is_flag=True, help="All figures as JSON.")
@click.option("--html", type=click.Path(path_type=Path), help="Write a page with pictures, too.")
@data_dir_option
def evaluate(
    model: str,
    dataset: str,
    by_reading: bool,
    as_json: bool,
    html: Path | None,
    data_dir: Path | None,
) -> None:
    """Judge MODEL on DATASET.

    MODEL is a model file, a run's folder, or "shipped". DATASET is such as mnist:test, csv:FILE or
    folder:my-digits (see convert), whose pictures go straight into the model file.

    Numbers and pages are texts:FOLDER, where names say what is written (2048__mine.jpg,
    12_305__page.png, 24%2F7__x.png), or texts:FILE.csv with the columns file and text. They are
    read as inkdigits read does, and right if the text is right to the last mark.
    """
    with extra("scratch"):
        from inkdigits.evaluation.texts import PREFIX

        if dataset.startswith(PREFIX):
            if html:
                raise click.UsageError(f"--html is not for {PREFIX} Leave it out.")
            figures, words = _of_texts(model, dataset)
        else:
            figures, words = _of_digits(model, dataset, by_reading, html, data_dir)
    print(json.dumps({"model": model, **figures}) if as_json else words)


def _of_texts(model: str, dataset: str) -> tuple[dict[str, Any], str]:
    """The figures, and how to say them."""
    from inkdigits.cli.followed import followed
    from inkdigits.evaluation.in_words import texts_in_words
    from inkdigits.evaluation.texts import figures_of, read_texts

    follow = partial(followed, doing=f"reading {dataset}")
    figures = figures_of(dataset, read_texts(reader_of(model), dataset, follow))
    return figures, texts_in_words(model, figures)


def _of_digits(
    model: str, dataset: str, by_reading: bool, html: Path | None, data_dir: Path | None
) -> tuple[dict[str, Any], str]:
    """Likewise; and `html` is written."""
    from inkdigits.cli.followed import Followed
    from inkdigits.datasets.spec import open_dataset
    from inkdigits.evaluation.in_words import evaluation_in_words
    from inkdigits.evaluation.metrics import evaluate as figures_of
    from inkdigits.evaluation.predictions import predict
    from inkdigits.evaluation.seen import seen_note

    keep_apart({"--html": html}, [*files_of(dataset, data_dir), Path(model)])
    opened = Followed(open_dataset(dataset, data_dir))
    reader = reader_of(model)
    if note := seen_note(model, reader.metadata.get("trained_on", ""), dataset):
        print(f"inkdigits: {note}", file=sys.stderr)
    predictions = predict(reader, opened, by_reading=by_reading)
    figures = figures_of(predictions)
    if html:
        from inkdigits.atomic_file import write_atomically
        from inkdigits.evaluation.page import page

        text = page(model, predictions, figures)
        write_atomically(html, text.encode(errors="backslashreplace"))  # a name need not be text
    words = evaluation_in_words(model, figures)
    return figures, f"{words}\n\n{BOTH}" if by_reading else words
