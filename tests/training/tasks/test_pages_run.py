"""Runs that draw anew what they learn from: what they leave, how they go on."""

import csv
import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import safetensors.torch
import torch
from click.testing import CliRunner, Result
from PIL import Image
from rich.console import Console
from torch import nn

from inkdigits import InvalidDataset
from inkdigits.cli import app
from inkdigits.datasets.mnist import load_mnist
from inkdigits.modelfile.build import Facts, describe
from inkdigits.recognition.page import PageFile
from inkdigits.training.fit import InvalidRun, Settings
from inkdigits.training.page_network import PageNetwork
from inkdigits.training.recipes import CNN, PagesRecipe
from inkdigits.training.run import Interrupted, train
from inkdigits.training.tasks import drawn_pages, pages
from inkdigits.training.writers import other_characters, written_digits
from training.interruption import ctrl_c

TINY = PagesRecipe("page", epochs=2, pages=2, batch_size=1, validation_pages=2, calibration_pages=1)

WITHOUT = "2-18,25-30"
"""One writer is soon known; 19 to 24 write what is judged by."""


def train_pages(out: Path, recipe: PagesRecipe = TINY, **options: Any) -> dict[str, Any]:
    return train(recipe, out, **{"without_writers": WITHOUT, **options})


@pytest.fixture(scope="module", autouse=True)
def read_once() -> Iterator[None]:
    """Data sets are read from their files once, not for each run, and nothing that was drawn of
    them is forgotten, nor known to another process alone. What networks so untrained find on a
    page, thousands of pieces, is drawn of one page."""
    with pytest.MonkeyPatch.context() as patch:
        for reads in (other_characters, load_mnist, written_digits):
            patch.setattr(drawn_pages, reads.__name__, cache(reads))
        patch.setattr(pages, "DrawnPages", cache(drawn_pages.DrawnPages))
        patch.setattr(drawn_pages, "WORKERS", 0)
        patch.setattr(pages, "SHOWN", (1, 1))
        yield


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, data_dir: str) -> Path:
    """A finished run."""
    out = tmp_path_factory.mktemp("runs") / "finished"
    train_pages(out, TINY, data_dir=data_dir, console=Console(quiet=True))
    return out


def history(run: Path) -> list[dict[str, float]]:
    with (run / "history.csv").open() as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def weights(run: Path) -> dict[str, torch.Tensor]:
    checkpoint = torch.load(run / "checkpoint.pt", weights_only=True)
    average: dict[str, torch.Tensor] = checkpoint["average"]
    return average


