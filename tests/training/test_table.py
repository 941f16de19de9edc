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
    "epochs": 3,
    "epochs_done": 3,
    "seed": 7,
    "parameters": 12345,
    "seconds": 61.7,
    "accuracy": {"mnist:validation": 0.9876},
}


def leave(folder: Path, name: str, **changes: Any) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "metrics.json").write_text(json.dumps(METRICS | changes))


def rows(folder: Path) -> list[dict[str, str]]:
    """The table's rows, by the names of its columns."""
    lines = [line.strip("| ").split(" | ") for line in table_of_runs(folder).splitlines()]
    heads, _, *rest = ([cell.strip() for cell in line] for line in lines)
    return [dict(zip(heads, row + [""] * (len(heads) - len(row)), strict=True)) for row in rest]


def test_each_run_is_a_row_the_least_accurate_first(tmp_path: Path) -> None:
    leave(tmp_path, "b", accuracy={"mnist:validation": 0.99, "mnist:test": 0.981})
    leave(tmp_path, "a")
    leave(tmp_path, "c", accuracy={"mnist:validation": 0.999, "mnist:test": 0.97})
    leave(tmp_path, "none", accuracy={})
    assert [row["folder"] for row in rows(tmp_path)] == ["none", "c", "b", "a"]
    assert [row["MNIST test"] for row in rows(tmp_path)] == ["", "97.00 %", "98.10 %", ""]


def test_a_row_says_what_was_trained_on_what_and_when(tmp_path: Path) -> None:
    told = {"data": "csv:a.csv + mnist", "limit": 2000, "changes": {"learning_rate": "0.1"}}
    leave(tmp_path, "first", **told, finished="2026-07-29T12:30:00+00:00", epochs=5)
    assert rows(tmp_path) == [
        {
            "folder": "first",
            "recipe": "`mine learning_rate=0.1`",
            "data": "csv:a.csv + mnist, 2,000 pictures",
            "finished": "2026-07-29",
            "epochs": "3 of 5",
            "seed": "7",
            "parameters": "12,345",
            "training": "62 s",
            "validation": "98.76 %",
            "MNIST test": "",
        }
    ]


def test_folds_are_runs_too_by_the_name_of_theirs(tmp_path: Path) -> None:
    leave(tmp_path, "own/fold-1", fold="1/2", accuracy={"csv:a.csv:validation": 0.97})
    leave(tmp_path, "own/fold-2", fold="2/2", accuracy={"csv:a.csv:validation": 0.96})
    assert [row["folder"] for row in rows(tmp_path)] == ["own/fold-2", "own/fold-1"]


def test_the_readme_shows_the_committed_runs() -> None:
    readme = (RUNS.parent / "README.md").read_text(encoding="utf-8")
    assert table_of_runs(RUNS) in readme


def test_a_folder_without_runs_and_a_damaged_run_are_named(tmp_path: Path) -> None:
    with pytest.raises(InkDigitsError, match="holds no runs"):
        table_of_runs(tmp_path)
    leave(tmp_path, "a", accuracy=None)
    with pytest.raises(InkDigitsError, match=r"metrics\.json does not tell of a run"):
        table_of_runs(tmp_path)
