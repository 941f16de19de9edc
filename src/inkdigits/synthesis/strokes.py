"""Other ways to write the same digits: strokes are bent before they are drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from inkdigits.datasets.strokes import Stroke, WrittenDigit
from inkdigits.synthesis.pens import Pen, draw_with
from inkdigits.synthesis.styles import POINTS, Style, find_styles, resampled, shares

Paths = NDArray[np.float64]
"""Strokes (K, 32, 2) in a box whose longer side is -0.5..0.5."""


@dataclass(frozen=True)
class StrokeAugmentation:
    """How far strokes are bent. Lengths are shares of the digit's longer side."""

    rotation: float = 10.0
    """At most so many degrees either way."""
    slant: float = 0.3
    """At most so much sideways for each length up."""
    aspect: float = 0.35
    """Width and height change by a factor of at most 1 + aspect against each other."""
    curvature: float = 0.025
    """Standard deviation of a smooth displacement of the whole plane."""
    points: float = 0.018
    """Standard deviation of a smooth displacement along each stroke: control points moved."""
    pieces: float = 0.04
    """Standard deviation of each stroke's place, where there are several."""
    ends: float = 0.07
    """A stroke's ends are cut off, or drawn further, by at most so much of its length."""
    hook: float = 0.06
    """The chance of a hook at a stroke's start or end."""
    join: float = 0.1
    """The chance that the pen is not lifted between two strokes that are close."""
    split: float = 0.06
    """The chance of a gap in a stroke."""
    extra: float = 0.12
    """The chance of a bar through a plain 7, a foot under a 1, or, half as often, a slash
    through a 0."""
    mix: float = 0.4
    """The chance that two writers' digits of one style are mixed: their halves, or all along."""


