"""The command line that `pages.py` and `hard_pages.py` have in common."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from inkdigits.datasets.strokes import parse_writers


def page_parser(description: str) -> argparse.ArgumentParser:
    """Takes the files at work, whose hands write, how many pages of which kinds."""
    parser = argparse.ArgumentParser(description=description.split("\n")[0])
    parser.add_argument("--model", type=Path, help="a model file; the one that ships if left out")
    parser.add_argument("--page", type=Path, help="what finds and reads pages; likewise")
    parser.add_argument("--writers", type=parse_writers, default=parse_writers("19-24"))
    parser.add_argument("--part", choices=["validation", "test"], default="validation")
    parser.add_argument("--count", type=int, default=300, help="pages of each kind")
    parser.add_argument("--only", default="", help="only the kinds whose name has this in it")
    parser.add_argument("--plot", type=Path, help="write samples to this PNG file, and no more")
    parser.add_argument("--data-dir", type=Path)
    return parser


def parse(
    parser: argparse.ArgumentParser, kinds: Iterable[str], no_digit: Iterable[str]
) -> tuple[argparse.Namespace, list[str], list[str]]:
    """The options, and the kinds of either sort that `--only` leaves."""
    options = parser.parse_args()
    chosen, without = ([k for k in names if options.only in k] for names in (kinds, no_digit))
    if not chosen and not without:
        parser.error(f"no kind has {options.only} in its name: {', '.join([*kinds, *no_digit])}")
    return options, chosen, without
