"""Versions: kept, promoted, rolled back, and read with."""

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest

from handwriting import written
from inkdigits import InkDigitsError, InvalidModel, Reader
from inkdigits.corrections.versions import SHIPS, STORY, Version, Versions
from inkdigits.modelfile.build import write_model

PASSED = {"passed": True, "judged": [], "made_from": {"data": "folder:mine"}}


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    return Versions(tmp_path / "versions")


def candidate(versions: Versions, model: Path, name: str, **story: object) -> Version:
    """Another file that reads the same."""
    file = versions.folder.parent / "candidate.onnx"
    changed = onnx.load(model)
    onnx.helper.set_model_props(
        changed, {**{p.key: p.value for p in changed.metadata_props}, "name": name}
    )
    write_model(file, changed)
    return versions.add(file, {**PASSED, **story})


def read_by(versions: Versions) -> str:
    return Reader(versions.folder).read(written(7)).model


def test_a_candidate_is_not_read_with_until_it_is_promoted(
    versions: Versions, unsure_model: Path, reader: Reader
) -> None:
    first = candidate(versions, unsure_model, "first")
    assert read_by(versions) == reader.read(written(7)).model
    versions.promote(first.name)
    assert read_by(versions) == first.name == versions.promoted


def test_each_rollback_goes_one_promotion_back_and_at_last_to_what_ships(
    versions: Versions, unsure_model: Path
) -> None:
    first, second = (candidate(versions, unsure_model, name) for name in ("first", "second"))
    versions.promote(first.name)
    versions.promote(second.name[:6])
    assert versions.rollback() == first.name == read_by(versions)
    assert versions.rollback() is None
    with pytest.raises(InkDigitsError, match="Nothing is promoted"):
        versions.rollback()


def test_what_was_compared_with_another_is_not_promoted_until_it_is_judged_again(
    versions: Versions, unsure_model: Path
) -> None:
    first = candidate(versions, unsure_model, "first", compared_with=SHIPS)
    second = candidate(versions, unsure_model, "second", compared_with=SHIPS)
    versions.promote(first.name)
    with pytest.raises(InkDigitsError, match=f"compared with what ships, .* with {first.name}"):
        versions.promote(second.name)
    assert versions.promoted == first.name
    candidate(versions, unsure_model, "second", compared_with=first.name)
    assert versions.promote(second.name).compared_with == first.name
    assert versions.promote(second.name[:6]).name == versions.promoted  # again, beside itself
    candidate(versions, unsure_model, "second", compared_with=second.name, passed=False)
    assert versions.find(second.name).passed


def test_a_rollback_passes_over_versions_that_are_gone(
    versions: Versions, unsure_model: Path
) -> None:
    names = ("first", "second", "third", "fourth")
    first, *between, last = (candidate(versions, unsure_model, name) for name in names)
    for version in (first, *between, last):
        versions.promote(version.name)
    for version in between:
        shutil.rmtree(version.path)
    (candidate(versions, unsure_model, "damaged").path / STORY).write_text(
        "{"
    )  # and is no hindrance
    assert versions.rollback() == first.name == read_by(versions)
    assert versions.history == [first.name]


def test_what_did_not_pass_is_kept_and_not_promoted(versions: Versions, unsure_model: Path) -> None:
    row = {"on": "mnist:validation", "why": "loses at most 3 %", "passed": False}
    failed = candidate(versions, unsure_model, "first", passed=False, judged=[row])
    with pytest.raises(InkDigitsError, match="mnist:validation: loses at most 3 %"):
        versions.promote(failed.name)
    assert versions.promoted is None
    assert versions.all() == [failed]


def test_a_file_that_did_not_pass_is_judged_anew_and_one_that_has_passed_is_not(
    versions: Versions, unsure_model: Path
) -> None:
    assert not candidate(versions, unsure_model, "first", passed=False).passed
    first = candidate(versions, unsure_model, "first")
    versions.promote(first.name)
    assert candidate(versions, unsure_model, "first", passed=False) == first
    versions.rollback()
    assert versions.promote(first.name) == first
    assert versions.all() == [first]


@pytest.mark.parametrize("damaged", ["model.onnx", "version.json"])
def test_a_damaged_version_is_mended_by_making_it_again(
    versions: Versions, unsure_model: Path, damaged: str
) -> None:
    first = candidate(versions, unsure_model, "first")
    assert (first.path / damaged).is_file()
    (first.path / damaged).write_text("{")
    candidate(versions, unsure_model, "first")
    assert versions.promote(first.name).passed
    assert read_by(versions) == first.name


def test_a_damaged_file_is_refused_and_so_is_another_in_its_place(
    versions: Versions, unsure_model: Path
) -> None:
    first, second = (candidate(versions, unsure_model, name) for name in ("first", "second"))
    content = bytearray(first.model.read_bytes())
    content[len(content) // 2] ^= 1
    first.model.write_bytes(content)
    with pytest.raises(InvalidModel, match="damaged"):
        versions.promote(first.name)
    first.model.write_bytes(second.model.read_bytes())
    with pytest.raises(InvalidModel, match="not the file that was judged"):
        versions.promote(first.name)
    assert versions.promoted is None


def test_a_name_that_is_none_or_could_be_several_is_refused(
    versions: Versions, unsure_model: Path
) -> None:
    candidate(versions, unsure_model, "first")
    for name in ("", "x"):
        with pytest.raises(InkDigitsError, match="inkdigits models list"):
            versions.promote(name)


def test_a_story_that_is_damaged_is_an_error_that_says_where(
    versions: Versions, unsure_model: Path
) -> None:
    first = candidate(versions, unsure_model, "first")
    (first.path / "version.json").write_text("{")
    with pytest.raises(InkDigitsError, match=r"version\.json does not tell of a version"):
        versions.all()


def test_a_reading_names_the_file_that_read_it(reader: Reader, unsure_model: Path) -> None:
    sha256 = reader.metadata["sha256"]
    assert reader.read(written(7)).model == sha256[:12]
    [reading] = Reader(unsure_model).read_many([np.tile(written(7), 2)])
    assert reading.model == Reader(unsure_model).metadata["sha256"][:12]
    assert reading.to_dict()["model"] == reading.model
