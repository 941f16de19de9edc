"""How much `sure` means of a network that few pictures were kept to calibrate by.

    python benchmarks/few_to_calibrate.py --data-dir path/to/mnist

The recipe mlp learns from so many of MNIST's training pictures, of which a tenth is kept for
validation, and is judged by MNIST's validation part. Three rules say from which confidence on an
answer is sure:

- reached: the one that 99 % of the validation pictures reach, whatever they show;
- 99 %: the confidence 0.99, whatever the validation pictures show;
- shown: `inkdigits.modelfile.calibration.calibrate`, which asks whether they show that 99 % of the
  sure answers are right, and is sure of nothing if they do not.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits.datasets.mnist import load_mnist
from inkdigits.modelfile.calibration import ACCEPTED, calibrate
from inkdigits.modelfile.normalizer import Normalizer
from inkdigits.scratch.losses import softmax
from inkdigits.scratch.recipes import MLP

COUNTS = 60, 300, 1000, 3000, 10_000


def confidence_and_right(
    logits: NDArray[Any], labels: NDArray[Any], temperature: float
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    probabilities = softmax(logits.astype(np.float64) / temperature)
    return probabilities.max(axis=1), probabilities.argmax(axis=1) == labels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--data-dir", type=Path)
    options = parser.parse_args()

    normalize = Normalizer()
    pictures, labels = load_mnist("train", options.data_dir)
    judges, truth = load_mnist("validation", options.data_dir)
    seen = normalize(judges)
    print(f"means of {options.seeds} seeds; sure, and of these wrong")
    print("pictures  validation  right     reached               99 %                  shown")
    for count in COUNTS:
        rows = []
        for seed in range(options.seeds):
            chosen = np.random.default_rng(seed).permutation(len(labels))[:count]
            kept, learned = np.split(chosen, [count // 10])
            network = MLP.network(epochs=20, seed=seed)
            network.fit(normalize(pictures[learned]), labels[learned])
            logits = network.logits(normalize(pictures[kept]))
            calibration = calibrate(logits, labels[kept])
            reached, _ = confidence_and_right(logits, labels[kept], calibration.temperature)
            confidence, right = confidence_and_right(
                network.logits(seen), truth, calibration.temperature
            )
            row = [right.mean()]
            for least in (np.quantile(reached, 1 - ACCEPTED), 0.99, calibration.sure_from):
                sure = confidence > least
                row += [sure.mean(), (~right[sure]).mean() if sure.any() else 0.0]
            rows.append(row)
        accuracy, *shares = np.mean(rows, axis=0)
        told = "".join(
            f"    {sure:7.1%}, {wrong:6.2%}"
            for sure, wrong in zip(shares[::2], shares[1::2], strict=True)
        )
        print(f"{count:8,}  {count // 10:10,}  {accuracy:6.2%}{told}", flush=True)


if __name__ == "__main__":
    main()
