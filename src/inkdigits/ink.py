"""Find what is written in a photo or on a page: crops of one piece of writing each, in order.

    grey picture -> share of ink at each pixel -> without printed lines -> connected pieces
                 -> digits' places, in lines -> crops

Light and paper are taken out by comparing each pixel with the paper around it, which a grey
closing gives: what is narrower than a window and darker than what surrounds it is ink, and all
else is paper, however unevenly lit (the black top-hat transform: Serra 1982, "Image Analysis and
Mathematical Morphology"; Otsu 1979 then tells ink from what is fainter, such as ruling).

Nothing here knows what a digit looks like: reading the crops is the model file's, and whether a
crop holds one digit, several or none is for the reader to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inkdigits.errors import UnreadablePicture

Grey = NDArray[np.uint8]
"""(H, W)"""
Plane = NDArray[np.float32]
"""(H, W)"""
Mask = NDArray[np.bool_]
"""(H, W)"""
Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels; x1 and y1 are exclusive."""
Edges = NDArray[np.int64]
"""A box (4,), or several (N, 4)."""

WORKING_SIDE, FINE_SIDE = 1100, 2800
"""A larger picture is made smaller, until its longer side has so many pixels; many more if"""
SMALL = 20.0
"""its digits have fewer pixels than this."""
OVERVIEW_SIDE = 560
"""Whether ink is dark or light is decided on a picture of this size."""
SAMPLES = 400
"""Levels are those of about so many of its rows."""
GRID = 160
"""The paper's level is looked for on a grid of so many cells along the longer side."""
WINDOW = 0.15
"""What is wider than this share of the longer side, at its narrowest, is no ink."""
DARKEST_PAPER = 64.0
"""Grey levels: on darker paper a difference counts no more than on this."""
FAINTEST = 0.07
"""Ink differs from the paper by at least this share of the paper's level,"""
GRAIN_FACTOR = 4.0
"""and by so many standard deviations of the paper's grain."""
SURROUNDINGS = 40.0
"""How much more doubtful ink is if what surrounds it is not like paper."""
EDGE_REACH = 3
"""Pixels from one side of a blurred edge to its middle."""
MOST_PIECES = 4000
"""A page with more pieces of ink is refused."""
LEAST_PIXELS = 12
"""Less ink is no writing."""
MOST_SLOPE = 0.14
"""Printed lines are level or upright but for so much."""
SLOPES = np.arange(-MOST_SLOPE, MOST_SLOPE + 1e-9, 0.004)
LINE_LENGTH = 0.35
"""A printed line is at least this share of the picture's side long,"""
LINE_FILLED = 0.65
"""drawn for at least this share of its length,"""
NARROWEST = 20
"""Pixels. In a narrower picture no lines are looked for."""
FINEST = 450
"""Votes for lines are counted in bins of the side's 450th part, if that is more than a pixel."""
LINE_THICKNESS = 0.03
"""at most this share of the shorter side thick,"""
PALE = 0.75
"""and paler than ink by this factor, unless it goes from side to side,"""
RULING, LIKE_OTHERS = 3, 1.25
"""or there are at least so many of them, and it is darker by no more than this factor."""
DARKER = 1.4
"""What is darker than a line by this factor is not of it."""
LEFT_OVER = 0.6
"""A thin piece with so much of its area where a line was is a rest of it."""
LEAST_HEIGHT = 0.45
"""A piece is a digit, or several, from this share of the median height on, where more ink counts
more; a smaller one is a part of a digit, or a sign,"""
JOINED_FROM = 0.4
"""a part if so much of its width is above or below one,"""
JOINED_WITHIN = 0.5
"""and not further from it than this share of the height."""
DOT = 0.25
"""What is no larger than this share of the height is a part only of what it lies within."""
FALLEN_OFF = 0.12
"""A larger piece is a part of the digit that it is so close to, if it is no comma."""
WIDEST_BAR = 1.5
"""Of a 5, in heights."""
TALLEST = 1.25
"""Pieces on top of each other are a digit if together they are no higher than so many heights,"""
CLOSE, MUCH_LOWER = 0.15, 0.75
"""or if they are as close as this share of the higher one's height, and the other is that much
lower."""
SAME_LINE = 0.35
"""Neighbours in a line share so much of the lower one's height."""
SPECK = 0.35
"""A sign has at least so much of the area of a dot of the pen."""
LARGEST_CROP = 112
"""Pixels. A crop whose ink is larger is made smaller: its network sees 20 of them."""
MARGIN = 3
"""Pixels around a crop."""
SOFT = 2
"""Pixels around a piece that belong to its soft edge."""


