"""Forms of digits that people of many countries write, drawn from a few knots each.

MNIST's clerks are American and the pen strokes come from one laboratory. Elsewhere a 9 is a loop
upon a stem in its middle, a 5 a tick with a flag, a 1 a tent, a 4 an h, and zeros have tails.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from inkdigits.synthesis.glyphs import Glyph, Rng, glyph_of_strokes, smooth

FORMS: Mapping[str, Sequence[str]] = {
    "0": (
        ".35,.02 .1,.12 0,.5 .12,.9 .3,1 .52,.88 .6,.5 .5,.12 .3,0 .25,.1",  # closed
        ".3,.05 .05,.15 0,.5 .12,.9 .3,1 .5,.9 .6,.5 .5,.1 .3,.05 .35,.2 .6,.2 .85,.05",  # a tail
        ".15,.02 0,.4 .05,.85 .3,1 .52,.85 .58,.45 .48,.15 .3,.1",  # open at the top
        ".4,.1 .1,.1 0,.5 .1,.9 .45,1 .8,.9 .9,.5 .8,.1 .4,.0 .3,.15 .55,.25 1.1,.1",  # round
        ".35,0 .1,.1 0,.5 .12,.9 .3,1 .5,.9 .6,.5 .5,.1 .3,0 | .65,.1 0,.95",  # slashed
        ".6,.1 .3,0 .05,.2 0,.6 .2,1 .5,.9 .6,.5 .5,.05 .4,-.1",  # its ends cross
    ),
    "1": (
        ".1,0 .1,0 .05,.5 0,1",
        "0,.3 .28,0 .28,0 .28,1",  # a flag
        "0,.75 .4,0 .4,0 .38,1",  # a tent
        "0,.3 .25,0 .25,0 .25,1 .25,1 | 0,1 .5,.99",  # a foot
        "0,.15 .15,.16 .28,0 .28,0 .25,1",
        ".1,0 .08,.85 .12,1 .3,.93",
        "0,.45 .3,.0 .3,.0 .24,1 .24,1 .6,.97",
        ".25,.08 .18,.0 .12,.1 .0,1",
    ),
    "2": (
        ".15,.35 .02,.2 .2,0 .5,.05 .55,.3 .35,.65 0,1 0,1 .65,.97",
        "0,.25 .15,.02 .45,0 .55,.25 .35,.6 .1,.93 0,.95 .05,.8 .2,.82 .4,.97 .65,.92",  # a loop
        ".3,.4 .08,.35 .1,.08 .4,0 .6,.2 .5,.5 .2,.85 0,1 0,1 .25,.9 .65,1",  # curled up
        ".35,.3 .2,.42 .02,.3 .1,.05 .4,0 .55,.2 .4,.6 .1,.95 .1,.95 .6,1",
        "0,.05 .5,.03 .5,.03 0,1 0,1 .6,1",  # Z
        "0,.2 .2,0 .5,.1 .45,.4 .15,.85 0,.97 .15,.87 .35,1 .65,.9",
        "0,.2 .2,0 .45,.1 .45,.35 .1,.95 .1,.95 .3,.85 .6,1.05 .75,.95",
    ),
    "3": (
        "0,.1 .25,0 .5,.15 .4,.4 .2,.47 .2,.47 .5,.6 .55,.8 .3,1 0,.9",
        "0,0 .5,0 .5,0 .2,.4 .2,.4 .5,.55 .5,.85 .25,1 0,.9",  # flat
        "0,.15 .25,0 .5,.15 .35,.42 .15,.52 .25,.4 .5,.6 .5,.85 .2,1 0,.85",  # looped
        "0,.1 .3,0 .5,.15 .3,.4 .3,.4 .5,.55 .4,.85 .1,1.1 -.15,1.15",  # long
        "0,.1 .3,-.05 .45,.12 .15,.4 .15,.4 .45,.42 .5,.75 .25,1 -.05,.85 .05,.7",
    ),
    "4": (
        ".15,0 0,.58 0,.58 .55,.55 | .45,.25 .42,1",
        ".4,0 0,.65 0,.65 .6,.65 | .4,0 .4,1",  # closed
        ".1,0 .05,.45 .15,.6 .5,.5 .45,.2 .45,.2 .4,1",
        ".3,0 0,.62 0,.62 .3,.45 .4,.55 .3,1",  # h
        "0,0 0,.4 .2,.55 .5,.4 .55,0 .55,0 .5,1",  # u
        ".3,0 0,.6 0,.6 .8,.6 | .5,.4 .45,1",
        ".25,0 .02,.5 .02,.5 .45,.55 .45,.55 .6,.2 .6,.2 .45,1",
        ".2,.0 .0,.6 .0,.6 .5,.5 .7,.4 | .5,.1 .3,1.05",
    ),
    "5": (
        "0,.65 .12,1 .2,.95 .3,.05 .3,.05 .75,0",  # a tick
        ".5,.03 .15,.05 .15,.05 .1,.42 .1,.42 .42,.42 .5,.75 .28,1 0,.92",
        ".12,.05 .08,.42 .08,.42 .4,.42 .5,.72 .3,1 0,.95 | .12,.05 .6,0",
        ".55,.05 .2,0 .1,.2 .18,.42 .45,.52 .5,.8 .3,1 0,.93",  # S
        ".2,.15 .12,.45 .12,.45 .45,.47 .42,.8 .2,1 0,.9 | .3,.08 .8,-.05",  # a flag aside
        ".0,.85 .1,1 .3,.9 .3,.55 .2,.4 .2,.4 .35,.0 .35,.0 .7,.03",
        ".1,.8 .2,1 .3,.8 .25,.5 .35,.05 .35,.05 .85,-.02",
    ),
    "6": (
        ".1,0 0,.6 .05,.95 .35,1 .5,.75 .35,.55 .05,.7",
        ".5,.05 .15,.2 0,.6 .1,.95 .4,1 .5,.75 .3,.55 .05,.75",
        ".35,0 .02,.7 .1,.97 .35,.95 .42,.7 .25,.58 .05,.75",
        ".4,0 .1,.35 0,.7 .1,1 .4,.95 .45,.65 .25,.55 .1,.75 .3,.8 .6,.7",  # goes on
        ".2,0 0,.7 .15,1 .5,.95 .6,.7 .4,.6 .2,.75 .15,.9",
    ),
    "7": (
        "0,0 .6,0 .6,0 .2,1 | .1,.5 .6,.48",
        "0,.15 .05,0 .55,.03 .55,.03 .25,1 | .1,.5 .6,.45",
        "0,.08 .3,.03 .35,.08 .3,1 | 0,.5 .65,.47",  # t
        "0,.1 .2,0 .4,.1 .6,.02 .6,.02 .25,1 | .15,.55 .55,.45",
        "0,.2 0,0 0,0 .55,0 .55,0 .3,.4 .2,1",
        "0,.05 .55,0 .55,0 .3,.5 .1,1.1",
        "0,.15 .15,.02 .3,.1 .5,0 .45,.2 .2,1 | .0,.55 .6,.4",
        ".1,.0 .5,.02 .5,.02 .4,1 | .15,.6 .7,.55",
    ),
    "8": (
        ".5,.1 .25,0 .05,.2 .25,.45 .5,.7 .3,1 .05,.8 .25,.5 .5,.2 .45,.05",
        ".5,0 .2,.5 .05,.8 .25,1 .45,.8 .3,.5 .05,.2 .2,0 .42,.1",
        ".25,.02 .05,.2 .25,.45 .45,.2 .25,.02 | .25,.45 0,.72 .25,1 .5,.72 .25,.45",
        ".55,.15 .4,.0 .1,.05 .1,.3 .45,.55 .5,.85 .25,1 .05,.85 .2,.6 .45,.4",  # open
        ".3,.5 .1,.3 .2,.02 .45,.1 .4,.35 .1,.65 .15,.95 .4,1 .5,.75 .3,.5",
        ".45,.35 .5,.1 .2,0 .05,.2 .4,.6 .4,.9 .2,1 .05,.8 .45,.35",
    ),
    "9": (
        ".5,.12 .3,0 .05,.1 .05,.4 .3,.5 .48,.3 .5,.1 .5,.1 .5,.6 .45,1",
        ".2,.55 .45,.42 .52,.18 .3,0 .08,.1 .05,.35 .2,.5 .22,.6 .15,1",  # a stem in the middle
        ".25,.5 .1,.38 .05,.15 .25,0 .5,.1 .52,.35 .3,.5 .2,.6 .18,1",
        "0,.45 .05,.15 .3,0 .5,.15 .4,.42 .15,.5 .15,.5 .12,1",  # P
        "0,.4 .35,.3 .45,.12 .3,0 .1,.15 .05,.55 .2,.95 .5,.9",  # e
        ".5,.1 .2,0 .02,.25 .2,.48 .45,.35 .5,.1 .5,.1 .5,.75 .3,1 .02,.92",  # hooked
        ".45,.3 .25,.45 .05,.3 .2,.02 .45,.1 .35,.5 .2,.75 .1,1.1",
        ".48,.08 .25,0 .05,.2 .2,.42 .45,.3 .48,.08 .48,.08 .45,1.3 .4,1.45",  # long
        ".3,.45 .1,.35 .1,.1 .35,0 .5,.2 .3,.45 .25,.75 .4,.95 .2,1.05 .1,.95",
    ),
}
"""Knots of polylines, x and y; y points down, and most digits are 1 high. A knot that stands twice
is a corner."""
WAYS = 6
"""Each form is written in at most so many ways by one hand; they are kept."""


class FormsHand:
    """Of somebody who always writes a digit in the same form, if not quite alike."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng([seed, len(FORMS)])
        self._knots = {
            sign: [
                stroke + rng.normal(0, 0.035, stroke.shape) * _apart(stroke)
                for stroke in strokes_of(str(rng.choice(forms)))
            ]
            for sign, forms in FORMS.items()
        }
        self._kept: dict[tuple[str, int], Glyph] = {}

    def glyph(self, sign: str, rng: Rng) -> Glyph:
        way = int(rng.integers(WAYS))
        if (sign, way) not in self._kept:
            own = np.random.default_rng([way, int(sign)])
            strokes = [
                curve(stroke + own.normal(0, 0.02, stroke.shape) * _apart(stroke))
                + own.normal(0, 0.015, 2)
                for stroke in self._knots[sign]
            ]
            self._kept[sign, way] = glyph_of_strokes(strokes)
        return self._kept[sign, way]


def strokes_of(form: str) -> list[NDArray[np.float64]]:
    """The knots (n, 2) of each stroke of a form."""
    return [
        np.array([[float(at) for at in knot.split(",")] for knot in stroke.split()])
        for stroke in form.split("|")
    ]


def _apart(knots: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 1): 0 for the second of two equal knots and the first, so that a corner stays one."""
    same = (knots[1:] == knots[:-1]).all(1)
    held = np.append(same, False) | np.insert(same, 0, False)
    return np.where(held, 0.0, 1.0)[:, None]


def curve(knots: NDArray[np.float64]) -> NDArray[np.float64]:
    """The line (m, 2) along knots (n, 2): smooth but where a knot stands twice, and at its ends."""
    return smooth(np.pad(knots, ((1, 1), (0, 0)), "edge"))
