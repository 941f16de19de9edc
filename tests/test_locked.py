"""What the container and CI install is what pyproject.toml asks for."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

REPOSITORY = Path(__file__).parents[1]
LOCKED = {path: path.stem.split(",") for path in (REPOSITORY / "deploy/locked").iterdir()}
LOCKED[REPOSITORY / ".ci/locked.txt"] = ["dev", "web", "train"]


@pytest.mark.parametrize("path", LOCKED, ids=str)
def test_a_lock_has_a_version_and_a_hash_of_all_that_is_needed(path: Path) -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    needed = [*project["dependencies"]]
    for extra in LOCKED[path]:
        needed += project["optional-dependencies"][extra]
    locked = re.findall(r"^(\S+)==(\S+)[^\n]*\\\n +--hash=sha256:", path.read_text(), re.MULTILINE)
    for requirement in map(Requirement, needed):
        if requirement.name not in ("inkdigits", "torch"):
            versions = [version for name, version in locked if name == requirement.name.lower()]
            assert versions, f"{requirement.name}: make lock"
            assert all(version in requirement.specifier for version in versions), "make lock"
