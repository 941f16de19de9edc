"""What a quick pen adds to a digit: strokes begin earlier, end later, and corners become loops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inkdigits.synthesis.glyphs import Rng

Knots = NDArray[np.float64]
"""(n, 2): of a stroke, y pointing down, in a digit's heights. One that stands twice is a corner."""


@dataclass(frozen=True)
class Flourishes:
    """Somebody's habit; lengths are shares of a digit's height, turns are radians."""

    before: float = 0.0
    """So much earlier the first stroke begins ..."""
    before_turn: float = 0.0
    """... at this angle to where it goes."""
    after: float = 0.0
    """So much later the last stroke ends ..."""
    after_turn: float = 0.0
    loop: float = 0.0
    """The radius of the loop that a corner is."""

    def added_to(self, strokes: list[Knots]) -> list[Knots]:
        """The strokes with what is added."""
        strokes = [_with_loops(stroke, self.loop) for stroke in strokes] if self.loop else strokes
        if self.before:
            first = _longer(strokes[0][::-1], self.before, self.before_turn)[::-1]
            strokes = [first, *strokes[1:]]
        if self.after:
            strokes = [*strokes[:-1], _longer(strokes[-1], self.after, self.after_turn)]
        return strokes


def some_flourishes(rng: Rng) -> Flourishes:
    """A third of all digits begin earlier, a fifth end later, a quarter have loops as corners.

    The end is short: a 7 that went on would be a 2.
    """
    return Flourishes(
        before=float(rng.uniform(0.08, 0.35) * (rng.random() < 0.35)),
        before_turn=float(np.clip(rng.normal(0, 0.8), -1.4, 1.4)),
        after=float(rng.uniform(0.05, 0.18) * (rng.random() < 0.2)),
        after_turn=float(np.clip(rng.normal(0, 0.8), -1.4, 1.4)),
        loop=float(rng.uniform(0.04, 0.14) * (rng.random() < 0.25)),
    )


def _longer(stroke: Knots, length: float, turn: float) -> Knots:
    """The stroke, going on from its last knot."""
    cos, sin = np.cos(turn), np.sin(turn)
    ahead = np.array([[cos, -sin], [sin, cos]]) @ _direction(stroke[-2], stroke[-1])
    return np.vstack([stroke, stroke[-1] + length * ahead])


def _with_loops(stroke: Knots, radius: float) -> Knots:
    """The stroke, going round outside of each corner."""
    knots = [stroke[0]]
    for at in range(1, len(stroke)):
        here = stroke[at]
        is_corner = (here == stroke[at - 1]).all() and 1 < at < len(stroke) - 1
        if is_corner:
            into, out = _direction(stroke[at - 2], here), _direction(here, stroke[at + 1])
            outside = _direction(out, into)
            knots += [here + radius * side for side in (into, 1.4 * outside, -out)]
        knots.append(here)
    return np.array(knots)


def _direction(start: Knots, end: Knots) -> Knots:
    """(2,): of length 1."""
    way: Knots = (end - start) / max(float(np.hypot(*(end - start))), 1e-6)
    return way
