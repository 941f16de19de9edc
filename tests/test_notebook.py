"""notebooks/study.ipynb: it runs, and its outputs are those that are committed."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from inkdigits.datasets.mnist import DATA_DIR_VARIABLE

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "study.ipynb"


def kinds(cell: nbformat.NotebookNode) -> list[str]:
    """What a cell puts out: its text without numbers, and the types of its pictures."""
    text = "".join(output.get("text", "") for output in cell["outputs"])  # it comes in pieces
    pictures = [str(sorted(output["data"])) for output in cell["outputs"] if "data" in output]
    return [re.sub(r"[\d.,]+", "#", text), *pictures]


def share_right(notebook: nbformat.NotebookNode) -> float:
    [share] = re.findall(r"right: ([\d.]+)%", str(notebook))
    return float(share)


def test_it_runs_and_puts_out_what_is_committed(
    data_dir: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATA_DIR_VARIABLE, data_dir)
    committed = nbformat.read(NOTEBOOK, as_version=4)
    again = nbformat.read(NOTEBOOK, as_version=4)
    client = NotebookClient(again, timeout=120, resources={"metadata": {"path": NOTEBOOK.parent}})
    client.execute()
    for before, after in zip(committed.cells, again.cells, strict=True):
        if before.cell_type == "code":
            assert kinds(before) == kinds(after), before.source
    assert share_right(again) == pytest.approx(share_right(committed), abs=1.5)
