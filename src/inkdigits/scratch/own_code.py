"""The code that people have written themselves, which is of a recipe as much as its settings."""

from __future__ import annotations

import ast
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
INSTALLED = {"site-packages", "dist-packages"}
"""Folders of libraries."""


def own_code(parts: Iterable[object]) -> str:
    """The files that have the parts' classes, those of libraries left out; nothing where all are.

    It stays the same whatever a file's comments and its layout.
    """
    modules = {kind.__module__ for part in parts for kind in type(part).__mro__}
    files = {getattr(sys.modules.get(module), "__file__", None) for module in modules}
    own = [Path(file) for file in files if file and _is_own(Path(file))]
    return "".join(sorted(ast.unparse(ast.parse(file.read_bytes())) for file in own))


def _is_own(file: Path) -> bool:
    homes = PACKAGE, Path(sysconfig.get_path("stdlib"))
    is_installed = INSTALLED & {*file.parts} or any(file.is_relative_to(home) for home in homes)
    return file.suffix == ".py" and file.is_file() and not is_installed
