"""The rooms of the house: what may import what."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import inkdigits

HOUSE = Path(inkdigits.__file__).parent
FILES = sorted(HOUSE.rglob("*.py"))
FLOORS = [
    *("errors", "atomic_file", "cores", "figures", "folders", "progress", "layout", "sketch"),
    *("reading", "picture", "recognition", "reader", "outputs", "many"),
    *("corrections.correction", "corrections.tables", "corrections.database", "corrections.store"),
    *("datasets", "synthesis", "modelfile", "scratch"),
    *("evaluation", "training", "corrections", "web", "deploy", "cli", "__main__"),
]
"""Rooms and the files beside them, from the lowest up: none imports one above it. What keeps
corrections is below the data sets, which read it, and what learns from them is above."""
APART = [("training", "evaluation"), ("web", "training"), ("web", "datasets"), ("web", "modelfile")]
"""The first does not import the second either."""


def name_of(path: Path) -> str:
    parts = path.relative_to(HOUSE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """Modules of the house that a file imports, and the names that it takes from them."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("inkdigits"):
            yield from ((node.module or "", alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((each.name, "") for each in node.names if "inkdigits" in each.name)


def floor_of(module: str, name: str = "") -> str:
    """The room of a module, or the file beside the rooms; "" for what the package itself gives."""
    _, first, second, *_ = [*module.split("."), name, "", ""]
    if f"{first}.{second}" in FLOORS:
        return f"{first}.{second}"
    return first if first in FLOORS or module != "inkdigits" else ""


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HOUSE)))
def test_a_file_imports_from_no_floor_above_its_own(path: Path) -> None:
    own = floor_of(name_of(path))
    for module, name in imports(path):
        other = floor_of(module, name)
        if own and not other:  # from inkdigits itself, which stands on the reader
            assert name == "__version__", f"{own} imports {name} from the top of the package"
        elif own:
            assert FLOORS.index(other) <= FLOORS.index(own), f"{own} imports {module}"
            assert (own, other) not in APART, f"{own} imports {module}"


def test_no_imports_go_in_a_circle_not_even_those_for_types() -> None:
    modules = {name_of(path) for path in FILES}
    graph = {
        name_of(path): {
            f"{module}.{name}" if f"{module}.{name}" in modules else module
            for module, name in imports(path)
        }
        for path in FILES
    }
    TopologicalSorter(graph).prepare()  # raises CycleError, with the circle


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HOUSE)))
def test_a_file_uses_no_private_name_of_another(path: Path) -> None:
    for module, name in imports(path):
        private = [part for part in (*module.split("."), name) if part.startswith("_")]
        assert all(part.startswith("__") for part in private), f"{module}.{name} is private"


def test_no_file_is_longer_than_400_lines() -> None:
    for path in FILES:
        assert len(path.read_text("utf-8").splitlines()) <= 400, path


def test_every_room_says_what_it_is_for_what_comes_in_and_what_goes_out() -> None:
    for file in HOUSE.rglob("*/__init__.py"):
        doc = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
        assert "In:" in doc, file
        assert "Out:" in doc, file
