"""inkdigits study: what there is to know about a data set."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import click

from inkdigits.cli.app import app
from inkdigits.cli.kept import keep_apart, keep_outside
from inkdigits.cli.options import SHIPPED, data_dir_option, extra, reader_of
from inkdigits.errors import InkDigitsError


@app.command()
@click.argument("dataset")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("study"),
    show_default=True,
    help="The folder for study.html and its pictures.",
)
@data_dir_option
def study(dataset: str, out: Path, data_dir: Path | None) -> None:
    """Look at DATASET, and find what may be wrong with it.

    Leaves a page with its counts, looks and measures, and with what is blank, double or seems
    mislabelled.

    DATASET is such as mnist:train, csv:FILE or folder:my-digits; see convert.
    """
    with extra("scratch"):
        from inkdigits.atomic_file import write_atomically
        from inkdigits.cli.followed import Followed
        from inkdigits.datasets.spec import open_dataset
        from inkdigits.evaluation.study import find_out
        from inkdigits.evaluation.study_page import findings, page, study_figures

        keep_outside(out, dataset, data_dir)
        opened = Followed(open_dataset(dataset, data_dir), then="laying out maps and figures")
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InkDigitsError(
                f"The folder {out} cannot be made: {error.strerror}. Choose another (--out)."
            ) from error
        keep_apart({"--out": out / "study.html"})
        facts = find_out(opened, reader_of(SHIPPED))
        pictures = study_figures(facts)
    for name, content in pictures.items():
        write_atomically(out / f"{name}.png", content)
    text = page(facts, pictures)
    write_atomically(out / "study.html", text.encode(errors="backslashreplace"))  # as names may be
    for line in findings(facts):
        print(unescape(re.sub(r"</?b>", "", line)))
    print(out / "study.html")
