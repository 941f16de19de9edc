"""The normaliser: a picture of one digit -> 28x28 the way MNIST was made.

MNIST's makers scaled each digit's box to 20 pixels keeping its aspect ratio, averaged areas, and
put the centre of mass in the middle of 28x28 (LeCun, Cortes, Burges: "The MNIST database of
handwritten digits"; LeCun et al. 1998, "Gradient-based learning applied to document recognition",
section III.A). A network trained on MNIST reads only what was treated the same way, so these
steps are part of every model file, and this is the only place where they are written.

`normalizer()` is an ONNX model of standard operators:

    picture  uint8 (N, H, W)       one digit each, dark on light or light on dark
    seen     float32 (N, 28, 28)   ink in 0..1, what the network reads
    box      int32 (N, 4)          x0, y0, x1, y1 of the ink, in pixels of the picture
    has_ink  bool (N,)             false: nothing is written there

It works for the whole batch at once. Shapes in the comments below use N pictures of H x W; what
is known of each row of a picture is (N, H), of each column (N, W), of a whole picture (N, 1).
Places are in pixels: the middle of the first pixel is 0.5.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import TensorProto

from inkdigits.cores import cores
from inkdigits.modelfile.graph import Graph, Value
from inkdigits.picture import stack_of
from inkdigits.recognition.session import open_session

SIDE = 28
"""Width and height of `seen`."""
INK_SIDE = 20
"""The longer side of the ink's box in `seen`."""

LINE_FILLED = 0.9
"""A line of a frame: this share of its pixels is on the frame's side of the threshold."""
FRAME_THICKNESS = 0.08
"""A frame is at most this share of the picture's side thick."""
CORNER_POWER = 4.0
"""How much more the corners count than the middle when paper is told from ink."""
SAMPLES = 48
"""The paper's level is looked for among 48 x 48 pixels."""
FAINTEST = 8.0
"""Ink that differs less from the paper, in grey levels of 0..255, is not ink."""
GRAIN_FACTOR = 4.0
"""Nor is ink that differs less than this many times the paper's own grain."""
LEAST_CUT, MOST_CUT = 0.12, 0.35
"""What is below this share of the ink's level, more on grainy paper, becomes 0."""
INK_RANGE = 0.8
"""So much of the ink's level further up it becomes 1: paper loses its grain, strokes are even."""
MASK_LEVEL = 0.4
"""What is darker than this, with ink in 0..1, counts for the box."""
CELLS = 48
"""Dust is looked for on a grid of 48 x 48 cells laid over all that is not paper."""
DUST_MASS = 0.04
"""Dust is isolated and holds at most this share of what is not paper."""
GRAIN_SHARE = 0.15
"""A cell with less than this share of what the fullest has holds only grain."""
EMPTY = 0.01
"""A cell, or a ring of cells, with less in it is empty."""

FLOAT = TensorProto.FLOAT


