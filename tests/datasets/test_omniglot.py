"""Omniglot's characters as pens wrote them."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from inkdigits.datasets.omniglot import OMNIGLOT, read_omniglot
from inkdigits.errors import InvalidDataset

TWO_STROKES = "START\n1.0,-2.0,0.000\n3.0,-4.5,7.000\nBREAK\n5.0,-6.0,9.000\nBREAK\n"


def a_zip(folder: Path, files: dict[str, str]) -> Path:
    path = folder / "strokes.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def test_strokes_are_read_with_y_pointing_down(tmp_path: Path) -> None:
    name = "strokes_background_small1/Latin/character07/0007_03.txt"
    [character] = read_omniglot(a_zip(tmp_path, {name: TWO_STROKES}))
    assert (character.alphabet, character.character) == ("Latin", 7)
    assert [stroke.tolist() for stroke in character.strokes] == [[[1, 2], [3, 4.5]], [[5, 6]]]


def test_each_file_is_a_character_in_the_order_of_their_names(tmp_path: Path) -> None:
    files = {
        f"all/{name}/1.txt": TWO_STROKES for name in ("Greek/character02", "Greek/character01")
    }
    files |= {"all/": "", "all/README.md": "?", "__MACOSX/Greek/character01/._1.txt": "\0"}
    characters = read_omniglot(a_zip(tmp_path, files))
    assert [character.character for character in characters] == [1, 2]


def test_a_stroke_that_no_break_ends_counts(tmp_path: Path) -> None:
    [character] = read_omniglot(
        a_zip(tmp_path, {"x/Latin/character01/1.txt": "START\n1,-1,0\n2,-2,5\n"})
    )
    assert [len(stroke) for stroke in character.strokes] == [2]


@pytest.mark.parametrize(
    "text", ["START\n1.0;2.0\n", "START\n1.0,2.0\n", "START\n1.0,two,3.0\n", "START\nBREAK\n", "é"]
)
def test_what_are_no_strokes_is_refused_and_the_file_named(tmp_path: Path, text: str) -> None:
    path = a_zip(tmp_path, {"x/Latin/character01/1.txt": text})
    with pytest.raises(InvalidDataset, match=r"strokes\.zip is no file of Omniglot's strokes"):
        read_omniglot(path)


def test_a_character_without_a_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidDataset, match=r"strokes\.zip"):
        read_omniglot(a_zip(tmp_path, {"x/Latin/letter/1.txt": TWO_STROKES}))


def test_what_is_no_zip_file_is_refused_and_named(tmp_path: Path) -> None:
    path = tmp_path / "other.zip"
    path.write_bytes(b"no zip")
    with pytest.raises(InvalidDataset, match=r"other\.zip is no file of Omniglot's strokes"):
        read_omniglot(path)


def test_a_damaged_zip_file_is_refused_and_named(tmp_path: Path) -> None:
    path = a_zip(tmp_path, {"x/Latin/character01/1.txt": TWO_STROKES * 9})
    content = bytearray(path.read_bytes())
    content[70] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(InvalidDataset, match=r"strokes\.zip is no file of Omniglot's strokes"):
        read_omniglot(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidDataset, match=r"absent\.zip cannot be read: No such file"):
        read_omniglot(tmp_path / "absent.zip")


def test_the_real_file_has_five_alphabets(data_dir: str) -> None:
    path = Path(data_dir) / OMNIGLOT
    if not path.exists():
        pytest.skip("the data folder has no Omniglot")
    characters = read_omniglot(path)
    assert len({character.alphabet for character in characters}) == 5
    assert all(np.isfinite(stroke).all() for some in characters for stroke in some.strokes)