@dataclass(frozen=True)
class Crop:
    """A piece of writing, cut out of the page: nothing else is in it."""

    picture: Grey
    """(H, W), dark ink on white."""
    box: Box
    """Of its ink, in the page's pixels."""
    corner: tuple[float, float]
    """Where the upper left of `picture` is in the page, in the page's pixels."""
    scale: float
    """So many of the page's pixels are one of `picture`'s."""

    @property
    def width(self) -> int:
        return self.box[2] - self.box[0]

    @property
    def height(self) -> int:
        return self.box[3] - self.box[1]

    def on_page(self, box: Box) -> Box:
        """A box in the pixels of `picture`, in the page's."""
        x, y = self.corner
        x0, y0, x1, y1 = (edge * self.scale for edge in box)
        return round(x0 + x), round(y0 + y), round(x1 + x), round(y1 + y)

    def with_(self, other: Crop) -> Crop:
        """This crop and another, each where it was, in one."""
        x = min(self.corner[0], other.corner[0])
        y = min(self.corner[1], other.corner[1])
        placed = []
        for crop in (self, other):
            left, top = (
                round((at - start) / self.scale)
                for at, start in zip(crop.corner, (x, y), strict=True)
            )
            picture = crop.picture
            if crop.scale != self.scale:
                ratio = crop.scale / self.scale
                size = [max(round(side * ratio), 1) for side in reversed(picture.shape)]
                picture = np.asarray(Image.fromarray(picture).resize((size[0], size[1])))
            placed.append((top, left, picture))
        height = max(top + picture.shape[0] for top, _, picture in placed)
        width = max(left + picture.shape[1] for _, left, picture in placed)
        together = np.full((height, width), 255, np.uint8)
        for top, left, picture in placed:
            window = together[top : top + picture.shape[0], left : left + picture.shape[1]]
            np.minimum(window, picture, out=window)
        ends = zip(self.box, other.box, (min, min, max, max), strict=True)
        x0, y0, x1, y1 = (extreme(mine, theirs) for mine, theirs, extreme in ends)
        return Crop(together, (x0, y0, x1, y1), (x, y), self.scale)


@dataclass(frozen=True)
class Found:
    """What is written on a page."""

    lines: tuple[tuple[Crop, ...], ...]
    """What is as large as a digit, from the top, and in each line from the left."""
    skipped: tuple[Crop, ...]
    """What is too small or too flat for a digit, but no dust: points, commas, signs."""


def otsu(values: NDArray[Any]) -> float:
    """The level, for values in 0..1, that separates low from high best (Otsu 1979)."""
    counts = np.histogram(values, 256, (0.0, 1.0))[0].astype(float)
    below = np.cumsum(counts)
    sums = np.cumsum(counts * (np.arange(256) + 0.5) / 256)
    above = below[-1] - below
    means = sums / np.maximum(below, 1), (sums[-1] - sums) / np.maximum(above, 1)
    return float((np.argmax(below * above * (means[0] - means[1]) ** 2) + 1) / 256)


# ---------------------------------------------------------------- light and paper


