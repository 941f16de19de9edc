"""What is drawn beside MNIST before the first epoch, by several processes, and kept in files."""

from __future__ import annotations

import hashlib
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple, dataclass, field
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from inkdigits.cores import cores
from inkdigits.datasets.mnist import load_mnist
from inkdigits.datasets.omniglot import OMNIGLOT, WrittenCharacter
from inkdigits.datasets.spec import find_file
from inkdigits.datasets.strokes import WrittenDigit
from inkdigits.recognition.page import PageFile
from inkdigits.recognition.session import model_content
from inkdigits.synthesis.negatives import FAMILIES, HELD_OUT, draw_non_digits
from inkdigits.synthesis.pages import PageGenerator
from inkdigits.synthesis.pens import SIDE
from inkdigits.synthesis.signs import SignGenerator
from inkdigits.synthesis.strokes import StrokeAugmentation, StrokeGenerator
from inkdigits.training.crops import NO_DIGIT, crops
from inkdigits.training.writers import DataDir, handwriting_fonts, other_characters

FOR_TRAINING = 1
"""Beside the seed, so that nobody who draws to measure by draws the same."""
AT_ONCE = 1000
"""So many pictures are drawn at a time, or as many as so many pages have."""
PAGES_AT_ONCE = 20
IN_PARALLEL = 4
"""From so many portions on several processes draw."""

KINDS = ("strokes", "signs", "crops", "letters", "families")
"""What is drawn: each is mixed into every epoch."""

Drawn = tuple[NDArray[np.uint8], NDArray[np.uint8]]
"""Pictures (N, H, W), ink bright, and their labels."""


@dataclass(frozen=True)
class RealInk:
    """What a recipe learns from beside MNIST, in pictures an epoch."""

    strokes: int = 24_000
    """Pen strokes of a tablet, written anew."""
    signs: int = 20_000
    """Digits of national forms, and of fonts."""
    crops: int = 26_000
    """Digits and other writing as `page.onnx` cuts them out of drawn pages."""
    pages: int = 4_160
    """So many are drawn for that; each has some twenty pieces."""
    letters: int = 8_000
    """Letters, characters and words."""
    families: int = 10_000
    """Scribbles, blots and the like."""
    drawn: int = 5
    """So many times as many of the others are drawn before the first epoch, 3 kB each."""
    augmentation: StrokeAugmentation = field(default_factory=StrokeAugmentation)
    """How strokes are written anew before they are drawn."""

    def limited(self, limit: int | None) -> RealInk:
        """A trial: as much of each as of MNIST, at most, and half as much of what is no digit."""
        if not limit:
            return self
        return RealInk(
            strokes=min(limit, self.strokes),
            signs=min(limit, self.signs),
            crops=min(limit, self.crops),
            pages=min(-(-limit // 100), self.pages),
            letters=min(limit // 2, self.letters),
            families=min(limit // 2, self.families),
            drawn=1,
            augmentation=self.augmentation,
        )


@dataclass(frozen=True)
class Drawer:
    """Draws any portion of what is learned from; the same seed gives the same ones."""

    digits: list[WrittenDigit]
    real_ink: RealInk
    data_dir: DataDir
    seed: int

    def portion(self, kind: str, number: int) -> Drawn:
        """Of "strokes", "signs", "crops", "letters" or "families", the number from 0."""
        count = min(AT_ONCE, getattr(self.real_ink, kind) * self.real_ink.drawn)
        seed = [self.seed, FOR_TRAINING, number]
        if kind == "strokes":
            return self._strokes.draw(count, seed)
        if kind == "signs":
            return self._signs.digits(count, seed)
        if kind == "crops":
            numbers = range(self.real_ink.pages)[number * PAGES_AT_ONCE :][:PAGES_AT_ONCE]
            return crops(self._page_file, (self._pages.draw([*seed[:2], n]) for n in numbers))
        if kind == "letters":
            return _none_a_digit(self._signs.letters(count, seed))
        families = sorted(set(FAMILIES) - HELD_OUT)
        each = -(-count // len(families))
        drawn = [draw_non_digits(family, each, seed, self.digits, SIDE) for family in families]
        return _none_a_digit(255 - np.concatenate(drawn))

    @cached_property
    def fingerprint(self) -> str:
        """Of what is asked of it, of the digits that it was given, and of what it draws with."""
        asked = hashlib.sha256(repr((astuple(self.real_ink), self.seed)).encode())
        for digit in self.digits:
            asked.update(np.concatenate(digit.strokes).tobytes())
        for content in self._drawn_with():
            asked.update(content)
        return asked.hexdigest()[:8]

    def _drawn_with(self) -> Iterator[bytes]:
        """The files that it needs beside the digits and MNIST, which is always the same."""
        if self.real_ink.signs or self.real_ink.letters or self.real_ink.crops:
            for file in (*handwriting_fonts(self.data_dir), find_file(OMNIGLOT, self.data_dir)):
                yield file.name.encode() + file.read_bytes()
        if self.real_ink.crops:
            yield model_content(None, "page.onnx")[1]

    @cached_property
    def _strokes(self) -> StrokeGenerator:
        return StrokeGenerator(self.digits, self.real_ink.augmentation)

    @cached_property
    def _signs(self) -> SignGenerator:
        return SignGenerator(handwriting_fonts(self.data_dir), self._characters)

    @cached_property
    def _pages(self) -> PageGenerator:
        scanned = load_mnist("train", self.data_dir)
        fonts = handwriting_fonts(self.data_dir)
        return PageGenerator(self.digits, *scanned, fonts, self._characters)

    @cached_property
    def _page_file(self) -> PageFile:
        return PageFile(None)

    @cached_property
    def _characters(self) -> list[WrittenCharacter]:
        return other_characters(self.data_dir)


def _none_a_digit(pictures: NDArray[np.uint8]) -> Drawn:
    return pictures, np.full(len(pictures), NO_DIGIT, np.uint8)


def drawings(drawer: Drawer, kind: str, folder: Path | None, console: Console) -> Drawn:
    """All pictures of a kind, and their labels; of `folder`, if they were drawn into it before."""
    real_ink = drawer.real_ink
    wanted = getattr(real_ink, kind) * real_ink.drawn
    file = folder and folder / f"{kind}-{drawer.fingerprint}.npz"
    if file and file.exists():
        with np.load(file) as kept:
            return kept["pictures"], kept["labels"]
    parts: list[Drawn] = []
    portions = -(-real_ink.pages // PAGES_AT_ONCE if kind == "crops" else -wanted // AT_ONCE)
    for part in track(
        _portions(drawer, kind, portions),
        f"drawing {kind}",
        total=portions,
        console=console,
        transient=True,
    ):
        parts.append(part)
    pictures, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    if file:
        file.parent.mkdir(exist_ok=True)
        unfinished = file.with_suffix(".unfinished.npz")
        np.savez(unfinished, pictures=pictures, labels=labels)
        unfinished.replace(file)
    return pictures, labels


def _portions(drawer: Drawer, kind: str, count: int) -> Iterator[Drawn]:
    processes = min(cores(), count // IN_PARALLEL)
    if processes < 2:
        yield from (drawer.portion(kind, number) for number in range(count))
        return
    with ProcessPoolExecutor(processes, get_context("spawn"), _begin, (drawer,)) as pool:
        try:
            yield from pool.map(_portion, [kind] * count, range(count))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


_drawer: Drawer
"""Of this process, if it is one that draws."""


def _begin(drawer: Drawer) -> None:
    global _drawer
    _drawer = drawer
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the main process's


def _portion(kind: str, number: int) -> Drawn:
    return _drawer.portion(kind, number)
