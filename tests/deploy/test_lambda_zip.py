"""The zip for AWS Lambda is for the machine that is named, and always of the same bytes."""

import importlib.util
import re
import sys
from hashlib import sha256
from importlib import resources
from pathlib import Path
from zipfile import ZipFile

import pytest
from click.testing import CliRunner

from inkdigits import InkDigitsError
from inkdigits.cli import app
from inkdigits.deploy import lambda_zip
from inkdigits.deploy.lambda_zip import NoWheels, bundle_lambda, bytecode, write_template

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def wheel(folder: Path, name: str, tag: str, version: str = "1.0") -> Path:
    """A wheel with one module, a test of it and its types."""
    path = folder / f"{name}-{version}-{tag}.whl"
    about = f"{name}-{version}.dist-info"
    with ZipFile(path, "w") as archive:
        archive.writestr(f"{name}/__init__.py", f"tag = {tag!r}")
        archive.writestr(f"{name}/__init__.pyi", "tag: str")
        archive.writestr(f"{name}/tests/test_tag.py", "")
        archive.writestr(f"{about}/WHEEL", f"Wheel-Version: 1.0\nTag: {tag}\n")
        archive.writestr(
            f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
        )
        archive.writestr(f"{about}/RECORD", "")
    return path


@pytest.fixture
def requirements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One package, of which there is a wheel for each processor, and no registry."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    wheels = [
        wheel(folder, "spoon", f"cp313-cp313-manylinux_2_28_{arch}")
        for arch in ("x86_64", "aarch64")
    ]
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    file = tmp_path / "requirements.txt"
    sums = [f"--hash=sha256:{sha256(path.read_bytes()).hexdigest()}" for path in wheels]
    file.write_text(f"spoon==1.0 {' '.join(sums)}\n")
    return file


def test_it_has_the_wheels_of_the_machine_and_not_of_the_host(
    tmp_path: Path, requirements: Path
) -> None:
    zips = {}
    for name, arch in (("one", "arm64"), ("again", "arm64"), ("other", "x86_64")):
        zips[name] = tmp_path / f"{name}.zip"
        bundle_lambda(zips[name], arch=arch, python="3.13", requirements=requirements, level=1)
    assert zips["one"].read_bytes() == zips["again"].read_bytes()
    for name, machine in (("one", "aarch64"), ("other", "x86_64")):
        with ZipFile(zips[name]) as archive:
            assert machine in archive.read("spoon/__init__.py").decode()
            names = archive.namelist()
        assert not [it for it in names if "tests/" in it or it.endswith((".pyi", "RECORD"))]
        assert not [it for it in names if it.startswith(("inkdigits/cli", "inkdigits/scratch"))]
        assert {"inkdigits/models/page.onnx", "inkdigits/deploy/aws_lambda.py"} <= set(names)


def test_bytecode_is_of_the_python_that_runs_it_and_looks_at_no_times() -> None:
    compiled = bytecode(
        {"spoon/__init__.py": b"tag = 7", "spoon/broken.py": b"=", "a.so": b""}, PYTHON
    )
    [(name, content)] = compiled.items()
    assert name == f"spoon/__pycache__/__init__.{sys.implementation.cache_tag}.pyc"
    assert content[:4] == importlib.util.MAGIC_NUMBER
    assert content[4] == 1  # of a hash that nobody checks
    assert b"/var/task/spoon/__init__.py" in content
    assert bytecode({"spoon/__init__.py": b"tag = 7"}, "2.6") == {}


def test_a_wheel_that_is_not_there_is_named(tmp_path: Path, requirements: Path) -> None:
    with pytest.raises(NoWheels, match=r"spoon.*PIP_FIND_LINKS"):
        bundle_lambda(tmp_path / "a.zip", arch="arm64", python="3.12", requirements=requirements)


def test_a_wheel_that_is_another_is_refused(tmp_path: Path, requirements: Path) -> None:
    requirements.write_text(f"spoon==1.0 --hash=sha256:{'0' * 64}")
    with pytest.raises(NoWheels, match="spoon"):
        bundle_lambda(tmp_path / "a.zip", arch="arm64", python="3.13", requirements=requirements)
    assert not (tmp_path / "a.zip").exists()


def test_a_place_that_cannot_be_written_is_told_before_anything_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nothing/here")  # who fetches fails at once
    for out in (tmp_path, tmp_path / "nowhere" / "function.zip"):
        with pytest.raises(InkDigitsError, match="cannot be written"):
            bundle_lambda(out, arch="arm64", python="3.13")
    assert list(tmp_path.iterdir()) == []


def test_all_that_it_runs_on_has_one_version_and_hashes() -> None:
    text = (resources.files("inkdigits.deploy") / "aws" / "requirements.txt").read_text("utf-8")
    wanted = [line for line in text.splitlines() if line[0].isalpha()]
    assert len(wanted) == 6
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9.]+ \\", line) for line in wanted)
    assert len(re.findall("--hash=sha256:[0-9a-f]{64}", text)) >= 2 * 3 * len(lambda_zip.PYTHONS)


def test_the_command_says_how_to_deploy_and_keeps_a_template_that_was_changed(
    tmp_path: Path, requirements: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lambda_zip, "REQUIREMENTS", requirements)
    out = tmp_path / "function.zip"
    command = ["bundle", "lambda", str(out), "--arch", "arm64", "--python", "3.13"]
    done = CliRunner().invoke(app, command, catch_exceptions=False)
    assert "sam deploy --guided --template-file" in done.output
    template = tmp_path / "template.yaml"
    text = template.read_text("utf-8")
    for line in (
        "CodeUri: function.zip",
        "Runtime: python3.13",
        "Architectures: [arm64]",
        "Handler: inkdigits.deploy.aws_lambda.handler",
    ):
        assert line in text
    assert not write_template(out, "arm64", "3.13")
    template.write_text(text.replace("1024", "2048"))
    assert "was kept" in CliRunner().invoke(app, command).output
    assert "2048" in template.read_text("utf-8")
