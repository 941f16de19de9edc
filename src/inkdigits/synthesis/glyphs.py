"""Glyphs: shapes of signs that any pen can draw at any size, and what they are made of.

A glyph keeps how far each place is from the middle of its lines (or from its outline), so that a
pen of any width draws it by comparing that distance with the pen's radius; no line is thickened or
thinned twice, and edges are sharp at every size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

Mask = NDArray[np.float32]
"""(H, W), in 0..1: how much of each pixel ink covers."""
Rng = np.random.Generator
Strokes = Sequence[NDArray[np.floating[Any]]]
"""Polylines (n, 2), y pointing down."""

SIDE = 88
"""Pixels: so wide and high is a glyph's field of distances."""
TALL = 48
"""Pixels of a field: the longer side of what is written in the middle of it."""
STEPS = 7.0
"""Levels of a field for each pixel of distance; it ends at 255 / STEPS pixels."""
RIM = 14.0
"""What the outline of a shape has as distance, in a field's pixels: inside it is less."""
SOFT_EDGE = 4.0
"""Over about so many of a field's pixels the edge of a scanned sign fades."""
AGAINST_WIDTH = 1.3
"""A glyph wider than so many times its height is made as tall as its width, divided by this."""


@dataclass(frozen=True)
class Glyph:
    """One sign as somebody wrote it."""

    field: Image.Image
    """SIDE x SIDE levels: 255 at the middle of a line, and `STEPS` less for each pixel from it."""
    box: tuple[float, float, float, float]
    """Of the lines' middles (or the outline) in the field: x0, y0, x1, y1."""
    outline: bool = False
    """Whether it has a width of its own, of which its outline tells."""
    size: float = 1.0
    """What TALL pixels of the field are, in heights of a digit."""
    rise: float = 0.0
    """How high its lower edge is above the base line, in heights of a digit."""
    advance: float = 0.0
    """For a letter: how far it is from its left edge to the next one's, in heights of a digit."""


def glyph_of_strokes(strokes: Strokes, *, normal: bool = True, **more: float) -> Glyph:
    """A glyph of polylines; `normal` makes them TALL, else their unit is the digit's height."""
    points = np.concatenate(list(strokes))
    low, high = points.min(0), points.max(0)
    extent = max(high[1] - low[1], (high[0] - low[0]) / AGAINST_WIDTH, 1e-6)
    scale = TALL / extent if normal else float(TALL)
    middle = (low + high) / 2
    canvas = Image.new("1", (SIDE * 2, SIDE * 2))
    brush = ImageDraw.Draw(canvas)
    for stroke in strokes:
        path = ((stroke - middle) * scale + SIDE / 2) * 2
        if len(path) == 1 or np.ptp(path, axis=0).max() < 1:
            brush.point([tuple(path[0])], fill=1)
        else:
            brush.line([tuple(point) for point in path], fill=1)
    return _of_lines(np.asarray(canvas), 2, **more)


def glyph_of_lines(lines: NDArray[np.bool_], times: int = 1) -> Glyph:
    """A glyph of thin lines (H, W) in a picture `times` as large as a field, in its middle."""
    return _of_lines(lines, times)


