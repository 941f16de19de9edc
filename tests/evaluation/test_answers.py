"""Answers to a data set as a table, of one model or of several."""

import csv
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from command import inkdigits
from handwriting import png, written
from inkdigits import InvalidDataset, Reader
from inkdigits.datasets.dataset import ArrayDataset, Batch
from inkdigits.evaluation.answers import write_answers
from inkdigits.evaluation.blend import blended_outputs
from inkdigits.evaluation.kaggle import write_submission

PICTURES = np.stack([written(7), np.zeros_like(written(7)), written(3)])
THREE = ArrayDataset("three", PICTURES)


def rows(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))


def test_each_picture_has_a_row_and_a_blank_one_no_answer(tmp_path: Path, reader: Reader) -> None:
    assert write_answers([reader], THREE, tmp_path / "out.csv") == 3
    heads, seven, blank, three = rows(tmp_path / "out.csv")
    assert heads == ["picture", "digit", "confidence", "sure"]
    assert seven[:2] == ["three, number 0", "7"]
    assert seven[3] == "true"
    assert blank == ["three, number 1", "", "", ""]
    assert three[1] == "3"
    assert 0.9 < float(three[2]) <= 1


def test_probabilities_are_ten_more_columns(tmp_path: Path, reader: Reader) -> None:
    write_answers([reader], THREE, tmp_path / "out.csv", probabilities=True)
    heads, seven, blank, _ = rows(tmp_path / "out.csv")
    assert heads[4:] == [f"p{digit}" for digit in range(10)]
    assert sum(map(float, seven[4:])) == pytest.approx(1, abs=1e-5)
    assert seven[4 + 7] == seven[2]
    assert set(blank[1:]) == {""}


def test_several_models_are_blended_and_sure_together(
    reader: Reader, unsure_model: Path, tmp_path: Path
) -> None:
    doubting = Reader(unsure_model)
    batch = Batch(PICTURES, None, ["a", "b", "c"])
    one, other, both = (
        blended_outputs(readers, batch) for readers in ([reader], [doubting], [reader, doubting])
    )
    mean = (one["probabilities"] + other["probabilities"]) / 2
    np.testing.assert_allclose(both["probabilities"], mean)
    assert both["has_ink"].tolist() == [True, False, True]
    assert one["sure"][0]
    assert not both["sure"].any()
    write_submission([reader, doubting], THREE, tmp_path / "s.csv", tmp_path / "p.csv")
    assert rows(tmp_path / "s.csv")[:2] == [["ImageId", "Label"], ["1", "7"]]
    assert rows(tmp_path / "p.csv")[0] == ["ImageId", *(f"p{digit}" for digit in range(10))]
    assert float(rows(tmp_path / "p.csv")[1][8]) == pytest.approx(mean[0, 7], abs=1e-5)


@pytest.mark.skipif(sys.platform != "linux", reason="there are no such names")
def test_any_name_of_a_file_can_stand_in_a_table_and_on_a_page(tmp_path: Path) -> None:
    (folder := tmp_path / os.fsdecode(b"\xff")).mkdir()
    for name in ("=1+1.png", "\x1b[1A5.png", os.fsdecode(b"\xff.png")):
        (folder / name).write_bytes(png(written(7)))
    assert inkdigits("predict", f"folder:{folder}", "--out", tmp_path / "a.csv").returncode == 0
    names = [picture for picture, *_ in rows(tmp_path / "a.csv")[1:]]
    assert names == [r"'\x1b[1A5.png'", "./=1+1.png", r"'\udcff.png'"]
    told = inkdigits("study", f"folder:{folder}", "--out", tmp_path / "study", text=True)
    assert all(line.isprintable() for line in told.stdout.splitlines())
    assert r"\udcff.png" in (tmp_path / "study" / "study.html").read_text()
    (folder / "8").mkdir()
    for path in folder.glob("*.png"):
        path.rename(folder / "8" / path.name)
    html = tmp_path / "page.html"
    assert inkdigits("evaluate", "shipped", f"folder:{folder}", "--html", html).returncode == 0
    assert r"8/\udcff.png" in html.read_text()


def test_a_folder_whose_pictures_are_numbered_needs_no_labels(tmp_path: Path) -> None:
    for number in (0, 9, 10):
        (tmp_path / f"{number}.png").write_bytes(png(written(7)))
    assert inkdigits("predict", f"folder:{tmp_path}", "--out", tmp_path / "a.csv").returncode == 0
    assert [row[:2] for row in rows(tmp_path / "a.csv")[1:]] == [
        ["0.png", "7"],
        ["10.png", "7"],
        ["9.png", "7"],
    ]


def test_an_empty_data_set_has_no_answers(tmp_path: Path, reader: Reader) -> None:
    with pytest.raises(InvalidDataset, match="nothing is empty"):
        write_answers([reader], ArrayDataset("nothing", PICTURES[:0]), tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()
