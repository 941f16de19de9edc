"""Whatever a PIL image or an array holds becomes eight bits of grey, the right way up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from inkdigits.errors import UnreadablePicture
from inkdigits.picture.colours import clearest_channel
from inkdigits.picture.limits import check_header, check_pixels, no_pixels
from inkdigits.picture.orientation import upright

Grey: TypeAlias = NDArray[np.uint8]

_OWN_CONTRAST = 64  # grey levels


def grey_of_image(image: Image.Image, max_pixels: int) -> Grey:
    name = "The PIL image"
    if 0 in image.size:
        raise no_pixels(name)
    try:
        check_header(image, name, max_pixels)
        return upright_grey(image, name)
    except UnreadablePicture:
        raise
    except Exception as error:  # it may not be loaded yet, and its file damaged or closed
        raise UnreadablePicture(
            f"{name} cannot be loaded: {error}. Check that its file is whole and still open."
        ) from error


def upright_grey(image: Image.Image, name: str) -> Grey:
    return upright(grey_of(image, name), image)


def grey_of(image: Image.Image, name: str) -> Grey:
    if image.mode.startswith("I;16"):
        return _grey_of_16_bit(image)
    if image.mode in ("I", "F"):
        return _grey_of_32_bit(image, name)
    if image.mode == "LAB":
        return _by_bands(image, lambda band: band.getchannel("L"))
    if image.mode == "La":  # Pillow would lose its alpha on the way to RGBA
        image = image.convert("LA")
    if image.has_transparency_data:
        alpha = _by_bands(image, lambda band: _rgba(band).getchannel("A"))
        if alpha.min() < 255:
            return _on_a_background(_by_bands(image, lambda band: _rgba(band).convert("L")), alpha)
    channel = None if image.mode in ("1", "L", "LA") else clearest_channel(image)
    if channel:
        return _by_bands(image, lambda band: band.convert("RGB").getchannel(channel))
    return _by_bands(image, lambda band: band if band.mode == "L" else band.convert("L"))


_BAND = 2**20  # pixels


def _bands(image: Image.Image) -> Iterator[tuple[slice, Image.Image]]:
    """The picture in bands, and which rows each is: NumPy makes copies of what it converts."""
    width, height = image.size
    rows = max(_BAND // width, 1)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        band = image.crop((0, top, width, bottom)) if rows < height else image
        yield slice(top, bottom), band


def _by_bands(image: Image.Image, grey_of_band: Callable[[Image.Image], Any]) -> Grey:
    grey = np.empty(image.size[::-1], np.uint8)
    for rows, band in _bands(image):
        grey[rows] = np.asarray(grey_of_band(band))
    return grey


def _rgba(image: Image.Image) -> Image.Image:
    return image if image.mode == "RGBA" else image.convert("RGBA")


def _grey_of_16_bit(image: Image.Image) -> Grey:
    grey = _by_bands(image, lambda band: _from_16_bit(np.asarray(band)))
    transparent = image.info.get("transparency")
    if transparent is None:
        return grey
    alpha = _by_bands(image, lambda band: np.where(np.asarray(band) == transparent, 0, 255))
    return _on_a_background(grey, alpha)


def _grey_of_32_bit(image: Image.Image, name: str) -> Grey:
    """Pillow's 32-bit integers and floats may hold 8 or 16 bits, not rescaled."""
    ends = [(_of(band).min(), _of(band).max()) for _, band in _bands(image)]
    low, high = np.min(ends), np.max(ends)  # NaN if any is
    if image.mode == "F" and low >= 0 and 2 < high <= 255:  # of 0..1 a little more is no 255
        return _by_bands(image, lambda band: (_of(band) + 0.5).astype(np.uint8))
    if image.mode == "I" and low >= 0 and 255 < high <= 65535:
        return _by_bands(image, lambda band: _from_16_bit(_of(band)))
    return _by_bands(image, lambda band: _scaled(_of(band), low, high, name))


def _of(band: Image.Image) -> NDArray[Any]:
    return np.asarray(band)


