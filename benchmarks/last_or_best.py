"""Which epoch of a finished run to keep: the last, or the best by validation accuracy?

    python benchmarks/last_or_best.py runs/cnn --data-dir path/to/mnist

Measures both on the validation pictures as they are, and bent in five ways: many more pictures,
and none that the best epoch was chosen by. Needs the run's checkpoint.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from torch.nn import functional as F

from inkdigits.datasets.mnist import load_mnist
from inkdigits.modelfile.normalizer import Normalizer
from inkdigits.training.augmentation import Augmentation
from inkdigits.training.recipes import RECIPES

COPIES = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--data-dir", type=Path)
    options = parser.parse_args()

    checkpoint = torch.load(options.run / "checkpoint.pt", map_location="cpu", weights_only=True)
    recipe = RECIPES[checkpoint["settings"]["recipe"]]
    last = {
        name.removeprefix("module."): value
        for name, value in checkpoint["average"].items()
        if name.startswith("module.")
    }
    pictures, labels = load_mnist("validation", options.data_dir)
    generator = torch.Generator().manual_seed(0)
    augmentation = recipe.augmentation or Augmentation()
    bent = [augmentation(torch.from_numpy(pictures), generator) for _ in range(COPIES)]
    normalize = Normalizer()
    sets = {
        "plain": [torch.from_numpy(normalize(pictures))],
        f"bent, {COPIES} times": [torch.from_numpy(normalize(copy.numpy())) for copy in bent],
    }
    target = torch.from_numpy(labels).long()
    for epoch, state in {"best": checkpoint["best"], "last": last}.items():
        network = recipe.network()
        network.load_state_dict(state)
        network.eval()
        for name, copies in sets.items():
            with torch.inference_mode():
                logits = torch.cat([network(part) for seen in copies for part in seen.split(1000)])
            labels_of_all = target.repeat(len(copies))
            accuracy = (logits.argmax(1) == labels_of_all).double().mean()
            loss = F.cross_entropy(logits, labels_of_all)
            print(f"{epoch}  {name:14} accuracy {accuracy:.3%}  cross-entropy {loss:.4f}")


if __name__ == "__main__":
    main()
