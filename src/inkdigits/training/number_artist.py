"""Numbers to learn from: several digits in a row by one hand, many of them touching."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from inkdigits.synthesis.negatives import FAMILIES, HELD_OUT, draw_non_digits
from inkdigits.datasets.pages import Hand, Mask, Rng, cut_out, write
from inkdigits.synthesis.pens import SIDE, Pen, draw_with
from inkdigits.datasets.strokes import WrittenDigit
from inkdigits.errors import InvalidDataset
from inkdigits.training.augmentation import Augmentation
from inkdigits.training.data import FOR_TRAINING
from inkdigits.synthesis.strokes import StrokeArtist, StrokeAugmentation

HEIGHT = 40
"""Of the digits, in pixels."""
LONGEST = 5
"""Digits in a row."""
TOUCHING = 0.7
"""The share of numbers whose digits touch."""
NO_DIGITS = 0.08
"""The share of pictures with no digit in them."""
SAMPLES = 3
"""Each person writes each digit in so many ways."""

BY_ONE_HAND = StrokeAugmentation(rotation=4, slant=0.08, aspect=0.1, mix=0.25, extra=0.06)
"""How a person's digits differ from each other; what they have in common is drawn on top."""


class NumberArtist:
    """Writes numbers with the digits of a few hundred hands, and others each time it is asked to.

    Half of the hands bend the strokes of one writer, half put together pictures of anybody's.
    """

    def __init__(
        self,
        digits: Sequence[WrittenDigit],
        pictures: NDArray[np.uint8],
        labels: NDArray[np.uint8],
        people: int = 300,
        bent: int = 12_000,
        seed: int = 0,
    ) -> None:
        """Of written `digits`, and of `pictures` (N, 28, 28) with ink bright and their `labels`.

        `people` is how many write until `begin` is called, and `bent` of how many of the
        pictures, bent, anybody's numbers are put together until then.

        Raises InvalidDataset if nobody wrote all ten digits.
        """
        self._digits = digits
        by_writer = (
            [digit for digit in digits if digit.writer == writer]
            for writer in sorted({digit.writer for digit in digits})
        )
        self._writers = [own for own in by_writer if len({digit.label for digit in own}) == 10]
        self._artists: dict[int, StrokeArtist] = {}
        if not self._writers:
            raise InvalidDataset("Nobody among the writers has written all ten digits.")
        self._pictures, self._labels = pictures, labels
        self._people, self._bent, self._seed = people, bent, seed
        self._hands: list[Hand] = []

    def begin(self, epoch: int) -> None:
        """Let other people write; the same number and seed give the same people."""
        rng = np.random.default_rng([self._seed, epoch])
        self._hands = [self._person(rng) for _ in range(self._people)]
        self._anybody = self._many_people(rng)
        self._others = self._no_digits(rng)

    def draw(self, count: int, seed: int | Sequence[int]) -> tuple[NDArray[np.uint8], list[str]]:
        """`count` pictures (N, H, W), ink bright, and what they say: "" for no digit at all."""
        if not self._hands:
            self.begin(0)
        rng = np.random.default_rng(seed)
        masks, texts = [], []
        for _ in range(count):
            length = int(rng.choice(np.arange(1, LONGEST + 1), p=[0.1, 0.3, 0.3, 0.22, 0.08]))
            text = "".join(map(str, rng.integers(0, 10, length)))
            if rng.random() < NO_DIGITS:
                hand: Hand = self._others
            elif rng.random() < 0.5:
                hand = self._anybody
            else:
                hand = self._hands[int(rng.integers(len(self._hands)))]
            written = write(text, hand, HEIGHT, rng, touching=rng.random() < TOUCHING)
            masks.append(_worn(written.ink, rng))
            texts.append("" if hand is self._others else text)
        return together(masks), texts

    def _person(self, rng: Rng) -> Hand:
        writer = int(rng.integers(len(self._writers)))
        if writer not in self._artists:  # it takes a while to find out how somebody writes
            self._artists[writer] = StrokeArtist(self._writers[writer], BY_ONE_HAND)
        artist = self._artists[writer]
        pen, width = Pen.random(rng), HEIGHT * rng.uniform(0.05, 0.17)
        slant, aspect = rng.uniform(-0.3, 0.3), 1.3 ** rng.uniform(-1, 1)
        shape = np.array([[aspect, 0], [slant, 1]])
        masks: list[list[Mask]] = []
        for value in range(10):
            places = np.flatnonzero(artist.labels == value)
            ways = []
            for _ in range(SAMPLES):
                strokes = [stroke @ shape for stroke in artist.bent(int(rng.choice(places)), rng)]
                wide, tall = np.ptp(np.concatenate(strokes), axis=0)
                height = HEIGHT * rng.uniform(0.85, 1.1)
                longer = height * max(wide, tall) / max(tall, wide / 2, 1e-6)
                drawn = draw_with(
                    replace(pen, width=width / longer),
                    strokes,
                    rng,
                    size=0.85,
                    side=int(np.ceil(longer / 0.85)),
                )
                ways.append(cut_out(drawn.astype(np.float32) / 255))
            masks.append(ways)
        return _DrawnHand(masks)

    def _many_people(self, rng: Rng) -> Hand:
        chosen = rng.choice(len(self._labels), min(self._bent, len(self._labels)), replace=False)
        bend = Augmentation(rotation=8, shear=0.2, noise=0, sides=(SIDE,))
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        masks: list[list[Mask]] = [[] for _ in range(10)]
        for start in range(0, len(chosen), 1000):
            part = np.sort(chosen[start : start + 1000])
            bent = bend(torch.from_numpy(self._pictures[part]), generator).numpy()
            for picture, label in zip(bent, self._labels[part], strict=True):
                if picture.max() < 128:
                    continue
                mask = cut_out(picture.astype(np.float32) / 255)
                masks[label].append(_of_height(mask, HEIGHT * rng.uniform(0.85, 1.1), rng))
        return _DrawnHand(masks)

    def _no_digits(self, rng: Rng) -> Hand:
        families = sorted(set(FAMILIES) - HELD_OUT - {"several digits", "half digits"})
        masks: list[list[Mask]] = [[]]
        for family in families:
            count = 120 if family == "printed letters" else 20
            seed = [int(rng.integers(2**31)), FOR_TRAINING]
            for picture in 255 - draw_non_digits(family, count, seed, self._digits, SIDE):
                if picture.max() >= 128:
                    mask = cut_out(picture.astype(np.float32) / 255)
                    masks[0].append(_of_height(mask, HEIGHT * rng.uniform(0.6, 1.1), rng))
        return _DrawnHand(masks * 10)


