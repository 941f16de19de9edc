"""The recipe for the impatient."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from inkdigits.datasets.mnist import load_mnist
from inkdigits.modelfile.normalizer import Normalizer
from inkdigits.reader import Reader
from inkdigits.training.recipes import FAST
from inkdigits.training.run import train
from inkdigits.training.tasks import torch_digits

LIMIT = 12_000


def test_a_fifth_of_mnist_is_enough_for_97_percent_through_the_model_file(
    tmp_path: Path, data_dir: str
) -> None:
    train(FAST, tmp_path, limit=LIMIT, data_dir=data_dir)
    pictures, labels = load_mnist("validation", data_dir)
    answers = Reader(tmp_path / "model.onnx").predict(pictures)
    assert (answers == labels).mean() > 0.97


def test_its_pictures_are_normalised_once_however_many_epochs_there_are(
    tmp_path: Path, data_dir: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    normalised: list[int] = []

    class Counting(Normalizer):
        def __call__(
            self, pictures: NDArray[np.uint8], batch_size: int = 64
        ) -> NDArray[np.float32]:
            normalised.append(len(pictures))
            return super().__call__(pictures, batch_size)

    monkeypatch.setattr(torch_digits, "Normalizer", Counting)
    train(FAST, tmp_path, epochs=3, limit=700, data_dir=data_dir)
    assert sorted(normalised) == [700, 5000]  # those to learn from, and to validate on
