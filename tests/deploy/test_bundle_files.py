"""Where a bundle may be written, and how its command says to use it."""

import shlex
from pathlib import Path

import pytest

from command import inkdigits as run
from inkdigits import InkDigitsError
from inkdigits.deploy.files import write_folder
from inkdigits.deploy.npm import bundle_npm
from inkdigits.deploy.site import bundle_site

MINE = b"mine"


@pytest.mark.parametrize(
    ("bundle", "name"), [(bundle_npm, "package.json"), (bundle_site, "index.html")]
)
def test_a_bundle_takes_no_file_of_somebody_elses_project(
    tmp_path: Path, bundle, name: str
) -> None:
    (tmp_path / name).write_bytes(MINE)
    with pytest.raises(InkDigitsError, match=r"holds other files\. Choose an empty folder"):
        bundle(tmp_path)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(name, MINE)]


def test_a_bundle_may_be_written_over_a_former_one_with_what_was_put_beside_it(
    tmp_path: Path,
) -> None:
    sizes = bundle_npm(tmp_path)
    (tmp_path / "README.md").write_bytes(b"of another version")
    (packed := tmp_path / "inkdigits-1.0.tgz").write_bytes(MINE)  # as npm pack leaves it
    assert bundle_npm(tmp_path) == sizes
    assert (tmp_path / "README.md").stat().st_size == sizes["README.md"]
    assert packed.read_bytes() == MINE


def test_a_bundle_of_another_kind_is_not_a_former_one(tmp_path: Path) -> None:
    bundle_npm(tmp_path)
    with pytest.raises(InkDigitsError, match="holds other files"):
        bundle_site(tmp_path)


def test_a_bundle_that_was_interrupted_can_be_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(path: Path, content: bytes) -> None:
        if content != b"known":
            raise KeyboardInterrupt
        path.write_bytes(content)

    files = {"first": MINE, "mark": b"known"}
    with monkeypatch.context() as patch:
        patch.setattr("inkdigits.deploy.files.write_atomically", stopped)
        with pytest.raises(KeyboardInterrupt):
            write_folder(tmp_path, files, ("mark",))
    write_folder(tmp_path, files, ("mark",))
    assert (tmp_path / "first").read_bytes() == MINE


def test_npm_is_told_of_a_folder_and_not_of_a_package_in_its_registry(tmp_path: Path) -> None:
    said = run("bundle", "npm", "my package", cwd=tmp_path, text=True).stdout
    assert shlex.split(said.partition("npm install ")[2]) == ["./my package", "onnxruntime-node"]
    said = run("bundle", "npm", tmp_path / "there", text=True).stdout
    assert f"npm install {tmp_path / 'there'} " in said
