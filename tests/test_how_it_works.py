"""docs/how-it-works.md: its code runs, from top to bottom, and prints what stands below it."""

from pathlib import Path

import pytest

from inkdigits.datasets.mnist import DATA_DIR_VARIABLE
from runnable import missing_targets, run_page

PAGE = Path(__file__).parents[1] / "docs" / "how-it-works.md"


def test_the_code_prints_what_stands_below_it(
    data_dir: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATA_DIR_VARIABLE, data_dir)
    assert run_page(PAGE) > 10


def test_its_pictures_and_links_are_there() -> None:
    assert not missing_targets(PAGE)