def _on_a_background(grey: Grey, alpha: Grey) -> Grey:
    """Lay a partly transparent picture, in place, on the background that lets its ink stand out.

    A cut-out of paper with ink on it is laid on more of its own paper. Strokes on a transparent
    canvas are laid on white if they are dark, on black if they are light.
    """
    background = _background(grey, alpha)
    step = max(_BAND // grey.shape[1], 1)
    for top in range(0, len(grey), step):
        rows = slice(top, top + step)
        picture = Image.new("L", grey[rows].shape[::-1], background)
        picture.paste(Image.fromarray(grey[rows]), mask=Image.fromarray(alpha[rows]))
        grey[rows] = np.asarray(picture)
    return grey


def _background(grey: Grey, alpha: Grey) -> int:
    ys, xs = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    if not len(ys):
        return 255  # nothing is opaque
    opaque = np.cumsum(_histogram(grey, alpha))
    darkest, median, lightest = np.searchsorted(opaque, opaque[-1] * np.array([0.001, 0.5, 0.999]))
    # Strokes of two colours, or with a soft edge, have contrast too, but they do not fill the
    # space that they are in as paper does.
    space = (xs[-1] + 1 - xs[0]) * (ys[-1] + 1 - ys[0])
    is_solid = opaque[-1] / 255 > space / 2
    if is_solid and lightest - darkest >= _OWN_CONTRAST:
        return int(median)
    return 255 if median < 128 else 0


def _histogram(grey: Grey, weights: Grey) -> NDArray[np.float64]:
    """How much there is of each of the 256 levels: (256,).

    Without the many pixels that weigh nothing, and piece by piece, as NumPy widens what it counts.
    """
    counts = np.zeros(256)
    for start in range(0, grey.size, 2**20):
        levels = grey.ravel()[start : start + 2**20]
        weight = weights.ravel()[start : start + 2**20]
        counts += np.bincount(levels[weight > 0], weight[weight > 0], minlength=256)
    return counts


# ---------------------------------------------------------------- arrays


def grey_of_array(array: NDArray[Any], max_pixels: int) -> Grey:
    name = "The array"
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim != 2 and not (array.ndim == 3 and array.shape[2] in (2, 3, 4)):
        raise UnreadablePicture(
            f"{name} has the shape {array.shape}. Give one picture, of shape (H, W), or (H, W, C) "
            "with 1 to 4 channels.",
            reason="unsupported",
        )
    if array.size == 0:
        raise no_pixels(name)
    check_pixels(array.shape[1], array.shape[0], name, max_pixels)
    if array.dtype.kind in "iu" and array.max() == 1 and array.min() == 0:
        array = array.astype(np.bool_)  # a mask, or blank
    levels = np.ascontiguousarray(to_uint8(array, name))
    if levels.ndim == 2:
        return levels
    return grey_of(Image.fromarray(levels), name)


def to_uint8(values: NDArray[Any], name: str = "The array") -> Grey:
    """Values on any scale that read_picture() takes, in any shape -> the same shape in 0..255.

    uint8 comes back as it is, not copied. Raises UnreadablePicture ("unsupported") for values on
    no such scale, calling the array `name`.
    """
    if values.dtype == np.uint8:
        return values
    if values.dtype == np.bool_ or values.size == 0:
        return np.where(values, 255, 0).astype(np.uint8)
    if values.dtype.kind not in "iuf":
        raise UnreadablePicture(
            f"{name} holds values of type {values.dtype}. Give numbers: uint8 within 0..255, or "
            "floats within 0..1.",
            reason="unsupported",
        )
    return _scaled(values, values.min(), values.max(), name)


def stack_of(pictures: ArrayLike) -> Grey:
    """Pictures (N, H, W) on any scale that `to_uint8` takes, as uint8.

    Raises UnreadablePicture, also for those of several sizes.
    """
    try:
        array = to_uint8(np.asarray(pictures))
    except ValueError as error:  # of NumPy, about a list that is ragged
        raise UnreadablePicture(
            "The pictures are not of one size. Give them as (N, H, W), or to read_many."
        ) from error
    if array.ndim != 3 or 0 in array.shape[1:]:
        raise UnreadablePicture(
            f"The array has the shape {array.shape}. Give pictures as (N, H, W)."
        )
    return array


def _scaled(values: NDArray[Any], low: Any, high: Any, name: str) -> Grey:
    """Values, or some of those, that reach from low to high -> 0..255."""
    if values.dtype.kind == "f" and low >= -1e-6 and high <= 1 + 1e-6:  # not so if either is NaN
        shares: NDArray[np.float32] = np.clip(values, 0, 1).astype(np.float32)
        return (shares * 255 + 0.5).astype(np.uint8)
    if values.dtype.kind != "f" and low >= 0 and high <= 255:
        return values.astype(np.uint8)
    if values.dtype.newbyteorder("=") == np.uint16:
        return _from_16_bit(values)
    raise UnreadablePicture(
        f"{name} holds {values.dtype} values from {low} to {high}. Give floats within 0..1, "
        "integers within 0..255, or uint16.",
        reason="unsupported",
    )


def _from_16_bit(values: NDArray[Any]) -> Grey:
    """0..65535 -> 0..255, to the nearest."""
    wide = values.astype(np.uint32)
    wide += 128
    wide //= 257
    return wide.astype(np.uint8)
