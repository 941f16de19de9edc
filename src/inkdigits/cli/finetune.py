"""inkdigits finetune: learn from corrections, and judge what comes of it."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Any

import click

from inkdigits.cli.app import INTERRUPTED, NOT_ALL_READ, app
from inkdigits.cli.kept import keep_outside
from inkdigits.cli.options import check_resumed_or_new, data_dir_option, extra, versions_option


@app.command()
@click.argument("dataset")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="The run's folder, such as runs/mine.",
)
@versions_option
@click.option(
    "--personal",
    is_flag=True,
    help="All are of one hand: learn from every picture; halves judge each other.",
)
@click.option("--seed", type=click.IntRange(0), help="The seed of everything random.  [default: 0]")
@data_dir_option
@click.option(
    "--threads", type=click.IntRange(1), help="How many threads compute.  [default: one a core]"
)
@click.option("--resume", is_flag=True, help="Go on with the run in --out.")
@click.option("--overwrite", is_flag=True, help="Start anew where a run is in --out.")
def finetune(dataset: str, out: Path, folder: Path | None, **options: Any) -> None:
    """Teach the model that ships the hands in DATASET.

    What it has learned is replayed meanwhile: MNIST and the pen strokes of pendigits. Some of the
    pictures are held back. The gate says yes if more of them are read right, next to nothing is
    lost of MNIST's validation part, of writers whom nothing has learned from and of numbers that
    their digits make, letters are doubted as before, and the labels can be believed. What cannot be
    shown is a no.

    The candidate is kept with its figures in a folder of versions; nobody reads with it until
    `inkdigits models promote`. The exit code is 0 if the gate said yes, and 1 if it said no; of
    the very file that has passed before, beside the same version, that verdict counts, and it is 0
    whatever is said now.
    """
    check_resumed_or_new(options)
    with extra("train"):
        from inkdigits.corrections.fine_tune import fine_tune
        from inkdigits.corrections.gate import HEADS
        from inkdigits.corrections.versions import Versions, default_folder
        from inkdigits.training.run import Interrupted

        if not options["resume"]:
            keep_outside(out, dataset, options["data_dir"])
        try:
            version, comparisons = fine_tune(
                dataset, out, Versions(folder or default_folder()), **options
            )
        except Interrupted as interruption:
            print(f"inkdigits: {interruption}", file=sys.stderr)
            sys.exit(INTERRUPTED)
    print(HEADS, *comparisons, sep="\n")
    if not version.passed:
        print(f"{version.name} is kept in {version.path}. It was not shown to be better.")
        sys.exit(NOT_ALL_READ)
    named = f" --folder {shlex.quote(os.fspath(folder))}" if folder else ""
    print(f"{version.name} may be promoted: inkdigits models promote {version.name}{named}")
