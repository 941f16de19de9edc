"""The table of runs."""

import json
from pathlib import Path
from typing import Any

import pytest

from inkdigits import InkDigitsError
from inkdigits.training.table import table_of_runs

RUNS = Path(__file__).parents[2] / "runs"
METRICS: dict[str, Any] = {
    "recipe": "mine",
    "parameters": 12345,
    "seconds": 61.7,
    "accuracy": {"mnist:validation": 0.9876},
}


def leave(folder: Path, name: str, **changes: Any) -> None:
    (folder / name).mkdir()
    (folder / name / "metrics.json").write_text(json.dumps(METRICS | changes))


def test_each_run_is_a_row_the_least_accurate_first(tmp_path: Path) -> None:
    leave(tmp_path, "b", recipe="good", accuracy={"mnist:validation": 0.99, "mnist:test": 0.981})
    leave(tmp_path, "a")
    lines = table_of_runs(tmp_path).splitlines()
    assert lines[2:] == [
        "| `mine` | 12,345 | 62 s | 98.76 % |  |",
        "| `good` | 12,345 | 62 s | 99.00 % | 98.10 % |",
    ]


def test_the_readme_shows_the_committed_runs() -> None:
    readme = (RUNS.parent / "README.md").read_text(encoding="utf-8")
    assert table_of_runs(RUNS) in readme


def test_a_folder_without_runs_and_a_damaged_run_are_named(tmp_path: Path) -> None:
    with pytest.raises(InkDigitsError, match="holds no runs"):
        table_of_runs(tmp_path)
    leave(tmp_path, "a", accuracy=None)
    with pytest.raises(InkDigitsError, match=r"metrics\.json does not tell of a run"):
        table_of_runs(tmp_path)
