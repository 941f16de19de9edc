"""Write docs/licences.md, what the packages that inkdigits needs may be used for:
python docs/write_licences.py
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement

PAGE = Path(__file__).with_name("licences.md")
EXTRAS = ("heic", "pdf", "parquet", "web", "corrections", "postgresql")
"""What runs where pictures are read; the others are for training and for work on inkdigits."""
HEADER = """\
# Licences

inkdigits is under the [MIT licence](../LICENSE). Below is what each package says of itself that
comes with it, and with each extra that reads or serves. `make docs` writes this page from what is
installed.

Wheels hold libraries that have licences of their own: pi-heif's libheif and libde265 are under
LGPL-3.0, pypdfium2's PDFium under BSD-3-Clause and Apache-2.0. Each wheel has their texts.
"""


def page() -> str:
    """The whole page, as Markdown."""
    return "\n".join([HEADER, table(""), *map(table, EXTRAS)])


def table(extra: str) -> str:
    rows = (f"| {name} | {licence_of(name)} |\n" for name in sorted(set(packages(extra))))
    title = f"`[{extra}]`" if extra else "The core"
    return f"## {title}\n\n| package | licence |\n| --- | --- |\n{''.join(rows)}"


def packages(extra: str, of: str = "inkdigits") -> Iterator[str]:
    """What an extra needs beside the core, or the core ("") itself, and what that needs in turn."""
    for requirement in map(Requirement, distribution(of).requires or []):
        with_extra, without = (is_needed(requirement, name) for name in (extra, ""))
        if with_extra and (not extra or not without):
            yield requirement.name.lower().replace("_", "-")
            yield from packages("", requirement.name)


def is_needed(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def licence_of(package: str) -> str:
    said = distribution(package).metadata
    if expression := said.get("License-Expression"):
        return expression
    classifiers = [each for each in said.get_all("Classifier", []) if each.startswith("License ::")]
    names = [said.get("License", ""), *(each.split(" :: ")[-1] for each in classifiers)]
    return ", ".join(dict.fromkeys(filter(None, names)))


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
