"""docs/readings.md: its code and commands run, and print what stands below them; so does the
README's first code."""

import re
from pathlib import Path
from typing import Any

import pytest

from runnable import compare, missing_targets, run_page

PAGE = Path(__file__).parents[1] / "docs" / "readings.md"
README = PAGE.parents[1] / "README.md"


def test_the_code_prints_what_stands_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PAGE.parents[1])
    assert run_page(PAGE) > 5


def test_its_pictures_and_links_are_there() -> None:
    assert not missing_targets(PAGE)


def test_the_first_code_of_the_readme_gives_what_its_comments_say(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(README.parent)
    code = re.search(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    assert code is not None
    names: dict[str, Any] = {}
    compared = 0
    for line in code[1].splitlines():
        expression, has_comment, comment = line.partition("  # ")
        if has_comment:
            value = repr(eval(expression, names)).replace("'", '"')
            compare(value, comment.split(": ")[0])
            compared += 1
        else:
            exec(line, names)
    assert compared == 3