def _smaller(picture: Grey, side: int) -> tuple[Grey, int]:
    """The picture made smaller until its longer side fits, and how many times smaller it is."""
    factor = max(-(-max(picture.shape) // side), 1)
    if factor == 1:
        return picture, 1
    return np.asarray(Image.fromarray(picture).reduce(factor)), factor


@dataclass(frozen=True)
class _Coarse:
    """The picture on a grid of cells, for all that changes slowly."""

    grey: Plane
    """(H, W)"""
    cell: int
    """Pixels along each side of a cell."""

    @staticmethod
    def of(grey: Grey) -> _Coarse:
        cell = -(-max(grey.shape) // GRID)
        return _Coarse(np.asarray(Image.fromarray(grey).reduce(cell), np.float32), cell)

    def without_dark(self) -> Plane:
        """A grey closing: what is dark and narrower than the window is gone."""
        window = max(round(WINDOW * max(self.grey.shape)), 3)
        # What lies around the picture is taken for dark: so a strip of desk is a paper of its own.
        closed = np.pad(self.grey, window - 1)
        for extreme in (np.maximum, np.minimum):
            closed = _square(extreme, closed, window)
        return closed

    def inverted(self) -> _Coarse:
        return _Coarse(255 - self.grey, self.cell)


def _light_around(coarse: _Coarse) -> float:
    """The share of what is right around the writing, or what may be writing, that is light.

    Between the strokes of dark ink it is as light as on the strokes of light ink, but around the
    writing there is paper. (Or a desk, where the sheet ends.)
    """
    upper, lower = coarse.without_dark(), 255 - coarse.inverted().without_dark()
    contrast = upper - lower
    written = contrast > max(0.35 * float(np.quantile(contrast, 0.99)), 4.0)
    size = 5
    area = _box_sums(written.astype(np.float32), size)
    middle = _box_sums(np.where(written, (upper + lower) / 2, np.float32(0)), size) / np.maximum(
        area, 1
    )
    around = ~written & (area > 0)
    if not written.any():
        return 1.0
    if not around.any():
        return float((coarse.grey > (upper + lower) / 2)[written].mean())
    return float((coarse.grey > middle)[around].mean())


def _ratio_to_paper(grey: Grey, coarse: _Coarse) -> Plane:
    """How much darker each pixel is than the paper around it, as a share of the paper's level."""
    # At a sheet's edge the paper is the darker side.
    closed = _square(np.minimum, np.pad(coarse.without_dark(), 1, mode="edge"), 3)
    height, width = grey.shape
    whole = (closed.shape[1] * coarse.cell, closed.shape[0] * coarse.cell)
    paper = Image.fromarray(closed).resize(whole, Image.Resampling.BILINEAR)
    level = np.asarray(paper.crop((0, 0, width, height)))
    ratio: Plane = (level - grey) / np.maximum(level, np.float32(DARKEST_PAPER))
    return ratio


def _square(extreme: Callable[..., Any], values: NDArray[Any], side: int) -> NDArray[Any]:
    """The extreme over each square of side x side: that much smaller, less one."""
    return _running(extreme, _running(extreme, values, side, 0), side, 1)


def _box_sums(values: Plane, side: int) -> Plane:
    """Sums over the square of side x side around each pixel; nothing lies beyond the edges."""
    for axis in (0, 1):
        padding = [(0, 0), (0, 0)]
        padding[axis] = (side // 2 + 1, side // 2)
        sums = np.cumsum(np.pad(values, padding), axis=axis)
        values = np.moveaxis(sums, axis, 0)
        values = np.moveaxis(values[side:] - values[:-side], 0, axis)
    return values


def _running(extreme: Callable[..., Any], values: Plane, window: int, axis: int) -> Plane:
    """The extreme of each `window` neighbours along the axis: window - 1 fewer than before."""
    values = np.moveaxis(values, axis, 0)
    span = 1
    while span < window:
        step = min(span, window - span)
        values = extreme(values[:-step], values[step:])
        span += step
    return np.moveaxis(values, 0, axis)


# ---------------------------------------------------------------- ink and no ink


@dataclass(frozen=True)
class _Ink:
    """The ink on a page."""

    ratio: Plane
    """How far each pixel is from the paper towards the ink, as a share of the paper's level."""
    threshold: float
    """From this ratio on a pixel is ink."""
    faintest: float
    """From this ratio on it is printed at least."""

    @property
    def mask(self) -> Mask:
        return self.ratio >= self.threshold


def _ink_of(grey: Grey) -> _Ink | None:
    """The ink, dark or light, whichever is the less doubtful; None if there is none."""
    overview, _ = _smaller(grey, OVERVIEW_SIDE)
    coarse = _Coarse.of(overview)
    light = _light_around(coarse)
    dark_ink = _thresholded(overview, coarse)
    light_ink = _thresholded(255 - overview, coarse.inverted())
    dark_doubt = _doubt(dark_ink) * (1 + SURROUNDINGS * (1 - light))
    light_doubt = _doubt(light_ink) * (1 + SURROUNDINGS * light)
    if light_doubt < dark_doubt:
        grey, dark_ink = 255 - grey, light_ink
    return dark_ink if grey.shape == overview.shape else _thresholded(grey, _Coarse.of(grey))


def _thresholded(grey: Grey, coarse: _Coarse) -> _Ink | None:
    ratio = _ratio_to_paper(grey, coarse)
    sample = ratio[:: 1 + len(ratio) // SAMPLES]
    steps = np.abs(np.diff(sample, axis=1))
    grain = 1.05 * float(np.median(steps)) if steps.size else 0.0  # of normal noise: its deviation
    faintest = max(FAINTEST, GRAIN_FACTOR * grain)
    above = sample[sample > faintest]
    if len(above) < LEAST_PIXELS:
        return None
    # Ruling is paler than ink, so it falls below; of ink alone, it is the soft edges that do.
    return _Ink(ratio, 0.9 * otsu(above), faintest)


def _doubt(ink: _Ink | None) -> float:
    """How unlike writing it is: writing covers little, and ends in an edge all around.

    What is between the strokes of light ink looks like dark ink, but it also ends where it comes
    too far from them, and there is no edge.
    """
    if ink is None:
        return float("inf")
    mask = ink.mask
    inside = mask[1:-1, 1:-1]
    beside = mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
    ys, xs = np.nonzero(inside & ~beside)
    if not len(ys):
        return float("inf")
    chosen = slice(None, None, 1 + len(ys) // 5000)
    ys, xs = ys[chosen] + 1, xs[chosen] + 1
    height, width = mask.shape
    around = np.stack(
        [
            ink.ratio[(ys + dy).clip(0, height - 1), (xs + dx).clip(0, width - 1)]
            for dy in (-EDGE_REACH, 0, EDGE_REACH)
            for dx in (-EDGE_REACH, 0, EDGE_REACH)
        ]
    )
    level = float(np.median(ink.ratio[mask]))
    edges = np.ptp(around, axis=0) > level / 2
    return float(mask.mean() * (1 + 20 * (1 - edges.mean())))


# ---------------------------------------------------------------- printed lines


def _without_lines(ink: _Ink) -> tuple[Mask, Mask]:
    """The ink without long straight lines, and where those were: ruling, squares, forms' boxes."""
    mask, printed = ink.mask, ink.ratio >= max(ink.faintest, ink.threshold / 2)
    on_lines = np.zeros_like(mask)
    rows = slice(None, None, 1 + len(mask) // SAMPLES)
    level = float(np.quantile(ink.ratio[rows][mask[rows]], 0.75)) if mask[rows].any() else 1.0
    for turn in (lambda plane: plane, np.transpose):
        flat, ratio = turn(mask).copy(), turn(ink.ratio)
        for line in _printed(list(_level_lines(turn(printed))), ratio, level):
            line.erase(flat, ratio)
            turn(on_lines)[line.rows(len(flat)), line.columns[:, None]] = True
        mask = turn(flat)
    return mask, on_lines


@dataclass(frozen=True)
class _Line:
    """A straight line, level or nearly so."""

    columns: NDArray[np.int64]
    """(N,): x of its pixels, from its start to its end."""
    tops: NDArray[np.int64]
    """(N,): y of its upper edge there."""
    thickness: int

    def is_printed(self, ratio: Plane, level: float) -> bool:
        """Whether it is no stroke: it is paler than ink, or goes from side to side."""
        width = ratio.shape[1]
        from_side_to_side = self.columns[0] < 0.03 * width and self.columns[-1] > 0.97 * width
        return bool(from_side_to_side) or self.level(ratio) < PALE * level

    def extended(self, width: int, height: int) -> _Line:
        """The line on from both its ends, to the sides of the page."""
        slope, start = np.polyfit(self.columns, self.tops, 1)
        columns = np.arange(width)
        tops = np.rint(start + slope * columns).astype(np.int64)
        tops[self.columns] = self.tops
        inside = (tops >= 0) & (tops < height)
        return _Line(columns[inside], tops[inside], self.thickness)

    def erase(self, mask: Mask, ratio: Plane) -> None:
        """Take it out of the mask (H, W), but not the strokes that cross it.

        A stroke goes on above or below it, or is darker.
        """
        height = len(mask)
        rows, columns = self.rows(height), self.columns[:, None]
        over, under = self.tops - 4, self.tops + self.thickness + 3
        crossed = mask[over.clip(0), self.columns] & (over >= 0)
        crossed |= mask[under.clip(0, height - 1), self.columns] & (under < height)
        darker = ratio[rows, columns] > DARKER * self.level(ratio)
        mask[rows, columns] &= crossed[:, None] | darker

    def rows(self, height: int) -> NDArray[np.int64]:
        """(N, M): y of its pixels in each column, and of those just above and below it."""
        rows = self.tops[:, None] + np.arange(-2, self.thickness + 2)
        return rows.clip(0, height - 1)

    def level(self, ratio: Plane) -> float:
        """Its median ratio to the paper."""
        rows = (self.tops[:, None] + np.arange(self.thickness)).clip(0, len(ratio) - 1)
        return float(np.median(ratio[rows, self.columns[:, None]]))


def _printed(lines: list[_Line], ratio: Plane, level: float) -> list[_Line]:
    """Those of the lines that are no strokes; where several are printed, all that are like them.

    Such ruling goes on over the page, also where writing hides it.
    """
    printed = [line for line in lines if line.is_printed(ratio, level)]
    if len(printed) < RULING:
        return printed
    typical = float(np.median([line.level(ratio) for line in printed]))
    like_them = [line for line in lines if line.level(ratio) < LIKE_OTHERS * typical]
    height, width = ratio.shape
    return [line.extended(width, height) for line in like_them]


def _level_lines(mask: Mask) -> Iterator[_Line]:
    """Long lines that are level, more or less.

    They are found by voting (Hough 1962; Duda, Hart 1972, "Use of the Hough Transformation to
    Detect Lines and Curves in Pictures"): the upper edge of each thin run of ink in a column
    votes for the lines through it.
    """
    height, width = mask.shape
    if width < NARROWEST:
        return
    thickest = max(round(LINE_THICKNESS * min(height, width)), 2)
    below = np.zeros_like(mask)
    below[:-thickest] = mask[thickest:]
    edges = mask & ~below
    edges[1:] &= ~mask[:-1]
    ys, xs = np.nonzero(edges)
    least = LINE_LENGTH * width
    if len(ys) < least:
        return
    grain = max(width / FINEST, 1.0)  # pixels to a bin
    # Where the line through each edge crosses the middle, for each slope, in bins.
    bins = (ys - SLOPES[:, None] * (xs - width / 2)) / grain
    bins -= bins.min() - 1.5
    bins = bins.astype(np.int32)
    size = int(bins.max()) + 2
    counts = np.stack([np.bincount(row, minlength=size) for row in bins])
    while True:
        votes = counts[:, :-2] + counts[:, 1:-1] + counts[:, 2:]
        which, at = np.unravel_index(int(votes.argmax()), votes.shape)
        if votes[which, at] < least:
            return
        on_line = np.abs(bins[which] - at - 1) <= 1
        line = _line_through(xs[on_line], ys[on_line], mask, thickest)
        if line:
            yield line
        counts -= np.stack([np.bincount(row, minlength=size) for row in bins[:, on_line]])
        bins, xs, ys = bins[:, ~on_line], xs[~on_line], ys[~on_line]


def _line_through(
    xs: NDArray[np.int64], ys: NDArray[np.int64], mask: Mask, thickest: int
) -> _Line | None:
    """The line that upper edges (N,) belong to, if they make one."""
    height, width = mask.shape
    order = np.argsort(xs, kind="stable")
    there, first = np.unique(xs[order], return_index=True)
    tops = ys[order][first]
    # The stretch with the most drawn and the least not drawn; single pixels lie beyond.
    drawn = np.full(width + 1, -LINE_FILLED)
    drawn[there + 1] += 1
    balance = np.cumsum(drawn)
    gained = balance - np.minimum.accumulate(balance)
    stop = int(gained.argmax())
    start = int(balance[:stop].argmin()) if stop else 0
    inside = (there >= start) & (there < stop)
    there, tops = there[inside], tops[inside]
    if len(there) < 0.7 * LINE_LENGTH * width:
        return None
    columns = np.arange(there[0], there[-1] + 1)
    tops = np.rint(np.interp(columns, there, tops)).astype(np.int64)
    reach = (tops[:, None] + np.arange(thickest + 1)).clip(0, height - 1)
    thick = np.median(mask[reach, columns[:, None]].sum(1))
    return _Line(columns, tops, max(int(thick), 1))


# ---------------------------------------------------------------- pieces, digits, lines


@dataclass(frozen=True)
class _Pieces:
    """The connected pieces of ink; the one labelled i is at place i - 1 of each array."""

    labels: NDArray[np.integer[Any]]
    """(H, W): 0 is paper."""
    boxes: Edges
    """(N, 4)"""
    areas: NDArray[np.int64]
    """(N,), in pixels."""

    @property
    def widths(self) -> NDArray[np.int64]:
        widths: NDArray[np.int64] = self.boxes[:, 2] - self.boxes[:, 0]
        return widths

    @property
    def heights(self) -> NDArray[np.int64]:
        heights: NDArray[np.int64] = self.boxes[:, 3] - self.boxes[:, 1]
        return heights


def _pieces_of(mask: Mask) -> _Pieces:
    import cc3d

    # As numbers: of flags, cc3d 4.1.1 now and then joins or numbers pieces wrongly.
    labels = cc3d.connected_components(mask.astype(np.uint8), connectivity=8)
    statistics: Any = cc3d.statistics(labels)
    boxes = [
        (columns.start, rows.start, columns.stop, rows.stop)
        for rows, columns in statistics["bounding_boxes"][1:]
    ]
    areas = np.asarray(statistics["voxel_counts"], np.int64)[1:]
    return _Pieces(labels, np.array(boxes, np.int64).reshape(-1, 4), areas)


def _is_writing(pieces: _Pieces, on_lines: Mask) -> Mask:
    """Which pieces (N,) are no dust, no edge of the sheet, no line and no frame."""
    height, width = pieces.labels.shape
    x0, y0, x1, y1 = pieces.boxes.T
    wide, tall = pieces.widths, pieces.heights
    side = np.array([width, height])
    at_edge = np.stack([x0 <= 1, y0 <= 1, x1 >= width - 1, y1 >= height - 1])
    # Along an edge of the picture: long, or hardly coming inside.
    long = np.stack([tall > 0.5 * height, wide > 0.5 * width] * 2)
    shallow = np.stack([wide < 0.02 * width, tall < 0.02 * height] * 2)
    edge = (at_edge & (long | shallow)).any(0)
    from_side_to_side = ((wide > 0.94 * side[0]) & (tall < 0.1 * side[1])) | (
        (tall > 0.94 * side[1]) & (wide < 0.02 * side[0])
    )
    left_over = np.bincount(pieces.labels[on_lines], minlength=len(pieces.areas) + 1)[1:]
    thin = np.minimum(wide, tall) <= max(round(LINE_THICKNESS * min(height, width)), 2) + SOFT
    line = thin & (left_over > LEFT_OVER * pieces.areas)
    writing: Mask = (pieces.areas >= LEAST_PIXELS / 2) & ~edge & ~from_side_to_side & ~line
    for place in np.flatnonzero(writing & (wide > 0.4 * width) & (tall > 0.3 * height)):
        if _is_frame(pieces, int(place)):
            writing[place] = False
    return writing


def _is_frame(pieces: _Pieces, place: int) -> bool:
    """Whether most of the piece lies along the sides of its box."""
    x0, y0, x1, y1 = pieces.boxes[place]
    ink = pieces.labels[y0:y1, x0:x1] == place + 1
    by, bx = max((y1 - y0) // 12, 2), max((x1 - x0) // 12, 2)
    inside = ink[by:-by, bx:-bx].sum()
    filled = np.mean(
        [
            ink[:by].any(0).mean(),
            ink[-by:].any(0).mean(),
            ink[:, :bx].any(1).mean(),
            ink[:, -bx:].any(1).mean(),
        ]
    )
    return bool(inside < 0.2 * ink.sum() and filled > 0.8)


def find_ink(picture: Grey) -> Found:
    """Find what is written in a grey picture (H, W) of any size.

    Nothing is found on paper without writing. Raises UnreadablePicture if there is too much.
    """
    page = _page_of(picture, WORKING_SIDE)
    if page and page.height < SMALL and max(picture.shape) > WORKING_SIDE:
        page = _page_of(picture, FINE_SIDE)
    return page.found() if page else Found((), ())


def cut_from(picture: Grey, box: Box) -> Crop:
    """The crop with that box of a clean picture (H, W) that has nothing else on it."""
    x0, y0, x1, y1 = box
    left, top = max(x0 - MARGIN, 0), max(y0 - MARGIN, 0)
    piece, smaller = _fitting(picture[top : y1 + MARGIN, left : x1 + MARGIN], box)
    return Crop(piece, box, (float(left), float(top)), smaller)


def _fitting(piece: Grey, box: Box) -> tuple[Grey, int]:
    """A crop no larger than its network needs, and how many times smaller it was made."""
    smaller = max(box[3] - box[1], box[2] - box[0]) // LARGEST_CROP + 1
    return (np.asarray(Image.fromarray(piece).reduce(smaller)) if smaller > 1 else piece), smaller


def _page_of(picture: Grey, side: int) -> _Page | None:
    """The page at a size that fits, with its pieces of ink; None if there are none."""
    grey, factor = _smaller(picture, side)
    ink = _ink_of(grey)
    if ink is None:
        return None
    mask, on_lines = _without_lines(ink)
    pieces = _pieces_of(mask)
    writing = np.flatnonzero(_is_writing(pieces, on_lines))
    if not len(writing):
        return None
    if len(writing) > MOST_PIECES:
        raise UnreadablePicture(
            f"There are {len(writing):,} pieces of writing in the picture, and the limit is "
            f"{MOST_PIECES:,}. Cut it into parts.",
            reason="too large",
        )
    return _Page(ink, pieces, writing, factor, picture.shape)


class _Page:
    """Pieces of ink on their way to become digits in lines."""

    def __init__(
        self,
        ink: _Ink,
        pieces: _Pieces,
        writing: NDArray[np.int64],
        factor: int,
        shape: tuple[int, ...],
    ) -> None:
        """Of the pieces that are writing (N,), one or more."""
        self._ink, self._pieces, self._writing = ink, pieces, writing
        self._factor, self._shape = factor, shape
        rows = slice(None, None, 1 + len(pieces.labels) // SAMPLES)
        levels = ink.ratio[rows][pieces.labels[rows] > 0]
        self._level = float(np.median(levels)) if len(levels) else ink.threshold
        self.height = _weighted_median(pieces.heights[writing], pieces.areas[writing])
        """Of a digit, about, in pixels of the working picture."""

    def found(self) -> Found:
        pieces, writing, height = self._pieces, self._writing, self.height
        tall = pieces.heights[writing] >= LEAST_HEIGHT * height
        groups = [[int(place)] for place in writing[tall]]
        groups += self._fallen_apart(writing[~tall], height)
        groups = self._stacked(groups, height)
        boxes = np.array([self._box(group) for group in groups]).reshape(-1, 4)
        in_groups = {place for group in groups for place in group}
        loose = []
        for place in (int(place) for place in writing if place not in in_groups):
            number = _part_of(pieces.boxes[place], boxes, height)
            if number is None:
                loose.append(place)
            else:
                groups[number].append(place)
        skipped = [place for place in loose if self._is_sign(place, boxes, height)]
        return Found(
            tuple(
                tuple(self._crop(groups[number]) for number in line)
                for line in _lines([self._box(group) for group in groups])
            ),
            tuple(self._crop([place]) for place in skipped),
        )

    def _fallen_apart(self, places: NDArray[np.int64], height: float) -> list[list[int]]:
        """Digits that fell to pieces: small pieces that are close, and together as tall as one."""

        def near(box: Edges, others: Edges) -> Mask:
            apart = np.maximum(
                np.maximum(others[:, 0] - box[2], box[0] - others[:, 2]),
                np.maximum(others[:, 1] - box[3], box[1] - others[:, 3]),
            )
            around = _around(box, others)
            size = np.maximum(around[:, 2] - around[:, 0], around[:, 3] - around[:, 1])
            close: Mask = (apart < CLOSE * height) & (size < TALLEST * height)
            return close

        boxes = self._pieces.boxes[places]
        together = _joined(boxes, np.argsort(boxes[:, 0], kind="stable"), near)
        clusters = [[int(places[number]) for number in numbers] for numbers in together]
        return [c for c in clusters if self._box(c)[3] - self._box(c)[1] > 0.7 * height]

    def _stacked(self, groups: list[list[int]], height: float) -> list[list[int]]:
        """Join what is on top of each other and together no higher than a digit."""

        def on_top(box: Edges, others: Edges) -> Mask:
            wide, tall = others[:, 2] - others[:, 0], others[:, 3] - others[:, 1]
            narrower = np.minimum(box[2] - box[0], wide)
            lower = np.minimum(box[3] - box[1], tall)
            higher = np.maximum(box[3] - box[1], tall)
            above = np.minimum(box[2], others[:, 2]) - np.maximum(box[0], others[:, 0])
            beside = np.minimum(box[3], others[:, 3]) - np.maximum(box[1], others[:, 1])
            around = _around(box, others)
            fits = around[:, 3] - around[:, 1] < TALLEST * height
            fits |= (-beside < CLOSE * higher) & (lower < MUCH_LOWER * higher)
            fits &= (above >= JOINED_FROM * narrower) & (beside <= 0.5 * lower)
            stacked: Mask = fits
            return stacked

        boxes = np.array([self._box(group) for group in groups]).reshape(-1, 4)
        together = _joined(boxes, np.argsort(boxes[:, 1], kind="stable"), on_top)
        return [[place for number in numbers for place in groups[number]] for numbers in together]

    def _box(self, group: Sequence[int]) -> NDArray[np.int64]:
        boxes = self._pieces.boxes[list(group)]
        return np.concatenate([boxes[:, :2].min(0), boxes[:, 2:].max(0)])

    def _is_sign(self, place: int, digits: Edges, height: float) -> bool:
        """Whether a small piece is of the writing: it lies by digits (N, 4), and is no speck."""
        if self._pieces.areas[place] < SPECK * self._pen**2:
            return False
        x0, y0, x1, y1 = self._pieces.boxes[place]
        left, top, right, bottom = digits.T
        apart = np.maximum(left - x1, x0 - right)
        in_line = (y0 < bottom + 0.25 * height) & (y1 > top - 0.1 * height)
        return bool(((apart < height) & in_line).any())

    @cached_property
    def _pen(self) -> float:
        """How broad the pen is, about, in pixels: twice the ink's area for its outline."""
        mask = self._pieces.labels > 0
        inside = (
            mask[1:-1, 1:-1] & mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
        )
        outline = mask.sum() - inside.sum()
        return float(2 * mask.sum() / max(outline, 1))

    def _crop(self, group: Sequence[int]) -> Crop:
        """The ink of these pieces, and their soft edges."""
        x0, y0, x1, y1 = (int(edge) for edge in self._box(group))
        height, width = self._pieces.labels.shape
        top, left = max(y0 - MARGIN, 0), max(x0 - MARGIN, 0)
        window = np.s_[top : min(y1 + MARGIN, height), left : min(x1 + MARGIN, width)]
        labels = self._pieces.labels[window]
        mine = (
            np.isin(labels, [place + 1 for place in group])
            if len(group) > 1
            else labels == group[0] + 1
        )
        near = _square(np.logical_or, np.pad(mine, SOFT), 2 * SOFT + 1)
        ratio = self._ink.ratio[window]
        cover = (ratio / self._level).clip(0, 1) * (mine | (near & (labels == 0)))
        picture = np.pad((255 - 255 * cover).astype(np.uint8), MARGIN, constant_values=255)
        picture, smaller = _fitting(picture, (x0, y0, x1, y1))
        factor = self._factor
        box = (
            x0 * factor,
            y0 * factor,
            min(x1 * factor, self._shape[1]),
            min(y1 * factor, self._shape[0]),
        )
        corner = ((left - MARGIN) * float(factor), (top - MARGIN) * float(factor))
        return Crop(picture, box, corner, factor * smaller)


def _joined(
    boxes: Edges, order: NDArray[np.int64], joins: Callable[[Edges, Edges], Mask]
) -> list[list[int]]:
    """Groups of boxes (N, 4): in that order each joins the first group that it belongs to.

    `joins` says of a box, and of those around the groups so far (M, 4), which these are: (M,).
    """
    groups: list[list[int]] = []
    around = np.zeros_like(boxes)
    for number in order.tolist():
        [*mine] = np.flatnonzero(joins(boxes[number], around[: len(groups)]))[:1]
        if mine:
            groups[mine[0]].append(number)
            around[mine[0]] = _around(boxes[number], around[mine[0] : mine[0] + 1])[0]
        else:
            around[len(groups)] = boxes[number]
            groups.append([number])
    return groups


def _around(box: Edges, others: Edges) -> Edges:
    """The boxes (N, 4) around a box and each of the others (N, 4)."""
    low, high = np.minimum(box[:2], others[:, :2]), np.maximum(box[2:], others[:, 2:])
    return np.concatenate([low, high], 1)


def _part_of(piece: Edges, digits: Edges, height: float) -> int | None:
    """The digit, of those with boxes (N, 4), that a small piece is part of.

    It is above it, below it or within it; or it is the bar of a 5 that does not reach it, at its
    top and to the right.
    """
    if not len(digits):
        return None
    x0, y0, x1, y1 = piece
    left, top, right, bottom = digits.T
    if 1.5 * (y1 - y0) < x1 - x0 < WIDEST_BAR * height:
        at_top = ((y0 + y1) / 2 < top + 0.3 * (bottom - top)) & (y1 > top - 0.3 * height)
        beside = (left < x0) & (x0 < right + CLOSE * height)
        if (at_top & beside).any():
            return int(np.flatnonzero(at_top & beside)[0])
    wide, tall = x1 - x0, y1 - y0
    aside = np.maximum(np.maximum(left - x1, x0 - right), np.maximum(top - y1, y0 - bottom))
    fits = np.maximum(x1, right) - np.minimum(x0, left) < TALLEST * height
    is_comma = (wide < 0.3 * height) & (y1 > bottom - 0.1 * height)
    fallen_off = (aside < FALLEN_OFF * height) & fits & ~is_comma
    if max(wide, tall) >= DOT * height and fallen_off.any():
        return int(np.where(fallen_off, aside, np.inf).argmin())
    overlap = (np.minimum(x1, right) - np.maximum(x0, left)) / wide
    apart = np.maximum(np.maximum(top - y1, y0 - bottom), 0)
    overlap[apart >= JOINED_WITHIN * height] = 0.0
    if max(wide, tall) < DOT * height:  # a point may lie half under a digit
        overlap[(x0 < left) | (x1 > right) | (y0 < top) | (y1 > bottom)] = 0.0
    return int(overlap.argmax()) if overlap.max() > JOINED_FROM else None


def _lines(boxes: Sequence[Edges]) -> list[list[int]]:
    """The numbers of boxes line by line, from the top, and each line from the left."""
    lines: list[list[int]] = []
    ends = np.zeros((len(boxes), 2))
    for number in sorted(range(len(boxes)), key=lambda number: int(boxes[number][0])):
        _, top, _, bottom = boxes[number]
        above, below = ends[: len(lines)].T
        shared = np.minimum(bottom, below) - np.maximum(top, above)
        shared = shared / np.minimum(bottom - top, below - above)
        if len(lines) and shared.max() > SAME_LINE:
            line = int(shared.argmax())
            lines[line].append(number)
        else:
            line = len(lines)
            lines.append([number])
        ends[line] = top, bottom
    return sorted(lines, key=lambda line: float(np.mean([boxes[n][1::2] for n in line])))


def _weighted_median(values: NDArray[Any], weights: NDArray[Any]) -> float:
    order = np.argsort(values)
    cumulated = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(cumulated, cumulated[-1] / 2)])
