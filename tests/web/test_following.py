"""A server goes over to what is promoted, and drops nobody."""

import errno
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from inkdigits import InvalidModel, Reader
from inkdigits.corrections.store import Store
from inkdigits.corrections.versions import Version, Versions
from inkdigits.web import following
from inkdigits.web.app import create_app
from inkdigits.web.following import FollowingReader, reader_for
from inkdigits.web.server import running
from sent import sent


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Versions:
    versions = Versions(tmp_path_factory.mktemp("versions"))
    versions.make()
    return versions


@pytest.fixture(scope="module")
def unsure(versions: Versions, unsure_model: Path) -> Version:
    return versions.add(unsure_model, {"passed": True, "judged": []})


@pytest.fixture(scope="module")
def url(versions: Versions) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(following, "EVERY", 0.05)
        with running(create_app(FollowingReader(versions.folder))) as url:
            yield url


@pytest.fixture
def ships(url: str, versions: Versions, reader: Reader, png_of: Callable[[int], bytes]) -> str:
    """The version that is read with at first."""
    while versions.promoted:
        versions.rollback()
    ships = reader.metadata["sha256"][:12]
    assert read_until(url, png_of(7), ships)[-1] == ships
    return ships


def read_until(url: str, picture: bytes, model: str) -> list[str]:
    """The versions that read it, one after another, until it is that one."""
    models = []
    end = time.monotonic() + 60
    while model not in models and time.monotonic() < end:
        answer = httpx.post(f"{url}/api/read", content=picture, timeout=60)
        models.append(answer.raise_for_status().json()["model"])
    return models


def test_readings_go_on_while_a_version_is_promoted_and_rolled_back(
    url: str, versions: Versions, unsure: Version, reader: Reader, png_of: Callable[[int], bytes]
) -> None:
    ships = reader.metadata["sha256"][:12]
    assert read_until(url, png_of(7), ships) == [ships]
    versions.promote(unsure.name)
    assert {*read_until(url, png_of(7), unsure.name)} <= {ships, unsure.name}
    assert httpx.get(f"{url}/api/model", timeout=60).json()["name"] == "unsure"
    versions.rollback()
    assert read_until(url, png_of(7), ships)[-1] == ships


@pytest.mark.usefixtures("ships")
def test_a_version_that_is_not_there_yet_is_read_with_as_soon_as_it_is(
    url: str,
    versions: Versions,
    unsure: Version,
    png_of: Callable[[int], bytes],
    server_log: pytest.LogCaptureFixture,
) -> None:
    away = unsure.path.rename(versions.folder / ".away")
    (versions.folder / "promoted").write_text(f"{unsure.name}\n")
    end = time.monotonic() + 60
    while "The model is as it was" not in server_log.text and time.monotonic() < end:
        time.sleep(0.01)
    time.sleep(0.3)  # in which it looks again
    assert server_log.text.count("The model is as it was") == 1
    away.rename(unsure.path)
    assert read_until(url, png_of(7), unsure.name)[-1] == unsure.name


@pytest.mark.usefixtures("ships")
def test_a_version_that_cannot_be_loaded_once_is_loaded_the_next_time(
    url: str,
    versions: Versions,
    unsure: Version,
    png_of: Callable[[int], bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail_once(_folder: Path) -> Reader:
        monkeypatch.undo()
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(following, "Reader", fail_once)
    versions.promote(unsure.name)
    assert read_until(url, png_of(7), unsure.name)[-1] == unsure.name


@pytest.mark.usefixtures("ships")
@pytest.mark.parametrize("kind", [InvalidModel, MemoryError])
def test_a_version_for_which_there_is_no_memory_is_tried_again_less_and_less_often(
    url: str,
    versions: Versions,
    unsure: Version,
    png_of: Callable[[int], bytes],
    monkeypatch: pytest.MonkeyPatch,
    kind: type[Exception],
) -> None:
    tries = []

    def fail_often(folder: Path) -> Reader:
        tries.append(time.monotonic())
        if len(tries) < 5:
            raise kind("It cannot be loaded.") from RuntimeError("bad allocation")
        return Reader(folder)

    monkeypatch.setattr(following, "Reader", fail_often)
    versions.promote(unsure.name)
    assert read_until(url, png_of(7), unsure.name)[-1] == unsure.name
    for looks, (before, after) in zip((2, 4, 8, 16), pairwise(tries), strict=True):
        assert after - before >= looks * following.EVERY


@pytest.mark.usefixtures("ships")
def test_a_version_whose_file_is_damaged_is_tried_once(
    url: str,
    versions: Versions,
    unsure: Version,
    reader: Reader,
    png_of: Callable[[int], bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tries = []

    def counted(folder: Path) -> Reader:
        tries.append(folder)
        return Reader(folder)

    monkeypatch.setattr(following, "Reader", counted)
    content = unsure.model.read_bytes()
    unsure.model.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    try:
        (versions.folder / "promoted").write_text(f"{unsure.name}\n")
        end = time.monotonic() + 20
        while not tries and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(0.5)  # in which it looks again
    finally:
        unsure.model.write_bytes(content)
    assert len(tries) == 1
    assert httpx.get(f"{url}/api/model").json() == reader.metadata


def test_a_version_that_is_damaged_after_all_leaves_the_server_as_it_was(
    url: str,
    versions: Versions,
    unsure: Version,
    reader: Reader,
    png_of: Callable[[int], bytes],
    server_log: pytest.LogCaptureFixture,
) -> None:
    versions.promote(unsure.name)
    (versions.folder / "promoted").write_text("nothing\n")
    end = time.monotonic() + 60
    while "The model is as it was" not in server_log.text and time.monotonic() < end:
        answer = httpx.post(f"{url}/api/read", content=png_of(7), timeout=60)
        assert answer.status_code == 200
    assert "The model is as it was" in server_log.text


def test_an_opinion_of_a_correction_is_of_the_version_whose_name_is_kept_with_it(
    versions: Versions,
    unsure: Version,
    reader: Reader,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    while versions.promoted:
        versions.rollback()
    following_reader = FollowingReader(versions.folder)

    def judged(self: Reader, pictures: Any) -> Any:
        """While another version is promoted, and loaded."""
        versions.promote(unsure.name)
        end = time.monotonic() + 60
        while following_reader.metadata["name"] != "unsure" and time.monotonic() < end:
            time.sleep(0.01)
        return predict_proba(self, pictures)

    predict_proba = Reader.predict_proba
    monkeypatch.setattr(following, "EVERY", 0.05)
    monkeypatch.setattr(Reader, "predict_proba", judged)
    with (
        closing(Store(f"sqlite:///{tmp_path / 'kept.sqlite'}")) as store,
        TestClient(create_app(following_reader, corrections=store)) as client,
    ):
        assert client.post("/api/corrections", json=sent()).status_code == 201
        [kept] = store.page()
    assert following_reader.metadata["name"] == "unsure"
    assert kept.model == reader.metadata["sha256"]
    assert kept.probabilities[7] > 0.9


def test_only_a_folder_of_versions_is_followed(versions: Versions, unsure: Version) -> None:
    assert isinstance(reader_for(unsure.path), Reader)
    assert isinstance(reader_for(None), Reader)
