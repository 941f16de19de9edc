"""Runs that draw anew what they learn from: what they leave, how they go on."""

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from click.testing import CliRunner, Result
from PIL import Image
from rich.console import Console

from inkdigits import InvalidDataset
from inkdigits.cli import app
from inkdigits.number_reader import NumberReader
from inkdigits.progress import TrainingBar
from inkdigits.training.fit import InvalidRun
from inkdigits.training.ink import Ink
from inkdigits.training.lesson import train_lesson
from inkdigits.training.numbers import NumberRecipe, Numbers, network
from inkdigits.training.recipes import CNN
from inkdigits.training.run import Interrupted, train

TINY = NumberRecipe(epochs=2, pictures=96, batch_size=32, people=3, bent=500, judges=20)

train_numbers = partial(train_lesson, Numbers)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, data_dir: str) -> Path:
    """A finished run."""
    out = tmp_path_factory.mktemp("runs") / "finished"
    train_numbers(out, TINY, data_dir=data_dir, console=Console(quiet=True))
    return out


def history(run: Path) -> list[dict[str, float]]:
    with (run / "history.csv").open() as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def same_weights(one: Path, other: Path) -> bool:
    models = [onnx.load(run / "model.onnx").graph.initializer for run in (one, other)]
    a, b = ({t.name: onnx.numpy_helper.to_array(t) for t in tensors} for tensors in models)
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


@contextmanager
def ctrl_c(epoch: int, done: float) -> Iterator[None]:
    """Pressed when the bar says that so much of that epoch is done."""
    report = TrainingBar.report

    def pressed(bar: TrainingBar, now: int, done_now: float, loss: float) -> None:
        report(bar, now, done_now, loss)
        if now == epoch and done_now >= done:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TrainingBar, "report", pressed)
        yield


def test_a_run_tells_its_story_in_numbers(finished: Path) -> None:
    metrics = json.loads((finished / "metrics.json").read_text())
    assert metrics["recipe"] == "numbers"
    assert metrics["epochs"] == metrics["epochs_done"] == 2
    assert metrics["parameters"] == sum(p.numel() for p in network().parameters())
    assert metrics["file_bytes"] == (finished / "model.onnx").stat().st_size
    rows = history(finished)
    assert [row["epoch"] for row in rows] == [1, 2]
    assert rows[1]["loss"] < rows[0]["loss"]
    assert metrics["accuracy"] == {"touching:validation": rows[1]["validation_accuracy"]}


def test_a_run_leaves_its_curve(finished: Path) -> None:
    with Image.open(finished / "curve.png") as image:
        assert min(image.size) > 80
        assert len(image.convert("RGB").getcolors(2**20) or []) > 20


def test_ctrl_c_keeps_the_last_epoch_and_a_resumed_run_ends_like_one_never_interrupted(
    tmp_path: Path, data_dir: str, finished: Path
) -> None:
    run = tmp_path / "run"
    with (
        ctrl_c(epoch=2, done=1.0),
        pytest.raises(Interrupted, match=r"after 1 of 2 epochs.*model\.onnx; go on with --resume"),
    ):
        train_numbers(run, TINY, data_dir=data_dir)
    kept = json.loads((run / "metrics.json").read_text())
    assert kept["epochs_done"] == 1
    assert kept["epochs"] == 2
    assert len(history(run)) == 1
    NumberReader(run / "model.onnx")

    # What is kept is of whole epochs, no matter how much of the next one was done.
    with ctrl_c(epoch=2, done=0.1), pytest.raises(Interrupted):
        train_numbers(run, resume=True, data_dir=data_dir)
    assert json.loads((run / "metrics.json").read_text()) == kept

    train_numbers(run, resume=True, data_dir=data_dir)
    assert same_weights(run, finished)
    of_one, of_other = ([{**row, "seconds": 0} for row in history(one)] for one in (run, finished))
    assert of_one == of_other


def test_ctrl_c_before_an_epoch_ended_keeps_nothing(tmp_path: Path, data_dir: str) -> None:
    with ctrl_c(epoch=1, done=0.1), pytest.raises(Interrupted, match="nothing to keep"):
        train_numbers(tmp_path / "run", TINY, data_dir=data_dir)
    assert list((tmp_path / "run").iterdir()) == []


