"""How fast is the recipe `fast`, and how accurate? Against two known ways to learn MNIST.

    python benchmarks/fast.py --seeds 5 --part validation --data-dir path/to/mnist

- fast: our recipe, judged through its model file, from raw pixels;
- known: the known one-epoch recipe: conv 5x5x24, pool, conv 3x3x32, pool, dense 256, dense 10;
  batch 256, Adam with betas 0.7 and 0.9, one cycle up to 0.01;
- example: PyTorch's own (github.com/pytorch/examples, mnist/main.py): conv 32, conv 64, dense 128;
  batch 64, Adadelta, one epoch.

A training's seconds count everything from MNIST's uint8 pictures in memory to a trained network:
normalising them (ours by the model file's normaliser, the others' to mean 0 and deviation 1),
building the network, every step. They leave out imports, reading files, judging and writing the
model file. Nobody waits for a DataLoader: all take their batches from memory. The others run in
float32, as PyTorch does unless told otherwise; ours as `inkdigits train` does, in bfloat16 where
that is fast.

All run in turn, seed by seed, so that a busy machine slows all of them.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import OneCycleLR

from inkdigits import InkDigitsError, Reader
from inkdigits.datasets.mnist import load_mnist
from inkdigits.modelfile.build import Facts, build_model
from inkdigits.modelfile.calibration import Calibration
from inkdigits.training.data import Data
from inkdigits.training.fit import Settings
from inkdigits.training.process_group import ProcessGroup
from inkdigits.training.recipes import FAST
from inkdigits.training.tasks.torch_digits import TorchDigits

Array = NDArray[np.uint8]
Predict = Callable[[Array], NDArray[np.intp]]
"""Pictures (N, 28, 28) to digits (N,)."""


def fast(pictures: Array, labels: Array, seed: int) -> Predict:
    settings = Settings(FAST.name, FAST.epochs, seed, limit=None)
    # One picture to validate on: the others do not look at any either.
    data = Data(pictures, labels, pictures[:1], labels[:1])
    fitting = TorchDigits(FAST, settings, data, "cpu", ProcessGroup())
    for _ in fitting.epochs(lambda *_: None):
        pass

    def predict(pictures: Array) -> NDArray[np.intp]:
        uncalibrated = Calibration(temperature=1.0, sure_from=0.0)  # which changes no answer
        model = build_model(fitting.result().network, uncalibrated, Facts(FAST.name, "0"))
        return Reader(model.SerializeToString()).predict(pictures)

    return predict


def known(pictures: Array, labels: Array, seed: int) -> Predict:
    torch.manual_seed(seed)
    network = nn.Sequential(
        *(nn.Conv2d(1, 24, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(24, 32, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(800, 256), nn.ReLU(), nn.Linear(256, 10)),
    )
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01, betas=(0.7, 0.9))
    steps = math.ceil(len(labels) / 256)
    cycle = OneCycleLR(optimizer, max_lr=0.01, total_steps=steps, cycle_momentum=False)
    return one_epoch(network, optimizer, 256, pictures, labels, cycle)


def example(pictures: Array, labels: Array, seed: int) -> Predict:
    torch.manual_seed(seed)
    network = nn.Sequential(
        *(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Dropout(0.25), nn.Flatten(), nn.Linear(9216, 128), nn.ReLU()),
        *(nn.Dropout(0.5), nn.Linear(128, 10)),
    )
    optimizer = torch.optim.Adadelta(network.parameters(), lr=1.0)
    # Its gamma of 0.7 lowers the learning rate after each epoch, of which there is one.
    return one_epoch(network, optimizer, 64, pictures, labels)


def one_epoch(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    batch_size: int,
    pictures: Array,
    labels: Array,
    cycle: OneCycleLR | None = None,
) -> Predict:
    """Train for an epoch on pictures with mean 0 and standard deviation 1."""
    x, y = standardized(pictures), torch.from_numpy(labels).long()
    for batch in torch.randperm(len(y)).split(batch_size):
        optimizer.zero_grad()
        F.cross_entropy(network(x[batch]), y[batch]).backward()
        optimizer.step()
        if cycle:
            cycle.step()

    def predict(pictures: Array) -> NDArray[np.intp]:
        network.eval()
        with torch.inference_mode():
            batches = standardized(pictures).split(1000)
            answers: NDArray[np.intp] = torch.cat([network(x).argmax(1) for x in batches]).numpy()
        return answers

    return predict


def standardized(pictures: Array) -> Tensor:
    """As PyTorch's example has them: (N, 1, 28, 28), mean 0, standard deviation 1."""
    return torch.from_numpy(pictures)[:, None].float().div_(255).sub_(0.1307).div_(0.3081)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--part", choices=["validation", "test"], default="validation")
    parser.add_argument("--data-dir", type=Path)
    options = parser.parse_args()

    pictures, labels = load_mnist("train", options.data_dir)
    judges, answers = load_mnist(options.part, options.data_dir)
    ways = {"fast": fast, "known": known, "example": example}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    accuracy: dict[str, list[float]] = {name: [] for name in ways}
    for train in ways.values():
        train(pictures[:1000], labels[:1000], 0)  # warms up
    for seed in range(options.seeds):
        for name, train in ways.items():
            start = time.perf_counter()
            predict = train(pictures, labels, seed)
            seconds[name].append(time.perf_counter() - start)
            accuracy[name].append(100 * float((predict(judges) == answers).mean()))
            row = f"seed {seed}  {name:8} {seconds[name][-1]:6.2f} s {accuracy[name][-1]:6.2f} %"
            print(row, flush=True)

    print(
        f"\n{len(labels):,} pictures, {torch.get_num_threads()} threads, "
        f"MNIST's {options.part} part, seeds 0 to {options.seeds - 1}"
    )
    print(f"{'':8} mean accuracy  deviation  least    median seconds  times fast's")
    ours = float(np.median(seconds["fast"]))
    for name in ways:
        right, median = np.array(accuracy[name]), float(np.median(seconds[name]))
        print(
            f"{name:8} {right.mean():11.3f} %  {right.std():7.3f} % {right.min():6.2f} %"
            f"  {median:12.2f}  {median / ours:12.2f}"
        )


if __name__ == "__main__":
    try:
        main()
    except InkDigitsError as error:
        sys.exit(str(error))
