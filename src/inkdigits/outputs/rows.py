"""Readings as lines of JSON, of CSV, or of a table for people, each as soon as it is read."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TextIO

from inkdigits.errors import InkDigitsError
from inkdigits.picture.sources import printable
from inkdigits.reading import Reading

CORNERS = ["x0", "y0", "x1", "y1"]


def row_of(
    name: str, result: Reading | InkDigitsError, min_confidence: float | None
) -> dict[str, Any]:
    """What was read in the picture of that name, or why nothing was."""
    if isinstance(result, InkDigitsError):
        return {"file": name, "error": {"type": type(result).__name__, "message": str(result)}}
    row = {"file": name, **result.to_dict()}
    if min_confidence is not None:
        for answer in (row, *row["numbers"], *row["digits"], *row["marks"]):
            answer["sure"] = answer["sure"] and answer["confidence"] >= min_confidence
    return row


def write_json(
    rows: Iterator[dict[str, Any]], _names: Sequence[str], file: TextIO | None = None
) -> bool:
    all_read = True
    for row in rows:
        all_read = all_read and "error" not in row
        print(json.dumps(row), file=file, flush=True)
    return all_read


def write_csv(
    rows: Iterator[dict[str, Any]], _names: Sequence[str], file: TextIO | None = None
) -> bool:
    """One line a picture."""

    def line_of(row: dict[str, Any]) -> list[list[Any]]:
        boxes = [sign["box"] for sign in (*row["digits"], *row["marks"])]
        corners = zip(*(boxes or [[""] * 4]), strict=True)
        box = [extreme(at) for extreme, at in zip((min, min, max, max), corners, strict=True)]
        return [[no_formula(row["text"]), row["confidence"], str(row["sure"]).lower(), *box]]

    return _write_csv(rows, ["text", "confidence", "sure", *CORNERS], line_of, file or sys.stdout)


def write_numbers(
    rows: Iterator[dict[str, Any]], _names: Sequence[str], file: TextIO | None = None
) -> bool:
    """CSV, one line a number; a picture in which no number was read has one that is empty."""
    columns = ["line", "text", "value", "confidence", "sure", *CORNERS]

    def lines_of(row: dict[str, Any]) -> list[list[Any]]:
        return [
            [n["line"], no_formula(n["text"]), n["value"], n["confidence"], str(n["sure"]).lower()]
            + n["box"]
            for n in row["numbers"]
        ] or [[""] * len(columns)]

    return _write_csv(rows, columns, lines_of, file or sys.stdout)


def _write_csv(
    rows: Iterator[dict[str, Any]],
    columns: list[str],
    lines_of: Callable[[dict[str, Any]], list[list[Any]]],
    out: TextIO,
) -> bool:
    all_read = True
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["file", *columns, "error", "message"])
    for row in rows:
        file = name_cell(row["file"])
        if error := row.get("error"):
            all_read = False
            message = no_formula(error["message"])
            writer.writerow([file, *[""] * len(columns), error["type"], message])
        else:
            writer.writerows([file, *line, "", ""] for line in lines_of(row))
        out.flush()
    return all_read


FORMULA = "=", "+", "-", "@"
"""With these begins what a spreadsheet takes for a formula, unless it is a number with its sign."""


def name_cell(name: str) -> str:
    """A file's name, printable, or another of the same if a spreadsheet would see a formula."""
    name = printable(name)
    return f"./{name}" if name.startswith(FORMULA) and name != "-" else name


def no_formula(text: str) -> str:
    """The text, behind a space if a spreadsheet would take it for a formula."""
    is_number = text.startswith(("+", "-")) and text[1:].replace(".", "", 1).isdecimal()
    return f" {text}" if text.startswith(FORMULA) and not is_number else text


def write_table(rows: Iterator[dict[str, Any]], names: Sequence[str]) -> bool:
    """One line a picture as soon as it is read; plain text, so that nothing has to be imported."""
    all_read = True
    width = min(max(len(printable(name)) for name in names), 60)
    for row in rows:
        file = printable(row["file"])
        if error := row.get("error"):
            all_read = False
            answer = f"{error['type']}: {error['message']}"
        else:
            text, confidence = " / ".join(row["lines"]), _percent(row["confidence"])
            signs = len(row["skipped"])
            left_out = f"; {signs} sign{'s' * (signs > 1)} left out" if signs else ""
            guess = f"perhaps {text}, {confidence}" if text else "no digit or mark"
            unsure = f"not sure ({guess}{left_out})"
            answer = f"{text}  {confidence:>6}" if row["sure"] else unsure
        print(f"{file:<{width}}  {answer}", flush=True)
        for warning in row.get("warnings", ()):
            print(f"inkdigits: {file}: {warning}", file=sys.stderr, flush=True)
    return all_read


def _percent(confidence: float) -> str:
    """Rounded down, as on the page, and never all: nothing is 100 % certain."""
    return f"{min(int(confidence * 1000), 999) / 10:.1f}%"
