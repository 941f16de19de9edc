"""Learn to find every piece of writing on a page and to tell what it is: `page.onnx`.

Pages are drawn anew for each step (`inkdigits.synthesis.pages`), in other processes than the one
that learns; `inkdigits.training.page_loss` says what is learned of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from inkdigits.datasets.mnist import load_mnist
from inkdigits.datasets.omniglot import OMNIGLOT, read_omniglot
from inkdigits.datasets.spec import find_file
from inkdigits.datasets.strokes import parse_writers
from inkdigits.errors import InvalidDataset, NoInk
from inkdigits.model_file import Facts
from inkdigits.modelfile.page_graph import Look
from inkdigits.plot import draw_reading
from inkdigits.reader import Reader
from inkdigits.recognition.digits import DigitsFile
from inkdigits.recognition.page import PageFile
from inkdigits.synthesis.pages import (
    HELD_OUT_ALPHABETS,
    HELD_OUT_FONTS,
    SIDE,
    DrawnPage,
    PageGenerator,
    Placed,
)
from inkdigits.training.data import DataDir, written_digits
from inkdigits.training.lesson import Lesson, LessonRecipe
from inkdigits.training.page_calibration import UNCALIBRATED, calibrated_peaks, calibrated_rules
from inkdigits.training.page_export import page_model
from inkdigits.training.page_loss import (
    UNLIKELY,
    Truth,
    f1_of_pieces,
    found_peaks,
    losses,
    temperature_of_kinds,
)
from inkdigits.training.page_network import FINE, Maps, PageNetwork, normalised

VALIDATION_WRITERS = "19-24"
"""Of the pen strokes: they write validation pages and none to learn from."""
FONTS = "handwriting-fonts"
"""The folder of fonts in a data folder."""
FOR_JUDGES, FOR_CALIBRATION = 0, 1
"""Seeds of the validation pages."""
SHOWN = (2, 4)
"""Rows and columns of validation pages in the picture that a run leaves,"""
CELL = 320
"""each so many pixels wide and high."""
SPOT = 0.1
"""Standard deviation of a peak, in the piece's width and height,"""
LEAST_SPOT, MOST_SPOT = 0.6, 3.0
"""but between so many places of the fine map."""


@dataclass(frozen=True)
class PagesRecipe(LessonRecipe):
    """What decides, beside the seed and the data, what a run ends with."""

    epochs: int = 80
    pictures: int = 1600
    batch_size: int = 8
    learning_rate: float = 0.002
    weight_decay: float = 0.02
    judges: int = 160
    calibration: int = 600
    """Validation pages by which it is found from where on a digit is sure."""

    def limited(self, limit: int | None) -> PagesRecipe:
        fewer = super().limited(limit)
        assert isinstance(fewer, PagesRecipe)
        return replace(fewer, calibration=min(fewer.calibration, limit or fewer.calibration))


