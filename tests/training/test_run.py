"""Training runs: what they leave behind, and how they stop and go on."""

import csv
import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from PIL import Image

from handwriting import written
from inkdigits import InvalidDataset, Reader
from inkdigits.training.recipes import CNN
from inkdigits.training.run import InvalidRun, RunFolder, train
from training.tiny import TINY

LIMIT = 2000


def weights(run: Path) -> dict[str, np.ndarray]:
    model = onnx.load(RunFolder(run).model)
    tensors = [onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer]
    return {t.name: a for t, a in zip(model.graph.initializer, tensors, strict=True)}


def same_weights(one: Path, other: Path) -> bool:
    a, b = weights(one), weights(other)
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def command(*arguments: object, data_dir: str) -> list[str]:
    module = ["-m", "inkdigits", "train", "cnn", "--data-dir", data_dir]
    return [sys.executable, *module, *map(str, arguments)]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, data_dir: str) -> Path:
    """A finished run of TINY."""
    out = tmp_path_factory.mktemp("runs") / "finished"
    train(TINY, out, limit=LIMIT, data_dir=data_dir)
    return out


def test_a_run_leaves_a_model_file_that_reads(finished: Path) -> None:
    reader = Reader(finished / "model.onnx")
    answers = [reader.read(written(value)).text == str(value) for value in range(10)]
    assert sum(answers) >= 6  # the network is tiny
    assert reader.metadata["name"] == "tiny"
    assert "2,000" in reader.metadata["trained_on"]


def test_a_run_tells_its_story_in_numbers(finished: Path) -> None:
    metrics = json.loads((finished / "metrics.json").read_text())
    assert metrics["recipe"] == "tiny"
    assert metrics["epochs"] == metrics["epochs_done"] == 2
    assert metrics["parameters"] == 8 * 25 + 8 + 8 + 8 + 512 * 10 + 10
    assert 0.8 < metrics["accuracy"]["mnist:validation"] < 1
    assert "mnist:test" not in metrics["accuracy"]
    with (finished / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [1, 2]
    assert float(rows[1]["loss"]) < float(rows[0]["loss"])
    assert max(float(row["validation_accuracy"]) for row in rows) == pytest.approx(
        metrics["accuracy"]["mnist:validation"], abs=0.002
    )


def test_a_run_leaves_a_picture_of_its_curve(finished: Path) -> None:
    with Image.open(finished / "curve.png") as curve:
        assert min(curve.size) > 300
        assert len(curve.convert("RGB").getcolors(2**20) or []) > 20


def test_the_same_seed_gives_the_same_weights_and_another_one_others(
    finished: Path, tmp_path: Path, data_dir: str
) -> None:
    train(TINY, tmp_path / "again", limit=LIMIT, data_dir=data_dir)
    train(TINY, tmp_path / "other", limit=LIMIT, data_dir=data_dir, seed=1)
    assert same_weights(finished, tmp_path / "again")
    assert not same_weights(finished, tmp_path / "other")


def test_a_run_is_not_overwritten(finished: Path, data_dir: str) -> None:
    with pytest.raises(InvalidRun, match="holds a run already"):
        train(TINY, finished, limit=LIMIT, data_dir=data_dir)


def test_what_was_never_started_cannot_be_resumed(tmp_path: Path, data_dir: str) -> None:
    with pytest.raises(InvalidRun, match="no checkpoint"):
        train(TINY, tmp_path / "none", resume=True, data_dir=data_dir)


@pytest.mark.parametrize("change", [{"epochs": 5}, {"seed": 3}, {"limit": 7}])
def test_a_run_resumes_only_as_it_was_started(
    finished: Path, data_dir: str, change: dict[str, int]
) -> None:
    [name] = change
    with pytest.raises(InvalidRun, match=f"has {name}"):
        train(TINY, finished, resume=True, data_dir=data_dir, **change)  # type: ignore[arg-type]


def test_another_recipe_cannot_resume_a_run(finished: Path, data_dir: str) -> None:
    with pytest.raises(InvalidRun, match="has recipe tiny, not cnn"):
        train(CNN, finished, resume=True, data_dir=data_dir)


def test_a_damaged_checkpoint_is_named(finished: Path, tmp_path: Path, data_dir: str) -> None:
    whole = (finished / "checkpoint.pt").read_bytes()
    (tmp_path / "checkpoint.pt").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InvalidRun, match=r"checkpoint\.pt is damaged"):
        train(TINY, tmp_path, resume=True, data_dir=data_dir)


