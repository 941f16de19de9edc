"""Find what is written in a photo or on a page: crops of one piece of writing each, in order.

    grey picture -> how likely each pixel is ink -> connected pieces -> digits' places, in lines
                 -> crops

What is ink a small network says (`inkdigits.ink_network`), which takes light, paper, printed lines
and the desk out at once. Nothing here knows what a digit looks like: reading the crops is the
model file's, and whether a crop holds one digit, several or none is for the reader to say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from inkdigits.errors import UnreadablePicture
from inkdigits.reading import Box

Grey = NDArray[np.uint8]
"""(H, W)"""
Mask = NDArray[np.bool_]
"""(H, W)"""
Edges = NDArray[np.int64]
"""A box (4,), or several (N, 4)."""

SIDES = (448, 1100, 2800)
"""Pixels. A larger picture is made smaller, until its longer side has so many; if its digits then
have"""
LARGE_ENOUGH, SMALL = 48.0, 20.0
"""pixels, or more, it is not looked at more closely; nor in the finest way from this on."""
FAINT, SURE = 80, 150
"""Of 255. From the first on a pixel may be ink, and is if it is connected to one from the second
on (hysteresis: Canny 1986, "A Computational Approach to Edge Detection")."""
PAPER = 20
"""Of 255: below this, a pixel is no ink."""
LEAST_CONTRAST = 4
"""Grey levels between ink and paper, if the picture's own levels are to say anything;"""
CLEAN = 0.02
"""clean paper, or half of it, differs by less than this share of them."""
TRACE = 8
"""Of 255. From here on a pixel may be of a frame,"""
FRAME_WIDTH, FRAME_HEIGHT, FRAME_FILLED = 0.4, 0.3, 0.8
"""which takes at least these shares of the picture's width and height, and lies along so much of
the sides of its box, with so much of its area."""
MOST_PIECES = 4000
"""A page with more pieces of ink is refused."""
LEAST_PIXELS = 6
"""Less ink is dust."""
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


def find_ink(picture: Grey, network: Callable[[Grey], Grey]) -> Found:
    """Find what is written in a grey picture (H, W) of any size.

    `network` says how likely each pixel is ink, 0 to 255. Nothing is found on paper without
    writing. Raises UnreadablePicture if there is too much.
    """
    longest = max(picture.shape)
    page = _page_of(picture, SIDES[0], network)
    if longest > SIDES[0] and not (page and page.height >= LARGE_ENOUGH):
        page = _page_of(picture, SIDES[1], network)
        if longest > SIDES[1] and page and page.height < SMALL:
            page = _page_of(picture, SIDES[2], network)
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


def _page_of(picture: Grey, side: int, network: Callable[[Grey], Grey]) -> _Page | None:
    """The page at a size that fits, with its pieces of ink; None if there are none."""
    grey, factor = _smaller(picture, side)
    ink = _without_frames(network(grey))
    if not (ink >= SURE).any():
        return None
    pieces = _pieces_of(ink >= FAINT)
    is_sure = np.zeros(len(pieces.areas) + 1, bool)
    is_sure[pieces.labels[ink >= SURE]] = True
    writing = np.flatnonzero(is_sure[1:] & (pieces.areas >= LEAST_PIXELS))
    if not len(writing):
        return None
    if len(writing) > MOST_PIECES:
        raise UnreadablePicture(
            f"There are {len(writing):,} pieces of writing in the picture, and the limit is "
            f"{MOST_PIECES:,}. Cut it into parts.",
            reason="too large",
        )
    return _Page(grey, ink, pieces, writing, factor, picture.shape)


def _without_frames(ink: Grey) -> Grey:
    """The ink without the border of a form, if that is as broad and dark as what a pen draws."""
    height, width = ink.shape
    pieces = _pieces_of(ink >= TRACE)
    large = (pieces.widths > FRAME_WIDTH * width) & (pieces.heights > FRAME_HEIGHT * height)
    for place in np.flatnonzero(large):
        x0, y0, x1, y1 = pieces.boxes[place]
        piece = pieces.labels[y0:y1, x0:x1] == place + 1
        along_sides = _along_sides(piece)
        if along_sides is not None:
            ink = ink.copy()
            ink[y0:y1, x0:x1][along_sides] = 0
    return ink


