"""A network that cannot err: it knows upright bars of ink, whose darkness says what they are.

Bars are at least 4 pixels wide and high at the scale they are seen at, and apart from each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto

from inkdigits.modelfile.graph import Graph, Value
from inkdigits.modelfile.page_graph import MAPS
from inkdigits.reading import Box

KINDS = 20
PAPER = 255


@dataclass(frozen=True)
class Bar:
    """A piece of writing."""

    box: Box
    kind: int = 1


def drawn(shape: tuple[int, int], bars: Sequence[Bar], *, dark: bool = False) -> NDArray[np.uint8]:
    """A picture of bars on white paper, or light ones on a black board."""
    picture = np.full(shape, PAPER, np.uint8)
    for bar in bars:
        x0, y0, x1, y1 = bar.box
        picture[y0:y1, x0:x1] = PAPER - round(PAPER * (0.5 + bar.kind / 40))
    return PAPER - picture if dark else picture


def normaliser() -> onnx.ModelProto:
    """`seen` is 0 for what is like the picture's first pixel, and 1 for black on white."""
    g = Graph("normaliser")
    levels = g.input("levels")
    first = g.Slice(levels, g.integers(0, 0), g.integers(1, 1), g.integers(1, 2))
    g.Unsqueeze(g.Abs(levels - first) / float(PAPER), g.integers(1), name="seen")
    return g.model(
        inputs={"levels": (TensorProto.FLOAT, [1, "H", "W"])},
        outputs={"seen": (TensorProto.FLOAT, [1, 1, "H", "W"])},
    )


def network(
    *,
    peaks: Sequence[float] = (0.0,),
    height: float = 5.0,
    fussy: float = 0.0,
    larger: float = 1.0,
) -> onnx.ModelProto:
    """Its peaks are `height` (a logit) and so many pixels to the left of the bars' middles.

    They are `fussy` lower for digits that are e times as high, or low, as 30 pixels;
    boxes are so many times `larger` than bars.
    """
    g = Graph("network")
    seen = g.input("seen")
    is_ink = seen > 0.25
    ink = g.Cast(is_ink, to=TensorProto.FLOAT)
    x = g.CumSum(g.Expand(g.constant(1.0), g.Shape(seen)), g.integers(3)) - 0.5
    y = g.CumSum(g.Expand(g.constant(1.0), g.Shape(seen)), g.integers(2)) - 0.5
    # The nearest paper on each side of each pixel.
    x0 = _nearest(g, g.Where(is_ink, g.constant(-1e9), x), axis=1, before=True) + 0.5
    y0 = _nearest(g, g.Where(is_ink, g.constant(-1e9), y), axis=0, before=True) + 0.5
    x1 = g.Neg(_nearest(g, g.Where(is_ink, g.constant(-1e9), g.Neg(x)), axis=1, before=False)) - 0.5
    y1 = g.Neg(_nearest(g, g.Where(is_ink, g.constant(-1e9), g.Neg(y)), axis=0, before=False)) - 0.5
    # A bar that touches the edge ends there.
    x0, y0 = g.Max(x0, g.constant(0.0)), g.Max(y0, g.constant(0.0))
    x1, y1 = (g.Min(end, g.ReduceMax(along, keepdims=1) + 0.5) for end, along in ((x1, x), (y1, y)))
    to_right, down = (x0 + x1) * 0.5 - x, (y0 + y1) * 0.5 - y

    def near(aside: float) -> Value:
        right = to_right + aside
        return (right * right + down * down) * -0.4 + height

    nearest = near(peaks[0])
    for aside in peaks[1:]:
        nearest = g.Max(nearest, near(aside))
    is_digit = g.Cast(seen < 0.5 + 9.5 / 40, to=TensorProto.FLOAT)
    tall = g.Max(y1 - y0, g.constant(1.0))
    nearest = nearest - g.Abs(g.Log(tall / 30.0)) * is_digit * fussy
    peak = g.Where(is_ink, nearest, g.constant(-9.0))
    _every(g, peak, 2, "peak")
    _every(g, ink * 18.0 - 9.0, 2, "ink")
    _every(g, g.Concat(to_right, down, axis=1) / 32.0 * ink, 2, "owner")
    sizes = g.Concat(g.Max(x1 - x0, g.constant(1.0)), tall, axis=1)
    aside = g.Concat(to_right, down, axis=1) / 8.0
    _every(g, g.Concat(aside, g.Log(sizes * (larger / 32.0)), axis=1), 4, "box")
    which = g.constant(np.arange(KINDS, dtype=np.float32).reshape(1, -1, 1, 1))
    _every(g, g.Abs((seen - 0.5) * 40.0 - which) * -20.0, 4, "kind")
    return g.model(
        inputs={"seen": (TensorProto.FLOAT, [1, 1, "H", "W"])},
        outputs={name: (TensorProto.FLOAT, [1, None, "h", "w"]) for name in MAPS},
    )


def _nearest(g: Graph, places: Value, *, axis: int, before: bool) -> Value:
    """The highest of all places up to each one along an axis, or from it on."""
    for reach in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512):
        pads, kernel, dilations = [0] * 8, [1, 1], [1, 1]
        pads[2 + axis + (0 if before else 4)] = reach
        kernel[axis], dilations[axis] = 2, reach
        padded = g.Pad(places, g.integers(*pads), g.constant(-1e9))
        places = g.MaxPool(padded, kernel_shape=kernel, dilations=dilations)
    return places


def _every(g: Graph, values: Value, step: int, name: str) -> None:
    """Of each block of `step` x `step` pixels the one in the middle."""
    start, steps = g.integers(step // 2, step // 2), g.integers(step, step)
    g.Slice(values, start, g.integers(2**31, 2**31), g.integers(2, 3), steps, name=name)