@pytest.fixture
def exported(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For runs of which only the weights count: their model files have those of `finished`."""
    model = onnx.load(finished / "model.onnx")

    def calibrated_model(_network: nn.Module, _fitting: Any, facts: Facts) -> Any:
        describe(model, facts)
        return model, {}

    monkeypatch.setattr(pages, "calibrated_model", calibrated_model)


def test_a_run_tells_its_story_in_numbers(finished: Path) -> None:
    metrics = json.loads((finished / "metrics.json").read_text())
    assert metrics["recipe"] == "page"
    assert metrics["data"] == "pages"
    assert metrics["device"] == "cpu"
    assert metrics["epochs"] == metrics["epochs_done"] == 2
    assert metrics["parameters"] == sum(p.numel() for p in PageNetwork().parameters())
    assert metrics["file_bytes"] == (finished / "model.onnx").stat().st_size
    rows = history(finished)
    assert [row["epoch"] for row in rows] == [1, 2]
    assert all(row["loss"] > 0 and row["validation_loss"] > 0 for row in rows)
    assert metrics["accuracy"] == {"F1 of pieces:validation": rows[1]["validation_accuracy"]}


def test_a_run_leaves_its_pictures_and_nothing_unknown(finished: Path) -> None:
    names = {path.name for path in finished.iterdir()}
    pictures = {"curve.png", "found.png"}
    files = {"checkpoint.pt", "history.csv", "metrics.json", "model.onnx", "weights.safetensors"}
    assert names == files | pictures
    for name in pictures:
        with Image.open(finished / name) as image:
            assert min(image.size) > 80
            assert len(image.convert("RGB").getcolors(2**20) or []) > 20


def test_a_run_leaves_a_model_file_that_finds_pieces_in_pictures_of_any_size(
    finished: Path,
) -> None:
    page = PageFile(finished / "model.onnx", 1, True)
    for shape in ((33, 150), (64, 32), (5, 3)):
        pieces = page(np.full(shape, 200, np.uint8))
        assert pieces.kind.shape == (len(pieces.box), 20)
    said = {entry.key: entry.value for entry in onnx.load(finished / "model.onnx").metadata_props}
    assert said["name"] == "page"
    assert "MNIST" in said["trained_on"]


@pytest.mark.usefixtures("exported")
def test_a_run_may_start_from_the_weights_of_another(
    tmp_path: Path, data_dir: str, finished: Path
) -> None:
    start = finished / "weights.safetensors"
    still = replace(TINY, epochs=1, learning_rate=1e-9)
    quiet = Console(quiet=True)
    train_pages(tmp_path / "on", still, start_from=start, data_dir=data_dir, console=quiet)
    train_pages(tmp_path / "anew", still, data_dir=data_dir, console=quiet)
    name = "module.kind.1.weight"
    there = weights(finished)[name]
    assert torch.allclose(weights(tmp_path / "on")[name], there, atol=1e-3)
    assert not torch.allclose(weights(tmp_path / "anew")[name], there, atol=1e-3)
    metrics = json.loads((tmp_path / "on" / "metrics.json").read_text())
    assert metrics["start_from"] == sha256(start.read_bytes()).hexdigest()
    with pytest.raises(InvalidRun, match="did not start from these weights"):
        train_pages(tmp_path / "anew", resume=True, start_from=start, data_dir=data_dir)


@pytest.mark.parametrize("what", ["missing", "no weights", "of another network"])
def test_weights_that_do_not_fit_are_refused_before_anything_is_written(
    tmp_path: Path, data_dir: str, what: str
) -> None:
    file = tmp_path / "weights.safetensors"
    if what == "no weights":
        file.write_bytes(b"7")
    elif what == "of another network":
        file.write_bytes(safetensors.torch.save({"layer": torch.zeros(3)}))
    with pytest.raises(InvalidRun, match=r"cannot start from .*weights\.safetensors"):
        train_pages(tmp_path / "run", TINY, start_from=file, data_dir=data_dir)
    assert not list(tmp_path.glob("run/*"))


@pytest.mark.usefixtures("exported")
def test_ctrl_c_keeps_the_best_epoch_and_a_resumed_run_ends_like_one_never_interrupted(
    tmp_path: Path, data_dir: str, finished: Path
) -> None:
    run = tmp_path / "run"
    with (
        ctrl_c(epoch=2, done=1.0),
        pytest.raises(Interrupted, match=r"after 1 of 2 epochs.*model\.onnx; go on with --resume"),
    ):
        train_pages(run, TINY, data_dir=data_dir)
    kept = json.loads((run / "metrics.json").read_text())
    assert kept["epochs_done"] == 1
    assert kept["epochs"] == 2
    assert len(history(run)) == 1
    assert (run / "model.onnx").exists()

    # What is kept is of whole epochs, no matter how much of the next one was done.
    with ctrl_c(epoch=2, done=0.1), pytest.raises(Interrupted):
        train_pages(run, resume=True, data_dir=data_dir)
    again = json.loads((run / "metrics.json").read_text())
    assert {**again, "finished": kept["finished"]} == kept

    train_pages(run, resume=True, data_dir=data_dir)
    of_run, of_finished = weights(run), weights(finished)
    assert all(torch.equal(of_run[name], of_finished[name]) for name in of_finished)
    of_one, of_other = ([{**row, "seconds": 0} for row in history(one)] for one in (run, finished))
    assert of_one == of_other


def test_ctrl_c_before_an_epoch_ended_keeps_nothing(tmp_path: Path, data_dir: str) -> None:
    with ctrl_c(epoch=1, done=0.1), pytest.raises(Interrupted, match="nothing is kept"):
        train_pages(tmp_path / "run", TINY, data_dir=data_dir)
    assert list((tmp_path / "run").iterdir()) == []


@pytest.mark.usefixtures("exported")
def test_another_seed_and_other_writers_give_another_network(
    tmp_path: Path, data_dir: str, finished: Path
) -> None:
    one_epoch = replace(TINY, epochs=1)
    metrics = train_pages(tmp_path / "seed", one_epoch, seed=1, data_dir=data_dir)
    assert metrics["seed"] == 1
    others = "1,3-18,25-30"
    metrics = train_pages(
        tmp_path / "writers", one_epoch, without_writers=others, data_dir=data_dir
    )
    assert metrics["without_writers"] == others
    assert f"those of writers {others}" in metrics["trained_on"]
    losses = {history(run)[0]["loss"] for run in (finished, *tmp_path.iterdir())}
    assert len(losses) == 3


def test_a_run_is_not_overwritten(finished: Path, data_dir: str) -> None:
    with pytest.raises(InvalidRun, match="holds a run already"):
        train_pages(finished, TINY, data_dir=data_dir)


def test_what_was_never_started_cannot_be_resumed(tmp_path: Path, data_dir: str) -> None:
    with pytest.raises(InvalidRun, match=r"no checkpoint\.pt to resume"):
        train_pages(tmp_path / "none", TINY, resume=True, data_dir=data_dir)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("change", "had"),
    [
        ({"seed": 3}, "0, not 3"),
        ({"limit": 7}, "None, not 7"),
        ({"without_writers": "25-30"}, f"{WITHOUT}, not 25-30"),
    ],
)
def test_a_run_resumes_only_as_it_was_started(
    finished: Path, data_dir: str, change: dict[str, Any], had: str
) -> None:
    [name] = change
    with pytest.raises(InvalidRun, match=f"has {name} {had}. Resume it as it was started"):
        train_pages(finished, resume=True, data_dir=data_dir, **change)


def test_a_run_is_not_resumed_by_another_recipe(finished: Path, data_dir: str) -> None:
    with pytest.raises(InvalidRun, match="The recipe, or what it stands on, has changed"):
        train_pages(finished, replace(TINY, validation_pages=5), resume=True, data_dir=data_dir)


def test_a_damaged_checkpoint_is_named(finished: Path, tmp_path: Path, data_dir: str) -> None:
    whole = (finished / "checkpoint.pt").read_bytes()
    (tmp_path / "checkpoint.pt").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InvalidRun, match=r"checkpoint\.pt is damaged"):
        train_pages(tmp_path, resume=True, data_dir=data_dir)


def test_a_checkpoint_of_something_else_is_refused(tmp_path: Path, data_dir: str) -> None:
    torch.save({"weights": torch.zeros(3)}, tmp_path / "checkpoint.pt")
    with pytest.raises(InvalidRun, match=r"checkpoint\.pt is damaged, or of another version"):
        train_pages(tmp_path, resume=True, data_dir=data_dir)


def test_a_checkpoint_with_half_its_story_is_named(
    finished: Path, tmp_path: Path, data_dir: str
) -> None:
    checkpoint = torch.load(finished / "checkpoint.pt", weights_only=True)
    del checkpoint["optimizer"]
    torch.save(checkpoint, tmp_path / "checkpoint.pt")
    with pytest.raises(InvalidRun, match=r"checkpoint\.pt is damaged, or of another version"):
        train_pages(tmp_path, resume=True, data_dir=data_dir)


def test_a_run_of_pages_is_not_resumed_by_a_recipe_for_digits(
    finished: Path, data_dir: str
) -> None:
    with pytest.raises(InvalidRun, match="has recipe page, not cnn"):
        train(CNN, finished, resume=True, data_dir=data_dir)


def test_a_run_for_digits_is_neither_overwritten_nor_resumed(tmp_path: Path, data_dir: str) -> None:
    settings = Settings("cnn", epochs=2, seed=0, limit=None)
    torch.save({"settings": asdict(settings)}, tmp_path / "checkpoint.pt")
    with pytest.raises(InvalidRun, match="has recipe cnn, not page"):
        train_pages(tmp_path, resume=True, data_dir=data_dir)
    with pytest.raises(InvalidRun, match="holds a run already"):
        train_pages(tmp_path, data_dir=data_dir)


def test_a_run_in_numpy_is_neither_overwritten_nor_resumed(tmp_path: Path, data_dir: str) -> None:
    (tmp_path / "checkpoint.safetensors").touch()
    for resume in (False, True):
        with pytest.raises(InvalidRun, match="holds a run of another recipe"):
            train_pages(tmp_path, resume=resume, data_dir=data_dir)


@pytest.mark.usefixtures("exported")
def test_the_test_set_is_measured_at_the_end_if_that_is_asked_for(
    tmp_path: Path, data_dir: str
) -> None:
    one_epoch = replace(TINY, epochs=1)
    metrics = train_pages(tmp_path, one_epoch, measure_test=True, data_dir=data_dir)
    assert set(metrics["accuracy"]) == {"F1 of pieces:validation", "F1 of pieces:test"}


def test_writers_that_there_are_none_of_cannot_be_kept_out(tmp_path: Path, data_dir: str) -> None:
    with pytest.raises(InvalidDataset, match="has no writer 99"):
        train_pages(tmp_path / "run", TINY, without_writers="99", data_dir=data_dir)
    assert not (tmp_path / "run").exists()


def test_a_missing_data_set_is_said_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidDataset, match="pendigits"):
        train_pages(tmp_path / "run", TINY, data_dir=tmp_path / "empty")
    assert not (tmp_path / "run").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, data_dir: str) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InvalidRun, match="file cannot be made"):
        train_pages(tmp_path / "file", replace(TINY, validation_pages=1), data_dir=data_dir)


def command(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["train", "page", *map(str, arguments)])


@pytest.mark.usefixtures("exported")
def test_the_command_trains_on_pages_and_goes_on_with_its_limit(
    tmp_path: Path, data_dir: str
) -> None:
    run = tmp_path / "run"
    where = "--out", run, "--data-dir", data_dir
    options = "--epochs", 2, "--limit", 1, "--seed", 4, "--without-writers", WITHOUT
    with ctrl_c(epoch=2, done=0.1):
        interrupted = command(*where, *options, "--device", "cpu")
    assert interrupted.exit_code == 130
    assert "Interrupted after 1 of 2 epochs" in interrupted.stderr

    resumed = command(*where, "--resume")
    assert resumed.exit_code == 0
    assert "F1 of pieces:validation" in resumed.stdout
    assert f"{run / 'model.onnx'}" in resumed.stdout
    metrics = json.loads((run / "metrics.json").read_text())
    asked = {"epochs": 2, "limit": 1, "seed": 4, "without_writers": WITHOUT}
    assert {name: metrics[name] for name in asked} == asked
    assert metrics["epochs_done"] == 2


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--data", "csv:train.csv"], "trains on pages that it draws, not on csv:train.csv."),
        (["--device", "abacus"], "The device abacus cannot be used here"),
    ],
)
def test_what_it_cannot_do_is_said_before_anything_is_written(
    tmp_path: Path, options: list[str], complaint: str
) -> None:
    refused = command("--out", tmp_path / "run", *options)
    assert refused.exit_code == 1
    assert complaint in " ".join(str(refused.exception).split())
    assert not (tmp_path / "run").exists()


def test_it_is_among_the_recipes_that_are_listed(tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["train", "--help"]).stdout
    assert "page, which finds" in " ".join(told.split())
    unknown = CliRunner().invoke(app, ["train", "pages", "--out", str(tmp_path)])
    assert unknown.exit_code == 2
    assert ", page." in " ".join(unknown.stderr.split())
