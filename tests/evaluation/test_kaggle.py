"""Kaggle's digit recogniser: from its two files to a submission."""

import csv
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from command import inkdigits
from inkdigits.datasets.convert import convert
from inkdigits.datasets.dataset import ArrayDataset
from inkdigits.datasets.mnist import load_mnist

run = partial(inkdigits, text=True)


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no MNIST."""
    monkeypatch.delenv("INKDIGITS_DATA_DIR", raising=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, data_dir: str) -> Path:
    """A folder with a train.csv and a test.csv as Kaggle has them, but small."""
    path = tmp_path_factory.mktemp("kaggle")
    pictures, labels = load_mnist("train", data_dir)
    convert(ArrayDataset("train", pictures[:3000], labels[:3000]), f"csv:{path}/train.csv")
    blank = np.zeros((1, 28, 28), np.uint8)
    convert(ArrayDataset("test", np.concatenate([pictures[-500:], blank])), f"csv:{path}/test.csv")
    return path


def test_two_commands_lead_from_kaggles_files_to_a_submission(folder: Path, data_dir: str) -> None:
    trained = run(
        *("train", "mlp-small", "--data", "csv:train.csv", "--out", "run", "--epochs", 5),
        cwd=folder,
    )
    assert trained.returncode == 0, trained.stderr
    assert "csv:train.csv:validation" in trained.stdout
    written = run(*("kaggle", "test.csv", "-o", "submission.csv", "--model", "run"), cwd=folder)
    assert written.returncode == 0, written.stderr
    assert "run was trained on csv:train.csv, 2,700 training pictures" in written.stdout
    assert "honest" not in written.stdout  # who did it right needs no advice
    assert "test.csv, row 502 is blank: its label is a guess" in written.stderr
    with (folder / "submission.csv").open() as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["ImageId", "Label"]
    assert [int(row[0]) for row in rows[1:]] == list(range(1, 502))
    _, labels = load_mnist("train", data_dir)
    right = np.array([int(row[1]) for row in rows[1:-1]]) == labels[-500:]
    assert right.mean() > 0.85


def test_the_command_says_what_a_score_of_the_shipped_model_is_worth(folder: Path) -> None:
    result = run("kaggle", "test.csv", "-o", "shipped.csv", cwd=folder)
    assert result.returncode == 0
    assert "trained on MNIST" in result.stdout
    assert "come from MNIST" in result.stdout
    assert "honest submission" in result.stdout


def test_a_train_csv_is_not_taken_for_a_test_csv(folder: Path) -> None:
    result = run("kaggle", "train.csv", "-o", "wrong.csv", cwd=folder)
    assert result.returncode == 2
    assert "has labels: it is a train.csv" in result.stderr
    assert not (folder / "wrong.csv").exists()


def test_data_without_labels_cannot_be_trained_on(folder: Path) -> None:
    result = run("train", "mlp-small", "--data", "csv:test.csv", "--out", "none", cwd=folder)
    assert result.returncode == 2
    assert "csv:test.csv has no labels to learn from" in result.stderr
    assert not (folder / "none").exists()


def test_a_run_is_resumed_only_with_its_own_data(folder: Path) -> None:
    options = ("train", "mlp-small", "--out", "again", "--epochs", 1)
    assert run(*options, "--data", "csv:train.csv", cwd=folder).returncode == 0
    result = run(*options, "--data", "csv:other.csv", "--resume", cwd=folder)
    assert result.returncode == 2
    assert "has data csv:train.csv, not csv:other.csv" in result.stderr


def test_convert_tells_how_much_it_wrote(folder: Path) -> None:
    result = run("convert", "csv:test.csv", "npz:test.npz", cwd=folder)
    assert result.returncode == 0, result.stderr
    assert "501 pictures written to npz:test.npz" in result.stdout
    again = run("convert", "csv:test.csv", "npz:test.npz", cwd=folder)
    assert again.returncode == 2
    assert "is there already" in again.stderr