class Pages(Lesson):
    """Pages of numbers, marks and other writing."""

    name = "page"
    recipe_type = PagesRecipe
    judged_by = "F1 of pieces:validation"
    missed = "1 - F1"
    trained_on = (
        "pages, made by code, of handwriting fonts, Omniglot's characters, MNIST's training digits "
        "and, writers 19-24 apart, UCI's pen strokes"
    )

    def __init__(
        self,
        recipe: PagesRecipe,
        seed: int,
        without_writers: str | None,
        data_dir: DataDir,
        workers: int = 1,
    ) -> None:
        without = ",".join(filter(None, [VALIDATION_WRITERS, without_writers]))
        self._drawn = _DrawnPages("train", without, data_dir)
        self._validation = self._drawn.for_validation()
        self._judges = [self._validation[FOR_JUDGES, number] for number in range(recipe.judges)]
        self._recipe, self.workers = recipe, workers

    @staticmethod
    def network() -> nn.Module:
        return PageNetwork()

    def batches(
        self, seed: int, epoch: int, steps: int, batch_size: int
    ) -> Iterator[tuple[NDArray[Any], Truth]]:
        self._order.epoch = (seed, epoch, steps, batch_size)
        yield from self._loader

    @cached_property
    def _order(self) -> _Order:
        return _Order()

    @cached_property
    def _loader(self) -> DataLoader[Any]:
        return DataLoader(
            self._drawn,
            batch_sampler=self._order,
            collate_fn=_batch,
            num_workers=self.workers,
            multiprocessing_context="spawn" if self.workers else None,
            persistent_workers=bool(self.workers),
            prefetch_factor=6 if self.workers else None,
            generator=torch.Generator(),  # PyTorch's own is for what is learned
        )

    def seen(self, pictures: NDArray[Any]) -> Tensor:
        seen = torch.from_numpy(pictures).float()[:, None]
        return seen.contiguous(memory_format=torch.channels_last)

    @cached_property
    def judges(self) -> tuple[Tensor, Truth]:
        pictures, truth = _batch(self._judges)
        return self.seen(pictures), truth

    @staticmethod
    def loss(maps: Any, truth: Truth) -> Tensor:
        """The sum of what is wrong with the `Maps`: peaks, ink, owners, boxes and kinds."""
        return sum(losses(Maps(*maps), truth).values(), start=torch.zeros(()))

    @staticmethod
    def right(maps: Any, truth: Truth) -> float:
        """F1 of pieces that are found and named right, against those that are there."""
        return f1_of_pieces(Maps(*maps), truth)

    def model_file(
        self, network: nn.Module, judged: Any, facts: Facts
    ) -> tuple[onnx.ModelProto, dict[str, Any]]:
        maps, truth = Maps(*judged), self.judges[1]
        found = found_peaks(maps, truth, UNLIKELY)
        scale, shift = calibrated_peaks(found.logit.numpy(), found.piece.numpy() >= 0)
        temperature = temperature_of_kinds(maps, truth)
        look = Look(peak_scale=scale, peak_shift=shift, temperature=temperature)
        numbers = range(self._recipe.calibration)
        pages = (self._validation.page((FOR_CALIBRATION, number)) for number in numbers)
        provisional = page_model(network, facts, look, asdict(UNCALIBRATED))
        find = PageFile(provisional.SerializeToString(), threads=torch.get_num_threads())
        digits = DigitsFile(None, threads=torch.get_num_threads())
        rules = asdict(calibrated_rules(find, digits, pages))
        return page_model(network, facts, look, rules), {**rules, **asdict(look)}

    def draw(self, model: bytes, folder: Path) -> None:
        """Leave `found.png`: validation pages with what is read on them."""
        rows, columns = SHOWN
        reader = Reader(page=model)
        grid = Image.new("RGB", (columns * CELL, rows * CELL), "white")
        for number in range(rows * columns):
            picture = self._validation.page((FOR_CALIBRATION, number)).picture
            try:
                page = draw_reading(picture, reader.read_array(picture))
            except NoInk:
                page = Image.fromarray(picture)
            page.thumbnail((CELL, CELL))
            grid.paste(page, (number % columns * CELL, number // columns * CELL))
        grid.save(folder / "found.png")


class _Order:
    """The seeds of an epoch's pages, batch by batch."""

    epoch = (0, 0, 0, 0)

    def __iter__(self) -> Iterator[list[tuple[int, int, int]]]:
        seed, epoch, steps, size = self.epoch
        for step in range(steps):
            yield [(seed, epoch, step * size + place) for place in range(size)]

    def __len__(self) -> int:
        return self.epoch[2]


Item = tuple[NDArray[np.float16], dict[str, NDArray[Any]]]


class _DrawnPages(Dataset[Item]):
    """The page of each seed, drawn by whichever process asks for it."""

    def __init__(self, part: str, without_writers: str, data_dir: DataDir) -> None:
        """Of MNIST's `part`; raises InvalidDataset if there is nothing to draw with."""
        self._part, self._data_dir = part, data_dir
        self._digits = written_digits(data_dir, without_writers)
        folder = find_file(FONTS, data_dir)
        self._fonts = [
            file for file in sorted(folder.glob("*.woff2")) if file.stem not in HELD_OUT_FONTS
        ]
        self._characters = find_file(OMNIGLOT, data_dir)
        if not self._fonts:
            raise InvalidDataset(
                f"There are no fonts (*.woff2) in {FONTS} in the data folder (--data-dir, or "
                "INKDIGITS_DATA_DIR). Put handwriting fonts there."
            )
        self._generator: PageGenerator | None = None

    def for_validation(self) -> _DrawnPages:
        """The same of MNIST's validation part and the writers who are kept out to judge."""
        other = copy(self)
        own = parse_writers(VALIDATION_WRITERS)
        other._digits = [d for d in written_digits(self._data_dir) if d.writer in own]
        other._part, other._generator = "validation", None
        return other

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_generator": None}  # each process makes its own

    def __getitem__(self, seed: Sequence[int]) -> Item:
        return _target(self.generator.draw_side_by_side(seed))

    def page(self, seed: Sequence[int]) -> DrawnPage:
        return self.generator.draw(seed)

    @property
    def generator(self) -> PageGenerator:
        if self._generator is None:
            characters = [
                character
                for character in read_omniglot(self._characters)
                if character.alphabet not in HELD_OUT_ALPHABETS
            ]
            scanned = load_mnist(self._part, self._data_dir)  # type: ignore[arg-type]
            self._generator = PageGenerator(self._digits, *scanned, self._fonts, characters)
        return self._generator


def _target(places: Sequence[Placed]) -> Item:
    """What the network sees of pages, each normalised by itself, and the truth, by its names."""
    seen, ink, owner = (np.zeros((SIDE, SIDE), kind) for kind in (np.float16, np.uint8, np.uint8))
    all_boxes, all_kinds, before = [], [], 0
    for page, top in places:
        height, width = page.picture.shape
        there = np.s_[top : top + height, :width]
        seen[there] = normalised(torch.from_numpy(page.picture.copy())[None])[0, 0].numpy()
        ink[there] = page.ink
        owner[there] = np.where(page.owner, page.owner + before, 0)
        all_boxes.append(page.boxes + np.array([0, top, 0, top], np.float32))
        all_kinds.append(page.kinds)
        before += len(page.kinds)
    boxes, kinds = np.concatenate(all_boxes), np.concatenate(all_kinds)
    fine = SIDE // FINE
    peak = np.zeros((fine, fine), np.float32)
    counts = np.ones((fine, fine), bool)
    for box, kind in zip(boxes, kinds, strict=True):
        x0, y0, x1, y1 = box / FINE
        if kind < 0:
            left, top = (max(int(at) - 1, 0) for at in (x0, y0))
            counts[top : int(max(y1, 0)) + 2, left : int(max(x1, 0)) + 2] = False
            continue
        middle = np.array([(x0 + x1) / 2, (y0 + y1) / 2]).clip(0, fine - 1e-3).astype(int)
        spot = np.clip(np.array([x1 - x0, y1 - y0]) * SPOT, LEAST_SPOT, MOST_SPOT)
        low = np.maximum(middle - np.ceil(3 * spot).astype(int), 0)
        high = np.minimum(middle + np.ceil(3 * spot).astype(int) + 1, fine)
        across = np.exp(-0.5 * ((np.arange(low[0], high[0]) - middle[0]) / spot[0]) ** 2)
        down = np.exp(-0.5 * ((np.arange(low[1], high[1]) - middle[1]) / spot[1]) ** 2)
        place = peak[low[1] : high[1], low[0] : high[0]]
        np.maximum(place, down[:, None] * across, out=place)
    blocks = (fine, FINE, fine, FINE)
    numbers = np.arange(1, len(kinds) + 1)[:, None]
    pieces = np.concatenate([boxes, kinds[:, None], numbers], 1, dtype=np.float32)
    return seen, {
        "peak": (peak * 255).astype(np.uint8),
        "counts": counts | (peak == 1),
        "ink": ink.reshape(blocks).mean((1, 3)).astype(np.uint8),
        "owner": owner.reshape(blocks).max((1, 3)),
        "pieces": pieces,
    }


def _batch(items: Sequence[Item]) -> tuple[NDArray[Any], Truth]:
    pieces = [
        np.insert(truth["pieces"], 0, number, axis=1) for number, (_, truth) in enumerate(items)
    ]
    maps = {
        field.name: torch.from_numpy(np.stack([truth[field.name] for _, truth in items]))
        for field in fields(Truth)
        if field.name != "pieces"
    }
    pictures = np.stack([picture for picture, _ in items])
    return pictures, Truth(**maps, pieces=torch.from_numpy(np.concatenate(pieces)))