@cache  # it is asked for several times in a training, and takes its time to be written
def normalizer() -> onnx.ModelProto:
    """The normaliser as an ONNX model, not to be changed; see the module's description."""
    g = Graph("normalizer")
    picture = g.input("picture")
    height, width = _length(g, picture, 1), _length(g, picture, 2)
    grey = g.Cast(picture, to=FLOAT)

    low = g.Cast(g.ReduceMin(picture, g.integers(1, 2)), to=FLOAT)  # (N, 1, 1)
    high = g.Cast(g.ReduceMax(picture, g.integers(1, 2)), to=FLOAT)
    dark = g.Cast(grey < (low + high) * 0.5, to=FLOAT)  # (N, H, W)

    rows, columns = _without_frame(g, dark, height, width)
    paper = _paper_level(g, grey, dark, high - low, rows, columns)
    ink, has_ink = _ink(g, grey - paper, rows, columns)
    mask = g.Cast(ink > MASK_LEVEL, to=FLOAT)

    rows, columns = _without_dust(g, mask, rows, columns)
    box_rows = _span_of(g, (_row_sums(g, mask, columns) * rows.inside()) > 0.5, height)
    box_columns = _span_of(g, (_column_sums(g, mask, rows) * columns.inside()) > 0.5, width)

    step = g.Max(box_rows.size() / INK_SIDE, box_columns.size() / INK_SIDE)  # (N, 1)
    row_sums, column_sums = _row_sums(g, ink, columns), _column_sums(g, ink, rows)
    row_middles = _centred(g, row_sums, rows, box_rows, step)
    column_middles = _centred(g, column_sums, columns, box_columns, step)
    row_weights = _resampling(g, row_middles, step, rows)
    column_weights = _resampling(g, column_middles, step, columns)
    seen = row_weights @ ink @ g.Transpose(column_weights, perm=[0, 2, 1])
    g.Clip(seen, g.constant(0.0), g.constant(1.0), name="seen")  # sums are off by a rounding

    edges = [box_columns.start, box_rows.start, box_columns.stop, box_rows.stop]
    g.Cast(g.Concat(*edges, axis=1), to=TensorProto.INT32, name="box")
    g.Squeeze(has_ink, g.integers(1, 2), name="has_ink")

    return g.model(
        inputs={"picture": (TensorProto.UINT8, ["N", "H", "W"])},
        outputs={
            "seen": (FLOAT, ["N", SIDE, SIDE]),
            "box": (TensorProto.INT32, ["N", 4]),
            "has_ink": (TensorProto.BOOL, ["N"]),
        },
    )


