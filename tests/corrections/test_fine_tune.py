"""Fine-tuning: what is learned from, what judges, and what is refused."""

import json
from collections.abc import Iterable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image
from rich.console import Console

from inkdigits import InvalidDataset, InvalidModel
from inkdigits.corrections import fine_tune as fine_tuned
from inkdigits.corrections.fine_tune import WEIGHTS, fine_tune
from inkdigits.corrections.gate import Comparison
from inkdigits.corrections.versions import Versions
from inkdigits.datasets.dataset import Batch
from inkdigits.datasets.mnist import load_mnist
from inkdigits.reader import Reader
from inkdigits.training.crops import NO_DIGIT
from inkdigits.training.data import Data
from inkdigits.training.fit import InvalidRun, Settings
from inkdigits.training.folder import RunFolder
from inkdigits.training.process_group import ProcessGroup
from inkdigits.training.recipes import BEST, Recipe, fine_tuning
from inkdigits.training.run import Interrupted, train
from inkdigits.training.tasks.fine_tuning import (
    HALF,
    WRITTEN_ANEW,
    FineTuning,
    corrections,
    held_back,
    judges,
)
from inkdigits.training.tasks.torch_digits import TorchDigits
from sent import sent
from training.tiny import TINY

QUICK = {"console": Console(quiet=True), "recipe": TINY, "limit": 60}


def folder_of(path: Path, count: int, data_dir: str) -> str:
    """Test pictures of MNIST, turned by a quarter: nobody has learned to read those."""
    pictures, labels = load_mnist("test", data_dir)
    for number, label in enumerate(labels[:count]):
        file = path / str(label) / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.rot90(pictures[number])).save(file)
    return f"folder:{path}"


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random ones: what is learned does not matter here."""
    path = tmp_path_factory.mktemp("tiny") / "weights.safetensors"
    torch.manual_seed(0)
    safetensors.torch.save_file(TINY.network().state_dict(), path)
    return path


@pytest.fixture(autouse=True)
def one_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pen strokes that are replayed: with all writers each run takes seconds to know them."""
    monkeypatch.setattr(fine_tuned, "HELD_OUT_WRITERS", "2-30")


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    return Versions(tmp_path / "versions")


@pytest.mark.usefixtures("little")
def test_a_candidate_tells_what_it_was_made_from_and_how_it_was_judged(
    tmp_path: Path, versions: Versions, weights: Path, data_dir: str
) -> None:
    spec, run = folder_of(tmp_path / "mine", 60, data_dir), tmp_path / "run"
    version, rows = fine_tune(spec, run, versions, start_from=weights, data_dir=data_dir, **QUICK)
    metrics = json.loads(RunFolder(run).metrics.read_text())
    made_from = version.story["made_from"]
    assert version.model.read_bytes() == RunFolder(run).model.read_bytes()
    assert made_from["weights_sha256"] == metrics["start_from"]
    assert made_from["pictures"] == 60 > made_from["held_back"] == rows[0].pictures >= 6
    assert [row.on for row in rows] == [
        *("held-back corrections", "labels of corrections"),
        *("mnist:validation", "writers 30", "numbers of others", "sure of no digits"),
    ]
    assert not version.passed  # tiny forgets, against what ships
    assert versions.all() == [version]
    assert versions.promoted is None


