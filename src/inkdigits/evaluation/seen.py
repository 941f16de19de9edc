"""Whether a model has learned from what it is judged by."""

from __future__ import annotations

import re
from pathlib import Path

SPECS = re.compile(r"(.*?), [\d,]+ (?:training )?pictures")
"""In what a model file says it was trained on, the data sets before their number of pictures."""


def seen_note(model: str, trained_on: str, dataset: str) -> str | None:
    """What to say if the model learned from that data set, or from a part of it."""
    if not _parts(dataset) & _learned(trained_on):
        return None
    return (
        f"{model} has learned from {dataset}, so it reads other pictures less well than these. It "
        f"was trained on {trained_on}."
    )


def _learned(trained_on: str) -> set[tuple[str, str]]:
    told = SPECS.match(trained_on)
    learned = set[tuple[str, str]]()
    for spec in told[1].split(" + ") if told else ():
        learned |= _parts(spec)
    return learned | {("mnist", "train")} if "MNIST" in trained_on else learned


def _parts(spec: str) -> set[tuple[str, str]]:
    """The kind of a data set, and its file, or each of its parts."""
    kind, _, rest = spec.partition(":")
    if kind == "mnist":
        return {(kind, part) for part in rest.split("+")}
    return {(kind, str(Path(rest)))}