class _DrawnHand:
    """Takes one of the masks that were drawn for a value beforehand."""

    def __init__(self, masks: Sequence[Sequence[Mask]]) -> None:
        self._masks = masks

    def digit(self, value: int, height: float, pen: float, rng: Rng) -> Mask:
        ways = self._masks[value]
        return ways[int(rng.integers(len(ways)))]


def _of_height(mask: Mask, height: float, rng: Rng) -> Mask:
    scale = height / max(mask.shape[0], mask.shape[1] / 2)
    size = [max(round(side * scale), 2) for side in reversed(mask.shape)]
    large = Image.fromarray(mask).resize((size[0], size[1]), Image.Resampling.BILINEAR)
    sharp = (np.asarray(large) - 0.45) * rng.uniform(1, 3) + 0.45
    return cut_out(sharp.clip(0, 1))


def _worn(mask: Mask, rng: Rng) -> NDArray[np.uint8]:
    """As a camera and the removal of lines and paper leave it, or untouched."""
    if rng.random() < 0.5:
        return np.asarray(mask * 255, np.uint8)
    mask = np.pad(mask, 3)
    if rng.random() < 0.3:  # lines of the paper, taken out with too much or too little
        distance = HEIGHT * rng.uniform(0.35, 1.3)
        thick = int(rng.integers(1, 3))
        for y in np.arange(rng.uniform(0, distance), len(mask), distance).astype(int):
            mask[y : y + thick] *= rng.uniform(0, 1)
    if rng.random() < 0.3:  # a pencil, a dry pen
        mask = mask * (rng.random(mask.shape) > rng.uniform(0, 0.3))
    image = Image.fromarray(np.asarray(mask * 255, np.uint8))
    if rng.random() < 0.5:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0, 0.04) * HEIGHT))
    if rng.random() < 0.3:
        scale = rng.uniform(0.4, 1)
        image = image.resize([max(round(side * scale), 8) for side in image.size])
    ink: Mask = np.asarray(image, np.float32)
    ink = ink * rng.uniform(0.6, 1)
    if rng.random() < 0.3:
        ink = ink + rng.normal(0, rng.uniform(0, 12), ink.shape) * (ink > 8)
    return ink.clip(0, 255).astype(np.uint8)


def together(pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Pictures of several sizes in one array (N, H, W), each in the middle of its place."""
    height = max(picture.shape[0] for picture in pictures) + 4
    width = max(picture.shape[1] for picture in pictures) + 4
    together = np.zeros((len(pictures), height, width), np.uint8)
    for place, picture in zip(together, pictures, strict=True):
        top, left = (height - picture.shape[0]) // 2, (width - picture.shape[1]) // 2
        place[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return together
