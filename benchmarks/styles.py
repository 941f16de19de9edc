"""The ways of writing each digit that are found in pen strokes: how many write so, how often drawn.

python benchmarks/styles.py                          a table
python benchmarks/styles.py --plot docs/styles.png   three of each style, to look at
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from inkdigits import InkDigitsError
from inkdigits.datasets.strokes import WrittenDigit
from inkdigits.synthesis.pens import Pen, draw_with
from inkdigits.synthesis.styles import Style, find_styles, shares
from inkdigits.training.writers import written_digits


def plot(digits: list[WrittenDigit], styles: list[Style], path: Path) -> None:
    """A row for each label; three digits of each style under its size."""
    from matplotlib.figure import Figure

    by_label = [[style for style in styles if style.label == label] for label in range(10)]
    most = max(map(len, by_label))
    figure = Figure(figsize=(1.5 * most, 8), layout="constrained")
    rng = np.random.default_rng(0)
    for row, row_styles in zip(figure.subplots(10, most), by_label, strict=True):
        for axes in row:
            axes.set_axis_off()
        for axes, style in zip(row, row_styles, strict=False):
            some = rng.choice(style.members, min(3, len(style.members)), replace=False)
            ink = [draw_with(Pen(0.08), digits[place].strokes, rng) for place in some]
            axes.imshow(np.hstack(ink), cmap="gray_r")
            axes.set_title(f"{len(style.members)}", fontsize=8)
    figure.savefig(path, dpi=100)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--without-writers", help="leave these out, such as 25-30")
    parser.add_argument("--plot", type=Path, help="write samples to this PNG file, too")
    options = parser.parse_args()

    digits = written_digits(options.data_dir, options.without_writers)
    styles = find_styles(digits)
    share = shares(styles, len(digits))
    print("digit  strokes  written   share  drawn")
    for style in styles:
        written = len(style.members)
        drawn = share[list(style.members)].sum()
        print(
            f"{style.label:5}  {style.strokes:7}  {written:7}  {written / len(digits):6.2%}"
            f"  {drawn:6.2%}"
        )
    if options.plot:
        plot(digits, styles, options.plot)


if __name__ == "__main__":
    try:
        main()
    except InkDigitsError as error:
        sys.exit(str(error))