def test_another_seed_and_other_writers_give_another_network(
    tmp_path: Path, data_dir: str, finished: Path
) -> None:
    one_epoch = replace(TINY, epochs=1)
    metrics = train_numbers(tmp_path / "seed", one_epoch, seed=1, data_dir=data_dir)
    assert metrics["seed"] == 1
    metrics = train_numbers(
        tmp_path / "writers", one_epoch, without_writers="1-20", data_dir=data_dir
    )
    assert metrics["without_writers"] == "1-20"
    reader = NumberReader(tmp_path / "writers" / "model.onnx")
    assert "those of writers 1-20" in reader.metadata["trained_on"]
    losses = {history(run)[0]["loss"] for run in (finished, *tmp_path.iterdir())}
    assert len(losses) == 3


def test_writers_that_there_are_none_of_cannot_be_kept_out(tmp_path: Path, data_dir: str) -> None:
    with pytest.raises(InvalidDataset, match="has no writer 99"):
        train_numbers(tmp_path / "run", TINY, without_writers="99", data_dir=data_dir)
    assert not (tmp_path / "run").exists()


def test_a_run_is_not_overwritten(finished: Path, data_dir: str) -> None:
    with pytest.raises(InvalidRun, match="holds a run already"):
        train_numbers(finished, TINY, data_dir=data_dir)


def test_what_was_never_started_cannot_be_resumed(tmp_path: Path, data_dir: str) -> None:
    with pytest.raises(InvalidRun, match=r"no checkpoint\.pt to resume"):
        train_numbers(tmp_path / "none", TINY, resume=True, data_dir=data_dir)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("change", "had"),
    [
        ({"epochs": 5}, "2, not 5"),
        ({"seed": 3}, "0, not 3"),
        ({"limit": 7}, "None, not 7"),
        ({"without_writers": "25-30"}, "None, not 25-30"),
    ],
)
def test_a_run_resumes_only_as_it_was_started(
    finished: Path, data_dir: str, change: dict[str, Any], had: str
) -> None:
    [name] = change
    with pytest.raises(InvalidRun, match=f"has {name} {had}. Resume it as it was started"):
        train_numbers(finished, resume=True, data_dir=data_dir, **change)


def test_a_run_is_not_resumed_by_another_recipe(finished: Path, data_dir: str) -> None:
    with pytest.raises(InvalidRun, match="was started with another recipe"):
        train_numbers(finished, replace(TINY, people=4), resume=True, data_dir=data_dir)


def test_a_damaged_checkpoint_is_named(finished: Path, tmp_path: Path, data_dir: str) -> None:
    whole = (finished / "checkpoint.pt").read_bytes()
    (tmp_path / "checkpoint.pt").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InvalidRun, match=r"checkpoint\.pt is damaged"):
        train_numbers(tmp_path, resume=True, data_dir=data_dir)


def test_a_checkpoint_of_something_else_is_refused(tmp_path: Path, data_dir: str) -> None:
    torch.save({"weights": torch.zeros(3)}, tmp_path / "checkpoint.pt")
    with pytest.raises(InvalidRun, match=r"checkpoint\.pt is damaged, or of another version"):
        train_numbers(tmp_path, resume=True, data_dir=data_dir)


def test_a_checkpoint_with_half_its_story_is_named(
    finished: Path, tmp_path: Path, data_dir: str
) -> None:
    checkpoint = torch.load(finished / "checkpoint.pt", weights_only=True)
    del checkpoint["optimizer"]
    torch.save(checkpoint, tmp_path / "checkpoint.pt")
    with pytest.raises(InvalidRun, match=r"checkpoint\.pt is damaged, or of another version"):
        train_numbers(tmp_path, resume=True, data_dir=data_dir)


def test_the_run_of_a_lesson_is_not_resumed_by_a_recipe(finished: Path, data_dir: str) -> None:
    with pytest.raises(InvalidRun, match="holds a run of another recipe"):
        train(CNN, finished, resume=True, data_dir=data_dir)


def test_the_run_of_a_lesson_is_not_resumed_by_another(finished: Path, data_dir: str) -> None:
    with pytest.raises(InvalidRun, match="holds a run of another recipe"):
        train_lesson(Ink, finished, resume=True, data_dir=data_dir)


