"""What a camera, a scanner or a paint program makes of a sheet: light, blur, noise, JPEG."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from inkdigits.synthesis.glyphs import Rng
from inkdigits.synthesis.paper import Noise, Plane


def light(side: int, rng: Rng) -> Plane:
    """How much light falls on each pixel: from one side, with a vignette, with a shadow."""
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j].astype(np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    along = x * np.cos(angle) + y * np.sin(angle)
    falls = 1 - np.float32(rng.uniform(0, 0.4)) * (along / 2.83 + 0.5)
    falls *= 1 - np.float32(rng.uniform(0, 0.25)) * (x**2 + y**2) / 2
    for _ in range(rng.integers(1, 3) if rng.random() < 0.35 else 0):
        angle, edge = rng.uniform(0, 2 * np.pi), np.exp(rng.uniform(np.log(0.004), np.log(0.4)))
        away = x * np.cos(angle) + y * np.sin(angle) - rng.uniform(-0.8, 0.8)
        falls *= 1 - rng.uniform(0.1, 0.6) / (1 + np.exp((-away / edge).clip(-40, 40)))
    return np.asarray(falls, np.float32)


def photographed(sheet: Plane, height: float, contrast: float, noise: Noise, rng: Rng) -> Plane:
    """A sheet in grey levels as a phone's camera leaves it."""
    side = len(sheet)
    image = Image.fromarray(as_levels(sheet * light(side, rng)))
    blur = min(rng.exponential(0.02) * height, 0.06 * height, 3.0)
    image = image.filter(ImageFilter.GaussianBlur(blur)) if blur > 0.25 else image
    photo = np.asarray(image, np.float32)
    if rng.random() < 0.3:
        photo = _coarser(Image.fromarray(photo), 1.0, rng)
    sigma = rng.random() ** 2 * 0.09 * contrast
    photo = photo + noise(rng.choice([1, 1, 2, 3]), rng) * np.float32(sigma)
    if rng.random() < 0.5:
        photo = as_jpeg(photo, int(rng.integers(25, 92)))
    return photo


def scanned(sheet: Plane, contrast: float, noise: Noise, rng: Rng) -> Plane:
    """As a scanner leaves it, perhaps at few dots an inch, or black and white alone."""
    scan = _coarser(Image.fromarray(sheet), 1.0, rng) if rng.random() < 0.6 else sheet
    kind = rng.random()
    if kind < 0.5:
        scan = scan + noise(1, rng) * np.float32(rng.random() ** 2 * 0.06 * contrast)
    if kind < 0.4:
        scan = as_jpeg(scan, int(rng.integers(25, 92)))
    return scan


def enlarged(sheet: Plane, ink: float, paper: float, rng: Rng) -> Plane:
    """A small picture of a paint program, enlarged: its edges are stairs, or fade."""
    aliased = (ink + paper) / 2 if rng.random() < 0.6 else None
    return _coarser(Image.fromarray(sheet), 1.3, rng, aliased, (ink, paper))


def _coarser(
    image: Image.Image,
    least: float,
    rng: Rng,
    level: float | None = None,
    tones: tuple[float, float] = (0.0, 255.0),
) -> Plane:
    """As if it had been made `least` to 3.2 times as small; a `level` makes it of two tones."""
    side = image.size[0]
    small = max(round(side / np.exp(rng.uniform(np.log(least), np.log(3.2)))), 32)
    image = image.resize((small, small), Image.Resampling.BOX)
    if level is not None:
        dark, bright = sorted(tones)
        levels = np.where(np.asarray(image) > level, bright, dark)
        image = Image.fromarray(levels.astype(np.float32))
    kinds = [Image.Resampling.BILINEAR, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC]
    return np.asarray(image.resize((side, side), kinds[int(rng.integers(3))]))


def as_jpeg(levels: NDArray[Any], quality: int) -> Plane:
    file = BytesIO()
    Image.fromarray(as_levels(levels)).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file), np.float32)


def as_levels(levels: NDArray[Any]) -> NDArray[np.uint8]:
    return levels.round().clip(0, 255).astype(np.uint8)