class Normalizer:
    """Runs the normaliser alone: networks are trained on what it gives out."""

    def __init__(self, threads: int | None = None) -> None:
        """`threads` at work on batches of their own: one for each core if left out."""
        self._pool = ThreadPoolExecutor(threads or cores())
        self._session = _session()

    def __call__(self, pictures: ArrayLike, batch_size: int = 128) -> NDArray[np.float32]:
        """What the network sees, (N, 28, 28) in 0..1, of `pictures` as `Reader.predict` takes."""
        pictures = stack_of(pictures)
        starts = range(0, len(pictures), batch_size)
        batches = [pictures[start : start + batch_size] for start in starts]
        seen = list(self._pool.map(self._seen, batches))
        return np.concatenate(seen) if seen else np.empty((0, SIDE, SIDE), np.float32)

    def _seen(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        [seen] = self._session.run(["seen"], {"picture": batch})
        return cast(NDArray[np.float32], seen)


@cache
def _session() -> Any:
    """Its operations are too small to share: a batch to each thread takes half the time."""
    return open_session("the normaliser", normalizer().SerializeToString(), threads=1)


@dataclass(frozen=True)
class Span:
    """A stretch of a picture's rows or columns: `start` to `stop` (N, 1) of the `length` (1,)."""

    start: Value
    stop: Value
    length: Value

    def size(self) -> Value:
        return self.stop - self.start

    def inside(self) -> Value:
        """1 for each row (or column) whose middle lies inside, else 0: (N, H) or (N, W)."""
        g = self.start.graph
        places = _places(g, self.length)
        return g.Cast((places > self.start) & (places < self.stop), to=FLOAT)


def _without_frame(g: Graph, dark: Value, height: Value, width: Value) -> tuple[Span, Span]:
    """The rows and columns inside a thin frame around the picture; all of them if it has none.

    A frame is a ring of lines, on all four sides of the picture, on one side of the threshold.
    Just inside it, again on all four sides, and on the whole most of the picture is on the other
    side: otherwise the ring is paper and what it surrounds is ink.
    """
    row_share = _row_sums(g, dark, _whole(width)) / width  # (N, H)
    column_share = _column_sums(g, dark, _whole(height)) / height  # (N, W)
    ends = [
        g.Gather(share, g.integers(end), axis=1)
        for share in (row_share, column_share)
        for end in (0, -1)
    ]
    light_edge = g.Cast(g.Mean(*ends) < 0.5, to=FLOAT)  # (N, 1)
    row_share = g.Abs(row_share - light_edge)  # from here on: the share that is like the edge
    column_share = g.Abs(column_share - light_edge)

    rows = _span_of(g, row_share < LINE_FILLED, height)
    columns = _span_of(g, column_share < LINE_FILLED, width)
    framed = g.Cast(_is_framed(g, row_share, rows) & _is_framed(g, column_share, columns), to=FLOAT)

    def inner(span: Span) -> Span:
        after = span.length - span.stop
        return Span(span.start * framed, span.length - after * framed, span.length)

    return inner(rows), inner(columns)


def _is_framed(g: Graph, share: Value, inner: Span) -> Value:
    """Whether `inner` looks like the inside of a frame along one axis: (N, 1)."""
    before, after = inner.start, inner.length - inner.stop
    thin = g.Max(before, after) < inner.length * FRAME_THICKNESS
    next_to_it = [
        g.GatherElements(share, g.Cast(line, to=TensorProto.INT64), axis=1)
        for line in (inner.start, inner.stop - 1.0)
    ]
    on_average = g.ReduceSum(share * inner.inside(), g.integers(1)) / inner.size()
    return (g.Min(before, after) > 0.5) & thin & (g.Max(*next_to_it) < 0.5) & (on_average < 0.5)


def _paper_level(
    g: Graph, grey: Value, dark: Value, contrast: Value, rows: Span, columns: Span
) -> Value:
    """The paper's grey level (N, 1, 1).

    Paper is the side of the threshold that has more of the picture, where the corners count
    most: a bold 1 in a tight crop fills most of it, but not its corners. Its level is the mode of
    that side, found by averaging what is near the average, ever nearer (mean shift).
    """
    row_weights, column_weights = _towards_ends(g, rows), _towards_ends(g, columns)
    dark_share = (g.Unsqueeze(row_weights, g.integers(1)) @ dark) @ g.Unsqueeze(
        column_weights, g.integers(2)
    )  # (N, 1, 1)
    dark_paper = g.Cast(dark_share > 0.5, to=FLOAT)

    levels, side, weights = grey, dark, g.constant(1.0)
    for axis, span in ((1, rows), (2, columns)):
        places = g.Floor((_range(g, SAMPLES) + 0.5) * span.length / SAMPLES)
        index = g.Cast(places, to=TensorProto.INT64)
        # Whole lines are gathered far faster than single pixels, so the columns become rows.
        levels, side = (
            g.Transpose(g.Gather(sampled, index, axis=1), perm=[0, 2, 1])
            for sampled in (levels, side)
        )
        inside = g.Gather(span.inside(), index, axis=1)
        weights = weights * g.Unsqueeze(inside, g.integers(3 - axis))
    side = g.Abs(side - (1.0 - dark_paper)) * weights

    axes = g.integers(1, 2)
    level = g.ReduceSum(levels * side, axes) / g.Max(g.ReduceSum(side, axes), g.constant(1.0))
    for reach in (0.25, 0.1, 0.04):
        near = g.Abs(levels - level) < g.Max(contrast * reach, g.constant(2.0))
        near = g.Cast(near, to=FLOAT) * side
        level = g.ReduceSum(levels * near, axes) / g.Max(g.ReduceSum(near, axes), g.constant(1.0))
    return level


def _towards_ends(g: Graph, span: Span) -> Value:
    """Weights (N, H) or (N, W) that sum to 1 and grow towards both ends of the span."""
    places = _places(g, span.length)
    distance = g.Abs((places - (span.start + span.stop) * 0.5) * 2.0 / span.size())
    weights = g.Pow(distance + 1e-3, g.constant(CORNER_POWER)) * span.inside()
    return weights / g.ReduceSum(weights, g.integers(1))


def _ink(g: Graph, difference: Value, rows: Span, columns: Span) -> tuple[Value, Value]:
    """Ink (N, H, W) in 0..1 from the difference to the paper, and whether there is any (N, 1, 1).

    Ink is lighter or darker than the paper, whichever has more of the cubed difference. Its level
    is the contraharmonic mean, sum of cubes over sum of squares: many faint pixels outweigh a few
    dark specks, and paper, whose difference is near zero, has no weight however much there is.
    """
    row_weights = g.Unsqueeze(rows.inside(), g.integers(1))  # (N, 1, H)
    column_weights = g.Unsqueeze(columns.inside(), g.integers(2))  # (N, W, 1)

    def sums(amount: Value) -> tuple[Value, Value]:
        squares = amount * amount
        cubes = squares * amount
        return row_weights @ squares @ column_weights, row_weights @ cubes @ column_weights

    lighter = g.Relu(difference)
    darker = lighter - difference
    (light_squares, light_cubes), (dark_squares, dark_cubes) = sums(lighter), sums(darker)
    is_light = light_cubes > dark_cubes
    sign = g.Where(is_light, g.constant(1.0), g.constant(-1.0))
    level = g.Max(light_cubes, dark_cubes) / g.Max(
        g.Where(is_light, light_squares, dark_squares), g.constant(1e-6)
    )
    # Paper's grain is as strong on the other side of its level, where no ink is.
    grain = g.Sqrt(
        g.Where(is_light, dark_squares, light_squares) * 2.0 / (rows.length * columns.length)
    )
    has_ink = level > g.Max(g.constant(FAINTEST), grain * GRAIN_FACTOR)

    level = g.Max(level, g.constant(1.0))
    ink_from = g.Clip(grain * 2.0 / level, g.constant(LEAST_CUT), g.constant(MOST_CUT))
    ink = difference * (sign / (level * INK_RANGE)) - ink_from / INK_RANGE
    return g.Clip(ink, g.constant(0.0), g.constant(1.0)), has_ink


def _without_dust(g: Graph, mask: Value, all_rows: Span, all_columns: Span) -> tuple[Span, Span]:
    """The rows and columns that hold all of the mask but isolated specks.

    Dust is a blob that fits into a small window of a 48 x 48 grid, holds little of the mask, and
    has an empty ring around it. If all there is looks like dust, then it is none.
    """
    in_rows = (_row_sums(g, mask, all_columns) * all_rows.inside()) > 0.5
    rows = _span_of(g, in_rows, all_rows.length)
    in_columns = (_column_sums(g, mask, rows) * all_columns.inside()) > 0.5
    columns = _span_of(g, in_columns, all_columns.length)
    cell = g.Max(g.Max(rows.size(), columns.size()) / CELLS, g.constant(1.0))  # (N, 1)

    # A small picture does not fill the grid: what lies more than a window beyond it stays empty.
    count = g.Min(g.Max(rows.length, columns.length) + 4.0, g.constant(float(CELLS)))  # (1,)
    places = _places(g, count)

    def grid(span: Span) -> Value:
        return _resampling(g, span.start + places * cell, cell, span)

    cells = grid(rows) @ mask @ g.Transpose(grid(columns), perm=[0, 2, 1])
    cells = g.Unsqueeze(cells, g.integers(1))  # (N, 1, 48, 48), or fewer
    written = cells > g.Max(
        g.ReduceMax(cells, g.integers(1, 2, 3)) * GRAIN_SHARE, g.constant(EMPTY)
    )
    cells = cells * g.Cast(written, to=FLOAT)
    most = g.ReduceSum(cells, g.integers(2, 3)) * DUST_MASS
    sums = {size: _window_sums(g, cells, places, size) for size in (3, 5, 7)}
    for size in (3, 5):
        alone = (sums[size + 2] - sums[size] < EMPTY) & (sums[size] < most)
        reach = g.MaxPool(g.Cast(alone, to=FLOAT), kernel_shape=[size, size], pads=[size // 2] * 4)
        written = written & (reach < 0.5)

    written = g.Squeeze(g.Cast(written, to=FLOAT), g.integers(1))

    def kept(span: Span, within: Span, other_axis: int) -> Span:
        in_cells = _span_of(
            g, g.ReduceMax(written, g.integers(other_axis), keepdims=0) > 0.5, count
        )
        # One more cell on each side holds what only just reaches into it, and soft edges.
        return Span(
            g.Max(span.start + (in_cells.start - 1.0) * cell, within.start),
            g.Min(span.start + (in_cells.stop + 1.0) * cell, within.stop),
            span.length,
        )

    return kept(rows, all_rows, 2), kept(columns, all_columns, 1)


def _window_sums(g: Graph, cells: Value, places: Value, size: int) -> Value:
    """Sums over size x size cells: two products with a band of ones, far faster than a pool."""
    distance = g.Abs(places - g.Unsqueeze(places, g.integers(1)))
    band = g.Cast(distance < size / 2, to=FLOAT)
    return band @ cells @ band


def _centred(g: Graph, sums: Value, span: Span, box: Span, step: Value) -> Value:
    """Where the middles of the 28 output pixels lie, in the picture's pixels: (N, 28).

    The centre of mass comes to the middle, unless that pushed the box out of sight.
    """
    sums = sums * span.inside()
    mass = g.Max(g.ReduceSum(sums, g.integers(1)), g.constant(1e-6))
    centre = g.ReduceSum(sums * _places(g, span.length), g.integers(1)) / mass
    box_centre = (box.start + box.stop) * 0.5
    most = step * ((SIDE - INK_SIDE) / 2)
    centre = g.Min(g.Max(centre, box_centre - most), box_centre + most)
    return centre + (_range(g, SIDE) - (SIDE - 1) / 2) * step


def _resampling(g: Graph, middles: Value, step: Value, span: Span) -> Value:
    """Weights (N, outputs, inputs) that average `inputs` pixels around each of `middles`.

    Output pixels are `step` input pixels apart. Each is as wide, so a weight is the overlap of
    two intervals (area averaging). Below one input pixel the same formula, with a width of 1, is
    the triangle of linear interpolation. What lies outside the span has no weight.
    """
    width = g.Max(g.Unsqueeze(step, g.integers(2)), g.constant(1.0))  # (N, 1, 1)
    places = g.Unsqueeze(_places(g, span.length), g.integers(0, 1))  # (1, 1, inputs)
    distance = g.Abs(g.Unsqueeze(middles, g.integers(2)) - places)
    overlap = g.Clip((width + 1.0) * 0.5 - distance, g.constant(0.0), g.constant(1.0))
    return overlap * g.Unsqueeze(span.inside(), g.integers(1)) / width


def _row_sums(g: Graph, values: Value, columns: Span) -> Value:
    """Sums (N, H) of values (N, H, W) over the columns inside."""
    return g.Squeeze(values @ g.Unsqueeze(columns.inside(), g.integers(2)), g.integers(2))


def _column_sums(g: Graph, values: Value, rows: Span) -> Value:
    """Sums (N, W) of values (N, H, W) over the rows inside."""
    return g.Squeeze(g.Unsqueeze(rows.inside(), g.integers(1)) @ values, g.integers(1))


def _span_of(g: Graph, flags: Value, length: Value) -> Span:
    """From the first to the last of the flags (N, length); all of it where none is set."""
    numbers = g.Cast(flags, to=FLOAT)
    first = g.Cast(g.ArgMax(numbers, axis=1), to=FLOAT)
    last = g.Cast(g.ArgMax(numbers, axis=1, select_last_index=1), to=FLOAT)
    return Span(first, last + 1.0, length)


def _whole(length: Value) -> Span:
    stop = length.graph.Unsqueeze(length, length.graph.integers(0))
    return Span(stop * 0.0, stop, length)


def _length(g: Graph, picture: Value, axis: int) -> Value:
    return g.Cast(g.Shape(picture, start=axis, end=axis + 1), to=FLOAT)


def _places(g: Graph, length: Value) -> Value:
    """The middles of that many pixels: 0.5, 1.5, ... (length,)."""
    scalar = g.Squeeze(length, g.integers(0))
    return g.Range(g.constant(0.0), scalar, g.constant(1.0)) + 0.5


def _range(g: Graph, count: int) -> Value:
    return g.constant(np.arange(count, dtype=np.float32))
