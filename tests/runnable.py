"""Pages of documentation whose code runs and prints what stands below it."""

import contextlib
import io
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from inkdigits.cli import app

NUMBER = re.compile(r"(?<![\w.])-?\d+\.\d*(?:e[+-]?\d+)?|(?<![\w.])\d+(?=%)")

BOX = re.compile(r"(?<![\w.])\d+(?:, ?\d+){3}(?![\w.])")


def run_page(page: Path) -> int:
    """Run the page's code in one namespace, and its commands; how much was printed and compared.

    A block of `python` is followed by one of `text`, if it prints anything; in one of `console`
    each line with $ is a command.
    """
    kinds = re.findall(r"```(python|text|console)\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    namespace: dict[str, Any] = {}
    printed = ""
    compared = 0
    for kind, block in kinds:
        if kind == "python":
            assert not printed, f"the page does not show what was printed:\n{printed}"
            output = io.StringIO()
            with contextlib.redirect_stdout(output):
                exec(compile(block, str(page), "exec"), namespace)
            printed = output.getvalue()
        elif kind == "text":
            compare(printed, block)
            printed = ""
            compared += 1
        else:
            for command, said in re.findall(r"^\$ inkdigits (.*)\n((?:[^$].*\n)*)", block, re.M):
                compare(CliRunner().invoke(app, shlex.split(command)).output, said)
                compared += 1
    return compared


def compare(printed: str, shown: str) -> None:
    words, numbers, boxes = _parts(printed)
    expected_words, expected_numbers, expected_boxes = _parts(shown)
    assert words == expected_words
    assert numbers == pytest.approx(expected_numbers, rel=0.05, abs=0.02), printed
    assert boxes == pytest.approx(expected_boxes, abs=4), printed


def _parts(text: str) -> tuple[list[str], list[float], list[int]]:
    """The words; the numbers that may differ a little from machine to machine; boxes' edges, which
    may with each training."""
    edges = [int(edge) for box in BOX.findall(text) for edge in re.findall(r"\d+", box)]
    text = BOX.sub("box", text)
    words = NUMBER.sub("#", text).replace("[ ", "[").split()
    return words, [float(number) for number in NUMBER.findall(text)], edges


def missing_targets(page: Path) -> list[str]:
    """Pictures and links of the page that are not there."""
    targets = re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text("utf-8"))
    assert targets
    return [target for target in targets if not (page.parent / target).exists()]
