"""docs/how-it-works.md: its code runs, from top to bottom, and prints what stands below it."""

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pytest

from inkdigits.datasets.mnist import DATA_DIR_VARIABLE

PAGE = Path(__file__).parents[1] / "docs" / "how-it-works.md"
NUMBER = re.compile(r"(?<![\w.])-?\d+\.\d*(?:e[+-]?\d+)?|(?<![\w.])\d+(?=%)")


def words_and_numbers(text: str) -> tuple[list[str], list[float]]:
    """The words, and the numbers that may differ a little from machine to machine."""
    words = NUMBER.sub("#", text).replace("[ ", "[").split()
    return words, [float(number) for number in NUMBER.findall(text)]


def test_the_code_prints_what_stands_below_it(
    data_dir: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATA_DIR_VARIABLE, data_dir)
    blocks = re.findall(r"```(python|text)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    namespace: dict[str, Any] = {}
    printed = ""
    compared = 0
    for kind, block in blocks:
        if kind == "python":
            assert not printed, f"the page does not show what was printed:\n{printed}"
            output = io.StringIO()
            with contextlib.redirect_stdout(output):
                exec(compile(block, str(PAGE), "exec"), namespace)
            printed = output.getvalue()
        else:
            words, numbers = words_and_numbers(printed)
            expected_words, expected_numbers = words_and_numbers(block)
            assert words == expected_words
            assert numbers == pytest.approx(expected_numbers, rel=0.05, abs=0.02), printed
            printed = ""
            compared += 1
    assert compared > 10


def test_its_pictures_and_links_are_there() -> None:
    targets = re.findall(r"\]\((?!http)([^)#]+)\)", PAGE.read_text("utf-8"))
    missing = [target for target in targets if not (PAGE.parent / target).exists()]
    assert targets
    assert not missing