class StrokeGenerator:
    """Draws digits anew, in others' styles and with others' pens, the rare styles more often."""

    def __init__(
        self, digits: Sequence[WrittenDigit], augmentation: StrokeAugmentation | None = None
    ) -> None:
        self.augmentation = augmentation or StrokeAugmentation()
        self.labels = np.array([digit.label for digit in digits], np.uint8)
        self._digits = digits
        self._paths = [resampled(digit.strokes) for digit in digits]

    @cached_property
    def styles(self) -> list[Style]:
        """They are found when they are first asked for: that takes its time."""
        return find_styles(self._digits)

    @cached_property
    def _style_of(self) -> dict[int, Style]:
        return {place: style for style in self.styles for place in style.members}

    def draw(
        self, count: int, seed: int | Sequence[int]
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """`count` pictures (N, 56, 56), ink bright, and their labels."""
        rng = np.random.default_rng(seed)
        # Labels and styles are drawn as often as their shares say, with no luck in it.
        edges = np.cumsum(shares(self.styles, len(self.labels)))
        chosen = np.searchsorted(edges / edges[-1], (np.arange(count) + rng.random()) / count)
        rng.shuffle(chosen)
        pictures = [
            draw_with(Pen.random(rng), self.bent(place, rng), rng, size=rng.uniform(0.55, 0.85))
            for place in chosen
        ]
        return np.stack(pictures), self.labels[chosen]

    def bent(self, place: int, rng: np.random.Generator) -> list[Stroke]:
        """The digit at `place`, written another way."""
        a = self.augmentation
        paths = self._mixed(place, rng) if rng.random() < a.mix else self._paths[place]
        label = int(self.labels[place])
        strokes = [_other_ends(path, a, rng) for path in _moved(paths, a, rng)]
        strokes = _joined(strokes, a, rng)
        strokes = [piece for stroke in strokes for piece in _split(stroke, a, rng)]
        if rng.random() < a.extra:
            strokes += _extra(label, len(paths), strokes, rng)
        return _transformed(strokes, a, rng)

    def _mixed(self, place: int, rng: np.random.Generator) -> Paths:
        other = self._paths[rng.choice(self._style_of[place].members)]
        share = np.full((POINTS, 1), rng.uniform(0, 1))
        if rng.random() < 0.5:  # the first half of one, the second half of the other
            along = np.linspace(0, 1, POINTS)[:, None]
            share = 1 / (1 + np.exp((share - along) * 12))
        mixed: Paths = self._paths[place] * (1 - share) + other * share
        return mixed


def _moved(paths: Paths, a: StrokeAugmentation, rng: np.random.Generator) -> Paths:
    """Control points are moved: a few sines along each stroke, and each stroke as a whole."""
    along = np.linspace(0, 1, POINTS)
    waves = np.sin(np.pi * (np.arange(1, 4)[:, None] * along + rng.random((3, 1))))  # (3, 32)
    amounts = rng.normal(0, a.points, (len(paths), 2, 3))
    paths = paths + (amounts @ waves).transpose(0, 2, 1)
    if len(paths) > 1:
        paths = paths + rng.normal(0, a.pieces, (len(paths), 1, 2))
    return paths


def _other_ends(path: Stroke, a: StrokeAugmentation, rng: np.random.Generator) -> Stroke:
    """The ends cut off or drawn further, and perhaps with a hook."""
    longest = int(a.ends * POINTS)
    for _ in range(2):
        cut = int(rng.integers(-longest, longest + 1))
        if cut > 0:
            path = path[cut:]
        elif cut < 0:
            path = np.concatenate([path[0] + (path[0] - path[2]) / 2 * [[-cut]], path])
        if rng.random() < a.hook:
            path = np.concatenate([_hook(path[0], path[0] - path[4], rng), path])
        path = path[::-1]
    return path


def _hook(end: Stroke, direction: Stroke, rng: np.random.Generator) -> Stroke:
    """Two points (2, 2) that lead into the end of a stroke from aside."""
    angle = math.atan2(direction[1], direction[0]) + rng.uniform(0.6, 2.4) * rng.choice([-1, 1])
    length = rng.uniform(0.04, 0.12)
    step = length * np.array([math.cos(angle), math.sin(angle)])
    return np.stack([end + step, end + step * 0.5])


def _joined(strokes: list[Stroke], a: StrokeAugmentation, rng: np.random.Generator) -> list[Stroke]:
    together = strokes[:1]
    for stroke in strokes[1:]:
        if np.abs(stroke[0] - together[-1][-1]).max() < 0.3 and rng.random() < a.join:
            together[-1] = np.concatenate([together[-1], stroke])
        else:
            together.append(stroke)
    return together


def _split(stroke: Stroke, a: StrokeAugmentation, rng: np.random.Generator) -> list[Stroke]:
    """The stroke in two with a gap of a few points, or whole."""
    if len(stroke) < POINTS // 2 or rng.random() >= a.split:
        return [stroke]
    gap = int(rng.integers(1, 4))
    start = int(rng.integers(4, len(stroke) - 4 - gap))
    return [stroke[:start], stroke[start + gap :]]


def _extra(
    label: int, written: int, strokes: list[Stroke], rng: np.random.Generator
) -> list[Stroke]:
    """What some writers add to a digit of so many strokes, and others do not."""
    points = np.concatenate(strokes)
    (left, top), (right, bottom) = points.min(0), points.max(0)
    half = np.array([rng.uniform(0.1, 0.25), rng.uniform(-0.08, 0.08)])
    if label == 7 and written == 1:
        middle = points[np.argmin(abs(points[:, 1] - (top + bottom) / 2 - rng.uniform(-0.1, 0.1)))]
        return [np.stack([middle - half, middle + half])]
    if label == 1 and written == 1:
        foot = points[points[:, 1].argmax()]
        return [np.stack([foot - half, foot + half])]
    if label == 0 and rng.random() < 0.5:
        beyond = rng.uniform(-0.1, 0.15)
        return [np.array([[right + beyond, top - beyond], [left - beyond, bottom + beyond]])]
    return []


def _transformed(
    strokes: list[Stroke], a: StrokeAugmentation, rng: np.random.Generator
) -> list[Stroke]:
    """The whole digit turned, slanted, stretched and curved."""
    angle = math.radians(a.rotation) * rng.uniform(-1, 1)
    cos, sin = math.cos(angle), math.sin(angle)
    stretch = (1 + a.aspect) ** rng.uniform(-0.5, 0.5)
    matrix = np.array([[cos, -sin], [sin, cos]]) @ np.array(
        [[stretch, a.slant * rng.uniform(-1, 1)], [0, 1 / stretch]]
    )
    waves = rng.normal(0, a.curvature, (2, 4))
    frequency, phase = rng.uniform(2, 6, (4, 2)), rng.uniform(0, 2 * np.pi, 4)
    bent = []
    for stroke in strokes:
        curved = stroke + np.sin(stroke @ frequency.T + phase) @ waves.T
        bent.append(curved @ matrix.T)
    return bent
