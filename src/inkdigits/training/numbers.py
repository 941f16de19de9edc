"""Teach a network to read several digits at once, where they touch.

It looks at a number from left to right and says at each of 64 places which digit is there, or
none; connectionist temporal classification turns that into a text (Graves et al. 2006,
"Connectionist Temporal Classification"). So nobody has to say where one digit ends.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from inkdigits.datasets.mnist import load_mnist
from inkdigits.datasets.pages import Hand, PictureHand, StrokeHand, write
from inkdigits.datasets.strokes import WrittenDigit
from inkdigits.model_file import Facts, build_number_model
from inkdigits.normalize import NUMBER_WIDTH, SIDE, Normalizer, normalizer
from inkdigits.number_text import BLANK
from inkdigits.training.data import ONE_DIGIT_IN, DataDir, written_digits
from inkdigits.training.export import to_onnx, with_float16_weights
from inkdigits.training.lesson import Lesson, LessonRecipe
from inkdigits.training.number_artist import HEIGHT, NumberArtist, together

FEWEST_BENT = 500
"""Among so many digits of MNIST there are some of each value."""


@dataclass(frozen=True)
class NumberRecipe(LessonRecipe):
    """What decides, beside the seed and the data, what a run ends with."""

    epochs: int = 18
    pictures: int = 40_000
    batch_size: int = 128
    people: int = 500
    """Who write in an epoch; then come others."""
    bent: int = 12_000
    """Of MNIST's digits, bent, the numbers of anybody are put together; then of others."""

    def limited(self, limit: int | None) -> NumberRecipe:
        if limit is None:
            return self
        limited = replace(
            self, people=min(self.people, limit), bent=min(self.bent, max(limit, FEWEST_BENT))
        )
        return super(NumberRecipe, limited).limited(limit)  # type: ignore[return-value]


class Numbers(Lesson):
    """Half of the numbers are of pen strokes, half of MNIST's digits."""

    name = "numbers"
    recipe_type = NumberRecipe
    judged_by = "touching:validation"
    trained_on = "numbers of MNIST's training digits and of the pen strokes of UCI's pendigits"

    def __init__(
        self, recipe: NumberRecipe, seed: int, without_writers: str | None, data_dir: DataDir
    ) -> None:
        mnist, validation = (load_mnist(part, data_dir) for part in ("train", "validation"))
        digits = written_digits(data_dir, without_writers)
        self._judges = numbers_to_judge(digits[::ONE_DIGIT_IN], *validation, recipe.judges)
        digits = [digit for place, digit in enumerate(digits) if place % ONE_DIGIT_IN]
        self.artist = NumberArtist(digits, *mnist, recipe.people, recipe.bent, seed)
        self._normalize = Normalizer(torch.get_num_threads(), NUMBER_WIDTH)

    @staticmethod
    def network() -> nn.Module:
        return network()

    @staticmethod
    def depends_on() -> bytes:
        content: bytes = normalizer(NUMBER_WIDTH).SerializeToString(deterministic=True)
        return content

    def seen(self, pictures: NDArray[np.uint8]) -> Tensor:
        return torch.from_numpy(self._normalize(pictures))

    @cached_property
    def judges(self) -> tuple[Tensor, list[str]]:
        pictures, texts = self._judges
        return self.seen(pictures), texts

    @staticmethod
    def loss(logits: Tensor, truth: list[str]) -> Tensor:
        return _loss(logits, truth)

    @staticmethod
    def right(logits: Tensor, truth: list[str]) -> float:
        """The share of texts that are right."""
        return float(np.mean([a == b for a, b in zip(truth, _texts(logits), strict=True)]))

    def model_file(
        self, network: nn.Module, judged: Tensor, facts: Facts
    ) -> tuple[onnx.ModelProto, dict[str, Any]]:
        exported = with_float16_weights(to_onnx(network, NUMBER_WIDTH))
        temperature = _temperature(judged, self.judges[1])
        return build_number_model(exported, temperature, facts), {"temperature": temperature}


class Columns(nn.Module):
    """(N, C, 1, W) -> (N, W, C)"""

    def forward(self, values: Tensor) -> Tensor:
        return values[:, :, 0].transpose(1, 2)


def network() -> nn.Sequential:
    """From `seen` (N, 28, 128) to logits (N, 64, 11): ten digits, and none."""

    def convolution(
        before: int,
        after: int,
        kernel: tuple[int, int] = (3, 3),
        padding: tuple[int, int] = (1, 1),
        stride: int = 1,
    ) -> list[nn.Module]:
        return [
            nn.Conv2d(before, after, kernel, stride, padding, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(),
        ]

    return nn.Sequential(
        nn.Unflatten(1, (1, SIDE)),
        *convolution(1, 16),
        *convolution(16, 48, stride=2),  # 14 x 64
        *convolution(48, 64),
        *convolution(64, 64),
        nn.MaxPool2d((2, 1)),  # 7 x 64
        nn.Dropout2d(0.05),
        *convolution(64, 96),
        *convolution(96, 96),
        nn.MaxPool2d((2, 1)),  # 3 x 64
        *convolution(96, 128, padding=(0, 1)),  # 1 x 64
        nn.Dropout2d(0.1),
        *convolution(128, 128, kernel=(1, 5), padding=(0, 2)),
        *convolution(128, 128, kernel=(1, 5), padding=(0, 2)),
        nn.Dropout2d(0.1),
        nn.Conv2d(128, BLANK + 1, 1),
        Columns(),
    )


def _loss(logits: Tensor, texts: list[str]) -> Tensor:
    """The mean negative log-likelihood of the texts."""
    targets = torch.tensor([int(digit) for text in texts for digit in text], dtype=torch.long)
    lengths = torch.tensor([len(text) for text in texts])
    log_probabilities = logits.log_softmax(2).transpose(0, 1)  # (T, N, 11)
    places = torch.full((len(texts),), len(log_probabilities))
    losses = F.ctc_loss(
        log_probabilities, targets, places, lengths, BLANK, reduction="none", zero_infinity=True
    )
    return losses.mean()


def _texts(logits: Tensor) -> list[str]:
    """The text of the likeliest digit at each place: quicker than a beam search."""
    texts = []
    for row in logits.argmax(2).tolist():
        said = [now for now, before in zip(row, [BLANK, *row], strict=False) if now != before]
        texts.append("".join(str(digit) for digit in said if digit != BLANK))
    return texts


def _temperature(logits: Tensor, texts: list[str]) -> float:
    """With which the texts are the least surprising (Guo et al. 2017)."""
    from scipy.optimize import minimize_scalar

    def loss(log_temperature: float) -> float:
        return _loss(logits / math.exp(log_temperature), texts).item()

    return float(np.exp(minimize_scalar(loss, bounds=(-1.0, 1.6), method="bounded").x))


def numbers_to_judge(
    digits: list[WrittenDigit], pictures: NDArray[np.uint8], labels: NDArray[np.uint8], count: int
) -> tuple[NDArray[np.uint8], list[str]]:
    """Touching numbers (N, H, W) and their texts: half of pen strokes, half of `pictures`."""
    hands: list[Hand] = [StrokeHand(digits), PictureHand(pictures, labels)]
    rng = np.random.default_rng(0)
    masks, texts = [], []
    for number in range(count):
        text = "".join(map(str, rng.integers(0, 10, rng.integers(2, 5))))
        written = write(text, hands[number % 2], HEIGHT, rng, touching=True)
        masks.append((written.ink * 255).astype(np.uint8))
        texts.append(text)
    return together(masks), texts
