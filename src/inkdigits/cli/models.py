"""inkdigits models: versions of the model that reads digits, one of which is promoted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from inkdigits.cli.app import app
from inkdigits.cli.options import extra, versions_option
from inkdigits.errors import InkDigitsError

if TYPE_CHECKING:
    from inkdigits.corrections.versions import Version, Versions


@app.group()
def models() -> None:
    """Say which version of the model is read with.

    `inkdigits serve --model FOLDER` reads with the one that is promoted, and goes over to the next
    one while it runs.
    """


@models.command("list")
@versions_option
def list_versions(folder: Path | None) -> None:
    """List all versions; a star is before the promoted one."""
    versions = _versions(folder)
    from inkdigits.corrections.versions import SHIPS

    promoted, kept = versions.promoted, versions.all()
    rows = [(SHIPS, "", "", promoted is None)]
    rows += [_row(version, version.name == promoted) for version in kept]
    if promoted and promoted not in [version.name for version in kept]:
        rows.append((promoted, "", "is missing: go back (rollback), or promote another", True))
    for name, added, told, is_promoted in rows:
        print(f"{'*' if is_promoted else ' '} {name:12}  {added:25}  {told}".rstrip())
    print(f"in {versions.folder}")


@models.command()
@click.argument("version")
@versions_option
def show(version: str, folder: Path | None) -> None:
    """Show what VERSION was made from, and how it was judged."""
    found = _versions(folder).find(version)
    print(json.dumps({**found.story, "model": str(found.model)}, indent=2))


@models.command()
@click.argument("version")
@versions_option
def promote(version: str, folder: Path | None) -> None:
    """Read with VERSION from now on.

    It must have passed the gate beside what is promoted now, and not be damaged.
    """
    print(f"{_versions(folder).promote(version).name} is promoted.")


@models.command()
@versions_option
def rollback(folder: Path | None) -> None:
    """Read again with what was promoted before."""
    versions = _versions(folder)
    from inkdigits.corrections.versions import SHIPS

    earlier = versions.history[:-1]
    promoted = versions.rollback()
    for name in earlier[len(versions.history) :]:
        print(f"{name} is no longer in {versions.folder}.")
    print(f"{promoted or SHIPS} is promoted.")


def _versions(folder: Path | None) -> Versions:
    with extra("corrections"):
        from inkdigits.corrections.versions import Versions, default_folder

    versions = Versions(folder or default_folder())
    # That of nobody who names one is as good as empty until something is added.
    if not versions.is_there and (folder or versions.folder.exists()):
        raise InkDigitsError(f"{versions.folder} holds no versions (--folder).")
    return versions


def _row(version: Version, is_promoted: bool) -> tuple[str, str, str, bool]:
    judged = "passed" if version.passed else "did not pass"
    told = f"{judged}; {version.story['made_from']['data']}"
    return version.name, version.story["added"], told, is_promoted
