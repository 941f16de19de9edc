"""The lesson that teaches to tell ink from paper."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from rich.console import Console

from inkdigits.ink_network import InkNetwork
from inkdigits.training.ink import Ink, InkRecipe
from inkdigits.training.lesson import train_lesson

TINY = InkRecipe(epochs=2, pictures=16, batch_size=4, judges=6)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, data_dir: str) -> Path:
    """A finished run."""
    out = tmp_path_factory.mktemp("runs") / "finished"
    train_lesson(Ink, out, TINY, data_dir=data_dir, console=Console(quiet=True))
    return out


def test_a_run_leaves_a_model_file_that_finds_ink_in_pictures_of_any_size(finished: Path) -> None:
    network = InkNetwork(finished / "model.onnx")
    for shape in ((33, 150), (64, 32), (5, 3)):
        ink = network(np.full(shape, 200, np.uint8))
        assert ink.shape == shape
        assert ink.dtype == np.uint8
    assert network.metadata["name"] == "ink"
    assert "MNIST" in network.metadata["trained_on"]


def test_a_run_tells_how_much_of_the_ink_it_finds(finished: Path) -> None:
    metrics = json.loads((finished / "metrics.json").read_text())
    assert metrics["recipe"] == "ink"
    assert metrics["epochs_done"] == 2
    [(name, share)] = metrics["accuracy"].items()
    assert name == "intersection over union:validation"
    assert 0 <= share <= 1


def test_a_run_leaves_its_curve_and_a_picture_of_what_it_found(finished: Path) -> None:
    for name in ("curve.png", "found.png"):
        with Image.open(finished / name) as image:
            assert min(image.size) > 80
            assert len(image.convert("RGB").getcolors(2**20) or []) > 20


def test_what_is_found_and_is_ink_is_compared_with_what_is_either() -> None:
    ink = np.array([[[255, 255, 0, 0]]], np.uint8)
    assert Ink.right(torch.tensor([[[5.0, 5.0, -5.0, -5.0]]]), ink) == 1.0
    assert Ink.right(torch.tensor([[[5.0, -5.0, 5.0, -5.0]]]), ink) == pytest.approx(1 / 3)
    assert Ink.right(torch.tensor([[[-5.0, -5.0, 5.0, -5.0]]]), ink) == 0.0


def test_the_loss_is_small_where_ink_is_said_to_be_ink_and_paper_paper() -> None:
    ink = np.array([[[255, 0]]], np.uint8)
    right, wrong = torch.tensor([[[5.0, -5.0]]]), torch.tensor([[[-5.0, 5.0]]])
    assert Ink.loss(right, ink) < 0.01 < 1 < Ink.loss(wrong, ink)
