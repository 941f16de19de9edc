"""Training runs: what they leave behind, and how they stop and go on."""

import copy
import csv
import io
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import safetensors.numpy
import torch
from PIL import Image
from rich.console import Console
from torch import nn

from handwriting import written
from inkdigits import InvalidDataset, Reader, figures
from inkdigits.datasets.mnist import load_mnist
from inkdigits.modelfile.normalizer import Normalizer
from inkdigits.scratch import SGD, NeuralNetwork
from inkdigits.scratch.recipes import MLP, ScratchRecipe
from inkdigits.scratch.schedules import Schedule
from inkdigits.synthesis.negatives import draw_non_digits
from inkdigits.training import data
from inkdigits.training.augmentation import Augmentation
from inkdigits.training.drawings import RealInk
from inkdigits.training.ensemble import Ensemble
from inkdigits.training.export import to_onnx
from inkdigits.training.fit import PYTORCH_CHECKPOINT, InvalidRun
from inkdigits.training.folder import RunFolder
from inkdigits.training.recipes import CNN, FAST, Recipe
from inkdigits.training.run import Interrupted, train
from inkdigits.training.scratch_fit import ScratchFitting
from inkdigits.training.tasks import torch_digits
from inkdigits.training.writers import written_digits
from training.events import told
from training.interruption import ctrl_c
from training.tiny import TINY, TINY_SCRATCH, train_unseen
from training.two_processes import TORCHRUN

LIMIT = 2000
FEW = 400
"""Pictures for runs whose accuracy does not matter: with PyTorch an epoch is four steps."""
STROKES = RealInk(signs=0, crops=0, letters=0)
"""What is soon drawn."""
REAL_INK = replace(TINY, real_ink=STROKES, float16_weights=True, epochs=4)
FEW_WRITERS = "2-30"
"""Without these one is left to learn from, whose ways of writing are soon found."""
AnyRecipe = Recipe | ScratchRecipe


@pytest.fixture(scope="module", autouse=True)
def few_judge() -> Iterator[None]:
    """MNIST's last 300 pictures and not 5,000, which take longer than to learn from so few."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "VALIDATION_SIZE", 300)
        yield


@pytest.fixture(scope="module", params=[TINY, TINY_SCRATCH], ids=["pytorch", "numpy"])
def recipe(request: pytest.FixtureRequest) -> AnyRecipe:
    """A recipe that is trained with PyTorch, and one that is trained in NumPy."""
    tiny: AnyRecipe = request.param
    return tiny


def weights(run: Path) -> dict[str, np.ndarray]:
    """Of the network that becomes the model file, as they are in the run's checkpoint."""
    if (run / PYTORCH_CHECKPOINT).exists():
        average = torch.load(run / PYTORCH_CHECKPOINT, weights_only=True)["average"]
        return {name: tensor.numpy() for name, tensor in average.items()}
    return safetensors.numpy.load_file(run / "checkpoint.safetensors")


def weights_of_model(run: Path) -> dict[str, np.ndarray]:
    model = onnx.load(RunFolder(run).model)
    tensors = [onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer]
    return {t.name: a for t, a in zip(model.graph.initializer, tensors, strict=True)}


@cache
def some_network() -> onnx.ModelProto:
    return to_onnx(TINY.network())


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> None:
    """For runs of which only the story counts: their model files hold random weights, as to write
    those of a network takes PyTorch longer than to train so few."""
    export_the_same(monkeypatch)


def export_the_same(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(torch_digits, "to_onnx", lambda _: copy.deepcopy(some_network()))


def same_weights(one: Path, other: Path, of: Callable[[Path], Any] = weights) -> bool:
    a, b = of(one), of(other)
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def command(*arguments: object, data_dir: str, recipe: str) -> list[str]:
    module = ["-m", "inkdigits", "train", recipe, "--data-dir", data_dir]
    return [sys.executable, *module, *map(str, arguments)]


def some_of_mnist(file: Path, count: int, data_dir: str) -> str:
    """A data set of so many pictures, of which a tenth judge: of MNIST as a whole it is 5,000, to
    which another process takes long."""
    pictures, labels = load_mnist("train", data_dir)
    np.savez(file, pictures=pictures[:count], labels=labels[:count])
    return f"npz:{file}"


@pytest.fixture(scope="module")
def finished(recipe: AnyRecipe, tmp_path_factory: pytest.TempPathFactory, data_dir: str) -> Path:
    """A finished run of the recipe."""
    out = tmp_path_factory.mktemp("runs") / "finished"
    train(recipe, out, limit=LIMIT, data_dir=data_dir, tensorboard=True)
    return out


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory, data_dir: str) -> dict[str, Path]:
    """Of each recipe a run that has had one epoch of a few pictures, for copies that go on."""
    runs = {recipe.name: tmp_path_factory.mktemp("begun") for recipe in (TINY, TINY_SCRATCH)}
    with pytest.MonkeyPatch.context() as patch:
        export_the_same(patch)
        for recipe in (TINY, TINY_SCRATCH):
            train_unseen(recipe, runs[recipe.name], epochs=1, limit=FEW, data_dir=data_dir)
    return runs


