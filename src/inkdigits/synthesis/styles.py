"""Ways of writing a digit: they are found in the strokes, and the rare ones get their share.

Digits of one label and one number of strokes are clustered by the path of the pen (k-means on
the resampled strokes, as many clusters as the silhouette likes best; Rousseeuw 1987), so that the
flagged 1 is told from the plain one, the curled 9 from the straight one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inkdigits.datasets.strokes import Stroke, WrittenDigit

POINTS = 32
"""Each stroke is resampled to so many points."""
MOST_STYLES = 6
"""So many at most of one label and one number of strokes."""
FEWEST = 8
"""A group of twice as many is split, if it can be into clusters of at least so many."""


@dataclass(frozen=True)
class Style:
    """A way of writing a digit."""

    label: int
    strokes: int
    """How many the digit is written with."""
    members: tuple[int, ...]
    """The places of those who write it so, in the digits given."""


def find_styles(digits: Sequence[WrittenDigit], seed: int = 0) -> list[Style]:
    """The styles of `digits`: each digit is in exactly one."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    groups: dict[tuple[int, int], list[int]] = {}
    for place, digit in enumerate(digits):
        groups.setdefault((digit.label, len(digit.strokes)), []).append(place)
    styles = []
    for (label, strokes), places in sorted(groups.items()):
        members = np.array(places)
        clusters = np.zeros(len(members), int)
        if len(members) >= 2 * FEWEST:
            paths = np.stack([resampled(digits[place].strokes).ravel() for place in members])
            best = -1.0
            for count in range(2, MOST_STYLES + 1):
                found = KMeans(count, n_init=3, random_state=seed).fit_predict(paths)
                if np.bincount(found, minlength=count).min() < FEWEST:
                    continue
                score = silhouette_score(paths, found)
                if score > best:
                    best, clusters = score, found
        for cluster in np.unique(clusters):
            styles.append(Style(label, strokes, tuple(members[clusters == cluster].tolist())))
    return styles


def shares(styles: Sequence[Style], count: int) -> NDArray[np.float64]:
    """How often each of `count` digits is to be drawn; they sum to 1, and each label has as much.

    Within a label a style's share grows with the square root of its size, so that rare ones are
    drawn more often than they are written; but nobody in a style of a few more often than in one
    of eight, since those may be slips of the pen.
    """
    weights = np.zeros(count)
    for label in {style.label for style in styles}:
        of_label = [style for style in styles if style.label == label]
        sizes = np.array([len(style.members) for style in of_label])
        roots = np.minimum(np.sqrt(sizes), sizes / np.sqrt(FEWEST))
        for style, root in zip(of_label, roots / roots.sum(), strict=True):
            weights[list(style.members)] = root / len(style.members)
    weights /= weights.sum()
    return weights


def resampled(strokes: list[Stroke]) -> NDArray[np.float64]:
    """The strokes (K, 32, 2), evenly spaced along each, in a box whose longer side is -0.5..0.5."""
    points = np.concatenate(strokes)
    low, high = points.min(0), points.max(0)
    size = max((high - low).max(), 1e-9)
    even: NDArray[np.float64] = np.stack([_evenly(stroke) for stroke in strokes])
    even -= (low + high) / 2
    even /= size
    return even


def _evenly(stroke: Stroke) -> NDArray[np.float64]:
    steps = np.hypot(*np.diff(stroke, axis=0).T)
    length = np.concatenate([[0.0], np.cumsum(steps)])
    places = np.linspace(0, length[-1], POINTS)
    return np.stack([np.interp(places, length, stroke[:, axis]) for axis in (0, 1)], axis=1)
