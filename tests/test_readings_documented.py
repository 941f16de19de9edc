"""docs/readings.md: its code and commands run, and print what stands below them."""

from pathlib import Path

import pytest

from runnable import missing_targets, run_page

PAGE = Path(__file__).parents[1] / "docs" / "readings.md"


def test_the_code_prints_what_stands_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PAGE.parents[1])
    assert run_page(PAGE) > 5


def test_its_pictures_and_links_are_there() -> None:
    assert not missing_targets(PAGE)
