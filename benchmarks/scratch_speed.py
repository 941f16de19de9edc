"""How fast the network from scratch learns: an epoch of 784-128-10, batch 128, against its peers.

    python benchmarks/scratch_speed.py --data-dir path/to/mnist

- textbook: the same network as people first write it in NumPy: float64, examples in columns,
  one-hot targets, a shuffled copy of the data cut into a list of mini-batches, a cost each batch;
- scikit-learn: `MLPClassifier` with the same settings, on float32 as ours, and on float64;
- bare BLAS: nothing but the five matrix products of each batch, in float32.

All run in turn, so that a busy machine slows all of them; medians of several rounds.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from inkdigits.datasets.mnist import load_mnist
from inkdigits.scratch import SGD, Adam, Dense, NeuralNetwork, Optimizer, ReLU

Array = NDArray[Any]
HIDDEN, CLASSES, BATCH, RATE = 128, 10, 128, 0.1
LEARNED = 1.0
"""The loss of an epoch is below that, or the network was not trained at all."""


def textbook(x: Array, labels: Array, epochs: int) -> None:
    """x (784, N) and labels (N,), in float64, with plain gradient descent."""
    rng = np.random.default_rng(0)
    targets = np.eye(CLASSES)[labels].T
    parameters = {
        "W1": rng.normal(size=(HIDDEN, len(x))) * np.sqrt(2 / len(x)),
        "b1": np.zeros((HIDDEN, 1)),
        "W2": rng.normal(size=(CLASSES, HIDDEN)) * np.sqrt(2 / HIDDEN),
        "b2": np.zeros((CLASSES, 1)),
    }
    for _ in range(epochs):
        costs = [
            textbook_step(parameters, batch, wanted)
            for batch, wanted in textbook_batches(x, targets, rng)
        ]
    assert np.mean(costs) < LEARNED, "the textbook network has not learned"


def textbook_batches(
    x: Array, targets: Array, rng: np.random.Generator
) -> list[tuple[Array, Array]]:
    order = rng.permutation(x.shape[1])
    x, targets = x[:, order], targets[:, order]
    return [
        (x[:, start : start + BATCH], targets[:, start : start + BATCH])
        for start in range(0, x.shape[1], BATCH)
    ]


def textbook_step(parameters: dict[str, Array], x: Array, targets: Array) -> float:
    m = x.shape[1]
    z1 = np.dot(parameters["W1"], x) + parameters["b1"]
    a1 = np.maximum(0, z1)
    z2 = np.dot(parameters["W2"], a1) + parameters["b2"]
    exponentials = np.exp(z2 - np.max(z2, axis=0))
    a2 = exponentials / np.sum(exponentials, axis=0)
    cost = -np.sum(targets * np.log(a2 + 1e-8)) / m
    dz2 = a2 - targets
    dz1 = np.multiply(np.dot(parameters["W2"].T, dz2), np.int64(z1 > 0))
    gradients = {
        "W1": np.dot(dz1, x.T) / m,
        "b1": np.sum(dz1, axis=1, keepdims=True) / m,
        "W2": np.dot(dz2, a1.T) / m,
        "b2": np.sum(dz2, axis=1, keepdims=True) / m,
    }
    for name, gradient in gradients.items():
        parameters[name] = parameters[name] - RATE * gradient
    return float(cost)


def ours(x: Array, labels: Array, epochs: int, optimizer: Optimizer) -> None:
    network = NeuralNetwork(
        [Dense(HIDDEN), ReLU(), Dense(CLASSES)],
        optimizer=optimizer,
        epochs=epochs,
        batch_size=BATCH,
        random_state=0,
        threads=None,  # as many as the others
    ).fit(x, labels)
    assert network.history_[-1]["loss"] < LEARNED, "our network has not learned"


def scikit_learn(x: Array, labels: Array, epochs: int, solver: str, rate: float) -> None:
    network = MLPClassifier(
        (HIDDEN,),
        solver=solver,
        learning_rate_init=rate,
        momentum=0,
        nesterovs_momentum=False,
        alpha=0,
        batch_size=BATCH,
        max_iter=epochs,
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # so few epochs
        network.fit(x, labels)
    assert network.loss_ < LEARNED, "scikit-learn's network has not learned"


def bare_blas(x: Array, epochs: int) -> None:
    rng = np.random.default_rng(0)
    weights1 = rng.random((x.shape[1], HIDDEN), np.float32)
    weights2 = rng.random((HIDDEN, CLASSES), np.float32)
    for _ in range(epochs):
        for start in range(0, len(x), BATCH):
            batch = x[start : start + BATCH]
            hidden = batch @ weights1
            out = hidden @ weights2
            _ = hidden.T @ out
            back = out @ weights2.T
            _ = batch.T @ back


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--epochs", type=int, default=3, help="in each round")
    parser.add_argument("--data-dir", type=Path)
    options = parser.parse_args()

    pictures, labels = load_mnist("train", options.data_dir)
    wide = pictures.reshape(-1, 784) / 255
    x = wide.astype(np.float32)
    epochs = options.epochs
    peers: dict[str, Callable[[], None]] = {
        "ours": lambda: ours(x, labels, epochs, SGD(RATE)),
        "textbook": lambda: textbook(wide.T, labels, epochs),
        "scikit-learn": lambda: scikit_learn(x, labels, epochs, "sgd", RATE),
        "scikit-learn, float64": lambda: scikit_learn(wide, labels, epochs, "sgd", RATE),
        "bare BLAS": lambda: bare_blas(x, epochs),
        "ours, Adam": lambda: ours(x, labels, epochs, Adam(0.001)),
        "scikit-learn, Adam": lambda: scikit_learn(x, labels, epochs, "adam", 0.001),
    }
    seconds: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(options.rounds + 1):  # the first warms up
        for name, run in peers.items():
            start = time.perf_counter()
            run()
            seconds[name].append((time.perf_counter() - start) / epochs)
    medians = {name: float(np.median(times[1:])) for name, times in seconds.items()}
    print(f"an epoch of {len(x):,} examples, median of {options.rounds} rounds of {epochs} epochs")
    for name, median in medians.items():
        own = medians["ours, Adam" if "Adam" in name else "ours"]
        print(f"  {name:22} {median:.3f} s   {median / own:.2f} x ours")
    print(f"ours / bare BLAS: {medians['ours'] / medians['bare BLAS']:.2f}")
    ratio = medians["textbook"] / medians["scikit-learn, float64"]
    print(f"textbook / scikit-learn, both in float64: {ratio:.2f}")


if __name__ == "__main__":
    main()
