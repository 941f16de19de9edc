"""The rooms of the house: what may import what."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import inkdigits

HOUSE = Path(inkdigits.__file__).parent
FILES = sorted(HOUSE.rglob("*.py"))
ROOMS = {path.name for path in HOUSE.iterdir() if (path / "__init__.py").exists()}

NEVER = {
    "picture": {"modelfile", "training", "web", "recognition", "reader", "datasets", "synthesis"},
    "recognition": {"modelfile", "training", "web", "reader", "datasets", "synthesis"},
    "reader": {"modelfile", "training", "web", "datasets", "synthesis"},
    "outputs": {"modelfile", "training", "web", "datasets", "synthesis"},
    "modelfile": {"training", "evaluation", "scratch", "datasets", "synthesis", "web"},
    "datasets": {"modelfile", "training", "evaluation", "scratch", "web"},
    "synthesis": {"training", "evaluation", "scratch", "web", "modelfile"},
    "scratch": {"training", "evaluation", "web", "datasets", "synthesis"},
    "training": {"evaluation", "web"},
    "evaluation": {"training", "web", "scratch", "synthesis"},
    "web": {"training", "scratch", "evaluation", "synthesis", "datasets"},
}
"""Rooms, and files beside them, that each must not import; and nobody imports the command line."""


def name_of(path: Path) -> str:
    parts = path.relative_to(HOUSE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[tuple[str, str, bool]]:
    """Modules of the house that a file imports, names from them, and whether at once."""
    tree = ast.parse(path.read_text("utf-8"))
    at_once = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("inkdigits"):
            for alias in node.names:
                yield node.module or "", alias.name, id(node) in at_once
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("inkdigits"):
                    yield alias.name, "", id(node) in at_once


def room(module: str) -> str:
    """The room that a module is in, or the file beside the rooms."""
    return [*module.split("."), ""][1]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HOUSE)))
def test_a_file_imports_from_no_room_above_its_own(path: Path) -> None:
    own = room(name_of(path))
    for module, name, _ in imports(path):
        other = room(module) or (name if name in ROOMS else "")
        assert other not in NEVER.get(own, set()), f"{own} imports {module}"
        assert other != "cli" or own in ("cli", "__main__"), f"{own} imports the command line"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HOUSE)))
def test_a_file_uses_no_private_name_of_another(path: Path) -> None:
    for module, name, _ in imports(path):
        private = [part for part in (*module.split("."), name) if part.startswith("_")]
        assert all(part.startswith("__") for part in private), f"{module}.{name} is private"


def test_no_two_files_import_each_other_at_once() -> None:
    modules = {name_of(path): path for path in FILES}
    needs: dict[str, set[str]] = {}
    for name, path in modules.items():
        found = {
            f"{module}.{what}" if f"{module}.{what}" in modules else module
            for module, what, at_once in imports(path)
            if at_once
        }
        needs[name] = {other for other in found if other in modules and other != name}
    # A package that only gathers what its files give is not what they stand on.
    for name, others in needs.items():
        others -= {other for other in others if name.startswith(f"{other}.")}
    left = dict(needs)
    while free := [name for name, others in left.items() if not others & left.keys()]:
        for name in free:
            del left[name]
    assert not left, f"these import each other in a circle: {sorted(left)}"


def test_every_room_says_what_it_is_for() -> None:
    for name in ROOMS:
        doc = ast.get_docstring(ast.parse((HOUSE / name / "__init__.py").read_text("utf-8")))
        assert doc, name
        assert name == "scratch" or ("In:" in doc and "Out:" in doc), name
