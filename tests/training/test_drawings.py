"""What is drawn beside MNIST: once, by several processes, and of nobody who judges."""

import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from drawing import written_digits
from inkdigits.datasets.omniglot import OMNIGLOT
from inkdigits.synthesis.negatives import draw_non_digits
from inkdigits.training import drawings as room
from inkdigits.training.crops import NO_DIGIT
from inkdigits.training.drawings import KINDS, Drawer, RealInk, drawings

QUIET = Console(quiet=True)
FEW = replace(RealInk().limited(30), pages=3)


def drawer(data_dir: str, seed: int = 0, real_ink: RealInk = FEW) -> Drawer:
    return Drawer(written_digits(), real_ink, data_dir, seed)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_pictures_with_bright_ink_and_labels(kind: str, data_dir: str) -> None:
    pictures, labels = drawings(drawer(data_dir), kind, None, QUIET)
    assert len(pictures) == len(labels) >= 15
    assert pictures.dtype == labels.dtype == np.uint8
    assert np.median(pictures) < 60
    digits = np.mean(labels != NO_DIGIT)
    if kind == "crops":
        assert digits > 0.4
    else:
        assert digits == (kind in ("strokes", "signs"))


def test_the_same_seed_draws_the_same(data_dir: str) -> None:
    for kind in ("strokes", "letters"):
        one, same, other = (
            drawings(drawer(data_dir, seed), kind, None, QUIET)[0] for seed in (1, 1, 2)
        )
        np.testing.assert_array_equal(one, same)
        assert one.shape != other.shape or (one != other).any()


def test_several_processes_draw_the_same_as_one(
    data_dir: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = drawer(data_dir, real_ink=RealInk(strokes=2 * room.AT_ONCE, drawn=1))
    monkeypatch.setattr(room, "IN_PARALLEL", 1)
    drawn = []
    for processors in (1, 2):
        monkeypatch.setattr(room, "cores", lambda count=processors: count)
        drawn.append(drawings(many, "strokes", None, QUIET))
    (pictures, labels), (same_pictures, same_labels) = drawn
    assert len(labels) == 2 * room.AT_ONCE
    np.testing.assert_array_equal(pictures, same_pictures)
    np.testing.assert_array_equal(labels, same_labels)


def test_what_was_drawn_before_is_not_drawn_again(data_dir: str, tmp_path: Path) -> None:
    first = drawings(drawer(data_dir), "strokes", tmp_path / "drawings", QUIET)
    [kept] = (tmp_path / "drawings").iterdir()
    np.savez(kept, pictures=first[0][:3], labels=first[1][:3])
    again = drawings(drawer(data_dir), "strokes", tmp_path / "drawings", QUIET)
    np.testing.assert_array_equal(again[0], first[0][:3])


def test_what_was_drawn_of_other_writers_is_not_taken(data_dir: str, tmp_path: Path) -> None:
    others = Drawer(written_digits((1, 3)), FEW, data_dir, 0)
    assert others.fingerprint != drawer(data_dir).fingerprint
    for each in (drawer(data_dir), others):
        drawings(each, "strokes", tmp_path, QUIET)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("other", ["fonts", "characters", "page model"])
def test_what_was_drawn_with_other_files_is_not_taken(
    data_dir: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    fonts = next(Path(data_dir).rglob("handwriting-fonts"))
    for name in ("allura.woff2", "cookie.woff2"):
        copied = tmp_path / "handwriting-fonts" / name
        copied.parent.mkdir(exist_ok=True)
        shutil.copy(fonts / name, copied)
    (tmp_path / OMNIGLOT).parent.mkdir()
    shutil.copy(next(Path(data_dir).rglob(OMNIGLOT)), tmp_path / OMNIGLOT)
    first = drawer(str(tmp_path)).fingerprint
    assert drawer(str(tmp_path)).fingerprint == first
    if other == "fonts":
        shutil.copy(fonts / "damion.woff2", tmp_path / "handwriting-fonts" / "damion.woff2")
    elif other == "characters":
        with zipfile.ZipFile(tmp_path / OMNIGLOT, "a") as archive:
            archive.writestr("Mine/character01/1.txt", "1,2,3")
    else:
        monkeypatch.setattr(room, "model_content", lambda *_: ("page.onnx", b"another"))
    assert drawer(str(tmp_path)).fingerprint != first


def test_non_digits_to_train_on_are_not_those_that_a_benchmark_draws(data_dir: str) -> None:
    learned, _ = drawings(drawer(data_dir), "families", None, QUIET)
    for seed in (0, 1):
        drawn = 255 - draw_non_digits("scribbles", 10, seed, written_digits(), side=56)
        assert not any((picture == learned).all((1, 2)).any() for picture in drawn)


def test_a_trial_draws_little() -> None:
    trial = RealInk().limited(100)
    assert (trial.strokes, trial.signs, trial.crops) == (100, 100, 100)
    assert (trial.letters, trial.families, trial.drawn, trial.pages) == (50, 50, 1, 1)
    assert RealInk().limited(None) == RealInk()