@pytest.mark.usefixtures("little")
def test_a_candidate_that_has_passed_before_keeps_that_verdict_and_it_says_so(
    tmp_path: Path,
    versions: Versions,
    weights: Path,
    data_dir: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    no = Comparison("mnist:validation", 300, 3, 9, 0.01, passed=False, why="loses too much")
    monkeypatch.setattr("inkdigits.corrections.fine_tune.judged", lambda *_, **__: [no])
    spec, run = folder_of(tmp_path / "mine", 60, data_dir), tmp_path / "run"
    options = QUICK | {"start_from": weights, "data_dir": data_dir}
    candidate, _ = fine_tune(spec, run, Versions(tmp_path / "others"), **options)
    first = versions.add(candidate.model, {"passed": True, "judged": []})
    said = StringIO()
    options |= {"resume": True, "console": Console(file=said)}
    assert fine_tune(spec, run, versions, **options)[0] == first
    assert f"{first.name} has passed before" in said.getvalue()


@pytest.mark.usefixtures("little")
def test_a_run_that_learns_from_all_is_not_resumed_to_be_judged_by_some_of_them(
    tmp_path: Path, versions: Versions, weights: Path, data_dir: str
) -> None:
    spec, run = folder_of(tmp_path / "mine", 60, data_dir), tmp_path / "run"
    options: dict[str, Any] = QUICK | {"start_from": weights, "data_dir": data_dir}
    started = options | {"recipe": fine_tuning(TINY), "out": run, "validation": 0.0}
    train(data=spec, without_writers=fine_tuned.HELD_OUT_WRITERS, **started)
    with pytest.raises(InvalidRun, match="was started with --personal"):
        fine_tune(spec, run, versions, resume=True, **options)
    assert versions.all() == []


def test_some_of_the_weights_are_those_that_it_started_from_also_when_it_is_resumed(
    tmp_path: Path, weights: Path, data_dir: str
) -> None:
    data = Data(*[array[:50] for array in load_mnist("test", data_dir)] * 2)

    def fitting(kept: float) -> TorchDigits:
        recipe = replace(fine_tuning(TINY), kept=kept, epochs=1)
        return TorchDigits(recipe, Settings("", 1, 0, None), data, "cpu", ProcessGroup())

    def bias(of: TorchDigits) -> np.ndarray:
        return of.averaged_network()[1].state_dict()["6.bias"].numpy()

    learned, half = fitting(0.0), fitting(0.5)
    for each in (learned, half):
        each.start_from(weights)
        assert len([*each.epochs(lambda *_: None)]) == 1
    start = safetensors.torch.load_file(weights)["6.bias"].numpy()
    assert np.abs(bias(learned) - start).max() > 1e-5
    assert bias(half) == pytest.approx((bias(learned) + start) / 2)
    half.save(tmp_path / "checkpoint.pt")
    resumed = fitting(0.5)
    resumed.restore(TorchDigits.read_checkpoint(tmp_path / "checkpoint.pt"))
    assert bias(resumed) == pytest.approx(bias(half))


def test_a_picture_judges_for_ever_or_is_learned_from_for_ever(data_dir: str) -> None:
    pictures, _ = load_mnist("test", data_dir)
    judges = held_back(pictures[:1000])
    assert 0.25 < judges.mean() < 0.35
    assert (held_back(pictures[500:1000]) == judges[500:]).all()


def test_with_too_few_corrections_it_says_how_many_it_needs(
    tmp_path: Path, versions: Versions, data_dir: str
) -> None:
    spec = folder_of(tmp_path / "mine", 4, data_dir)
    with pytest.raises(InvalidDataset, match=r"4 corrections, of which \d are held back .* more"):
        fine_tune(spec, tmp_path / "run", versions, data_dir=data_dir, **QUICK)
    with pytest.raises(InvalidDataset, match=r"4 pictures\. It takes 5"):
        fine_tune(spec, tmp_path / "run", versions, personal=True, data_dir=data_dir, **QUICK)
    assert not (tmp_path / "run").exists()


def test_a_personal_model_learns_from_all_and_replays_what_was_learned_before(
    tmp_path: Path, data_dir: str
) -> None:
    spec = folder_of(tmp_path / "mine", 5, data_dir)
    task = FineTuning(fine_tuning(TINY))
    settings = Settings("", 1, 0, 60, data=spec, validation=0.0, without_writers="25-30")
    data, drawer = task.load(settings, data_dir)
    assert len(data.labels) == 5
    assert data.times > 1
    assert [source.per_epoch for source in data.beside] == [60]
    assert drawer.real_ink.strokes == 60
    assert {digit.writer for digit in drawer.digits} == {*range(1, 25)}


def test_a_digit_is_learned_as_it_is_and_with_other_pens_and_what_is_none_as_such(
    tmp_path: Path, reader: Reader, data_dir: str
) -> None:
    file = tmp_path / "corrections.jsonl"
    rows = [sent(7), sent(3, 3, strokes=None), sent(2, None)]
    file.write_text("\n".join(map(json.dumps, rows)))
    task = FineTuning(fine_tuning(TINY))
    settings = Settings("", 1, 0, 60, data=f"corrections:{file}", validation=0.0)
    data, _ = task.load(settings, data_dir)
    assert data.labels.tolist() == [NO_DIGIT, *[7] * (1 + WRITTEN_ANEW), 3]
    assert len(np.unique(data.pictures, axis=0)) == len(data.pictures)
    assert (reader.predict(data.pictures[1:]) == data.labels[1:]).mean() > 0.8


def test_each_half_of_a_hands_digits_is_judged_by_who_learned_from_the_other(
    tmp_path: Path, data_dir: str
) -> None:
    given = corrections(folder_of(tmp_path / "mine", 5, data_dir), data_dir)
    first, second = (judges(given, HALF, seed) for seed in (7, 8))
    assert (first != second).all()
    assert {first.sum(), second.sum()} == {2, 3}
    assert not judges(given, 0.0, 7).any()


def test_of_one_picture_many_times_no_half_can_judge_the_other(
    tmp_path: Path, versions: Versions, data_dir: str
) -> None:
    file = tmp_path / "corrections.jsonl"
    file.write_text("\n".join([json.dumps(sent(7))] * 6))
    with pytest.raises(InvalidDataset, match=r"all 6 pictures of .* into one of the halves"):
        fine_tune(
            f"corrections:{file}",
            tmp_path / "run",
            versions,
            personal=True,
            data_dir=data_dir,
            **QUICK,
        )


@pytest.mark.usefixtures("little")
def test_a_personal_model_is_judged_by_halves(
    tmp_path: Path, versions: Versions, weights: Path, data_dir: str
) -> None:
    spec, run = folder_of(tmp_path / "mine", 6, data_dir), tmp_path / "run"
    few = QUICK | {"limit": 20, "epochs": 1, "personal": True}
    version, rows = fine_tune(spec, run, versions, start_from=weights, data_dir=data_dir, **few)
    assert (rows[0].on, rows[0].pictures) == ("halves by each other", 6)
    assert Reader(version.model).metadata["which_weight"] == str(version.story["which_weight"])


@pytest.mark.usefixtures("little")
def test_a_half_is_judged_by_who_has_not_learned_from_it_though_corrections_come_meanwhile(
    tmp_path: Path,
    versions: Versions,
    weights: Path,
    data_dir: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "corrections.jsonl"
    rows = [json.dumps(sent(label % 10, side=40 + label)) for label in range(9)]
    file.write_text("\n".join(rows[:6]))
    learned: list[set[bytes]] = []
    judged: list[set[bytes]] = []

    def grows_meanwhile(*arguments: Any, **options: Any) -> dict[str, Any]:
        now, half = corrections(options["data"], data_dir), (options["validation"], options["seed"])
        learned.append(pixels(now.digits.only(~judges(now, *half))))
        metrics = train(*arguments, **options)
        file.write_text("\n".join([rows[5 + len(learned)], file.read_text()]))
        return metrics

    def pixels(batch: Batch) -> set[bytes]:
        return {picture.tobytes() for picture in batch.pictures}

    def weighs(unseen: Iterable[tuple[Reader, Batch]], _: object) -> float:
        judged.extend(pixels(half) for _, half in unseen)
        return 1.0

    monkeypatch.setattr(fine_tuned, "train", grows_meanwhile)
    monkeypatch.setattr(fine_tuned, "which_weight", weighs)
    monkeypatch.setattr(fine_tuned, "judged", lambda *_, **__: [])
    few = QUICK | {"limit": 20, "epochs": 1, "personal": True, "seed": 0}
    fine_tune(
        f"corrections:{file}",
        tmp_path / "run",
        versions,
        start_from=weights,
        data_dir=data_dir,
        **few,
    )
    assert sum(len(half) for half in judged) == 6
    assert not any(half & seen for half, seen in zip(judged, learned[1:], strict=True))


@pytest.mark.usefixtures("little")
def test_who_stops_the_judging_by_halves_is_told_that_the_run_is_complete(
    tmp_path: Path,
    versions: Versions,
    weights: Path,
    data_dir: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spec, run = folder_of(tmp_path / "mine", 6, data_dir), tmp_path / "run"

    def is_stopped(recipe: Recipe, out: Path, **options: Any) -> dict[str, Any]:
        if out != run:
            raise Interrupted("Interrupted before the first epoch ended: nothing is kept.")
        return train(recipe, out, **options)

    few = QUICK | {"limit": 20, "epochs": 1, "personal": True, "start_from": weights}
    monkeypatch.setattr(fine_tuned, "train", is_stopped)
    with pytest.raises(Interrupted, match=rf"run in {run} is complete; --resume"):
        fine_tune(spec, run, versions, data_dir=data_dir, **few)
    assert RunFolder(run).model.exists()


def test_a_promoted_version_that_is_damaged_is_told_before_anything_is_learned(
    tmp_path: Path, versions: Versions, unsure_model: Path, data_dir: str
) -> None:
    promoted = versions.promote(versions.add(unsure_model, {"passed": True}).name)
    promoted.model.write_bytes(b"")
    spec = folder_of(tmp_path / "mine", 6, data_dir)
    with pytest.raises(InvalidModel):
        fine_tune(spec, tmp_path / "run", versions, personal=True, data_dir=data_dir, **QUICK)
    assert not (tmp_path / "run").exists()


def test_the_weights_that_ship_are_those_of_the_model_that_ships(
    reader: Reader, data_dir: str
) -> None:
    pictures, labels = load_mnist("validation", data_dir)
    data, settings = Data(*[pictures[:50], labels[:50]] * 2), Settings("best", 1, 0, None)
    fitting = TorchDigits(BEST, settings, data, "cpu", ProcessGroup())
    fitting.start_from(WEIGHTS)
    logits = fitting.validation_logits(fitting.network.eval()).numpy()
    scaled = np.exp(logits / float(reader.metadata["temperature"]))
    probabilities = scaled / scaled.sum(1, keepdims=True)
    assert reader.predict_proba(pictures[:50]) == pytest.approx(probabilities, abs=2e-3)
