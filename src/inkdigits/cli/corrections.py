"""inkdigits corrections: what visitors of the page have sent, for who serves it."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from inkdigits.cli.app import app
from inkdigits.cli.options import extra
from inkdigits.errors import InkDigitsError

if TYPE_CHECKING:
    from inkdigits.corrections.store import State, Store

UNITS = {"h": 3600, "d": 86400, "w": 7 * 86400, "y": 365 * 86400}

url_option = click.option(
    "--url",
    help="The database's URL.  [default: INKDIGITS_DATABASE_URL, or a file in your data folder]",
)


@app.group()
def corrections() -> None:
    """Export, count or delete what visitors have sent."""


@corrections.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--state",
    type=click.Choice(["accepted", "waiting", "rejected", "all"]),
    default="accepted",
    show_default=True,
    help="Those that the owner has accepted, or others.",
)
@click.option("--overwrite", is_flag=True, help="Replace FILE if it is there.")
@url_option
def export(file: Path, state: str, overwrite: bool, url: str | None) -> None:
    """Write corrections to FILE as lines of JSON.

    `inkdigits train --data corrections:FILE` learns from those that are accepted.
    """
    if file.exists() and not overwrite:
        raise InkDigitsError(f"{file} is there already. Name another, or replace it (--overwrite).")
    store = _store(url)
    from inkdigits.atomic_file import write_atomically

    lines = [
        json.dumps(replace(each, photo=store.photo(each) if each.box else None).to_dict())
        for batch in store.all(None if state == "all" else cast("State", state))
        for each in batch
    ]
    write_atomically(file, "".join(f"{line}\n" for line in lines).encode())
    print(f"{len(lines):,} corrections written to {file}")
    waiting = store.stats()["waiting"]
    if waiting and state not in ("waiting", "all"):
        print(f"{waiting:,} are waiting for review: see /review of the server, or --state.")


@corrections.command()
@url_option
def stats(url: str | None) -> None:
    """Say how many there are, and what the accepted ones are."""
    store = _store(url)
    counts = store.stats()
    print(store.name)
    for name in ("waiting", "accepted", "rejected", "sessions"):
        print(f"{name:9} {counts[name]:9,}")
    labels: dict[int | None, int] = counts["accepted_labels"]
    for label in (*range(10), None):
        if label in labels:
            print(f"{'no digit' if label is None else label:>9} {labels[label]:9,}")


@corrections.command()
@click.option("--session", metavar="ID", help="All of this session.")
@click.option(
    "--older-than", "age", metavar="AGE", help="All received longer ago, such as 90d, 12h or 2y."
)
@click.option(
    "--state", type=click.Choice(["waiting", "accepted", "rejected"]), help="All in this state."
)
@url_option
def delete(session: str | None, age: str | None, state: State | None, url: str | None) -> None:
    """Forget corrections of a session, of a certain age or in a state.

    With several of the options, those that all of them name.
    """
    if session is age is state is None:
        raise click.UsageError("Say which: --session ID, --older-than AGE, --state STATE, or some.")
    before = None if age is None else time.time() - _seconds(age)
    count = _store(url).delete(session=session, before=before, state=state)
    print(f"{count:,} corrections deleted")


def _store(url: str | None) -> Store:
    with extra("corrections"):
        from inkdigits.corrections.store import Store

    store = Store(url)
    if store.is_missing:
        raise InkDigitsError(f"There is no database {store.name}. Check its URL (--url).")
    return store


def _seconds(age: str) -> float:
    match = re.fullmatch(r"(\d{1,6})\s*([hdwy])", age)
    if not match:
        raise click.UsageError(
            f"--older-than takes a number of hours, days, weeks or years, such as 90d, not {age!r}."
        )
    return int(match[1]) * UNITS[match[2]]
