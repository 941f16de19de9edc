"""Boxes and what was read in them, as SVG: a drawing of a reading that needs no picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inkdigits.layout import usual_height

Colour = tuple[int, int, int]
SURE, UNSURE, SKIPPED = (0, 120, 60), (200, 80, 0), (90, 90, 200)
MOST = 600
"""Pixels of a sketch's longer side."""


def sketch(labels: Sequence[tuple[Sequence[int], str, Colour]]) -> str:
    """SVG of boxes x0, y0, x1, y1, each with its text within, on white; "" of none."""
    if not labels:
        return ""
    boxes = np.array([box for box, _, _ in labels])
    high = usual_height(boxes)
    left, top = boxes[:, :2].min(0) - high / 2
    width, height = boxes[:, 2:].max(0) + high / 2 - (left, top)
    scale = min(MOST / max(width, height), 1.0)
    shapes = "".join(
        f'<rect x="{x0}" y="{y0}" width="{x1 - x0}" height="{y1 - y0}" fill="none" '
        f'stroke="rgb{colour}"/>'
        f'<text x="{(x0 + x1) / 2}" y="{(y0 + y1) / 2}" dy="0.35em" fill="rgb{colour}">'
        f"{text}</text>"
        for (x0, y0, x1, y1), text, colour in labels
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" style="background: white" '
        f'viewBox="{left:.0f} {top:.0f} {width:.0f} {height:.0f}" '
        f'width="{width * scale:.0f}" height="{height * scale:.0f}" stroke-width="{high / 40:.1f}" '
        f'font-family="sans-serif" font-size="{0.8 * high:.0f}" text-anchor="middle">'
        f"{shapes}</svg>"
    )
