"""Does label smoothing help? The same short training without it and with it, several seeds.

    python benchmarks/label_smoothing.py --epochs 5 --seeds 2

Prints the validation accuracy and, after calibration, the cross-entropy of each.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import torch
from torch.nn import functional as F

from inkdigits.datasets.mnist import load_mnist
from inkdigits.reader import Reader
from inkdigits.training.recipes import CNN
from inkdigits.training.run import train


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--data-dir", type=Path)
    options = parser.parse_args()

    pictures, labels = load_mnist("validation", options.data_dir)
    for seed in range(options.seeds):
        for smoothing in (0.0, 0.1):
            recipe = replace(CNN, label_smoothing=smoothing)
            with tempfile.TemporaryDirectory() as out:
                train(recipe, out, epochs=options.epochs, seed=seed, data_dir=options.data_dir)
                probabilities = Reader(Path(out) / "model.onnx").predict_proba(pictures)
            accuracy = (probabilities.argmax(1) == labels).mean()
            loss = F.nll_loss(
                torch.from_numpy(probabilities).log(), torch.from_numpy(labels).long()
            )
            print(
                f"seed {seed}  smoothing {smoothing:.2f}  validation accuracy {accuracy:.2%}  "
                f"cross-entropy {loss:.4f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
