"""The graph of `page.onnx`: looks at a picture until digits have the size that its network knows
best, and makes of the network's maps pieces of writing in reading order.

Everything is an operator of standard ONNX; lengths are pixels of the look, unless said otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto

from inkdigits.modelfile.graph import Graph, Value

FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
MAPS = ("peak", "ink", "owner", "box", "kind")
"""What the network gives, as `inkdigits.training.page_network.Maps` has it."""
KINDS, CROP = 20, 64
"""Ten digits, nine marks, other writing; the side of a crop in pixels."""
SLASH = 16
"""Its place among the kinds."""
SAME_LINE = 1.25
"""Middles on one line differ in height by less than so many halves of a digit's height."""
HANGING = 1.6
"""A mark may lie lower, or higher, against the digits beside it."""
STEP = 32
"""The network takes pictures whose sides are multiples of so many pixels."""
FINE, COARSE = 2, 4
"""Pixels of the picture for each place of the network's fine and coarse maps."""
REACH = 32.0
"""Pixels that an `owner` of 1 stands for."""
USUAL = 32.0
"""Pixels: a width or height whose logarithm is 0 in the map of boxes."""
NEAR = 8.0
"""Pixels that 1 stands for in the map of boxes, as the middle's distance from a place."""

FAINTEST = 4.0
"""Grey levels: a sheet whose darkest and lightest differ by less is blank, and seen once."""


@dataclass(frozen=True)
class Look:
    """How the graph looks, and what it takes for a piece."""

    first: float = 128.0
    """The longer side of the first look, in pixels."""
    reduced: float = 5.0
    """The first look reduces the picture by no more than this factor: smaller yet, a page full of
    digits looks like one large thing."""
    enlarged: float = 4.0
    """No look shows the picture enlarged by more than this factor."""
    height: float = 33.0
    """Pixels: looks go on until digits are about so high."""
    close: float = 0.3
    """A look is the last if the logarithms of the digits' height and `height` differ by no more."""
    looks: int = 4
    """There are at most so many looks."""
    closer: float = 2.5
    """If a look finds nothing, the next one is so many times as close."""
    longest: float = 1536.0
    """Pixels: no look has a longer side."""
    inked_from: float = 0.1
    """Places that are ink with at least this probability are looked at again from closer by."""
    around: float = 2.0
    """With so many heights of a digit around them."""
    largest: float = 1.3e6
    """No look has more pixels."""
    found_from: float = 0.3
    """Peaks from here on tell how high digits are."""
    least_score: float = 0.25
    """A piece is at least so likely."""
    overlap: float = 0.35
    """Of two boxes whose intersection is more of their union the better one stays."""
    own: float = 0.3
    """A digit of whose box's ink less is its own is as much less likely."""
    most_pieces: int = 1000
    peak_scale: float = 1.0
    peak_shift: float = 0.0
    """Calibration: the logits of peaks are multiplied by the one, and the other is added."""
    temperature: float = 1.0
    """Calibration: the logits of kinds are divided by it."""
    slash: float = 0.1
    """So many times as often as on the pages that are learned from is a piece a slash in life; see
    Saerens et al. 2002, "Adjusting the Outputs of a Classifier to New a Priori Probabilities"."""


def page_graph(
    normaliser: onnx.ModelProto, network: onnx.ModelProto, look: Look
) -> onnx.ModelProto:
    """The graph for a `normaliser` that makes `seen` (1, 1, H, W) of `levels` (1, H, W), and a
    `network` that makes `MAPS` of it, H and W being multiples of `STEP`."""
    g = Graph("page")
    picture = g.input("picture")
    size = g.Shape(picture)
    shape = g.Cast(size, to=FLOAT)
    first = g.Max(look.first / g.ReduceMax(shape, keepdims=0), g.constant(1 / look.reduced))
    first = g.Min(first, _closest(g, look, shape))
    whole = g.Concat(g.integers(0, 0), size, axis=0)

    levels = g.Unsqueeze(g.Cast(picture, to=FLOAT), g.integers(0, 1))
    nothing = g.constant(np.zeros((1, 1, 1, 1), np.float32))
    outputs = g.nodes_of(
        "Loop",
        [
            *(g.constant(np.array(look.looks, np.int64)), g.constant(np.array(True))),
            *(first, whole, first, whole),
            *[nothing] * (len(MAPS) + 1),
        ],
        body=_body(normaliser, network, look, levels),
        count=len(MAPS) + 5,
    )
    scale, region, seen, *found = outputs[2:]
    _pieces(g, look, shape, scale, region, seen, dict(zip(MAPS, found, strict=True)))
    return g.model(
        inputs={"picture": (TensorProto.UINT8, ["H", "W"])},
        outputs={
            "box": (TensorProto.INT32, ["K", 4]),
            "kind": (FLOAT, ["K", KINDS]),
            "crop": (TensorProto.UINT8, ["K", CROP, CROP]),
            "line": (TensorProto.INT32, ["K"]),
        },
    )


