"""How somebody happens to write: a pen, a slant, distances, each from its range."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from inkdigits.synthesis.glyphs import Manner, Rng
from inkdigits.synthesis.handwriting import Spacing


def some_manner(height: float, rng: Rng) -> Manner:
    """A pen of 1.5 to 40 % of the digits' height, as somebody holds it."""
    width = np.exp(rng.normal(np.log(0.09), 0.45))
    if rng.random() < 0.25:
        width = np.exp(rng.uniform(np.log(0.015), np.log(0.3)))
    width = float(np.clip(width, 0.015, 0.4))
    return Manner(
        pen=max(height * width, 0.5),
        slant=float(rng.normal(0.13, 0.24)),
        turn=float(rng.normal(0, 0.04)),
        aspect=float(np.exp(rng.normal(-0.05, 0.2))),
        bend=float(rng.uniform(0.01, 0.09)),
        pressure=float(max(rng.normal(0.1, 0.25), 0)),
        shift=float(height * rng.normal(0, 0.012)),
        soft=float(rng.choice([1.0, 0.01], p=[0.85, 0.15])),
        worn=float(rng.uniform(0.1, 0.6)) if rng.random() < 0.1 else 0.0,
    )


def of_a_font(manner: Manner, rng: Rng) -> Manner:
    """The same, bent further, so that no font is learned by heart."""
    bend, slant = float(rng.uniform(0.04, 0.12)), float(rng.normal(0, 0.15))
    return replace(manner, bend=bend, slant=slant, worn=min(manner.worn, 0.4))


def some_spacing(rng: Rng) -> Spacing:
    """Touching or joined numbers as often as ordinary ones, some wide, some uneven."""
    kind = rng.random()
    joined = 0.0
    if kind < 0.3:  # touching
        gap, spread = rng.uniform(-0.08, 0.03), 0.04
    elif kind < 0.45:
        gap, spread, joined = rng.uniform(-0.03, 0.3), 0.06, rng.uniform(0.3, 1)
    elif kind < 0.8:
        gap, spread = rng.uniform(0.05, 0.4), 0.06
    else:
        gap, spread = rng.uniform(0.4, 1.4), 0.15
    return Spacing(
        gap=float(gap),
        spread=spread,
        space=float(rng.uniform(0.5, 1.6)),
        uneven=float(rng.choice([0.05, 0.1, 0.25], p=[0.5, 0.35, 0.15])),
        wobble=float(rng.choice([0.02, 0.06, 0.15], p=[0.5, 0.35, 0.15])),
        small_zeros=float(rng.uniform(0.4, 0.9)) if rng.random() < 0.3 else 1.0,
        first=float(rng.uniform(1.1, 1.7)) if rng.random() < 0.15 else 1.0,
        last=float(rng.uniform(1.1, 1.8)) if rng.random() < 0.1 else 1.0,
        joined=float(joined),
    )