def test_a_missing_data_set_is_said_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidDataset, match="train-images"):
        train(TINY, tmp_path / "run", data_dir=tmp_path / "empty")
    assert not (tmp_path / "run").exists()


def test_a_device_that_is_not_there_is_named(tmp_path: Path, data_dir: str) -> None:
    with pytest.raises(InvalidRun, match="device warp"):
        train(TINY, tmp_path / "run", data_dir=data_dir, device="warp")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")
def test_ctrl_c_keeps_the_best_and_a_resumed_run_ends_like_one_never_interrupted(
    tmp_path: Path, data_dir: str
) -> None:
    options = ["--epochs", 2, "--limit", 500, "--seed", 4]
    subprocess.run(
        command("--out", tmp_path / "whole", *options, data_dir=data_dir),
        check=True,
        capture_output=True,
    )
    process = subprocess.Popen(
        command("--out", tmp_path / "parts", *options, data_dir=data_dir),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "epoch   1/2" in line:
            process.send_signal(signal.SIGINT)
            break
    rest = process.stderr.read()
    assert process.wait(timeout=120) == 130
    assert "go on with --resume" in rest
    assert "Traceback" not in rest
    kept = json.loads((tmp_path / "parts" / "metrics.json").read_text())
    assert kept["epochs_done"] == 1
    Reader(tmp_path / "parts" / "model.onnx")

    resumed = command("--out", tmp_path / "parts", "--resume", data_dir=data_dir)
    subprocess.run(resumed, check=True, capture_output=True)
    assert same_weights(tmp_path / "whole", tmp_path / "parts")


def test_the_command_trains_with_two_processes(tmp_path: Path, data_dir: str) -> None:
    # 257 pictures: the last batch has one, and nothing for the second process.
    options = ["--out", tmp_path / "two", "--epochs", "1", "--limit", "257"]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    together = torchrun + command(*options, data_dir=data_dir)[1:]
    subprocess.run(together, check=True, capture_output=True, timeout=300)
    metrics = json.loads((tmp_path / "two" / "metrics.json").read_text())
    assert metrics["processes"] == 2
    assert metrics["epochs_done"] == 1
    with pytest.raises(InvalidRun, match="has processes 2, not 1"):
        train(CNN, tmp_path / "two", resume=True, data_dir=data_dir)


def test_a_run_is_not_resumed_by_a_recipe_that_has_changed(finished: Path, data_dir: str) -> None:
    with pytest.raises(InvalidRun, match="recipe or the normaliser has changed"):
        train(replace(TINY, learning_rate=0.1), finished, resume=True, data_dir=data_dir)


def test_a_checkpoint_of_something_else_is_refused(tmp_path: Path, data_dir: str) -> None:
    torch.save({"weights": torch.zeros(3)}, tmp_path / "checkpoint.pt")
    with pytest.raises(InvalidRun, match=r"checkpoint\.pt is damaged, or of another version"):
        train(TINY, tmp_path, resume=True, data_dir=data_dir)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, data_dir: str) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InvalidRun, match="file cannot be made"):
        train(TINY, tmp_path / "file", data_dir=data_dir)


@pytest.mark.parametrize(("epochs", "limit"), [(1, 1), (1, 100), (2, 200), (1, 450)])
def test_the_shortest_trials_run_to_their_end(
    tmp_path: Path, data_dir: str, epochs: int, limit: int
) -> None:
    metrics = train(TINY, tmp_path / "run", epochs=epochs, limit=limit, data_dir=data_dir)
    assert metrics["epochs_done"] == epochs