def _along_sides(piece: Mask) -> Mask | None:
    """What of the piece (H, W) lies along the sides of its box, if most of it does; else None."""
    by, bx = (max(side // 12, 2) for side in piece.shape)
    sides = piece[:by].any(0), piece[-by:].any(0), piece[:, :bx].any(1), piece[:, -bx:].any(1)
    along = piece.copy()
    along[by:-by, bx:-bx] = False
    filled = np.mean([side.mean() for side in sides])
    return along if filled > FRAME_FILLED and along.sum() > FRAME_FILLED * piece.sum() else None


def _smaller(picture: Grey, side: int) -> tuple[Grey, int]:
    """The picture made smaller until its longer side fits, and how many times smaller it is."""
    factor = max(-(-max(picture.shape) // side), 1)
    if factor == 1:
        return picture, 1
    return np.asarray(Image.fromarray(picture).reduce(factor)), factor


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


def connected(mask: Mask) -> NDArray[np.integer[Any]]:
    """The number of the piece (H, W), from 1 on, that each pixel is of; diagonals connect.

    0 is none.
    """
    import cc3d

    # As numbers: of flags, cc3d 4.1.1 now and then joins or numbers pieces wrongly.
    labels: NDArray[np.integer[Any]] = cc3d.connected_components(
        mask.astype(np.uint8), connectivity=8
    )
    return labels


def _pieces_of(mask: Mask) -> _Pieces:
    import cc3d

    labels = connected(mask)
    statistics: Any = cc3d.statistics(labels)
    boxes = [
        (columns.start, rows.start, columns.stop, rows.stop)
        for rows, columns in statistics["bounding_boxes"][1:]
    ]
    areas = np.asarray(statistics["voxel_counts"], np.int64)[1:]
    return _Pieces(labels, np.array(boxes, np.int64).reshape(-1, 4), areas)


class _Page:
    """Pieces of ink on their way to become digits in lines."""

    def __init__(
        self,
        grey: Grey,
        ink: Grey,
        pieces: _Pieces,
        writing: NDArray[np.int64],
        factor: int,
        shape: tuple[int, ...],
    ) -> None:
        """Of the pieces that are writing (N,), one or more."""
        self._grey, self._ink, self._pieces, self._writing = grey, ink, pieces, writing
        self._factor, self._shape = factor, shape
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
            around = _around(box, others)
            size = np.maximum(around[:, 2] - around[:, 0], around[:, 3] - around[:, 1])
            close: Mask = (_apart(box, others) < CLOSE * height) & (size < TALLEST * height)
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
        inside = mask[1:-1, 1:-1] & mask[:-2, 1:-1] & mask[2:, 1:-1]
        inside &= mask[1:-1, :-2] & mask[1:-1, 2:]
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
        near = Image.fromarray(mine).convert("L").filter(ImageFilter.MaxFilter(2 * SOFT + 1))
        mine |= (np.asarray(near) > 0) & (labels == 0)
        cover = _cover(self._grey[window], self._ink[window], mine)
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


def _cover(grey: Grey, ink: Grey, mine: Mask) -> NDArray[np.floating[Any]]:
    """How much of each pixel (H, W) that is `mine` ink covers, in 0..1.

    On clean paper the picture's own levels say so. If it is grainy or unevenly lit, the mean of
    these and of what the network says is read better than either.
    """
    said = ink / np.float32(255)
    around, inked = grey[ink < PAPER], grey[mine & (ink >= SURE)]
    if len(around) and len(inked):
        paper, full = np.median(around), np.median(inked)
        if abs(paper - full) > LEAST_CONTRAST:
            seen = ((paper - grey) / np.float32(paper - full)).clip(0, 1)
            low, high = np.percentile(around, (25, 75))
            is_clean = high - low < CLEAN * abs(paper - full)
            said = seen if is_clean else (said + seen) / 2
    return said * mine


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


def _apart(box: Edges, others: Edges) -> NDArray[np.int64]:
    """How far each of the others (N, 4) is from the box, beside it or above it; below 0 if they
    overlap."""
    before, after = others[:, :2] - box[2:], box[:2] - others[:, 2:]
    apart: NDArray[np.int64] = np.maximum(before, after).max(1)
    return apart


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
    aside = _apart(piece, digits)
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
