"""What runs model files in a browser is the one that is known here, or nothing."""

from pathlib import Path

import pytest

from inkdigits.deploy.runtime import PACKAGES, NoRuntime, runtime_files


def test_a_tarball_that_is_another_is_refused(tmp_path: Path) -> None:
    (tmp_path / PACKAGES[0].tarball).write_bytes(b"something else")
    with pytest.raises(NoRuntime, match="SHA-512"):
        runtime_files(tmp_path)


def test_one_that_is_missing_is_named_with_how_to_fetch_it(tmp_path: Path) -> None:
    with pytest.raises(NoRuntime, match=f"npm pack {PACKAGES[0].name}@{PACKAGES[0].version}"):
        runtime_files(tmp_path)


def test_the_registry_is_that_of_npm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", "http://localhost:9/npm/")
    with pytest.raises(NoRuntime, match="http://localhost:9/npm/onnxruntime-web/-/onnxruntime-web"):
        runtime_files()


def test_a_registry_that_is_a_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", "file:///etc")
    with pytest.raises(NoRuntime, match="https://"):
        runtime_files()
