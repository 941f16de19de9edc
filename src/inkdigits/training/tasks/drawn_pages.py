"""The pages that are learned from: drawn anew for each step, in other processes than the one that
learns, and made into what the network sees and what it should say.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import fields
from functools import cached_property
from multiprocessing import parent_process
from threading import Thread
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset

from inkdigits.datasets.mnist import load_mnist
from inkdigits.datasets.strokes import parse_writers
from inkdigits.modelfile.page_graph import FINE
from inkdigits.synthesis.pages import SIDE, DrawnPage, PageGenerator, Placed
from inkdigits.training.page_loss import Truth
from inkdigits.training.page_network import normalised
from inkdigits.training.writers import (
    DataDir,
    handwriting_fonts,
    other_characters,
    written_digits,
)

SPOT = 0.1
"""Standard deviation of a target peak, as a share of the piece's width and height."""
LEAST_SPOT, MOST_SPOT = 0.6, 3.0
"""Limits of a target peak's standard deviation, in places of the fine map."""
WORKERS = 1
"""So many processes draw beside each one that learns; 0: that one does. It changes no page."""
AHEAD = 6
"""Each of them is so many batches ahead."""
Seed = tuple[int, ...]


Item = tuple[NDArray[np.float16], dict[str, NDArray[Any]]]


class DrawnPages(Dataset[Item]):
    """The page of each seed, drawn by whichever process asks for it."""

    def __init__(
        self, part: str, data_dir: DataDir, *, without: str | None = None, only: str | None = None
    ) -> None:
        """Of MNIST's `part`, and of the pen strokes of all writers but some, or `only` of some.

        Raises InvalidDataset if there is nothing to draw with.
        """
        self._part, self._data_dir = part, data_dir
        own = parse_writers(only) if only else None
        digits = written_digits(data_dir, without)
        self._digits = [digit for digit in digits if own is None or digit.writer in own]
        self._fonts = handwriting_fonts(data_dir)
        self._generator: PageGenerator | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_generator": None}  # each process makes its own

    def __getitem__(self, seed: Sequence[int]) -> Item:
        return _target(self.generator.draw_side_by_side(seed))

    def page(self, seed: Sequence[int]) -> DrawnPage:
        return self.generator.draw(seed)

    @property
    def generator(self) -> PageGenerator:
        if self._generator is None:
            characters = other_characters(self._data_dir)
            scanned = load_mnist(self._part, self._data_dir)  # type: ignore[arg-type]
            self._generator = PageGenerator(self._digits, *scanned, self._fonts, characters)
        return self._generator


class PageLoader:
    """Batches of new pages; the same seeds give the same ones."""

    def __init__(self, pages: DrawnPages, workers: int | None = None) -> None:
        """`workers` processes draw; `WORKERS` if left out."""
        self._pages, self._workers = pages, WORKERS if workers is None else workers
        self._seeds: list[list[Seed]] = []

    def __iter__(self) -> Iterator[list[Seed]]:
        return iter(self._seeds)  # the loader's batch sampler, in each epoch

    def __len__(self) -> int:
        return len(self._seeds)

    def batches(self, seeds: list[list[Seed]]) -> Iterator[tuple[NDArray[np.float16], Truth]]:
        """What the network sees (N, SIDE, SIDE) of each batch of seeds, and the truth about it."""
        self._seeds = seeds
        yield from self._loader

    @cached_property
    def _loader(self) -> DataLoader[Any]:
        return DataLoader(
            self._pages,
            batch_sampler=self,
            collate_fn=batch_of,
            num_workers=self._workers,
            multiprocessing_context="spawn" if self._workers else None,
            persistent_workers=bool(self._workers),
            prefetch_factor=AHEAD if self._workers else None,
            worker_init_fn=_end_with_parent if self._workers else None,
            generator=torch.Generator(),  # PyTorch's own is for what is learned
        )


def _end_with_parent(_: int) -> None:
    """A process whose parent was killed would else wait for ever to hand on what it has drawn."""
    parent = parent_process()
    assert parent

    def wait() -> None:
        parent.join()
        os._exit(1)

    Thread(target=wait, daemon=True).start()


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


def batch_of(items: Sequence[Item]) -> tuple[NDArray[Any], Truth]:
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
