"""docs/how-it-works.md: its code runs, from top to bottom, and prints what stands below it."""

from itertools import pairwise
from pathlib import Path

import nbformat
import pytest

from inkdigits.datasets.mnist import DATA_DIR_VARIABLE
from runnable import missing_targets, run_page
from write_notebook import HERE, NOTEBOOK, notebook

PAGE = Path(__file__).parents[1] / "docs" / "how-it-works.md"


def test_the_code_prints_what_stands_below_it(
    data_dir: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATA_DIR_VARIABLE, data_dir)
    assert run_page(PAGE) > 10


def test_its_pictures_and_links_are_there() -> None:
    assert not missing_targets(PAGE)


def test_the_notebook_is_that_of_the_page_with_room_below_each_exercise() -> None:
    committed = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(committed)
    assert committed == notebook(), "python docs/write_notebook.py writes it anew"
    sources = [cell.source for cell in committed.cells]
    exercises = [source for source, below in pairwise(sources) if below == HERE]
    assert [exercise.split(".")[0] for exercise in exercises] == [f"**{n}" for n in range(1, 9)]
