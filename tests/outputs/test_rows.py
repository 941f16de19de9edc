"""Readings as lines."""

from typing import Any

import pytest

from inkdigits.outputs.rows import write_csv, write_numbers, write_table


def row(text: str = "7", confidence: float = 0.9, sure: bool = True) -> dict[str, Any]:
    return {
        "file": "a.png",
        "text": text,
        "lines": text.split("\n"),
        "confidence": confidence,
        "sure": sure,
        "skipped": [],
        "warnings": [],
    }


@pytest.mark.parametrize(
    ("confidence", "printed"),
    [(0.9998, "99.9%"), (1.0, "99.9%"), (0.9989, "99.8%"), (0.5, "50.0%")],
)
def test_no_confidence_is_printed_as_certain(
    capsys: pytest.CaptureFixture[str], confidence: float, printed: str
) -> None:
    write_table(
        iter([row(confidence=confidence), row(confidence=confidence, sure=False)]), ["a.png"]
    )
    assert capsys.readouterr().out == (
        f"a.png  7   {printed}\na.png  not sure (perhaps 7, {printed})\n"
    )


def test_a_picture_without_a_number_has_an_empty_line_among_those_of_numbers(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert write_numbers(iter([{**row(""), "numbers": []}]), ["a.png"])
    assert capsys.readouterr().out.splitlines()[1] == "a.png" + "," * 11


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        *(("=12/4", " =12/4"), ("-12+3", " -12+3"), ("=12", " =12"), ("@5", " @5")),
        *(("-5", "-5"), ("+1.5", "+1.5"), ("12=", "12=")),
    ],
)
def test_no_text_is_a_formula_in_a_spreadsheet(
    capsys: pytest.CaptureFixture[str], text: str, cell: str
) -> None:
    box = [0, 0, 9, 9]
    number = {"line": 0, "text": text, "value": None, "confidence": 0.9, "sure": True, "box": box}
    write_csv(iter([{**row(text), "digits": [], "marks": []}]), ["a.png"])
    write_numbers(iter([{**row(text), "numbers": [number]}]), ["a.png"])
    _, whole, _, part = capsys.readouterr().out.splitlines()
    assert whole.split(",")[1] == part.split(",")[2] == cell
