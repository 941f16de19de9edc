"""How the benchmarks print figures that several of them have, and show how far they are."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import track

from inkdigits.evaluation.metrics import BINS

T = TypeVar("T")


def followed(things: Iterable[T], count: int, what: str) -> Iterable[T]:
    """The `count` things, with a bar on standard error for who looks, until the last has come."""
    return track(
        things,
        what,
        total=count,
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )


def print_honesty(figures: dict[str, Any]) -> None:
    """Of what `evaluate` says: how far the confidence can be trusted."""
    print(f"{'log loss':32} {figures['log_loss']:8.4f}")
    print(
        f"{'expected calibration error':32} {100 * figures['expected_calibration_error']:7.2f} %"
        f"  in {BINS} bins of equal width"
    )
    print(f"{'called sure':32} {100 * figures['sure']:7.2f} %")


def print_by_digit(figures: dict[str, Any]) -> None:
    """Of what `evaluate` says: how many of each digit are read right."""
    for digit, row in figures["digits"].items():
        print(f"{'digit ' + digit:32} {100 * row['recall']:7.2f} %  of {row['pictures']:,}")


def by_way(by_reading: bool) -> str:
    return "through Reader.read_many" if by_reading else "through the model file"
