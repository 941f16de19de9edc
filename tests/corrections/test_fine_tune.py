"""Fine-tuning: what is learned from, what judges, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from inkdigits import InvalidDataset
from inkdigits.corrections import gate
from inkdigits.corrections.fine_tune import WEIGHTS, fine_tune
from inkdigits.corrections.versions import Versions
from inkdigits.datasets.mnist import load_mnist
from inkdigits.reader import Reader
from inkdigits.training.data import Data
from inkdigits.training.fit import Settings
from inkdigits.training.folder import RunFolder
from inkdigits.training.process_group import ProcessGroup
from inkdigits.training.recipes import BEST, fine_tuning
from inkdigits.training.run import Interrupted, train
from inkdigits.training.tasks.fine_tuning import FineTuning, held_back
from inkdigits.training.tasks.torch_digits import TorchDigits
from training.interruption import ctrl_c
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


@pytest.fixture(scope="module", autouse=True)
def one_writer_judges() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gate, "HELD_OUT_WRITERS", "30")
        yield


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory, data_dir: str) -> Path:
    run = tmp_path_factory.mktemp("tiny")
    train(TINY, run, epochs=1, limit=500, data_dir=data_dir, console=Console(quiet=True))
    return RunFolder(run).weights


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    return Versions(tmp_path / "versions")


def test_a_candidate_tells_what_it_was_made_from_and_how_it_was_judged(
    tmp_path: Path, versions: Versions, weights: Path, data_dir: str
) -> None:
    spec, run = folder_of(tmp_path / "mine", 60, data_dir), tmp_path / "run"
    with ctrl_c(epoch=2, done=0.5), pytest.raises(Interrupted):
        fine_tune(spec, run, versions, start_from=weights, data_dir=data_dir, **QUICK)
    assert versions.all() == []
    version, rows = fine_tune(
        spec, run, versions, start_from=weights, data_dir=data_dir, resume=True, **QUICK
    )
    metrics = json.loads(RunFolder(run).metrics.read_text())
    made_from = version.story["made_from"]
    assert version.model.read_bytes() == RunFolder(run).model.read_bytes()
    assert made_from["weights_sha256"] == metrics["start_from"]
    assert made_from["pictures"] == 60 > made_from["held_back"] == rows[0].pictures >= 6
    assert [row.on for row in rows] == [
        *("held-back corrections", "labels of corrections"),
        *("mnist:validation", "writers 30"),
    ]
    assert not version.passed  # tiny forgets, against what ships
    assert versions.all() == [version]
    assert versions.promoted is None


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