def _closest(g: Graph, look: Look, shape: Value) -> Value:
    """The largest scale at which a picture of that shape (2,) may be looked at."""
    longest = look.longest / g.ReduceMax(shape, keepdims=0)
    largest = g.Sqrt(look.largest / g.ReduceProd(shape, keepdims=0))
    return g.Min(g.constant(look.enlarged), longest, largest)


def _body(
    normaliser: onnx.ModelProto, network: onnx.ModelProto, look: Look, levels: Value
) -> onnx.GraphProto:
    """One look: the maps of a region (y0, x0, y1, x1 in the picture's pixels) at a scale, and of
    the next look the region, the scale, and whether it is to be tried."""
    g = Graph("look")
    scale, region = g.input("look/next"), g.input("look/next_region")
    part = g.Slice(g.input(levels.name), region[:2], region[2:], g.integers(2, 3))
    size = g.Max(g.Round(g.Cast(g.Shape(part, start=2), to=FLOAT) * scale), g.constant(1.0))
    sizes = g.Concat(g.integers(1, 1), g.Cast(size, to=INT64), axis=0)
    seen = g.Resize(part, "", "", sizes, mode="linear", antialias=1)
    [normal] = g.inlined(normaliser, {"levels": g.Squeeze(seen, g.integers(0))}, ["seen"])
    more = g.Mod(
        g.integers(STEP) - g.Mod(g.Shape(seen, start=2), g.integers(STEP)), g.integers(STEP)
    )
    padded = g.Pad(normal, g.Concat(g.integers(0, 0, 0, 0, 0, 0), more, axis=0))
    maps = dict(zip(MAPS, g.inlined(network, {"seen": padded}, MAPS), strict=True))

    score = _peaks(g, look, maps["peak"])
    flat = g.Reshape(score, g.integers(-1))
    some = g.Min(g.Shape(flat), g.integers(100))
    best, places = g.nodes_of("TopK", [flat, some], count=2)
    kind, box = _at(g, maps, places)
    # What is a mark says little of how high digits are.
    whole = g.constant(np.array([1.0] * 10 + [0.0] * 9 + [0.5], np.float32))
    weight = best * g.Cast(best > look.found_from, to=FLOAT)
    weight = weight * g.ReduceSum(g.Softmax(kind, axis=1) * whole, g.integers(1), keepdims=0)
    total = g.ReduceSum(weight, keepdims=0)
    tall = g.Squeeze(box[:, 3:4], g.integers(1))
    mean = g.ReduceSum(weight * tall, keepdims=0) / g.Max(total, g.constant(1e-6))
    wanted = g.Exp(g.constant(float(np.log(look.height / USUAL))) - mean)
    wanted = g.Where(total > look.found_from, wanted, g.constant(look.closer))
    near = _near_ink(g, look, maps["ink"], region, scale, g.Exp(mean) * USUAL)
    near = g.Where(wanted > 1.0, near, region)
    shape = g.Cast(near[2:] - near[:2], to=FLOAT)
    after = g.Min(scale * wanted, _closest(g, look, shape))
    again = g.Abs(g.Log(after / scale)) > look.close
    contrast = g.ReduceMax(part, keepdims=0) - g.ReduceMin(part, keepdims=0)
    again = g.And(again, contrast >= FAINTEST)
    where: list[tuple[int, list[int | str] | None]] = [(FLOAT, []), (INT64, [4])]
    kinds = [*where, *where, *[(FLOAT, None)] * (len(MAPS) + 1)]
    before = ["next", "next_region", "scale", "region", "seen", *MAPS]
    results = [after, near, scale, region, seen, *maps.values()]
    return g.body(
        inputs=[
            ("look/number", INT64, []),
            ("look/going_on", BOOL, []),
            *((f"look/{name}", *kind) for name, kind in zip(before, kinds, strict=True)),
        ],
        outputs=[
            (g.Identity(again).name, BOOL, []),
            *((g.Identity(it).name, *kind) for it, kind in zip(results, kinds, strict=True)),
        ],
    )


