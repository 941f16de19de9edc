"""Networks that learn from what others say of a picture, beside its label."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

import inkdigits
from constant_model import who_always_says
from inkdigits import InvalidModel, Reader
from inkdigits.datasets.mnist import load_mnist
from inkdigits.training.fit import InvalidRun
from inkdigits.training.folds import train_folds
from inkdigits.training.recipes import PAGE
from inkdigits.training.run import train
from inkdigits.training.teachers import Teachers
from training.tiny import TINY, TINY_SCRATCH, train_unseen

SHIPPED = Path(inkdigits.__file__).parent / "models" / "digits.onnx"


def mostly(digit: int) -> list[float]:
    return [0.91 if digit == each else 0.01 for each in range(10)]


def test_teachers_say_the_mean_of_what_each_says_without_calibration(tmp_path: Path) -> None:
    one = who_always_says(tmp_path / "one.onnx", mostly(1))
    other = who_always_says(tmp_path / "other.onnx", mostly(7), temperature=0.1)
    said = Teachers([one, other], threads=1)(np.zeros((3, 28, 28), np.float32))
    expected = (np.array(mostly(1)) + mostly(7)) / 2
    assert said == pytest.approx(np.tile(expected, (3, 1)), abs=1e-5)


def test_a_network_learns_from_its_teacher_what_the_labels_do_not_say(
    tmp_path: Path, data_dir: str
) -> None:
    pictures, labels = (part[:1200] for part in load_mnist("validation", data_dir))
    np.savez(tmp_path / "wrong.npz", pictures=pictures[:1000], labels=(labels[:1000] + 1) % 10)
    taught = replace(TINY, teachers_share=1.0, epochs=3, learning_rate=0.02)
    wrong = f"npz:{tmp_path / 'wrong.npz'}"
    train_unseen(taught, tmp_path / "run", data=wrong, teachers=[SHIPPED], data_dir=data_dir)
    answers = Reader(tmp_path / "run" / "model.onnx").predict(pictures[1000:])
    assert (answers == labels[1000:]).mean() > 0.7


def test_a_run_says_whom_it_has_learned_from_and_goes_on_with_the_same(
    tmp_path: Path, data_dir: str
) -> None:
    teacher = who_always_says(tmp_path / "teacher.onnx", mostly(3))
    another = who_always_says(tmp_path / "another.onnx", mostly(4))
    run, options = tmp_path / "run", {"limit": 200, "data_dir": data_dir}
    metrics = train_unseen(TINY, run, epochs=1, teachers=[teacher], **options)
    assert metrics["teachers"] == sha256(teacher.read_bytes()).hexdigest()
    assert "taught by other networks: 1" in metrics["trained_on"]
    for others in ([], [another], [teacher, another]):
        with pytest.raises(InvalidRun, match="name the teachers that it was started with"):
            train(TINY, run, epochs=2, resume=True, teachers=others, data_dir=data_dir)
    train_unseen(TINY, run, epochs=2, resume=True, teachers=[teacher], data_dir=data_dir)

    train_unseen(TINY, tmp_path / "alone", epochs=1, **options)
    with pytest.raises(InvalidRun, match="name no --teacher"):
        train(TINY, tmp_path / "alone", resume=True, teachers=[teacher], data_dir=data_dir)


def test_the_folder_of_a_run_may_teach(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    who_always_says(tmp_path / "run" / "model.onnx", mostly(5))
    assert Teachers([tmp_path / "run"], 1)(np.zeros((1, 28, 28), np.float32)).argmax() == 5


def test_who_cannot_teach_is_refused_before_anything_is_lost(tmp_path: Path, data_dir: str) -> None:
    run = tmp_path / "run"
    train_unseen(TINY, run, epochs=1, limit=200, data_dir=data_dir)
    before = {path: path.read_bytes() for path in run.iterdir()}
    (tmp_path / "text.onnx").write_text("no model")
    damaged = bytearray(SHIPPED.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / "damaged.onnx").write_bytes(damaged)
    for teacher, says in {
        tmp_path / "missing.onnx": "No such file",
        tmp_path / "text.onnx": r"text\.onnx cannot teach",
        tmp_path / "damaged.onnx": r"damaged\.onnx",
        SHIPPED.with_name("page.onnx"): r"page\.onnx cannot teach: it has no network from seen",
    }.items():
        with pytest.raises((InvalidRun, InvalidModel), match=says):
            train(TINY, run, overwrite=True, teachers=[teacher], data_dir=data_dir)
    assert {path: path.read_bytes() for path in run.iterdir()} == before


@pytest.mark.parametrize("recipe", [TINY_SCRATCH, PAGE], ids=["numpy", "page"])
def test_what_learns_from_labels_alone_takes_no_teacher(
    recipe: object, tmp_path: Path, data_dir: str
) -> None:
    with pytest.raises(InvalidRun, match="learns from labels alone"):
        train(recipe, tmp_path, teachers=[SHIPPED], data_dir=data_dir)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_folds_take_no_teacher_who_may_have_seen_what_they_keep(
    tmp_path: Path, data_dir: str
) -> None:
    with pytest.raises(InvalidRun, match="may have learned from what a fold keeps"):
        train_folds(TINY, tmp_path, 2, teachers=[SHIPPED], data_dir=data_dir)