def test_a_run_is_not_resumed_with_another_normaliser(
    finished: Path, data_dir: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Numbers, "depends_on", lambda: b"another")
    with pytest.raises(InvalidRun, match="The normaliser has changed since revision"):
        train_numbers(finished, resume=True, data_dir=data_dir)


@pytest.mark.parametrize("other", ["cnn", "mlp"])
def test_a_run_of_another_recipe_is_neither_overwritten_nor_resumed(
    tmp_path: Path, data_dir: str, other: str
) -> None:
    if other == "cnn":
        torch.save({"settings": {"recipe": "cnn"}}, tmp_path / "checkpoint.pt")
    else:
        (tmp_path / "checkpoint.safetensors").touch()
    with pytest.raises(InvalidRun, match="holds a run of another recipe"):
        train_numbers(tmp_path, TINY, resume=True, data_dir=data_dir)
    with pytest.raises(InvalidRun, match="holds a run"):
        train_numbers(tmp_path, TINY, data_dir=data_dir)


def test_a_missing_data_set_is_said_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidDataset, match="train-images"):
        train_numbers(tmp_path / "run", TINY, data_dir=tmp_path / "empty")
    assert not (tmp_path / "run").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, data_dir: str) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InvalidRun, match="file cannot be made"):
        train_numbers(tmp_path / "file", TINY, data_dir=data_dir)


def test_several_processes_cannot_train_it(
    tmp_path: Path, data_dir: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(InvalidRun, match="in one process"):
        train_numbers(tmp_path / "run", TINY, data_dir=data_dir)


def test_the_shortest_trial_runs_to_its_end_and_is_resumed_with_its_limit(
    tmp_path: Path, data_dir: str
) -> None:
    for resume in (False, True):
        metrics = train_numbers(tmp_path, TINY, epochs=1, limit=1, data_dir=data_dir, resume=resume)
        assert metrics["epochs_done"] == 1
        assert metrics["limit"] == 1


def command(*arguments: object) -> Result:
    """What `inkdigits train numbers` does."""
    return CliRunner().invoke(app, ["train", "numbers", *map(str, arguments)])


def test_the_command_trains_numbers_and_goes_on(tmp_path: Path, data_dir: str) -> None:
    run = tmp_path / "run"
    where = "--out", run, "--data-dir", data_dir
    options = "--epochs", 2, "--limit", 8, "--seed", 4, "--without-writers", "25-30"
    with ctrl_c(epoch=2, done=0.1):
        interrupted = command(*where, *options, "--device", "cpu")
    assert interrupted.exit_code == 130
    assert "Interrupted after 1 of 2 epochs" in interrupted.stderr

    resumed = command(*where, "--resume")
    assert resumed.exit_code == 0
    assert "touching:validation" in resumed.stdout
    assert f"{run / 'model.onnx'}" in resumed.stdout
    metrics = json.loads((run / "metrics.json").read_text())
    asked = {"epochs": 2, "limit": 8, "seed": 4, "without_writers": "25-30"}
    assert {name: metrics[name] for name in asked} == asked
    assert metrics["epochs_done"] == 2


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--data", "csv:train.csv"], "Leave out --data."),
        (["--measure-test"], "Leave out --measure-test."),
        (["--device", "cuda"], "trains on the CPU, not on cuda. Leave out --device."),
    ],
)
def test_options_that_are_not_for_it_are_wrong_usage(
    tmp_path: Path, options: list[str], complaint: str
) -> None:
    refused = command("--out", tmp_path / "run", *options)
    assert refused.exit_code == 2
    assert complaint in " ".join(refused.stderr.split())
    assert not (tmp_path / "run").exists()


def test_lessons_are_among_the_recipes_that_are_listed(tmp_path: Path) -> None:
    listed = CliRunner().invoke(app, ["train", "--help"]).stdout
    assert "numbers" in listed
    assert "ink" in listed
    unknown = CliRunner().invoke(app, ["train", "number", "--out", str(tmp_path)])
    assert unknown.exit_code == 2
    assert ", numbers, ink." in " ".join(unknown.stderr.split())