def _near_ink(
    g: Graph, look: Look, ink: Value, region: Value, scale: Value, height: Value
) -> Value:
    """The part of a region (4,) in which there is ink, and what is around it; all of it if there is
    none. Digits are so high in the look."""
    inked = g.Cast(g.Sigmoid(ink) >= look.inked_from, to=FLOAT)
    along = [g.Reshape(g.ReduceMax(inked, g.integers(axis)), g.integers(-1)) for axis in (3, 2)]
    low, high = (
        g.Cast(g.Concat(*(g.ArgMax(it, axis=0, **which) for it in along), axis=0), to=FLOAT)
        for which in ({}, {"select_last_index": 1})
    )
    low, high = low * float(FINE) - height * look.around, (high + 1.0) * float(FINE)
    high = high + height * look.around
    start = region[:2]
    return g.Concat(
        g.Max(start, start + g.Cast(g.Floor(low / scale), to=INT64)),
        g.Min(region[2:], start + g.Cast(g.Ceil(high / scale), to=INT64)),
        axis=0,
    )


def _peaks(g: Graph, look: Look, logits: Value) -> Value:
    """The score of each place (1, 1, H/2, W/2) that is higher than those around it, else 0."""
    score = g.Sigmoid(logits * look.peak_scale + look.peak_shift)
    highest = g.MaxPool(score, kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    return score * g.Cast(score >= highest, to=FLOAT)


def _at(g: Graph, maps: dict[str, Value], places: Value) -> tuple[Value, Value]:
    """Logits of kinds (N, 20) and boxes (N, 4) at places (N,) of the fine map, flattened."""
    width = g.Shape(maps["peak"], start=3)
    coarse = g.Shape(maps["kind"], start=3)
    row, column = g.Div(places, width), g.Mod(places, width)
    finer = g.integers(COARSE // FINE)
    place = g.Div(row, finer) * coarse + g.Div(column, finer)

    def told(name: str, channels: int) -> Value:
        flat = g.Reshape(maps[name], g.integers(channels, -1))
        return g.Transpose(g.Gather(flat, place, axis=1), perm=[1, 0])

    return told("kind", KINDS), told("box", 4)


def _pieces(
    g: Graph,
    look: Look,
    shape: Value,
    scale: Value,
    region: Value,
    seen: Value,
    maps: dict[str, Value],
) -> None:
    """Write the outputs `box`, `kind`, `crop` and `line`."""
    score = g.Reshape(_peaks(g, look, maps["peak"]), g.integers(-1))
    places = g.Squeeze(g.NonZero(score > look.least_score), g.integers(0))
    width = g.Shape(maps["peak"], start=3)
    logits, extent = _at(g, maps, places)
    row, column = g.Div(places, width), g.Mod(places, width)
    # The middle of the coarse place, and how far the box's middle is from it.
    fine = g.Concat(*(g.Unsqueeze(at, g.integers(1)) for at in (column, row)), axis=1)
    cell = g.Cast(g.Div(fine, g.integers(COARSE // FINE)), to=FLOAT)
    middle = (cell + 0.5) * float(COARSE) + extent[:, :2] * NEAR
    half = g.Exp(extent[:, 2:]) * (USUAL / 2)
    boxes = g.Concat(middle - half, middle + half, axis=1)  # (N, 4)
    scores = g.Gather(score, places)
    kept = g.NonMaxSuppression(
        g.Unsqueeze(boxes, g.integers(0)),
        g.Unsqueeze(scores, g.integers(0, 1)),
        g.integers(look.most_pieces),
        g.constant(np.array([look.overlap], np.float32)),
        g.constant(np.array([look.least_score], np.float32)),
    )
    kept = g.Squeeze(kept[:, 2:], g.integers(1))
    middle, half = g.Gather(middle, kept), g.Gather(half, kept)
    shift = np.zeros(KINDS, np.float32)
    shift[SLASH] = np.log(look.slash)
    logits = g.Gather(logits, kept) / look.temperature + g.constant(shift)
    kind = g.Softmax(logits, axis=1) * g.Unsqueeze(g.Gather(scores, kept), g.integers(1))
    line, order = _in_reading_order(g, middle, half, g.Gather(scores, kept))
    middle, half, kind = g.Gather(middle, order), g.Gather(half, order), g.Gather(kind, order)
    g.Cast(g.Gather(line, order), to=TensorProto.INT32, name="line")
    crop, own = _crops(g, seen, maps, middle, half)
    g.Cast(g.Round(crop), to=TensorProto.UINT8, name="crop")
    # What lies in a digit's box is the digit's own ink, or there is no digit, only parts of others.
    digits = g.ReduceSum(kind[:, :10], g.integers(1)) / g.ReduceSum(kind, g.integers(1))
    missing = g.constant(1.0) - g.Min(own / look.own, g.constant(1.0))
    g.Mul(kind, g.constant(1.0) - digits * missing, name="kind")

    edges = g.Concat(g.Floor((middle - half) / scale), g.Ceil((middle + half) / scale), axis=1)
    edges = edges + g.Cast(g.Gather(region, g.integers(1, 0, 1, 0)), to=FLOAT)
    flipped = g.Gather(shape, g.integers(1, 0, 1, 0))
    low = g.constant(np.array([0, 0, 1, 1], np.float32))
    high = flipped - g.constant(np.array([1, 1, 0, 0], np.float32))
    g.Cast(g.Max(low, g.Min(edges, high)), to=TensorProto.INT32, name="box")


def _in_reading_order(g: Graph, middle: Value, half: Value, score: Value) -> tuple[Value, Value]:
    """The line (K,) of each piece, from 0, and the pieces' order: line by line, left to right.

    A piece is on the line of the nearest one to its right whose height it shares. No mark and
    nothing that is hardly there leads from one to the next, as they lie high and low: these are on
    the line of the nearest piece on either side.
    """
    x, y, tall = middle[:, :1], middle[:, 1:], half[:, 1:]  # (K, 1)
    count = g.Shape(x, start=0, end=1)
    # The usual height: marks are lower, so it is that of the higher half.
    usual = g.ReduceSum(tall * tall, keepdims=1) / g.Max(
        g.ReduceSum(tall, keepdims=1), g.constant(1e-6)
    )
    reach = g.Max(tall, usual)  # a mark counts as high as a digit
    across = g.Transpose(x, perm=[1, 0]) - x  # (K, K): from row to column
    down = g.Abs(g.Transpose(y, perm=[1, 0]) - y)
    together = (reach + g.Transpose(reach, perm=[1, 0])) * 0.5
    leads = g.And(tall > usual * 0.5, g.Unsqueeze(score, g.integers(1)) > 0.5)  # (K, 1)
    towards = g.And(g.Or(across > 1e-3, g.Not(leads)), g.Transpose(leads, perm=[1, 0]))
    across = g.Abs(across)
    reaches = g.Where(leads, g.constant(SAME_LINE), g.constant(HANGING))
    level = g.And(down < together * reaches, down < across + together)
    nowhere = g.constant(1e9)
    away = g.Where(g.And(towards, level), across + down * 2.0, nowhere)
    away = g.Concat(away, g.Expand(nowhere, g.Concat(count, g.integers(1), axis=0)), axis=1)
    nearest = g.ArgMin(away, axis=1, keepdims=0)  # (K,)
    has_one = g.ReduceMin(away, g.integers(1), keepdims=0) < 1e8
    own = g.Squeeze(g.NonZero(g.Squeeze(reach, g.integers(1)) > -1.0), g.integers(0))  # 0, 1, ...
    last = g.Where(has_one, nearest, own)
    for _ in range(10):  # twice as far each time: lines of up to 1,024 pieces
        last = g.Gather(last, last)
    same = g.Equal(g.Unsqueeze(last, g.integers(1)), g.Unsqueeze(last, g.integers(0)))  # (K, K)
    member = g.Cast(same, to=FLOAT)
    level = (member @ (y * reach)) / (member @ reach)  # (K, 1): how high each piece's line is
    level = g.Gather(level, last)  # to the last bit the same for all of a line
    level = level + g.Cast(g.Unsqueeze(last, g.integers(1)), to=FLOAT) * 1e-4  # no two the same
    above = g.Cast(g.Transpose(level, perm=[1, 0]) < level - 1e-5, to=FLOAT)  # (K, K)
    first = g.Equal(last, own)  # the last piece of each line stands for the line
    line = above @ g.Unsqueeze(g.Cast(first, to=FLOAT), g.integers(1))  # (K, 1)
    key = g.Squeeze(line * 1e5 + x, g.integers(1))
    order = g.nodes_of("TopK", [key, count], count=2, largest=0, sorted=1)[1]
    return g.Squeeze(line, g.integers(1)), order


def _crops(
    g: Graph, seen: Value, maps: dict[str, Value], middle: Value, half: Value
) -> tuple[Value, Value]:
    """Each piece alone (K, 64, 64), its ink black and all else white, 0 to 255; and how much of the
    ink in its box is its own (K, 1), in 0..1."""
    count = g.Shape(middle, start=0, end=1)
    side = g.ReduceMax(half, g.integers(1), keepdims=1) * 1.25 + 1.0  # (K, 1)
    regions = g.Concat(middle - side, middle + side, axis=1)
    zero = g.Expand(g.integers(0), count)

    def cut(planes: Value, pixels: float) -> Value:
        return g.RoiAlign(
            planes,
            regions,
            zero,
            output_height=CROP,
            output_width=CROP,
            sampling_ratio=1,
            spatial_scale=1 / pixels,
            coordinate_transformation_mode="half_pixel",
        )

    inside = g.Expand(g.constant(1.0), g.Shape(seen))
    grey = cut(g.Concat(seen, inside, axis=1), 1.0)  # (K, 2, 64, 64)
    grey, inside = grey[:, :1], grey[:, 1:]
    fine = cut(g.Concat(g.Sigmoid(maps["ink"]), maps["owner"], axis=1), FINE)
    ink, owner = fine[:, :1], fine[:, 1:] * REACH
    # Where each place of a crop is, from its middle; how far from there its owner's middle is.
    places = (np.arange(CROP, dtype=np.float32) + 0.5) / CROP * 2 - 1
    here = np.stack(np.meshgrid(places, places), 0)[None]  # (1, 2, 64, 64)
    wide = g.Reshape(side, g.integers(-1, 1, 1, 1))
    astray = owner + g.constant(here) * wide
    tall = g.Reshape(half, g.integers(-1, 2, 1, 1)) * 0.5 + 1.5
    far = g.ReduceSum(g.Mul(astray / tall, astray / tall), g.integers(1), keepdims=1)
    own = ink * g.Sigmoid((g.constant(1.0) - far) * 4.0)
    in_box = g.Abs(g.constant(here) * wide) < g.Reshape(half, g.integers(-1, 2, 1, 1))
    in_box = g.ReduceMin(g.Cast(in_box, to=FLOAT), g.integers(1), keepdims=1)
    sums = [g.ReduceSum(v * in_box, g.integers(2, 3), keepdims=0) for v in (own, ink)]
    share = sums[0] / g.Max(sums[1], g.constant(1e-3))

    def level(weight: Value) -> Value:
        sums = [g.ReduceSum(v, g.integers(2, 3), keepdims=1) for v in (grey * weight, weight)]
        return sums[0] / g.Max(sums[1], g.constant(1e-3))

    clear = g.constant(1.0) - ink
    paper, written = level(g.Mul(clear, clear) * inside), level(g.Mul(own, own))
    contrast = written - paper
    contrast = g.Where(g.Abs(contrast) < 1.0, g.constant(1.0), contrast)
    cover = g.Clip((grey - paper) / contrast * 1.2, g.constant(0.0), g.constant(1.0)) * own
    cover = g.Clip(cover * 1.1, g.constant(0.0), g.constant(1.0))
    return g.Squeeze((g.constant(1.0) - cover) * 255.0, g.integers(1)), share
