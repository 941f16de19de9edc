"""Accuracy of a model file on ink that is not MNIST's, from raw pixels through the whole graph.

    python benchmarks/real_ink.py --writers 25-30       pen strokes of these writers of pendigits
    python benchmarks/real_ink.py --load-digits         scikit-learn's 1,797 scanned digits of 8x8
    python benchmarks/real_ink.py --writers 25-30 --load-digits --read      through Reader.read

Strokes are drawn on canvases of 280x280, each digit once: a round pen of 8 to 22 px, 35 to 85 % of
the canvas, anywhere. scikit-learn's digits go in as they are, with grey levels of 0 to 16.

A figure counts for a model that was trained without these writers. Writers 25 to 30 and
scikit-learn's digits are for the last measurement of a finished recipe; choose by other writers.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from inkdigits import InkDigitsError, Reader
from inkdigits.datasets.dataset import ArrayDataset
from inkdigits.datasets.spec import find_file
from inkdigits.datasets.strokes import PENDIGITS, StrokesDataset, parse_writers
from inkdigits.evaluation.metrics import evaluate
from inkdigits.evaluation.predictions import Predictions, predict
from printing import by_way, print_by_digit, print_honesty


def print_figures(predictions: Predictions, per_digit: bool) -> None:
    figures = evaluate(predictions)
    low, high = figures["accuracy_interval_95"]
    interval = f"95 % interval {100 * low:.2f} to {100 * high:.2f}"
    unread = f"; no digit read in {figures['no_ink_seen']}" if figures["no_ink_seen"] else ""
    print(f"{'right':32} {100 * figures['accuracy']:7.2f} %  {interval}{unread}")
    print_honesty(figures)
    if per_digit:
        print_by_digit(figures)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, help="a model file; the one that ships if left out")
    parser.add_argument("--writers", type=parse_writers, help="whose strokes, such as 1,4,25-30")
    parser.add_argument("--load-digits", action="store_true", help="scikit-learn's digits")
    parser.add_argument("--strokes", default=PENDIGITS, help="a UNIPEN file")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--seed", type=int, default=0, help="where and how the strokes are drawn")
    parser.add_argument("--per-digit", action="store_true", help="accuracy by digit")
    parser.add_argument("--read", action="store_true", help="through Reader.read_many")
    options = parser.parse_args()
    if not (options.writers or options.load_digits):
        parser.error("say what to measure: --writers 25-30, --load-digits or both")

    reader = Reader(options.model)
    if options.writers:
        path = find_file(options.strokes, options.data_dir)
        strokes = StrokesDataset(path, options.seed, options.writers)
        predictions = predict(reader, strokes, by_reading=options.read)
        count = len(strokes.writers)
        print(f"{path.name}, {count:,} digits, seed {options.seed}, {by_way(options.read)}")
        print_figures(predictions, options.per_digit)
        by_writer = {
            int(writer): 100 * predictions.right[strokes.writers == writer].mean()
            for writer in np.unique(strokes.writers)
        }
        for writer, accuracy in by_writer.items():
            print(f"{f'writer {writer}':32} {accuracy:7.2f} %")
        worst = min(by_writer, key=by_writer.__getitem__)
        print(f"{f'the worst, writer {worst}':32} {by_writer[worst]:7.2f} %")

    if options.load_digits:
        digits = load_digits()
        scanned = ArrayDataset("load_digits", digits.images.astype(np.uint8), digits.target)
        predictions = predict(reader, scanned, by_reading=options.read)
        print(f"scikit-learn's load_digits, {len(digits.target):,} digits, {by_way(options.read)}")
        print_figures(predictions, options.per_digit)


if __name__ == "__main__":
    try:
        main()
    except InkDigitsError as error:
        sys.exit(str(error))
