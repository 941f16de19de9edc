"""Draw what was read over the picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from inkdigits.reading import DOUBT, Box, Digit, Mark, Reading
from inkdigits.sketch import SKIPPED, SURE, UNSURE

LEAST_SIDE = 400
"""Pixels. A smaller picture is enlarged, so that the answers can be read."""


def draw_reading(
    picture: NDArray[np.uint8], reading: Reading, *, sure_from: float = 0.0
) -> Image.Image:
    """The grey picture (H, W) with a box around each digit and mark, and what it was read as.

    Signs that are sure, and at least as likely as `sure_from`, are green, others orange with a
    question mark; what was skipped is blue. A picture that was turned to be read is shown upright.
    """
    reading, picture = reading.upright(*picture.shape), np.rot90(picture, -reading.turned // 90)
    scale = max(-(-LEAST_SIDE // max(picture.shape)), 1)
    height, width = picture.shape
    image = Image.fromarray(picture).convert("RGB")
    image = image.resize((width * scale, height * scale), Image.Resampling.NEAREST)
    brush = ImageDraw.Draw(image)
    line = max(max(image.size) // 500, 1)
    heights = [digit.box[3] - digit.box[1] for digit in reading.digits] or [0]
    font = ImageFont.load_default(size=max(float(np.median(heights)) * scale * 0.4, 12.0))

    def outline(box: Box, colour: tuple[int, int, int], text: str = "") -> None:
        x0, y0, x1, y1 = (edge * scale for edge in box)
        brush.rectangle([x0 - line, y0 - line, x1 + line, y1 + line], outline=colour, width=line)
        if text:
            _write(brush, (x0, y0 - 2 * line), text, colour, font)

    signs: list[Digit | Mark] = [*reading.digits, *reading.marks]
    for sign in signs:
        text = str(sign.value) if isinstance(sign, Digit) else sign.text
        sure = sign.sure and sign.confidence >= sure_from
        colour, doubt = (SURE, "") if sure else (UNSURE, DOUBT)
        outline(sign.box, colour, f"{text}{doubt}")
    for box in reading.skipped:
        outline(box, SKIPPED)
    return image


def _write(
    brush: Any, corner: tuple[float, float], text: str, colour: tuple[int, int, int], font: Any
) -> None:
    """Above the corner, or below it where there is no room, on a light ground."""
    x, y = corner
    left, top, right, bottom = brush.textbbox((x, y), text, font=font, anchor="lb")
    if top < 0:
        y -= top
        left, top, right, bottom = brush.textbbox((x, y), text, font=font, anchor="lb")
    brush.rectangle([left, top, right, bottom], fill=(255, 255, 255))
    brush.text((x, y), text, fill=colour, font=font, anchor="lb")
