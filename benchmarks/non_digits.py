"""How often what is no digit is called a sure one: scribbles, letters, blots, half digits, ...

    python benchmarks/non_digits.py                             to choose by
    python benchmarks/non_digits.py --part test --writers 25-30     the last measurement
    python benchmarks/non_digits.py --plot non-digits.png       samples, with the model's answers

A reading is `sure` from the confidence on that 99 % of real digits reach; the first rows say how
many do. The others say what share of each family of non-digits does, too: of families that models
are trained to doubt, and of those held out, which no model was trained on.

Half digits and several digits at once are made of the strokes of `--writers`; so are the real
ones. What ships has learned from writers 1 to 24.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inkdigits import InkDigitsError, Reader
from inkdigits.datasets.dataset import ArrayDataset, Batch
from inkdigits.datasets.mnist import load_mnist
from inkdigits.datasets.spec import find_file
from inkdigits.datasets.strokes import (
    PENDIGITS,
    StrokesDataset,
    WrittenDigit,
    parse_writers,
    read_unipen,
)
from inkdigits.evaluation.predictions import outputs_of, predict, readings_of
from inkdigits.synthesis.negatives import FAMILIES, HELD_OUT, draw_non_digits
from printing import by_way

SAMPLES = 12
"""Of each family, in the plot."""


def sure_of(reader: Reader, pictures: NDArray[np.uint8], by_reading: bool) -> NDArray[np.bool_]:
    """(N,) which of the pictures are read as a sure digit."""
    outputs = (readings_of if by_reading else outputs_of)(reader, Batch(pictures, None, []))
    sure: NDArray[np.bool_] = outputs["sure"] & outputs["has_ink"]
    return sure


def print_real_digits(
    reader: Reader, part: str, strokes: StrokesDataset, data_dir: Path | None, by_reading: bool
) -> None:
    mnist = ArrayDataset(f"MNIST {part}", *load_mnist(part, data_dir))  # type: ignore[arg-type]
    for name, dataset in ((f"real: MNIST {part}", mnist), ("real: pen strokes", strokes)):
        predictions = predict(reader, dataset, by_reading=by_reading)
        right = 100 * predictions.right[predictions.sure].mean()
        print(f"{name:32} {100 * predictions.sure.mean():7.2f} %  {right:.2f} % of these right")


def plot(reader: Reader, seed: int, digits: list[WrittenDigit], path: Path) -> None:
    """A row of samples for each family, each with the answer and its confidence."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1.1 * SAMPLES + 1.5, 1.35 * len(FAMILIES)), layout="constrained")
    rows = figure.subplots(len(FAMILIES), SAMPLES, squeeze=False)
    for row, family in zip(rows, FAMILIES, strict=True):
        pictures = draw_non_digits(family, SAMPLES, seed, digits)
        outputs = reader.outputs(pictures)
        row[0].set_ylabel(family + (" (held out)" if family in HELD_OUT else ""), fontsize=8)
        for i, axes in enumerate(row):
            probabilities = outputs["probabilities"][i]
            answer = f"{probabilities.argmax()}, {probabilities.max():.1%}"
            if not outputs["has_ink"][i]:
                answer = "no ink"
            sure = outputs["sure"][i] and outputs["has_ink"][i]
            axes.imshow(pictures[i], cmap="gray", vmin=0, vmax=255)
            axes.set(xticks=[], yticks=[])
            axes.set_title(
                f"{answer}, sure" if sure else answer,
                fontsize=7,
                color="#b3261e" if sure else "black",
            )
    figure.savefig(path, dpi=100)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, help="a model file; the one that ships if left out")
    parser.add_argument("--count", type=int, default=1000, help="pictures of each family")
    parser.add_argument("--seed", type=int, help="1 to choose by, 2 for the last measurement")
    parser.add_argument("--part", choices=["validation", "test"], default="validation")
    parser.add_argument("--writers", default="19-24", help="whose strokes, such as 1,4,19-24")
    parser.add_argument("--strokes", default=PENDIGITS, help="a UNIPEN file")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--read", action="store_true", help="through Reader.read_many")
    parser.add_argument("--plot", type=Path, help="write samples to this PNG file")
    options = parser.parse_args()

    if options.seed is None:
        options.seed = 2 if options.part == "test" else 1
    reader = Reader(options.model)
    path, writers = find_file(options.strokes, options.data_dir), parse_writers(options.writers)
    digits = read_unipen(path, writers)
    print(f"called a sure digit, {by_way(options.read)}; seed {options.seed}")
    strokes = StrokesDataset(path, options.seed, writers)
    print_real_digits(reader, options.part, strokes, options.data_dir, options.read)

    for held_out, kind in ((False, "trained on"), (True, "held out")):
        families = [family for family in FAMILIES if (family in HELD_OUT) == held_out]
        shares = []
        for family in families:
            pictures = draw_non_digits(family, options.count, options.seed, digits)
            shares.append(100 * sure_of(reader, pictures, options.read).mean())
            print(f"{f'{kind}: {family}':32} {shares[-1]:7.2f} %", flush=True)
        print(f"{f'{kind}: mean of {len(shares)}':32} {np.mean(shares):7.2f} %")

    if options.plot:
        plot(reader, options.seed, digits, options.plot)


if __name__ == "__main__":
    try:
        main()
    except InkDigitsError as error:
        sys.exit(str(error))
