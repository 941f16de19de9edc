"""k-fold validation: a run for each part of the data, judged by that part."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from inkdigits.cli.app import app
from inkdigits.datasets.mnist import load_mnist
from inkdigits.errors import InvalidDataset
from inkdigits.training.data import training_data
from inkdigits.training.fit import InvalidRun
from inkdigits.training.folder import RunFolder
from inkdigits.training.folds import train_folds
from inkdigits.training.run import Interrupted
from training.interruption import ctrl_c
from training.tiny import TINY_SCRATCH

FOLDS = 2


@pytest.fixture
def digits(tmp_path: Path, data_dir: str) -> str:
    """90 of MNIST's pictures."""
    pictures, labels = load_mnist("validation")
    np.savez(tmp_path / "digits.npz", images=pictures[:90], labels=labels[:90])
    return f"npz:{tmp_path / 'digits.npz'}"


def test_each_picture_is_kept_for_validation_once_and_of_each_digit_as_many(digits):
    parts = [training_data([digits], None, None, fold=f"{n}/{FOLDS}") for n in range(1, FOLDS + 1)]
    kept = np.concatenate([part.validation_pictures for part in parts])
    assert len(np.unique(kept, axis=0)) == 90
    for part in parts:
        assert len(part.labels) + len(part.validation_labels) == 90
        counts = np.bincount(part.validation_labels, minlength=10)
        wanted = np.bincount(part.labels, minlength=10) / (FOLDS - 1)
        assert abs(counts - wanted).max() <= 1


def test_the_folder_tells_mean_and_spread_and_an_interrupted_one_goes_on(tmp_path, digits):
    out = tmp_path / "run"
    options = {"data": digits}
    with ctrl_c(epoch=2, done=0.1), pytest.raises(Interrupted, match="go on with --resume"):
        train_folds(TINY_SCRATCH, out, FOLDS, **options)
    summary = train_folds(TINY_SCRATCH, out, FOLDS, resume=True, **options)
    told = json.loads((out / "folds.json").read_text())
    assert told == summary
    [accuracy] = told.values()
    runs = [RunFolder(out / f"fold-{number}") for number in (1, 2)]
    each = [next(iter(json.loads(run.metrics.read_text())["accuracy"].values())) for run in runs]
    assert accuracy["each"] == each
    assert accuracy["mean"] == pytest.approx(np.mean(each))
    assert accuracy["spread"] == pytest.approx(np.std(each, ddof=1))
    with pytest.raises(InvalidRun, match="holds a run already"):
        train_folds(TINY_SCRATCH, out, FOLDS, **options)


def test_what_was_never_begun_is_not_resumed_and_no_fold_of_more_is_left_between(tmp_path, digits):
    options = {"data": digits, "epochs": 1}
    with pytest.raises(InvalidRun, match="run holds no folds to resume"):
        train_folds(TINY_SCRATCH, tmp_path / "run", FOLDS, resume=True, **options)
    with ctrl_c(epoch=2, done=0.1), pytest.raises(Interrupted):
        train_folds(TINY_SCRATCH, tmp_path / "run", 3, **{**options, "epochs": 2})
    (tmp_path / "run" / "fold-1").rename(tmp_path / "run" / "fold-3")
    with pytest.raises(InvalidRun, match="holds fold-3, of more folds than 2"):
        train_folds(TINY_SCRATCH, tmp_path / "run", FOLDS, overwrite=True, **options)


def test_more_folds_than_pictures_are_told_to_be_fewer(digits):
    with pytest.raises(InvalidDataset, match=r"too few .*Add some, or take fewer folds"):
        training_data([digits], None, None, fold="91/91")


def test_the_command_prints_mean_and_spread_and_takes_no_share_beside(tmp_path, digits):
    command = ["train", "mlp-small", "--data", digits, "--epochs", "1", "--folds", "2"]
    printed = CliRunner().invoke(app, [*command, "--out", f"{tmp_path}/run"]).stdout
    told = json.loads((tmp_path / "run" / "folds.json").read_text())[f"{digits}:validation"]
    assert f"{told['mean']:.2%} ± {told['spread']:.2%}" in printed
    refused = CliRunner().invoke(app, [*command, "--out", "x", "--validation", "0.2"])
    assert (refused.exit_code, "Leave out --validation" in refused.output) == (2, True)
