"""Studying a data set: what was planted in it is found, and said in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from command import inkdigits
from handwriting import written
from inkdigits import InvalidDataset, Reader
from inkdigits.datasets.convert import convert
from inkdigits.datasets.dataset import ArrayDataset
from inkdigits.datasets.mnist import load_mnist
from inkdigits.evaluation import study
from inkdigits.evaluation.study import Facts, find_out, measure
from inkdigits.evaluation.study_page import findings, page, study_figures
from inkdigits.modelfile.normalizer import Normalizer

COUNT = 2000
MISLABELLED = list(range(50, COUNT, 100))
BLANK = [7, 900]
COPIES = {3: 1200, 4: 1201}
"""The picture at the second place is a copy of the one at the first."""


def planted(data_dir: str) -> ArrayDataset:
    """MNIST with wrong labels, blank pictures, a duplicate, and one with another label."""
    pictures, labels = (part[:COUNT].copy() for part in load_mnist("train", data_dir))
    for first, second in COPIES.items():
        pictures[second] = pictures[first]
        labels[second] = labels[first]
    labels[COPIES[4]] = (labels[4] + 1) % 10
    labels[MISLABELLED] = (labels[MISLABELLED] + 5) % 10
    pictures[BLANK] = 0
    return ArrayDataset("mine", pictures, labels)


@pytest.fixture(scope="module", autouse=True)
def few_are_mapped() -> Iterator[None]:
    """t-SNE takes its time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(study, "MOST_MAPPED", 200)
        yield


@pytest.fixture(scope="module")
def facts(reader: Reader, data_dir: str) -> Facts:
    return find_out(planted(data_dir), reader)


@pytest.fixture(scope="module")
def words(facts: Facts) -> str:
    return unescape(re.sub("<[^>]+>", "", "\n".join(findings(facts))))


def test_planted_mislabels_are_named(facts: Facts, words: str) -> None:
    named = {facts.origins[doubt.index] for doubt in facts.doubts}
    wrong = {f"mine, number {i}" for i in MISLABELLED}
    assert len(named & wrong) >= 0.9 * len(wrong)
    assert len(named - wrong) < 0.01 * COUNT
    assert f"{len(named)} pictures unlike the label" in words
    assert facts.labels is not None
    for doubt in facts.doubts:
        if facts.origins[doubt.index] in wrong:
            assert (doubt.looks_like + 5) % 10 == facts.labels[doubt.index]


def test_blank_pictures_are_named(words: str) -> None:
    assert "2 blank pictures" in words
    assert "mine, number 7; mine, number 900" in words


def test_duplicates_are_named_and_those_with_two_labels_too(words: str) -> None:
    assert "2 duplicates" in words
    assert "mine, number 3 = mine, number 1200" in words
    different = next(line for line in words.splitlines() if "different labels" in line)
    assert re.search(r"mine, number 4 \(\d\) = mine, number 1201 \(\d\)", different)
    assert "number 3 " not in different


def test_a_clean_data_set_is_called_clean(reader: Reader, data_dir: str) -> None:
    pictures, labels = load_mnist("train", data_dir)
    few = np.concatenate([np.flatnonzero(labels == digit)[:15] for digit in range(10)])
    lines = findings(find_out(ArrayDataset("mine", pictures[few], labels[few]), reader))
    assert "No picture is blank." in lines
    assert "No picture is there twice." in lines
    assert "Digits are about even: from 15 of 0 to 15 of 0." in lines


@pytest.mark.parametrize(
    ("slant", "says"),
    [(0.2, "leans to the right"), (-0.2, "leans to the left"), (0, "hardly leans")],
)
def test_how_the_writing_leans_is_said(facts: Facts, slant: float, says: str) -> None:
    leaning = replace(facts, measures={**facts.measures, "slant": np.full(3, slant)})
    assert findings(leaning)[-1].startswith(f"The writing {says} (median slant {slant:.2f})")


def test_missing_and_rare_digits_are_said(reader: Reader, data_dir: str) -> None:
    pictures, labels = load_mnist("train", data_dir)
    some = np.flatnonzero(labels[:500] != 3)
    lines = findings(find_out(ArrayDataset("mine", pictures[some], labels[some]), reader))
    assert "<b>No pictures at all of 3.</b>" in lines


def test_slant_thickness_and_aspect_are_those_of_the_ink() -> None:
    bars = np.zeros((3, 280, 280), np.uint8)
    bars[0, 40:240, 130:150] = 255  # upright: 20 of 200
    bars[1, 40:240, 120:160] = 255  # twice as thick
    for y in range(40, 240):  # leaning to the right by half a pixel for each pixel up
        start = 100 + (240 - y) // 2
        bars[2, y, start : start + 20] = 255
    measures = measure(Normalizer()(bars))
    assert measures["slant"][0] == pytest.approx(0, abs=0.02)
    assert measures["slant"][2] == pytest.approx(0.5, abs=0.05)
    assert measures["thickness"][1] / measures["thickness"][0] == pytest.approx(2, rel=0.25)
    assert measures["aspect"][0] == pytest.approx(0.1, abs=0.02)
    assert measures["ink"][1] > 1.6 * measures["ink"][0]


def test_the_page_needs_nothing_else(facts: Facts) -> None:
    pictures = study_figures(facts)
    assert {"counts", "samples", "measures", "map-PCA", "map-t-SNE"} <= pictures.keys()
    html = page(facts, pictures)
    assert not re.search(r'(src|href)="(?!data:)', html)
    assert html.count("looks like") >= len(facts.doubts)


def test_pictures_without_labels_and_of_any_size_are_studied_too(
    tmp_path: Path, reader: Reader
) -> None:
    for value in range(10):
        picture = Image.fromarray(written(value))
        picture.resize((100 + 20 * value, 200)).save(tmp_path / f"mine_{value}x.png")
    from inkdigits.datasets.folder import FolderDataset

    facts = find_out(FolderDataset(tmp_path), reader)
    assert facts.labels is None
    assert "10 pictures, without labels." in findings(facts)
    page(facts, study_figures(facts))


@pytest.mark.filterwarnings("error")
def test_one_picture_is_studied_too(reader: Reader) -> None:
    one = find_out(ArrayDataset("one", written(7)[None]), reader)
    assert findings(one)[0] == "1 picture, without labels."
    assert one.maps["PCA"].tolist() == [[0, 0]]
    assert page(one, study_figures(one)).startswith("<!doctype html>")


def test_nothing_but_blank_pictures_is_said(reader: Reader) -> None:
    with pytest.raises(InvalidDataset, match="nothing is written in any"):
        find_out(ArrayDataset("mine", np.zeros((5, 28, 28), np.uint8)), reader)
    with pytest.raises(InvalidDataset, match="holds no pictures"):
        find_out(ArrayDataset("mine", np.zeros((0, 28, 28), np.uint8)), reader)


def test_the_command_leaves_a_page_and_its_pictures(tmp_path: Path, data_dir: str) -> None:
    whole = planted(data_dir)
    assert whole.labels is not None
    small = ArrayDataset("small", whole.pictures[:300], whole.labels[:300])
    convert(small, f"csv:{tmp_path}/mine.csv")
    result = inkdigits("study", "csv:mine.csv", "--out", "report", cwd=tmp_path, text=True)
    assert result.returncode == 0, result.stderr
    assert "1 blank picture, in which nothing is written: mine.csv, row 9." in result.stdout
    assert (tmp_path / "report" / "study.html").read_text().startswith("<!doctype html>")
    assert (tmp_path / "report" / "counts.png").exists()
