"""Pictures at addresses, as those of s3://; here of file://, by the same code."""

import json
from pathlib import Path

import pytest
from PIL import Image

from handwriting import png, written
from inkdigits import InkDigitsError
from inkdigits.many.job import Job, Worker
from inkdigits.many.places import is_elsewhere, names_at

pytest.importorskip("pyarrow")


@pytest.fixture
def address(tmp_path: Path) -> str:
    """Of a folder with a 4 and a 7, in folders of their own, and notes."""
    for value in (4, 7):
        (tmp_path / f"box {value}").mkdir()
        (tmp_path / f"box {value}" / "digit.png").write_bytes(png(written(value)))
    (tmp_path / "notes.txt").write_text("no picture")
    return f"file://{tmp_path}"


def test_a_path_is_here_and_an_address_elsewhere() -> None:
    assert is_elsewhere("s3://scans/a.png")
    assert not any(map(is_elsewhere, ["a.png", "/s3/a.png", r"C:\scans\a.png"]))


def test_a_folder_and_a_glob_are_the_pictures_in_them(address: str) -> None:
    all_of_them = [f"{address}/box 4/digit.png", f"{address}/box 7/digit.png"]
    assert names_at(address) == names_at(f"{address}/") == all_of_them
    assert names_at(f"{address}/*/d?git.png") == all_of_them
    assert names_at(f"{address}/box [7-9]/*.png") == all_of_them[1:]
    assert names_at(all_of_them[0]) == all_of_them[:1]
    assert names_at(f"{address}/*.tif") == [f"{address}/*.tif"]


def test_a_star_stays_within_a_name_and_two_go_through_folders(
    address: str, tmp_path: Path
) -> None:
    here = tmp_path / "here.png"
    here.write_bytes(png(written(1)))
    inside = [f"{address}/box 4/digit.png", f"{address}/box 7/digit.png"]
    assert names_at(f"{address}/*.png") == [f"{address}/here.png"]
    assert names_at(f"{address}/**/*.png") == [*inside, f"{address}/here.png"]
    assert names_at(f"{address}/**/digit.png") == inside
    assert names_at(f"{address}/box*") == inside  # what is in a folder that matches


def test_each_page_of_a_file_elsewhere_is_read(address: str, tmp_path: Path) -> None:
    four, seven = (Image.fromarray(written(value)) for value in (4, 7))
    four.save(tmp_path / "scan.tif", save_all=True, append_images=[seven])
    pages = [f"{address}/scan.tif[1]", f"{address}/scan.tif[2]"]
    assert names_at(f"{address}/scan.tif") == names_at(f"{address}/*.tif") == pages
    assert names_at(pages[1]) == pages[1:]
    first, second, none = map(json.loads, Worker(Job())([*pages, f"{address}/scan.tif[3]"]))
    assert [(row["file"], row["text"]) for row in (first, second)] == [
        *((pages[0], "4"), (pages[1], "7"))
    ]
    assert "no page 3" in none["error"]["message"]


def test_a_pdf_elsewhere_is_not_left_out_in_silence(address: str, tmp_path: Path) -> None:
    (tmp_path / "scan.pdf").write_bytes(b"%PDF-1.4")
    assert f"{address}/scan.pdf" in names_at(address)


def test_they_are_read_and_one_that_is_gone_has_a_row_that_says_so(address: str) -> None:
    four, gone, seven = Worker(Job())(
        [f"{address}/box 4/digit.png", f"{address}/gone.png", f"{address}/box 7/digit.png"]
    )
    assert '"text": "4"' in four
    assert '"text": "7"' in seven
    assert "gone.png cannot be read" in gone


def test_a_place_that_nobody_knows_is_told() -> None:
    with pytest.raises(InkDigitsError, match="nowhere://scans cannot be looked into"):
        names_at("nowhere://scans")