def _of_lines(lines: NDArray[np.bool_], times: int, **more: float) -> Glyph:
    distance = ndimage.distance_transform_edt(~lines)
    blocks = [length for side in lines.shape for length in (side // times, times)]
    distance = distance.reshape(blocks).min((1, 3))  # a thin line lies in every block it crosses
    rows, columns = np.flatnonzero(lines.any(1)), np.flatnonzero(lines.any(0))
    box = tuple(float(at) / times for at in (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))
    return Glyph(_as_field(distance / times), box, **more)  # type: ignore[arg-type]


def glyph_of_shape(shape: NDArray[np.bool_], times: int = 1, **more: float) -> Glyph:
    """A glyph of a filled shape (SIDE * times, SIDE * times), which keeps its own width."""
    outside = ndimage.distance_transform_edt(~shape)
    inside = ndimage.distance_transform_edt(shape)
    distance = (outside - inside + 0.5 * np.where(shape, 1, -1))[
        times // 2 :: times, times // 2 :: times
    ]
    rows, columns = np.flatnonzero(shape.any(1)), np.flatnonzero(shape.any(0))
    box = tuple(float(at) / times for at in (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))
    return Glyph(_as_field(distance / times + RIM), box, True, **more)  # type: ignore[arg-type]


def glyph_of_levels(levels: Image.Image, edge: int) -> Glyph:
    """A glyph of a scanned sign in a picture like a field, ink bright: its outline is at `edge`."""
    grey = np.asarray(levels, np.float32)
    rows, columns = (np.flatnonzero((grey > edge).any(axis)) for axis in (1, 0))
    box = tuple(float(at) for at in (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))
    distance = RIM + (edge - grey) * (SOFT_EDGE / 255)
    distance[grey < edge / 8] = 2 * RIM
    return Glyph(_as_field(distance), box, True)  # type: ignore[arg-type]


def _as_field(distance: NDArray[Any]) -> Image.Image:
    return Image.fromarray((255 - distance * STEPS).clip(0, 255).astype(np.uint8))


@dataclass(frozen=True)
class Manner:
    """How somebody writes: what all signs of one number have in common."""

    pen: float
    """Width of the line, in pixels."""
    slant: float = 0.0
    """So much to the right for each length up."""
    turn: float = 0.0
    """Radians clockwise, of the whole line."""
    aspect: float = 1.0
    """Width against height."""
    bend: float = 0.06
    """Standard deviation of each corner of a glyph's box, in its sides."""
    pressure: float = 0.0
    """How much the line's width changes along the way, in 0..1."""
    shift: float = 0.0
    """So much broader an outline's lines are, in pixels: it has a pen of its own."""
    soft: float = 1.0
    """Pixels over which the edge of a line fades; a paint program's edge does not, at 0.01."""
    worn: float = 0.0
    """How much of the line is missing, in 0..1: a dry pen, chalk."""


def draw_glyph(glyph: Glyph, height: float, manner: Manner, rng: Rng) -> Mask:
    """A glyph in digits of so many pixels' height, cut out; empty if nothing is seen."""
    scale = max(
        height * glyph.size - (0 if glyph.outline else manner.pen), height * 0.25 * glyph.size
    )
    scale = scale / TALL  # pixels for each of the field's
    x0, y0, x1, y1 = glyph.box
    half = np.array([(x1 - x0) / 2 * manner.aspect, (y1 - y0) / 2]) * scale
    cos, sin = np.cos(manner.turn), np.sin(manner.turn)
    there = np.array([[cos, -sin], [sin, cos]]) @ np.array([[1, -manner.slant], [0, 1]])
    reach = np.abs(there) @ half
    room = reach + (manner.pen / 2 * (1 + manner.pressure) + manner.shift + 2)
    if glyph.outline:
        room = room + 1
    size = np.ceil(2 * room).clip(2).astype(int)  # each is halved
    # Where the corners of what is drawn lie in the field.
    corners = np.array([[-1, -1], [-1, 1], [1, 1], [1, -1]]) * size / 2
    corners = corners @ np.linalg.inv(there).T / (scale * np.array([manner.aspect, 1]))
    corners += rng.normal(0, manner.bend, (4, 2)) * [x1 - x0 + 8, y1 - y0 + 8] / 2
    corners += [(x0 + x1) / 2, (y0 + y1) / 2]
    field = _bent(glyph.field, corners, (int(size[0]), int(size[1])), manner.bend, rng)
    distance = (255 - np.asarray(field, np.float32)) * np.float32(scale / STEPS)
    radius: Any = np.float32(RIM * scale + manner.shift if glyph.outline else manner.pen / 2)
    if manner.pressure or manner.worn:
        y, x = np.ogrid[: size[1], : size[0]]
        waves, phases = rng.uniform(2, 7, (2, 2)) / max(height, 1), rng.uniform(0, 6.3, 2)
        along = np.sin(x * waves[0, 0] + y * waves[0, 1] + phases[0]).astype(np.float32)
        swing = manner.pen / 2 * min(manner.pressure, 0.6)
        radius = radius + swing * along
    mask: Mask = ((radius - distance) / np.float32(manner.soft) + np.float32(0.5)).clip(0, 1)
    if not glyph.outline and manner.pen < 1:
        mask *= np.float32(max(manner.pen, 0.35))
    if manner.worn:
        cells = max(int(max(size) / max(0.6 * manner.pen, 2)), 2)
        grain = Image.fromarray(rng.random((cells, cells), np.float32)).resize(
            (int(size[0]), int(size[1])), Image.Resampling.BILINEAR
        )
        mask *= ((np.asarray(grain) - manner.worn * 0.7) * 4 + 0.5).clip(0, 1)
    return cut_out(mask)


def _bent(
    field: Image.Image, corners: NDArray[Any], size: tuple[int, int], bend: float, rng: Rng
) -> Image.Image:
    """What lies between four corners of a field, which were bent, as a picture of that size.

    The middle and the middles of the sides are shifted, too, so that a part of a digit is wider, or
    leans more, than another.
    """
    weights = np.array([[1, 0], [0.5, 0.5], [0, 1]])
    upper_left, lower_left, lower_right, upper_right = corners
    sides = weights @ [upper_left, lower_left], weights @ [upper_right, lower_right]
    nodes = np.einsum("ks,srd->rkd", weights, np.stack(sides))
    shifts = rng.normal(0, 1, nodes.shape) * np.ptp(corners, axis=0) * bend * 0.5
    shifts[::2, ::2] = 0  # the corners, which are bent already
    nodes += shifts
    across, down = ([0, side // 2, side] for side in size)
    cells = [
        (
            (across[x], down[y], across[x + 1], down[y + 1]),
            np.ravel([nodes[y, x], nodes[y + 1, x], nodes[y + 1, x + 1], nodes[y, x + 1]]).tolist(),
        )
        for y in (0, 1)
        for x in (0, 1)
    ]
    return field.transform(size, Image.Transform.MESH, cells, Image.Resampling.BILINEAR)


def smooth(knots: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """The polyline (n, 2) with its corners cut, three times (Chaikin 1974)."""
    for _ in range(3):
        ends = knots[:-1], knots[1:]
        knots = np.stack(
            [ends[0] * 0.75 + ends[1] * 0.25, ends[0] * 0.25 + ends[1] * 0.75], 1
        ).reshape(-1, 2)
    return np.asarray(knots, np.float64)


def cut_out(mask: Mask) -> Mask:
    """Without what is empty around it."""
    inked = mask > 0.15
    rows, columns = np.flatnonzero(inked.any(1)), np.flatnonzero(inked.any(0))
    if not rows.size:
        return mask[:0, :0]
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def thinned(shapes: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The middle lines of shapes (N, H, W), one pixel wide (Zhang and Suen 1984)."""
    shapes = np.pad(shapes, ((0, 0), (1, 1), (1, 1)))
    active = np.arange(len(shapes))
    while active.size:
        before = shapes[active].copy()
        for first in (True, False):
            now = shapes[active]
            # The eight neighbours, clockwise from above.
            p = [
                np.roll(now, shift, (1, 2))
                for shift in ((1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1))
            ]
            count = sum(q.astype(np.uint8) for q in p)
            turns = sum((~a & b).astype(np.uint8) for a, b in zip(p, [*p[1:], p[0]], strict=True))
            if first:
                edge = ~(p[0] & p[2] & p[4]) & ~(p[2] & p[4] & p[6])
            else:
                edge = ~(p[0] & p[2] & p[6]) & ~(p[0] & p[4] & p[6])
            shapes[active] = now & ~((count >= 2) & (count <= 6) & (turns == 1) & edge)
        active = active[(shapes[active] != before).any((1, 2))]
    return shapes[:, 1:-1, 1:-1]
