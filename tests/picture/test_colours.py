"""Ink that differs from its paper in hue is read through the channel in which it stands out."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from inkdigits.picture import read_picture

Colour = tuple[int, int, int]


def _written(ink: Colour, paper: Colour, noise: float = 0.0) -> Image.Image:
    levels = np.full((200, 300, 3), paper, float)
    levels[40:160, 90:100] = ink
    levels[40:50, 90:180] = ink
    levels += np.random.default_rng(0).normal(0, noise, levels.shape)
    return Image.fromarray(levels.clip(0, 255).astype(np.uint8))


def _contrast(picture: Image.Image) -> int:
    levels = read_picture(picture).astype(int)
    return abs(int(np.median(levels[60:150, 92:98])) - int(np.median(levels[100:, 200:])))


@pytest.mark.parametrize(
    ("ink", "paper"),
    [
        pytest.param((200, 60, 60), (120, 120, 120), id="red on grey"),
        pytest.param((250, 240, 60), (250, 250, 250), id="yellow on white"),
        pytest.param((40, 110, 60), (120, 70, 60), id="green on brown"),
    ],
)
def test_ink_of_another_hue_stands_out(ink: Colour, paper: Colour) -> None:
    picture = _written(ink, paper)
    assert _contrast(picture.convert("L")) < 40
    assert _contrast(picture) > 1.5 * _contrast(picture.convert("L"))


@pytest.mark.parametrize(
    ("ink", "paper"),
    [
        pytest.param((20, 20, 20), (240, 240, 235), id="black on white"),
        pytest.param((40, 60, 170), (235, 230, 225), id="blue on white"),
        pytest.param((240, 240, 230), (30, 70, 50), id="chalk on a board"),
    ],
)
def test_ink_that_stands_out_in_luminance_is_read_by_luminance(ink: Colour, paper: Colour) -> None:
    picture = _written(ink, paper)
    assert np.array_equal(read_picture(picture), np.asarray(picture.convert("L")))


def test_noise_in_one_channel_is_no_ink() -> None:
    levels = np.full((200, 300, 3), 128.0)
    levels[..., 2] += np.random.default_rng(0).normal(0, 7, (200, 300))
    picture = Image.fromarray(levels.astype(np.uint8))
    assert np.array_equal(read_picture(picture), np.asarray(picture.convert("L")))


def test_a_coloured_picture_is_read_so_whatever_it_comes_as() -> None:
    picture = _written((200, 60, 60), (120, 120, 120))
    assert np.array_equal(read_picture(picture), read_picture(np.asarray(picture)))
    assert np.ptp(read_picture(picture)) >= 60


@pytest.mark.parametrize("mode", ["P", "PA", "RGBA", "RGBX", "CMYK"])
def test_an_opaque_picture_of_any_mode_is_read_as_its_colours_are(mode: str) -> None:
    picture = _written((255, 204, 0), (255, 255, 255))
    assert picture.convert(mode).convert("RGB").tobytes() == picture.tobytes()
    assert np.array_equal(read_picture(picture.convert(mode)), read_picture(picture))
    assert _contrast(picture.convert(mode)) == 255


def test_a_picture_that_is_transparent_somewhere_is_read_by_luminance() -> None:
    picture = _written((255, 204, 0), (255, 255, 255)).convert("RGBA")
    picture.putpixel((0, 0), (255, 255, 255, 0))
    assert _contrast(picture) < 60


@pytest.mark.parametrize("size", [(1, 1), (3, 1), (1, 5000)])
def test_a_picture_may_have_any_shape(size: tuple[int, int]) -> None:
    assert read_picture(Image.new("RGB", size, (200, 10, 10))).shape == size[::-1]
