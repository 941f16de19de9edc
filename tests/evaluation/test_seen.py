"""Who judges a model by what it has learned from is told."""

import json
from pathlib import Path
from typing import Any

import pytest

from command import inkdigits as run
from handwriting import png, written
from inkdigits import Reader
from inkdigits.evaluation.seen import seen_note
from training.tiny import TINY_SCRATCH, train_unseen

OWN = "csv:train.csv + folder:my, own, 1,234 training pictures"


@pytest.mark.parametrize(
    ("trained_on", "dataset", "is_seen"),
    [
        (None, "mnist:train", True),
        (None, "mnist:train+validation", True),
        (None, "mnist:validation", False),
        (None, "mnist:test", False),
        (OWN, "csv:train.csv", True),
        (OWN, "csv:./train.csv", True),
        (OWN, "folder:my, own", True),
        (OWN, "csv:my, own", False),
        (OWN, "mnist:train", False),
        ("mnist:train+validation, 60,000 training pictures", "mnist:validation", True),
        ("corrections:, 90 pictures, going on while MNIST was replayed", "corrections:", True),
        ("corrections:, 90 pictures, going on while MNIST was replayed", "mnist:train", True),
        ("", "csv:train.csv", False),
    ],
)
def test_a_data_set_that_was_learned_from_is_known(
    reader: Reader, trained_on: str | None, dataset: str, is_seen: bool
) -> None:
    told = reader.metadata["trained_on"] if trained_on is None else trained_on
    note = seen_note("mine", told, dataset)
    assert bool(note) is is_seen
    assert not note or f"mine has learned from {dataset}" in note


@pytest.mark.parametrize("options", [{"validation": 0.0}, {"fold": "1/100"}])
def test_a_run_that_has_learned_from_mnists_validation_part_says_so(
    tmp_path: Path, data_dir: str, options: dict[str, Any]
) -> None:
    train_unseen(TINY_SCRATCH, tmp_path, epochs=1, limit=100, data_dir=data_dir, **options)
    told = Reader(tmp_path / "model.onnx").metadata["trained_on"]
    assert seen_note("mine", told, "mnist:train")
    assert seen_note("mine", told, "mnist:validation")
    assert not seen_note("mine", told, "mnist:test")


@pytest.fixture
def learned(tmp_path: Path) -> tuple[str, Path]:
    """A folder of a few digits, and a run that has learned from it."""
    digits = tmp_path / "digits"
    digits.mkdir()
    for value in range(10):
        for name in "ab":
            (digits / f"{value}_{name}.png").write_bytes(png(written(value, 60)))
    spec, out = f"folder:{digits}", tmp_path / "run"
    trained = run("train", "mlp-small", "--data", spec, "--epochs", 1, "--out", out, text=True)
    assert trained.returncode == 0, trained.stderr
    return spec, out


def test_who_judges_a_model_by_what_it_has_learned_from_is_told_beside_the_figures(
    learned: tuple[str, Path],
) -> None:
    spec, out = learned
    result = run("evaluate", out, spec, "--json", text=True)
    assert f"{out} has learned from {spec}" in result.stderr
    assert json.loads(result.stdout)["pictures"] == 20
    result = run("compare", out, "shipped", "--on", spec, "--json", text=True)
    assert result.stderr.count("has learned from") == 1
    assert set(json.loads(result.stdout)["models"]) == {str(out), "shipped"}
    assert "has learned" not in run("evaluate", "shipped", spec, text=True).stderr


def test_what_was_read_as_pages_are_judges_both_files(tmp_path: Path) -> None:
    (tmp_path / "7_mine.png").write_bytes(png(written(7, 60)))
    both = "page.onnx, too: this judges both files"
    assert both in run("evaluate", "shipped", f"folder:{tmp_path}", "--read", text=True).stdout
    assert both not in run("evaluate", "shipped", f"folder:{tmp_path}", text=True).stdout
