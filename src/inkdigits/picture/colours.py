"""Which grey a coloured picture becomes: its luminance, or the channel in which its ink stands out.

Red ink on grey paper and yellow on white differ in hue and hardly in luminance.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageChops, ImageFilter

SAMPLES = 400
"""About so many pixels along the longer side are looked at."""
AROUND = 20
"""Each pixel that is looked at is compared with the mean of so many on each side of it."""
INK_SHARE = 0.01
"""At least so much of a picture is ink, or its colours are not looked at."""
PALE = 60.0
"""Grey levels: ink that differs by more in luminance is read by luminance."""
CLEARER = 1.6
"""A channel is taken if ink differs in it by so many times as much."""
LEAST = 25.0
"""Grey levels by which it must differ there: below that it is noise."""


def clearest_channel(image: Image.Image) -> str | None:
    """The channel in which pale ink stands out, "R", "G" or "B"; None if it does in luminance.

    Args:
        image: opaque, of any mode that becomes "RGB".
    """
    side = max(image.size)
    small = image
    if side > SAMPLES:  # single pixels are picked out: thin lines keep their contrast
        size = tuple(max(length * SAMPLES // side, 1) for length in image.size)
        small = image.resize(size, Image.Resampling.NEAREST)  # type: ignore[arg-type]
    small = small.convert("RGB")
    if not _has_colours(small):
        return None
    luminance = _contrast(small.convert("L"))
    if luminance > PALE:
        return None
    channels = {name: _contrast(small.getchannel(name)) for name in "RGB"}
    clearest = max(channels, key=lambda name: channels[name])
    return clearest if channels[clearest] > max(CLEARER * luminance, LEAST) else None


def _has_colours(image: Image.Image) -> bool:
    red, green, blue = image.split()
    return any(ImageChops.difference(red, other).getbbox() for other in (green, blue))


def _contrast(plane: Image.Image) -> float:
    """How far what differs most is from what is around it, in grey levels."""
    around = np.asarray(plane.filter(ImageFilter.BoxBlur(AROUND)), np.float32)
    return float(np.quantile(np.abs(np.asarray(plane, np.float32) - around), 1 - INK_SHARE))
