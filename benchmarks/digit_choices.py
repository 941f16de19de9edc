"""What the choices in the recipe `best` buy: its network, what it learns from, and who teaches it.

    python benchmarks/digit_choices.py OUT                          a short training for each choice
    python benchmarks/digit_choices.py OUT --only channels --seeds 2
    python benchmarks/digit_choices.py OUT --limit 30000 --epochs 20    on a GPU

Each row changes one choice and nothing else. All are trained without writers 19 to 30, and judged
on MNIST's validation part, on drawn strokes of writers 19 to 24, on the moderate corruptions of
`corruptions.py` (a thousand pictures each, the mean), and by how much of what is no digit is called
a sure one; then how long a canvas takes against the first row, and how large the file is. OUT keeps
the runs, and what is there is not trained again. Short trainings tell little of small differences:
a standard error of the first two figures is some 0.2.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from torch import Tensor, nn

from corruptions import CORRUPTIONS, corrupted
from inkdigits import InkDigitsError, Reader
from inkdigits.datasets.dataset import Labels, Pictures
from inkdigits.datasets.mnist import load_mnist
from inkdigits.datasets.spec import find_file
from inkdigits.datasets.strokes import PENDIGITS, StrokesDataset, parse_writers, read_unipen
from inkdigits.synthesis.negatives import FAMILIES, HELD_OUT, draw_non_digits
from inkdigits.training.blocks import Residual
from inkdigits.training.folder import RunFolder
from inkdigits.training.recipes import BEST, Recipe
from inkdigits.training.run import train

Layers = list[nn.Module]
MODERATE = 1
CORRUPTED = 1000
EACH_FAMILY = 100
ROUNDS = 40
JUDGES = "19-24"
WITHOUT = "19-30"
"""What judges, and what judges at the very end."""


def plain(channels_in: int, channels_out: int, padding: int = 1, stride: int = 1) -> Layers:
    return [
        nn.Conv2d(channels_in, channels_out, 3, stride, padding, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
    ]


def separable(channels_in: int, channels_out: int, padding: int = 1, stride: int = 1) -> Layers:
    """Each channel by itself, then all of them at each place (Howard et al. 2017, MobileNets)."""
    if channels_in == 1:
        return plain(channels_in, channels_out, padding, stride)
    by_itself = nn.Conv2d(
        channels_in, channels_in, 3, stride, padding, groups=channels_in, bias=False
    )
    together = nn.Conv2d(channels_in, channels_out, 1, bias=False)
    return [by_itself, together, nn.BatchNorm2d(channels_out), nn.ReLU()]


class SqueezeExcitation(nn.Module):
    """Channels are weighted by what all of the picture has in them (Hu et al. 2018)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weights = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, channels // 8, 1),
            nn.ReLU(),
            nn.Conv2d(channels // 8, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, seen: Tensor) -> Tensor:
        weighted: Tensor = seen * self.weights(seen)
        return weighted


def network(
    width: float = 1.0,
    residual: int = 1,
    convolution: Callable[..., Layers] = plain,
    squeezed: bool = False,
) -> Layers:
    """The layers of `best`, and of what it might have been instead."""
    first, second, third, last = (round(width * channels) for channels in (16, 48, 64, 128))
    squeeze = [SqueezeExcitation(last)] if squeezed else []
    return [
        *convolution(1, first, padding=0),
        *convolution(first, second, stride=2),
        *convolution(second, third),
        *convolution(third, third),
        nn.MaxPool2d(2),
        nn.Dropout2d(0.1),
        *convolution(third, last),
        *(Residual(last) for _ in range(residual)),
        *squeeze,
        *convolution(last, last, padding=0),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(4 * last, 10),
    ]


SHIPS, WIDER = "as it ships", "half as many channels more"


def with_network(**changes: object) -> Recipe:
    return replace(BEST, layers=partial(network, **changes))  # type: ignore[arg-type]


CHOICES: dict[str, Recipe] = {
    SHIPS: with_network(),
    "three quarters of the channels": with_network(width=0.75),
    WIDER: with_network(width=1.5),
    "no residual block": with_network(residual=0),
    "two residual blocks": with_network(residual=2),
    "separable convolutions": with_network(convolution=separable),
    "squeeze and excitation": with_network(squeezed=True),
    "no label smoothing": replace(BEST, label_smoothing=0.0),
    "no moving average of the weights": replace(BEST, average_decay=0.0),
    "no rough pictures": replace(BEST, rough=None),
    "MNIST alone": replace(BEST, real_ink=None),
    "taught by one that is wider": BEST,
    "taught by three": BEST,
    "taught by three, without labels": replace(BEST, teachers_share=1.0),
}
THREE = (SHIPS, WIDER, "two residual blocks")
TEACHERS: dict[str, Sequence[str]] = {
    "taught by one that is wider": (WIDER,),
    "taught by three": THREE,
    "taught by three, without labels": THREE,
}
"""The rows whose networks teach another."""


@dataclass(frozen=True)
class Judge:
    """Pictures and labels, and what is no digit."""

    mnist: tuple[Pictures, Labels]
    strokes: tuple[Pictures, Labels]
    none: Pictures

    @classmethod
    def of(cls, data_dir: Path | None) -> Judge:
        path, writers = find_file(PENDIGITS, data_dir), parse_writers(JUDGES)
        digits = read_unipen(path, writers)
        families = sorted(set(FAMILIES) - HELD_OUT)
        none = [draw_non_digits(family, EACH_FAMILY, 1, digits) for family in families]
        [strokes] = StrokesDataset(path, 1, writers).batches(len(digits))
        assert strokes.labels is not None
        return cls(
            load_mnist("validation", data_dir),
            (np.stack(strokes.pictures), strokes.labels),
            np.concatenate(none),
        )

    def figures(self, reader: Reader) -> list[float]:
        """Percent right of MNIST, of strokes, of corrupted digits; percent sure of what is none."""

        def right(pictures: Pictures, labels: Labels) -> float:
            return 100 * float((reader.predict(pictures) == labels).mean())

        pictures, labels = (part[:CORRUPTED] for part in self.mnist)
        hard = [right(corrupted(name, MODERATE, pictures), labels) for name in CORRUPTIONS]
        outputs = reader.outputs(self.none)
        sure = 100 * float((outputs["sure"] & outputs["has_ink"]).mean())
        return [right(*self.mnist), right(*self.strokes), float(np.mean(hard)), sure]


def trained(name: str, seed: int, options: argparse.Namespace) -> RunFolder:
    """The run of a row, which is trained if it is not there."""
    folder = RunFolder(options.out / f"{name} {seed}")
    if folder.metrics.exists():
        return folder
    recipe, resume = CHOICES[name], (folder.path / "checkpoint.pt").exists()
    teachers = [trained(teacher, seed, options).path for teacher in TEACHERS.get(name, ())]
    drawn = RunFolder(options.out / f"{SHIPS} {seed}").drawings
    if recipe.real_ink and drawn.exists() and not folder.drawings.exists():
        shutil.copytree(drawn, folder.drawings)
    train(
        recipe,
        folder.path,
        epochs=options.epochs,
        seed=seed,
        limit=options.limit,
        without_writers=WITHOUT if recipe.real_ink else None,
        teachers=teachers,
        data_dir=options.data_dir,
        resume=resume,
    )
    return folder


def slower(one: Reader, other: Reader) -> float:
    """How many times as long one takes for a canvas as the other, in turns; the medians."""
    canvas = np.full((1, 280, 280), 255, np.uint8)
    canvas[0, 60:220, 130:150] = 0
    seconds = []
    for _ in range(ROUNDS):
        for reader in (one, other):
            start = time.perf_counter()
            reader.outputs(canvas)
            seconds.append(time.perf_counter() - start)
    return float(np.median(seconds[::2]) / np.median(seconds[1::2]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=Path, help="the folder of the runs")
    parser.add_argument("--only", default="", help="only the choices with this in their names")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--limit", type=int, default=5000, help="pictures of each source an epoch")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--data-dir", type=Path)
    options = parser.parse_args()

    judge = Judge.of(options.data_dir)
    columns = ("MNIST", "writers", "corrupted", "none sure", "time", "kB")
    print(f"{'':34}" + "".join(f"{column:>11}" for column in columns), flush=True)
    for name in CHOICES:
        if options.only not in name:
            continue
        rows = []
        for seed in range(options.seeds):
            ships = Reader(trained(SHIPS, seed, options).model, threads=1)
            model = trained(name, seed, options).model
            reader = Reader(model, threads=1)
            kilobytes = model.stat().st_size / 1000
            rows.append([*judge.figures(reader), slower(reader, ships), kilobytes])
        *shares, longer, kilobytes = np.mean(rows, axis=0)
        cells = "".join(f"{share:11.2f}" for share in shares)
        print(f"{name:34}{cells}{longer:11.2f}{kilobytes:11.0f}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except InkDigitsError as error:
        sys.exit(str(error))
