"""The runs in a folder as a table: what was trained, for how long, and how well it reads."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from inkdigits.errors import InkDigitsError

HEADS = ("recipe", "parameters", "training", "validation", "MNIST test")


def table_of_runs(folder: str | os.PathLike[str]) -> str:
    """A Markdown table of the `metrics.json` of each run in `folder`, the least accurate first.

    Raises InkDigitsError if there are none, or one is damaged.
    """
    files = sorted(Path(folder).glob("*/metrics.json"))
    if not files:
        raise InkDigitsError(f"{folder} holds no runs: no folder in it has a metrics.json.")
    rows = sorted((_row(file) for file in files), key=lambda row: row[-1])
    lines = [HEADS, ("---", *["---:"] * (len(HEADS) - 1)), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _row(file: Path) -> tuple[str, ...]:
    try:
        metrics: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        accuracy = metrics["accuracy"]
        validation = next(v for name, v in accuracy.items() if name.endswith("validation"))
        return (
            f"`{metrics['recipe']}`",
            f"{metrics['parameters']:,}",
            f"{metrics['seconds']:,.0f} s",
            _percent(validation),
            _percent(accuracy.get("mnist:test")),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, StopIteration) as error:
        raise InkDigitsError(
            f"{file} does not tell of a run: {error!r}. Take it away, or train the run anew."
        ) from error


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.2f} %"
