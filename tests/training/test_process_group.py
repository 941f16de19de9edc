"""Several processes that train together."""

import sys
from typing import Any

import pytest
import torch

from inkdigits.datasets.mnist import load_mnist
from inkdigits.training.data import Data
from inkdigits.training.fit import Settings
from inkdigits.training.process_group import joined_group
from inkdigits.training.tasks.torch_digits import TorchDigits
from training.tiny import TINY
from training.two_processes import beside_another

LIMIT = 4_000


def fit(data_dir: str) -> dict[str, Any]:
    """Fit TINY with whoever else was started; the accuracy, and whether all have one network."""
    with joined_group("cpu") as group:
        pictures, labels = load_mnist("train", data_dir)
        data = Data(pictures[:LIMIT], labels[:LIMIT], *load_mnist("validation", data_dir))
        settings = Settings(TINY.name, epochs=3, seed=0, limit=LIMIT, processes=group.size)
        fitting = TorchDigits(TINY, settings, data, "cpu", group)
        rows = list(fitting.epochs(lambda *_: None))
        weights = torch.cat([weight.detach().flatten() for weight in fitting.network.parameters()])
        same = True
        if group.size > 1:
            everybodys = [torch.empty_like(weights) for _ in range(group.size)]
            torch.distributed.all_gather(everybodys, weights)
            same = all(torch.equal(weights, others) for others in everybodys)
        return {
            "processes": group.size,
            "accuracy": rows[-1].validation_accuracy,
            "same": same,
        }


def test_two_processes_train_one_network_as_well_as_one_process_does(data_dir: str) -> None:
    with beside_another(__file__, data_dir):
        together = fit(data_dir)
    alone = fit(data_dir)
    assert together["same"]
    assert together["processes"] == 2
    assert alone["accuracy"] > 0.93
    assert together["accuracy"] == pytest.approx(alone["accuracy"], abs=0.01)


if __name__ == "__main__":
    fit(sys.argv[1])