def copied(run: Path, to: Path) -> None:
    shutil.copytree(run, to, dirs_exist_ok=True)


def test_a_run_leaves_a_model_file_that_reads(recipe: AnyRecipe, finished: Path) -> None:
    reader = Reader(finished / "model.onnx")
    answers = [reader.read(written(value)).text == str(value) for value in range(10)]
    assert sum(answers) >= 6  # the network is tiny
    assert reader.metadata["name"] == recipe.name
    assert "2,000" in reader.metadata["trained_on"]


def test_a_run_tells_its_story_in_numbers(recipe: AnyRecipe, finished: Path) -> None:
    metrics = json.loads((finished / "metrics.json").read_text())
    assert metrics["recipe"] == recipe.name
    assert metrics["epochs"] == metrics["epochs_done"] == 2
    assert metrics["parameters"] == 8 * 25 + (8 if recipe is TINY else 0) + 8 + 8 + 512 * 10 + 10
    assert 0.8 < metrics["accuracy"]["mnist:validation"] < 1
    assert "mnist:test" not in metrics["accuracy"]
    with (finished / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [1, 2]
    assert float(rows[1]["loss"]) < float(rows[0]["loss"])
    assert max(float(row["validation_accuracy"]) for row in rows) == pytest.approx(
        metrics["accuracy"]["mnist:validation"], abs=0.002
    )


def test_a_run_tells_its_history_to_tensorboard(finished: Path) -> None:
    numbers = told(finished / "tensorboard")
    with (finished / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    for tag, column in (("loss/training", "loss"), ("accuracy/validation", "validation_accuracy")):
        shown = [numbers[tag, int(row["epoch"])] for row in rows]
        assert shown == pytest.approx([float(row[column]) for row in rows])


def test_the_curve_of_one_epoch_shows_it(tmp_path: Path) -> None:
    row = {"epoch": 1, "loss": 0.5, "accuracy": 0.8, "seconds": 1.0}
    row |= {"validation_loss": 0.4, "validation_accuracy": 0.9}
    figures.write(figures.curve([row], "fast"), tmp_path / "one.png")
    with Image.open(tmp_path / "one.png") as image:
        colours = image.convert("RGB").getcolors(2**20) or []
    blue = sum(count for count, (r, _, b) in colours if b > r + 100)  # type: ignore[misc]
    assert blue > 300  # two dots, and those of the legends


def test_the_curve_has_plain_ticks_and_a_band_of_the_standard_error() -> None:
    rows = [
        {"epoch": epoch, "loss": 0.5, "accuracy": 1 - share, "validation_loss": 0.4}
        | {"validation_accuracy": 1 - share}
        for epoch, share in ((1, 0.2), (2, 0.01))
    ]
    _, error = figures.curve(rows, "mine", pictures=900).axes
    ticks = [error.yaxis.get_major_formatter()(share) for share in error.get_yticks()]
    assert {"1 %", "2 %", "5 %", "10 %", "20 %"} <= {*ticks}
    [band] = error.collections
    edges = band.get_paths()[0].vertices[:, 1]
    assert edges.max() == pytest.approx(0.2 + (0.2 * 0.8 / 900) ** 0.5)


@pytest.mark.parametrize("picture", ["curve", "mistakes", "filters"])
def test_a_run_leaves_pictures(finished: Path, picture: str) -> None:
    with Image.open(finished / f"{picture}.png") as image:
        assert min(image.size) > 80
        assert len(image.convert("RGB").getcolors(2**20) or []) > 20


@pytest.mark.usefixtures("exported")
def test_the_same_seed_gives_the_same_weights_and_another_one_others(
    recipe: AnyRecipe, begun: dict[str, Path], tmp_path: Path, data_dir: str
) -> None:
    options: dict[str, Any] = {"epochs": 1, "limit": FEW, "data_dir": data_dir}
    train_unseen(recipe, tmp_path / "again", **options)
    train_unseen(recipe, tmp_path / "other", seed=1, **options)
    assert same_weights(begun[recipe.name], tmp_path / "again")
    assert not same_weights(begun[recipe.name], tmp_path / "other")


@pytest.fixture(scope="module")
def with_real_ink(tmp_path_factory: pytest.TempPathFactory, data_dir: str) -> Path:
    """A finished run that has learned from strokes, but not from those of all writers."""
    out = tmp_path_factory.mktemp("runs") / "real-ink"
    train_unseen(REAL_INK, out, limit=1500, without_writers=FEW_WRITERS, data_dir=data_dir)
    return out


@pytest.mark.usefixtures("exported")
def test_a_run_says_how_many_threads_it_takes_and_resumes_with_as_many(
    recipe: AnyRecipe, tmp_path: Path, data_dir: str
) -> None:
    before = torch.get_num_threads()
    try:
        metrics = train_unseen(recipe, tmp_path, epochs=1, limit=100, threads=2, data_dir=data_dir)
    finally:
        torch.set_num_threads(before)
    assert metrics["threads"] == 2
    with pytest.raises(InvalidRun, match="has threads 2, not 1"):
        train(recipe, tmp_path, threads=1, resume=True, data_dir=data_dir)


def test_real_ink_is_learned_from_without_the_writers_it_is_judged_by(
    with_real_ink: Path, data_dir: str
) -> None:
    metrics = json.loads((with_real_ink / "metrics.json").read_text())
    assert metrics["without_writers"] == FEW_WRITERS
    assert set(metrics["accuracy"]) == {"mnist:validation", "strokes:validation"}
    assert min(metrics["accuracy"].values()) > 0.5
    trained_on = Reader(with_real_ink / "model.onnx").metadata["trained_on"]
    assert f"those of writers {FEW_WRITERS}" in trained_on
    with pytest.raises(InvalidRun, match=f"has without_writers {FEW_WRITERS}, not 1"):
        train(REAL_INK, with_real_ink, resume=True, without_writers="1", data_dir=data_dir)


def test_what_is_no_digit_is_doubted_more_than_digits(with_real_ink: Path, data_dir: str) -> None:
    reader = Reader(with_real_ink / "model.onnx")
    digits = written_digits(data_dir)
    scribbles = draw_non_digits("several digits", 100, 0, digits, side=56)
    pictures, _ = load_mnist("validation", data_dir)
    doubted, known = reader.predict_proba(scribbles), reader.predict_proba(pictures[:500])
    assert np.median(doubted.max(1)) < np.quantile(known.max(1), 0.2)


@pytest.mark.usefixtures("exported")
def test_a_share_of_the_pictures_is_bent_roughly(tmp_path: Path, data_dir: str) -> None:
    for share in (0.0, 1.0):
        recipe = replace(TINY, rough=Augmentation(noise=200.0), rough_share=share)
        train_unseen(recipe, tmp_path / str(share), epochs=1, limit=100, data_dir=data_dir)
    assert not same_weights(tmp_path / "0.0", tmp_path / "1.0")


def test_writers_are_kept_out_only_of_a_recipe_that_learns_from_strokes(
    tmp_path: Path, data_dir: str
) -> None:
    with pytest.raises(InvalidRun, match="learns from no writer's pen strokes"):
        train(TINY, tmp_path / "run", without_writers="25-30", data_dir=data_dir)


def test_an_ensemble_trains_into_one_model_file(tmp_path: Path, data_dir: str) -> None:
    recipe = replace(
        TINY,
        layers=lambda: [Ensemble(nn.Sequential(*TINY.layers()), nn.Sequential(*TINY.layers()))],
        several_views=True,
    )
    metrics = train_unseen(recipe, tmp_path / "run", limit=LIMIT, data_dir=data_dir)
    assert metrics["parameters"] == 2 * sum(p.numel() for p in TINY.network().parameters())
    assert metrics["accuracy"]["mnist:validation"] > 0.8


def test_a_run_is_not_overwritten(recipe: AnyRecipe, finished: Path, data_dir: str) -> None:
    with pytest.raises(InvalidRun, match="holds a run already"):
        train(recipe, finished, limit=LIMIT, data_dir=data_dir)


def test_what_was_never_started_cannot_be_resumed(
    recipe: AnyRecipe, tmp_path: Path, data_dir: str
) -> None:
    with pytest.raises(InvalidRun, match=r"no checkpoint\.\w+ to resume"):
        train(recipe, tmp_path / "none", resume=True, data_dir=data_dir)


def test_a_run_whose_story_is_kept_without_its_checkpoint_is_not_overwritten_either(
    tmp_path: Path, data_dir: str
) -> None:
    (tmp_path / "metrics.json").write_text("{}")
    with pytest.raises(InvalidRun, match=r"holds a run already\. Choose another folder"):
        train(TINY_SCRATCH, tmp_path, limit=100, data_dir=data_dir)
    train_unseen(TINY_SCRATCH, tmp_path, epochs=1, limit=100, overwrite=True, data_dir=data_dir)
    assert json.loads((tmp_path / "metrics.json").read_text())["epochs"] == 1


@pytest.mark.parametrize("name", ["model.onnx", "network.json", "weights.png"])
def test_a_file_of_somebodys_own_is_not_replaced_unless_the_run_may_overwrite(
    tmp_path: Path, data_dir: str, name: str
) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(InvalidRun, match=rf"would replace .*{name}\. Choose another folder"):
        train(TINY_SCRATCH, tmp_path, limit=100, data_dir=data_dir)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [(name, "mine")]


def test_what_is_no_runs_is_there_after_a_run_that_may_overwrite(
    tmp_path: Path, data_dir: str
) -> None:
    mine = [tmp_path / name for name in ("drawings/7.npz", "tensorboard/7.png", "found.png")]
    for file in mine:
        file.parent.mkdir(exist_ok=True)
        file.write_text("mine")
    options: dict[str, Any] = {"epochs": 1, "limit": 100, "data_dir": data_dir}
    train_unseen(TINY_SCRATCH, tmp_path, overwrite=True, **options)
    assert {file.read_text() for file in mine} == {"mine"}
    (mine[0].parent / "7.png").write_text("mine")
    train_unseen(TINY_SCRATCH, tmp_path, overwrite=True, **options)
    assert (mine[0].parent / "7.png").exists()


@pytest.mark.usefixtures("exported")
def test_a_run_that_is_overwritten_draws_anew_what_it_learns_from(
    tmp_path: Path, data_dir: str
) -> None:
    options: dict[str, Any] = {"epochs": 1, "limit": 100, "without_writers": FEW_WRITERS}
    options["data_dir"] = data_dir
    train_unseen(REAL_INK, tmp_path, **options)
    [strokes] = (tmp_path / "drawings").glob("strokes-*.npz")
    with np.load(strokes) as kept:
        drawn = dict(kept)
    np.savez(strokes, **{**drawn, "pictures": np.zeros_like(drawn["pictures"])})
    (tmp_path / PYTORCH_CHECKPOINT).unlink()
    train_unseen(REAL_INK, tmp_path, overwrite=True, **options)
    with np.load(strokes) as anew:
        np.testing.assert_array_equal(anew["pictures"], drawn["pictures"])


@pytest.mark.usefixtures("exported")
def test_a_run_goes_on_for_more_epochs(
    recipe: AnyRecipe, begun: dict[str, Path], tmp_path: Path, data_dir: str
) -> None:
    copied(begun[recipe.name], tmp_path)
    options: dict[str, Any] = {"limit": FEW, "data_dir": data_dir}
    metrics = train_unseen(recipe, tmp_path, epochs=3, resume=True, **options)
    assert metrics["epochs"] == metrics["epochs_done"] == 3
    with (tmp_path / "history.csv").open() as file:
        rates = [float(row["learning_rate"]) for row in csv.DictReader(file)]
    assert rates[1] > rates[2] > 0  # as in a cycle of three
    with pytest.raises(InvalidRun, match="has had 3 epochs already, more than 2"):
        train(recipe, tmp_path, epochs=2, resume=True, **options)


@pytest.fixture(scope="module")
def with_mine(recipe: AnyRecipe, tmp_path_factory: pytest.TempPathFactory, data_dir: str) -> Path:
    """A folder with a data set of one's own, and a run that has learned from it and gone on."""
    folder = tmp_path_factory.mktemp("mine")
    pictures, labels = (array[:100] for array in load_mnist("validation", data_dir))
    np.savez(folder / "mine.npz", pictures=pictures, labels=labels)
    with pytest.MonkeyPatch.context() as patch:
        export_the_same(patch)
        for epochs, resume in ((1, False), (2, True)):
            train_unseen(
                recipe,
                folder / "run",
                data=f"npz:{folder}/mine.npz",
                epochs=epochs,
                resume=resume,
            )
    return folder


@pytest.mark.parametrize("change", ["pictures", "labels", "fewer", "more"])
def test_a_run_does_not_go_on_with_other_data(
    recipe: AnyRecipe, with_mine: Path, data_dir: str, change: str
) -> None:
    count = {"fewer": 80, "more": 120}.get(change, 100)
    pictures, labels = (array[:count] for array in load_mnist("validation", data_dir))
    other = {"pictures": pictures.copy(), "labels": labels.copy()}
    if change in other:
        other[change][[0, 1]] = other[change][[1, 0]]
    np.savez(with_mine / "mine.npz", **other)
    data = f"npz:{with_mine}/mine.npz"
    with pytest.raises(InvalidRun, match=r"mine\.npz is not what the run started with"):
        train(recipe, with_mine / "run", data=data, epochs=3, resume=True)


@pytest.mark.usefixtures("exported")
def test_a_checkpoint_that_does_not_know_its_data_is_resumed(
    recipe: AnyRecipe, begun: dict[str, Path], tmp_path: Path, data_dir: str
) -> None:
    copied(begun[recipe.name], tmp_path)
    [path] = tmp_path.glob("checkpoint.*")
    if recipe is TINY:
        checkpoint = torch.load(path, weights_only=True)
        del checkpoint["data"]
        torch.save(checkpoint, path)
    else:
        checkpoint = ScratchFitting.read_checkpoint(path)
        tensors = checkpoint.pop("tensors")
        del checkpoint["data"]
        safetensors.numpy.save_file(tensors, path, {"story": json.dumps(checkpoint)})
    metrics = train_unseen(recipe, tmp_path, epochs=2, resume=True, data_dir=data_dir)
    assert metrics["epochs_done"] == 2


@pytest.mark.usefixtures("exported")
def test_a_run_may_start_from_the_mean_of_several_runs_weights(
    tmp_path: Path, data_dir: str
) -> None:
    options: dict[str, Any] = {"epochs": 1, "limit": 100, "data_dir": data_dir}
    still = replace(TINY, learning_rate=1e-9)
    starts = []
    for seed in (1, 2):
        train_unseen(still, tmp_path / str(seed), seed=seed, **options)
        starts.append(RunFolder(tmp_path / str(seed)).weights)
    metrics = train_unseen(still, tmp_path / "mean", start_from=starts, **options)
    one, other, mean = (
        safetensors.numpy.load_file(RunFolder(tmp_path / name).weights)["6.weight"].astype(float)
        for name in ("1", "2", "mean")
    )
    assert np.abs(one - other).max() > 0.01
    assert mean == pytest.approx((one + other) / 2, abs=1e-3)
    assert metrics["start_from"].split() == [sha256(s.read_bytes()).hexdigest() for s in starts]


@pytest.mark.usefixtures("exported")
def test_changed_settings_are_told_and_a_resumed_run_keeps_them(
    recipe: AnyRecipe, tmp_path: Path, data_dir: str
) -> None:
    changes = {"batch_size": "70", "learning_rate": "0.02"}
    options: dict[str, Any] = {"limit": 140, "data_dir": data_dir}
    train_unseen(recipe, tmp_path, epochs=1, changes=changes, **options)
    metrics = train_unseen(recipe, tmp_path, epochs=2, resume=True, **options)
    assert metrics["changes"] == changes
    with pytest.raises(InvalidRun, match=r"changes batch_size=70 learning_rate=0\.02, not b"):
        train(recipe, tmp_path, resume=True, changes={"batch_size": "7"}, data_dir=data_dir)


@pytest.mark.usefixtures("exported")
def test_without_validation_data_the_last_epoch_counts_and_nothing_is_sure(
    recipe: AnyRecipe, tmp_path: Path, data_dir: str
) -> None:
    options: dict[str, Any] = {"limit": 200, "validation": 0, "data_dir": data_dir}
    with ctrl_c(epoch=2, done=0.1), pytest.raises(Interrupted):
        train_unseen(recipe, tmp_path, **options)
    metrics = train(recipe, tmp_path, resume=True, data_dir=data_dir)
    assert metrics["accuracy"] == {}
    assert not (tmp_path / "mistakes.png").exists()
    pictures, _ = load_mnist("validation", data_dir)
    assert not Reader(tmp_path / "model.onnx").outputs(pictures[:100])["sure"].any()


def ones_and_fours(folder: Path) -> str:
    pictures = np.zeros((20, 28, 28), np.uint8)
    pictures[:, 5:20, 14] = 255
    np.savez(folder / "ones.npz", pictures=pictures, labels=np.repeat([1, 4], 10))
    return f"npz:{folder}/ones.npz"


def test_digits_that_are_missing_are_named(tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), width=200)
    ones = ones_and_fours(tmp_path)
    train_unseen(TINY_SCRATCH, tmp_path / "run", epochs=1, data=ones, console=console)
    assert "has no pictures of 0, 2, 3, 5, 6, 7, 8, 9 to learn from" in console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.usefixtures("exported")
def test_digits_that_are_drawn_to_learn_from_are_not_missing(tmp_path: Path, data_dir: str) -> None:
    console = Console(file=io.StringIO(), width=200)
    options: dict[str, Any] = {"data": ones_and_fours(tmp_path), "without_writers": FEW_WRITERS}
    options |= {"epochs": 1, "limit": 100, "data_dir": data_dir, "console": console}
    train_unseen(REAL_INK, tmp_path / "run", **options)
    assert "has no pictures" not in console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize("change", [{"seed": 3}, {"limit": 7}, {"validation": 0.5}])
def test_a_run_resumes_only_as_it_was_started(
    recipe: AnyRecipe, finished: Path, data_dir: str, change: dict[str, int]
) -> None:
    [name] = change
    with pytest.raises(InvalidRun, match=f"has {name}"):
        train(recipe, finished, resume=True, data_dir=data_dir, **change)  # type: ignore[arg-type]


def test_another_recipe_of_its_kind_cannot_resume_a_run(
    recipe: AnyRecipe, finished: Path, data_dir: str
) -> None:
    other = CNN if recipe is TINY else MLP
    with pytest.raises(InvalidRun, match=f"has recipe {recipe.name}, not {other.name}"):
        train(other, finished, resume=True, data_dir=data_dir)


def test_a_damaged_checkpoint_is_named(
    recipe: AnyRecipe, finished: Path, tmp_path: Path, data_dir: str
) -> None:
    [checkpoint] = finished.glob("checkpoint.*")
    whole = checkpoint.read_bytes()
    (tmp_path / checkpoint.name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InvalidRun, match=rf"{checkpoint.name} is damaged"):
        train(recipe, tmp_path, resume=True, data_dir=data_dir)


def test_a_missing_data_set_is_said_before_anything_is_written(
    recipe: AnyRecipe, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidDataset, match="train-images"):
        train(recipe, tmp_path / "run", data_dir=tmp_path / "empty")
    assert not (tmp_path / "run").exists()


def test_a_device_that_is_not_there_is_named(
    recipe: AnyRecipe, tmp_path: Path, data_dir: str
) -> None:
    with pytest.raises(InvalidRun, match=r"on warp|device warp"):
        train(recipe, tmp_path / "run", data_dir=data_dir, device="warp")


@pytest.mark.parametrize(
    "recipe",
    [replace(TINY, augmentation=None), replace(REAL_INK, epochs=2), TINY_SCRATCH],
    ids=["without augmentation", "with real ink", "numpy"],
)
def test_ctrl_c_keeps_the_best_and_a_resumed_run_ends_like_one_never_interrupted(
    tmp_path: Path, data_dir: str, recipe: AnyRecipe
) -> None:
    options: dict[str, Any] = {"limit": 200, "seed": 4, "data_dir": data_dir}
    if isinstance(recipe, Recipe) and recipe.real_ink:
        options["without_writers"] = FEW_WRITERS
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train_unseen(recipe, whole, **options)
    with ctrl_c(epoch=2, done=0.1), pytest.raises(Interrupted, match="go on with --resume"):
        train_unseen(recipe, parts, **options)
    assert json.loads((parts / "metrics.json").read_text())["epochs_done"] == 1
    Reader(parts / "model.onnx")
    assert not same_weights(whole, parts, weights_of_model)

    train_unseen(recipe, parts, resume=True, data_dir=data_dir)
    assert same_weights(whole, parts, weights_of_model)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")
@pytest.mark.parametrize(("recipe", "count"), [("fast", 2200), ("mlp", 3300)])
def test_the_signal_of_ctrl_c_ends_the_command_with_what_it_has_and_a_word(
    tmp_path: Path, data_dir: str, recipe: str, count: int
) -> None:
    data = some_of_mnist(tmp_path / "some.npz", count, data_dir)
    options = ["--out", tmp_path, "--epochs", 2, "--data", data, "--batch-size", 10]
    training = command(*options, data_dir=data_dir, recipe=recipe)
    with subprocess.Popen(training, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "epoch   1/2" in line:
                process.send_signal(signal.SIGINT)
                break
        rest = process.stderr.read()
    assert process.returncode == 130
    assert "go on with --resume" in rest
    assert "Traceback" not in rest
    assert json.loads((tmp_path / "metrics.json").read_text())["epochs_done"] == 1
    Reader(tmp_path / "model.onnx")


def test_the_command_trains_with_two_processes(tmp_path: Path, data_dir: str) -> None:
    # 257 pictures: the last batch has one, and nothing for the second process.
    data = some_of_mnist(tmp_path / "some.npz", 286, data_dir)
    options = ["--out", tmp_path / "two", "--epochs", "1", "--data", data]
    training = command(*options, data_dir=data_dir, recipe="fast")
    together = [sys.executable, *TORCHRUN, *training[1:]]
    subprocess.run(together, check=True, capture_output=True, timeout=300)
    metrics = json.loads((tmp_path / "two" / "metrics.json").read_text())
    assert metrics["processes"] == 2
    assert "257 training pictures" in metrics["trained_on"]
    assert metrics["epochs_done"] == 1
    with pytest.raises(InvalidRun, match="has processes 2, not 1"):
        train(FAST, tmp_path / "two", data=data, resume=True)


def test_a_run_is_not_resumed_by_a_recipe_that_has_changed(
    recipe: AnyRecipe, finished: Path, data_dir: str
) -> None:
    with pytest.raises(InvalidRun, match="what it stands on, has changed"):
        train(replace(recipe, batch_size=7), finished, resume=True, data_dir=data_dir)


def test_a_checkpoint_of_something_else_is_refused(tmp_path: Path, data_dir: str) -> None:
    torch.save({"weights": torch.zeros(3)}, tmp_path / "checkpoint.pt")
    with pytest.raises(InvalidRun, match=r"checkpoint\.pt is damaged, or of another version"):
        train(TINY, tmp_path, resume=True, data_dir=data_dir)


def test_a_run_of_the_other_kind_is_neither_overwritten_nor_resumed(
    recipe: AnyRecipe, finished: Path, data_dir: str
) -> None:
    other = MLP if recipe is TINY else CNN
    for resume in (False, True):
        with pytest.raises(InvalidRun, match="holds a run of another recipe"):
            train(other, finished, data_dir=data_dir, resume=resume)


@pytest.mark.usefixtures("exported")
def test_a_run_of_the_other_kind_is_overwritten_if_that_is_asked_for(
    recipe: AnyRecipe, begun: dict[str, Path], tmp_path: Path, data_dir: str
) -> None:
    options: dict[str, Any] = {"limit": 100, "data_dir": data_dir}
    other = TINY_SCRATCH if recipe is TINY else TINY
    copied(begun[other.name], tmp_path)
    train_unseen(recipe, tmp_path, epochs=1, overwrite=True, **options)
    assert len([*tmp_path.glob("checkpoint.*")]) == 1
    left = {path.name for path in tmp_path.glob("[nw]*")}
    networks = {"weights.safetensors"}, {"network.safetensors", "network.json"}
    assert left == networks[recipe is TINY_SCRATCH]
    metrics = train_unseen(recipe, tmp_path, epochs=2, resume=True, **options)
    assert (metrics["recipe"], metrics["epochs_done"]) == (recipe.name, 2)


@pytest.mark.usefixtures("exported")
@pytest.mark.parametrize("recipe", [TINY_SCRATCH], ids=["numpy"], indirect=True)
def test_no_picture_of_a_run_that_is_overwritten_is_left(
    finished: Path, tmp_path: Path, data_dir: str
) -> None:
    copied(finished, tmp_path)
    train_unseen(TINY, tmp_path, epochs=1, limit=100, overwrite=True, data_dir=data_dir)
    assert {path.name for path in tmp_path.glob("*.png")} == {"curve.png"}
    assert not (tmp_path / "tensorboard").exists()


@pytest.mark.usefixtures("exported")
def test_a_run_may_start_from_the_weights_of_the_one_that_it_overwrites(
    begun: dict[str, Path], tmp_path: Path, data_dir: str
) -> None:
    copied(begun[TINY.name], tmp_path)
    its_own = tmp_path / "weights.safetensors"
    before = its_own.read_bytes()
    options: dict[str, Any] = {"epochs": 1, "limit": 100, "data_dir": data_dir}
    metrics = train_unseen(TINY, tmp_path, overwrite=True, start_from=its_own, **options)
    assert metrics["start_from"] == sha256(before).hexdigest()


def test_a_checkpoint_with_half_its_story_is_named(
    recipe: AnyRecipe, finished: Path, tmp_path: Path, data_dir: str
) -> None:
    if recipe is TINY:
        checkpoint = torch.load(finished / "checkpoint.pt", weights_only=True)
        del checkpoint["optimizer"]
        torch.save(checkpoint, tmp_path / "checkpoint.pt")
    else:
        story = {
            "settings": ScratchFitting.read_checkpoint(finished / "checkpoint.safetensors")[
                "settings"
            ]
        }
        safetensors.numpy.save_file(
            {}, tmp_path / "checkpoint.safetensors", {"story": json.dumps(story)}
        )
    with pytest.raises(InvalidRun, match="is damaged, or of another version"):
        train(recipe, tmp_path, resume=True, limit=LIMIT, data_dir=data_dir)


def test_a_checkpoint_in_numpy_of_something_else_is_refused(tmp_path: Path, data_dir: str) -> None:
    safetensors.numpy.save_file({"weights": np.zeros(3)}, tmp_path / "checkpoint.safetensors")
    with pytest.raises(InvalidRun, match=r"checkpoint\.safetensors is damaged, or of another"):
        train(TINY_SCRATCH, tmp_path, resume=True, data_dir=data_dir)


@pytest.mark.parametrize("recipe", [TINY_SCRATCH], ids=["numpy"], indirect=True)
def test_a_network_in_numpy_is_left_in_its_own_form_too_and_answers_like_the_model_file(
    finished: Path, data_dir: str
) -> None:
    network = NeuralNetwork.load(finished / "network.safetensors")
    pictures, _ = load_mnist("validation", data_dir)
    ours = network.predict_proba(Normalizer()(pictures[:500]))
    theirs = Reader(finished / "model.onnx").predict_proba(pictures[:500])
    assert np.abs(ours - theirs).max() < 1e-5


def test_the_first_layers_weights_are_drawn_if_it_is_dense(tmp_path: Path, data_dir: str) -> None:
    train(MLP, tmp_path, limit=200, epochs=1, data_dir=data_dir)
    with Image.open(tmp_path / "weights.png") as image:
        assert min(image.size) > 300
    assert not (tmp_path / "filters.png").exists()


@dataclass
class Halved(SGD):
    """An optimizer of one's own."""

    def step(self, parameters: Any, gradient: Any, learning_rate: float, shrunk: Any) -> None:
        super().step(parameters, gradient, learning_rate / 2, shrunk)


@dataclass
class Falling(Schedule):
    """A schedule of one's own."""

    def at(self, epoch: float, epochs: int) -> float:
        return self.learning_rate / (1 + epoch)


def test_a_run_with_an_optimizer_and_a_schedule_of_ones_own_goes_on(
    tmp_path: Path, data_dir: str
) -> None:
    recipe = replace(TINY_SCRATCH, optimizer=Halved(Falling(0.1), momentum=0.9))
    options: dict[str, Any] = {"limit": 100, "data_dir": data_dir}
    train_unseen(recipe, tmp_path / "whole", **options)
    with ctrl_c(epoch=2, done=0.1), pytest.raises(Interrupted):
        train_unseen(recipe, tmp_path / "parts", **options)
    train_unseen(recipe, tmp_path / "parts", resume=True, **options)
    assert same_weights(tmp_path / "whole", tmp_path / "parts")
    kinds = [Halved, Falling]
    network = NeuralNetwork.load(tmp_path / "parts" / "network.safetensors", layers=kinds)
    assert network.optimizer_ == recipe.optimizer


def test_a_network_in_numpy_may_learn_from_all_pictures_at_once(
    tmp_path: Path, data_dir: str
) -> None:
    recipe = replace(TINY_SCRATCH, batch_size=None)
    metrics = train_unseen(recipe, tmp_path, epochs=1, limit=100, data_dir=data_dir)
    assert metrics["epochs_done"] == 1


def test_several_processes_cannot_train_a_network_in_numpy(
    tmp_path: Path, data_dir: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(InvalidRun, match="in one process"):
        train(MLP, tmp_path / "run", data_dir=data_dir)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, data_dir: str) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InvalidRun, match="file cannot be made"):
        train(TINY_SCRATCH, tmp_path / "file", data_dir=data_dir)


@pytest.mark.usefixtures("exported")
@pytest.mark.parametrize(
    ("trained", "epochs", "limit"), [(train, 1, 1), (train_unseen, 2, 200)], ids=["1", "200"]
)
def test_the_shortest_trials_run_to_their_end(
    recipe: AnyRecipe, trained: Any, tmp_path: Path, data_dir: str, epochs: int, limit: int
) -> None:
    metrics = trained(recipe, tmp_path / "run", epochs=epochs, limit=limit, data_dir=data_dir)
    assert metrics["epochs_done"] == epochs


WITHOUT_ROOM = replace(
    TINY,
    layers=lambda: [nn.Conv2d(1, 8, 28), nn.BatchNorm2d(8), nn.Flatten(), nn.Linear(8, 10)],
    batch_size=10,
)
"""As in the recipe ensemble, batch normalisation sees one number of each picture."""


@pytest.mark.usefixtures("exported")
def test_one_picture_that_is_left_at_the_end_of_an_epoch_waits_for_another(
    tmp_path: Path, data_dir: str
) -> None:
    metrics = train_unseen(WITHOUT_ROOM, tmp_path, epochs=2, limit=21, data_dir=data_dir)
    assert metrics["epochs_done"] == 2


@pytest.mark.usefixtures("exported")
def test_the_learning_rate_goes_through_its_cycle_in_the_steps_that_are_made(
    tmp_path: Path, data_dir: str
) -> None:
    histories = []
    for limit in (100, 101):  # which both are ten steps an epoch
        recipe, out = replace(TINY, batch_size=10), tmp_path / str(limit)
        train_unseen(recipe, out, epochs=3, limit=limit, data_dir=data_dir)
        with RunFolder(out).history.open() as file:
            histories.append([row["learning_rate"] for row in csv.DictReader(file)])
    assert histories[0] == histories[1]


@pytest.mark.parametrize("options", [{"limit": 1}, {"limit": 3, "changes": {"batch_size": "1"}}])
def test_a_network_that_cannot_learn_from_one_picture_in_a_step_says_so(
    tmp_path: Path, data_dir: str, options: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRun, match="tiny cannot learn from one picture in a step"):
        train(WITHOUT_ROOM, tmp_path, data_dir=data_dir, **options)


def test_a_run_that_learns_from_the_test_part_is_not_measured_on_it(
    tmp_path: Path, data_dir: str
) -> None:
    with pytest.raises(InvalidRun, match=r"learns from mnist:test cannot be measured on it"):
        train(
            TINY_SCRATCH,
            tmp_path / "run",
            data=["mnist", "mnist:test"],
            data_dir=data_dir,
            measure_test=True,
        )
    assert not (tmp_path / "run").exists()
