"""Digits and other writing as `page.onnx` cuts them out of pages, and the reader hands them on."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from inkdigits.recognition.page import PageFile, Pieces
from inkdigits.recognition.text import perhaps_digits
from inkdigits.synthesis.handwriting import KIND
from inkdigits.synthesis.pages import DrawnPage, areas

NO_DIGIT = 255
"""The label of what is no digit."""
OVERLAP = 0.5
"""A box that shares so much of its area with a piece's is that piece's."""
LIKE_ONES = [KIND[sign] for sign in ",./"]
"""Marks that are a 1 to the eye when they stand alone, or nothing."""


def crops(
    find: PageFile, pages: Iterable[DrawnPage]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Pieces (N, 64, 64) with ink bright, of which the pages tell what they are, and their labels,
    0 to 9 or NO_DIGIT."""
    pictures, labels = [np.empty((0, 64, 64), np.uint8)], [np.empty(0, np.uint8)]
    for page in pages:
        pieces = find(page.picture)
        kinds = _truth(pieces, page)
        known = (kinds >= 0) & ~np.isin(kinds, LIKE_ONES)
        pictures.append(255 - pieces.crop[known])
        labels.append(np.where(kinds[known] < 10, kinds[known], NO_DIGIT).astype(np.uint8))
    return np.concatenate(pictures), np.concatenate(labels)


def _truth(pieces: Pieces, page: DrawnPage) -> NDArray[np.int64]:
    """(K,) the kind of each piece that was found; -1 where the page does not tell."""
    boxes, found = page.seen, pieces.box.astype(float)
    if not len(boxes) or not len(found):
        return np.full(len(found), -1)
    low = np.maximum(found[:, None, :2], boxes[None, :, :2])
    high = np.minimum(found[:, None, 2:], boxes[None, :, 2:])
    both = (high - low).clip(0).prod(2)
    share = both / (areas(found)[:, None] + areas(boxes) - both).clip(1e-6)
    best = share.argmax(1)
    is_known = (share.max(1) > OVERLAP) & page.is_whole[best]
    kinds: NDArray[np.int64] = np.where(is_known, page.kinds[best], -1)
    return kinds


def largest_digit(pieces: Pieces) -> int | None:
    """The place of the piece that is most of what is written, as in a picture of one digit; None if
    it is taken for no digit."""
    boxes = pieces.box.astype(float)
    if not len(boxes):
        return None
    largest = int(areas(boxes).argmax())
    whole = np.concatenate([boxes[:, :2].min(0), boxes[:, 2:].max(0)])
    is_most = areas(boxes)[largest] >= OVERLAP * areas(whole[None])[0]
    return largest if is_most and largest in perhaps_digits(pieces) else None
