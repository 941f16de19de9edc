"""Train a recipe several times, each time judged by another part of the data: k-fold validation."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from inkdigits.atomic_file import write_atomically
from inkdigits.training.fit import CHECKPOINT_NAMES, InvalidRun, Recipe
from inkdigits.training.run import train

FOLDS = "folds.json"


def train_folds(
    recipe: Recipe,
    out: str | os.PathLike[str],
    folds: int,
    *,
    resume: bool = False,
    **options: Any,
) -> dict[str, dict[str, Any]]:
    """Leave a run for each of the `folds` parts in `out`, and their accuracies in folds.json.

    Every picture is kept for validation once. `resume` goes on with the runs that are there, and
    `options` are those of `inkdigits.training.run.train`, which says what is raised. InvalidRun is
    raised, too, where there is no run to resume, or one of more folds; and for teachers, who may
    have learned from what a fold keeps.

    Returns:
        Of each data set the "mean" of its accuracies, their "spread" (standard deviation), and
        "each"; nothing in a process that is not the main one.
    """
    if options.get("teachers"):
        raise InvalidRun(
            "A teacher may have learned from what a fold keeps to judge by. Leave out --teacher or "
            "--folds."
        )
    begun = {file.parent for name in CHECKPOINT_NAMES for file in Path(out).glob(f"fold-*/{name}")}
    if resume and not begun:
        raise InvalidRun(f"{out} holds no folds to resume. Leave out --resume to start them.")
    wanted = [Path(out) / f"fold-{number}" for number in range(1, folds + 1)]
    if more := begun - {*wanted}:
        raise InvalidRun(
            f"{out} holds {min(more).name}, of more folds than {folds}. Choose another folder "
            "(--out), or take that away."
        )
    runs = []
    for number, folder in enumerate(wanted, start=1):
        fold, goes_on = f"{number}/{folds}", resume and folder in begun
        runs.append(train(recipe, folder, fold=fold, resume=goes_on, **options))
    if not all(runs):
        return {}
    accuracies = {name: [run["accuracy"][name] for run in runs] for name in runs[0]["accuracy"]}
    summary = {
        name: {"mean": np.mean(each), "spread": np.std(each, ddof=1), "each": each}
        for name, each in accuracies.items()
    }
    write_atomically(Path(out) / FOLDS, (json.dumps(summary, indent=2) + "\n").encode())
    return summary
