"""Ten digits as they are written, and pictures of them."""

from io import BytesIO
from math import cos, pi, sin

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Stroke = list[tuple[float, float]]


def arc(
    x: float, y: float, width: float, height: float, start: float, end: float, points: int = 24
) -> Stroke:
    """Part of an ellipse around (x, y); angles in turns, 0 to the right, growing clockwise."""
    angles = [2 * pi * (start + (end - start) * i / points) for i in range(points + 1)]
    return [(x + width / 2 * cos(angle), y + height / 2 * sin(angle)) for angle in angles]


STROKES: dict[int, list[Stroke]] = {
    0: [arc(0.5, 0.5, 0.4, 0.62, -0.25, 0.77)],
    1: [[(0.54, 0.2), (0.52, 0.5), (0.5, 0.82)]],
    2: [[*arc(0.5, 0.36, 0.36, 0.32, -0.45, 0.1), (0.45, 0.66), (0.31, 0.8), (0.72, 0.79)]],
    3: [
        [
            *arc(0.48, 0.35, 0.34, 0.3, -0.42, 0.25),
            *arc(0.48, 0.66, 0.38, 0.32, -0.25, 0.42),
        ]
    ],
    4: [[(0.4, 0.2), (0.3, 0.55), (0.72, 0.54)], [(0.62, 0.24), (0.6, 0.55), (0.58, 0.84)]],
    5: [
        [(0.38, 0.22), (0.36, 0.46), *arc(0.46, 0.62, 0.4, 0.36, -0.3, 0.38)],
        [(0.38, 0.22), (0.68, 0.2)],
    ],
    6: [[(0.6, 0.18), (0.46, 0.32), (0.37, 0.5), *arc(0.51, 0.65, 0.32, 0.32, -0.5, 0.55)]],
    7: [[(0.27, 0.23), (0.5, 0.24), (0.73, 0.22), (0.58, 0.48), (0.46, 0.84)]],
    8: [
        [
            (0.5 - 0.17 * sin(2 * t), 0.5 - 0.31 * cos(t))
            for t in (2 * pi * i / 48 for i in range(49))
        ]
    ],
    9: [[*arc(0.49, 0.37, 0.3, 0.32, 0.0, -1.0), (0.64, 0.5), (0.62, 0.66), (0.58, 0.84)]],
}
"""How each digit is written, from (0, 0) at the top left of the sheet to (1, 1)."""


def written(value: int, side: int = 280, pen: float = 16) -> NDArray[np.uint8]:
    """Dark ink on a white sheet of `side` x `side`, with a pen of `pen` pixels for 280."""
    return drawn(STROKES[value], side, pen)


def drawn(strokes: list[Stroke], side: int = 280, pen: float = 16) -> NDArray[np.uint8]:
    """Likewise."""
    fine = 4 * side if side < 500 else side  # Pillow draws without smoothing
    picture = Image.new("L", (fine, fine), 255)
    draw = ImageDraw.Draw(picture)
    radius = pen * fine / 560
    for stroke in strokes:
        points = [(fine * x, fine * y) for x, y in stroke]
        draw.line(points, fill=0, width=round(2 * radius), joint="curve")
        for point in points:
            draw.circle(point, radius, fill=0)
    return np.array(picture.resize((side, side), Image.Resampling.BOX))


def png(picture: NDArray[np.uint8]) -> bytes:
    """The picture as a PNG file."""
    file = BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()
