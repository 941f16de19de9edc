"""Readings as lines of JSON, of CSV, or of a table for people, each as soon as it is read."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from typing import Any

from inkdigits.picture.sources import printable


def write_json(rows: Iterator[dict[str, Any]], _names: list[str]) -> bool:
    all_read = True
    for row in rows:
        all_read = all_read and "error" not in row
        print(json.dumps(row), flush=True)
    return all_read


def write_csv(rows: Iterator[dict[str, Any]], _names: list[str]) -> bool:
    all_read = True
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(
        ["file", "text", "confidence", "sure", "x0", "y0", "x1", "y1", "error", "message"]
    )
    for row in rows:
        file = _no_formula(printable(row["file"]))
        if error := row.get("error"):
            all_read = False
            writer.writerow([file, *[""] * 7, error["type"], error["message"]])
        else:
            boxes = [sign["box"] for sign in (*row["digits"], *row["marks"])]
            corners = zip(*(boxes or [[""] * 4]), strict=True)
            box = [extreme(at) for extreme, at in zip((min, min, max, max), corners, strict=True)]
            answer = [row["text"], row["confidence"], str(row["sure"]).lower()]
            writer.writerow([file, *answer, *box, "", ""])
        sys.stdout.flush()
    return all_read


def _no_formula(name: str) -> str:
    """Another name of the same file, if a spreadsheet would take it for a formula."""
    return f"./{name}" if name.startswith(("=", "+", "-", "@")) and name != "-" else name


def write_table(rows: Iterator[dict[str, Any]], names: list[str]) -> bool:
    """One line a picture as soon as it is read; plain text, so that nothing has to be imported."""
    all_read = True
    width = min(max(len(printable(name)) for name in names), 60)
    for row in rows:
        file = printable(row["file"])
        if error := row.get("error"):
            all_read = False
            answer = f"{error['type']}: {error['message']}"
        else:
            text, confidence = " / ".join(row["lines"]), row["confidence"]
            signs = len(row["skipped"])
            left_out = f"; {signs} sign{'s' * (signs > 1)} left out" if signs else ""
            guess = f"perhaps {text}, {confidence:.1%}" if text else "no digit or mark"
            unsure = f"not sure ({guess}{left_out})"
            answer = f"{text}  {confidence:6.1%}" if row["sure"] else unsure
        print(f"{file:<{width}}  {answer}", flush=True)
        for warning in row.get("warnings", ()):
            print(f"inkdigits: {file}: {warning}", file=sys.stderr, flush=True)
    return all_read
