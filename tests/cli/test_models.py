"""inkdigits models: what the owner of a folder of versions sees and types."""

import json
import shutil
from pathlib import Path

import onnx
import pytest
from click.testing import CliRunner

from inkdigits import InkDigitsError
from inkdigits.cli import app
from inkdigits.corrections import versions as kept
from inkdigits.corrections.versions import Version, Versions
from inkdigits.modelfile.build import write_model

FORGETS = {"on": "mnist:validation", "why": "loses at most 3 %", "passed": False}


def said(folder: Path, *arguments: str) -> str:
    command = ["models", *arguments, "--folder", str(folder)]
    return CliRunner().invoke(app, command, catch_exceptions=False).output


@pytest.fixture
def version(tmp_path: Path, unsure_model: Path) -> Version:
    story = {"passed": True, "judged": [], "made_from": {"data": "folder:mine"}}
    return Versions(tmp_path).add(unsure_model, story)


def test_a_star_is_before_what_is_read_with(tmp_path: Path, version: Version) -> None:
    assert said(tmp_path, "list").startswith("* what ships\n")
    assert said(tmp_path, "promote", version.name[:5]) == f"{version.name} is promoted.\n"
    assert f"* {version.name}" in said(tmp_path, "list")
    assert "passed; folder:mine" in said(tmp_path, "list")
    assert said(tmp_path, "rollback") == "what ships is promoted.\n"


def test_the_story_of_a_version_is_shown_as_json(tmp_path: Path, version: Version) -> None:
    story = json.loads(said(tmp_path, "show", version.name))
    assert story["made_from"] == {"data": "folder:mine"}
    assert len(story["file_sha256"]) == 64
    assert Path(story["model"]) == version.model


def test_what_did_not_pass_says_why(tmp_path: Path, unsure_model: Path) -> None:
    failed = Versions(tmp_path).add(unsure_model, {"passed": False, "judged": [FORGETS]})
    with pytest.raises(InkDigitsError, match="mnist:validation: loses at most 3 %"):
        said(tmp_path, "promote", failed.name)


@pytest.mark.parametrize("command", [("list",), ("show", "a"), ("promote", "a"), ("rollback",)])
@pytest.mark.parametrize("name", ["nt2", "run"])
def test_a_folder_that_is_none_of_versions_is_told_and_not_made_one(
    tmp_path: Path, name: str, command: tuple[str, ...]
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "model.onnx").write_bytes(b"")
    with pytest.raises(InkDigitsError, match=rf"{name} holds no versions \(--folder\)"):
        said(tmp_path / name, *command)
    assert [path.name for path in tmp_path.rglob("*")] == ["run", "model.onnx"]


def test_before_there_are_any_versions_what_ships_is_listed_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "default_folder", lambda: tmp_path / "models")
    result = CliRunner().invoke(app, ["models", "list"], catch_exceptions=False)
    assert result.output.startswith("* what ships\n")
    assert not list(tmp_path.iterdir())


def test_a_promoted_version_that_is_missing_is_named(tmp_path: Path, version: Version) -> None:
    Versions(tmp_path).promote(version.name)
    shutil.rmtree(version.path)
    assert f"* {version.name}" in said(tmp_path, "list")
    assert "is missing" in said(tmp_path, "list")
    assert said(tmp_path, "rollback") == "what ships is promoted.\n"


def test_a_rollback_names_those_that_are_gone(
    tmp_path: Path, version: Version, unsure_model: Path
) -> None:
    versions = Versions(tmp_path)
    versions.promote(version.name)
    changed = onnx.load(unsure_model)
    onnx.helper.set_model_props(
        changed, {p.key: p.value for p in changed.metadata_props} | {"name": "second"}
    )
    write_model(tmp_path / "second.onnx", changed)
    versions.promote(versions.add(tmp_path / "second.onnx", {"passed": True}).name)
    shutil.rmtree(version.path)
    told = f"{version.name} is no longer in {tmp_path}.\nwhat ships is promoted.\n"
    assert said(tmp_path, "rollback") == told
