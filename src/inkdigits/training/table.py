"""The runs in a folder as a table: what was trained, on what, and how well it reads."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from inkdigits.errors import InkDigitsError

WORDS = ("folder", "recipe", "data", "finished")
NUMBERS = ("epochs", "seed", "parameters", "training", "validation", "MNIST test")


def table_of_runs(folder: str | os.PathLike[str]) -> str:
    """A Markdown table of the `metrics.json` of each run in `folder`, and of each fold of one, the
    least accurate first.

    MNIST's test part says how accurate a run is or, where that was not measured, its validation.
    Raises InkDigitsError if there are none, or one is damaged.
    """
    patterns = "*/metrics.json", "*/fold-*/metrics.json"
    files = sorted(file for pattern in patterns for file in Path(folder).glob(pattern))
    if not files:
        raise InkDigitsError(f"{folder} holds no runs: no folder in it has a metrics.json.")
    told = [_accuracy_and_row(file, file.parent.relative_to(folder)) for file in files]
    rows = [row for _, row in sorted(told, key=lambda found: found[0])]
    heads = (*WORDS, *NUMBERS)
    rules = [*["---"] * len(WORDS), *["---:"] * len(NUMBERS)]
    return "\n".join(f"| {' | '.join(line)} |" for line in (heads, rules, *rows))


def _accuracy_and_row(file: Path, name: Path) -> tuple[float, tuple[str, ...]]:
    try:
        metrics: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        accuracy = metrics["accuracy"]
        limit, test = metrics.get("limit"), accuracy.get("mnist:test")
        validation = next((v for k, v in accuracy.items() if k.endswith("validation")), None)
        changes = [f" {name}={value}" for name, value in metrics.get("changes", {}).items()]
        row = (
            name.as_posix(),
            f"`{metrics['recipe']}{''.join(changes)}`",
            metrics.get("data", "mnist") + (f", {limit:,} pictures" if limit else ""),
            metrics.get("finished", "")[:10],
            _epochs(metrics),
            str(metrics["seed"]),
            f"{metrics['parameters']:,}",
            f"{metrics['seconds']:,.0f} s",
            _percent(validation),
            _percent(test),
        )
        return float(test or validation or 0), row
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InkDigitsError(
            f"{file} does not tell of a run: {error!r}. Take it away, or train the run anew."
        ) from error


def _epochs(metrics: dict[str, Any]) -> str:
    done, asked = metrics["epochs_done"], metrics["epochs"]
    return str(done) if done == asked else f"{done} of {asked}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.2f} %"
