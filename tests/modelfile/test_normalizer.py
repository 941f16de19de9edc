"""The normaliser, from pictures to what the network sees."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import inkdigits
from handwriting import written
from inkdigits.datasets.mnist import load_mnist
from inkdigits.errors import UnreadablePicture
from inkdigits.modelfile.normalizer import INK_SIDE, SIDE, Normalizer, normalizer

onnxruntime = pytest.importorskip("onnxruntime")

Picture = NDArray[np.uint8]
SMALL = 0.01
"""Mean difference of two pictures that are the same to a network."""


class Normalized:
    """What the normaliser makes of one picture."""

    session = onnxruntime.InferenceSession(normalizer().SerializeToString())

    def __init__(self, picture: Picture) -> None:
        [self.seen], [box], [self.has_ink] = self.session.run(
            ["seen", "box", "has_ink"], {"picture": picture[None]}
        )
        self.box = tuple(box.tolist())


def difference(one: Picture, other: Picture) -> float:
    return float(np.abs(Normalized(one).seen - Normalized(other).seen).mean())


def bar(height: int, width: int, top: int, left: int, bottom: int, right: int) -> Picture:
    """A dark bar on white."""
    picture = np.full((height, width), 255, np.uint8)
    picture[top:bottom, left:right] = 0
    return picture


def padded(picture: Picture, *margins: tuple[int, int]) -> Picture:
    return np.pad(picture, margins, constant_values=255)


DIGITS = range(10)


@pytest.mark.parametrize("side", [28, 100, 280, 999])
def test_the_box_is_that_of_the_ink(side: int) -> None:
    picture = bar(side, side, side // 7, side // 5, side // 2, side // 4)
    assert Normalized(picture).box == (side // 5, side // 7, side // 4, side // 2)


def test_the_longer_side_of_the_box_becomes_20_pixels_and_the_aspect_ratio_is_kept() -> None:
    seen = Normalized(bar(280, 280, 40, 100, 240, 150)).seen  # 200 high, 50 wide
    assert seen.sum(0).max() == pytest.approx(INK_SIDE, abs=0.01)
    assert seen.sum(1).max() == pytest.approx(INK_SIDE / 4, abs=0.01)


@pytest.mark.parametrize("value", DIGITS)
def test_the_centre_of_mass_comes_to_the_middle(value: int) -> None:
    seen = Normalized(written(value)).seen
    places = np.arange(SIDE) + 0.5
    assert (seen.sum(1) @ places) / seen.sum() == pytest.approx(SIDE / 2, abs=0.1)
    assert (seen.sum(0) @ places) / seen.sum() == pytest.approx(SIDE / 2, abs=0.1)


def test_ink_that_leans_to_one_side_is_not_pushed_out_of_sight() -> None:
    picture = np.full((280, 280), 255, np.uint8)
    picture[40:240, 60:64] = 0  # a thin, long upright
    picture[200:240, 60:100] = 0  # and a heavy foot
    seen = Normalized(picture).seen
    expected = (255.0 - picture).sum() / 255 / (200 / INK_SIDE) ** 2
    assert seen.sum() == pytest.approx(expected, rel=0.01)


def test_what_is_seen_is_within_0_and_1_and_ink_is_bright() -> None:
    seen = Normalized(written(8)).seen
    assert seen.min() == 0
    assert 0.9 < seen.max() <= 1


@pytest.mark.parametrize("value", DIGITS)
def test_light_ink_on_dark_looks_the_same(value: int) -> None:
    picture = written(value)
    assert difference(picture, 255 - picture) < 1e-4


@pytest.mark.parametrize("value", DIGITS)
@pytest.mark.parametrize("paper", [255, 200, 100])
def test_faint_ink_looks_the_same(value: int, paper: int) -> None:
    picture = written(value)
    faint = (paper - 0.3 * (255.0 - picture)).astype(np.uint8)
    assert difference(picture, faint) < SMALL


@pytest.mark.parametrize("value", DIGITS)
def test_the_margin_makes_no_difference(value: int) -> None:
    picture = written(value)
    x0, y0, x1, y1 = Normalized(picture).box
    for cropped in (picture[y0 - 1 : y1 + 1, x0 - 1 : x1 + 1], padded(picture, (7, 300), (90, 0))):
        assert difference(picture, cropped) < 1e-4


@pytest.mark.parametrize("value", DIGITS)
def test_ink_that_fills_the_picture_to_its_border_looks_the_same(value: int) -> None:
    picture = written(value, pen=24)
    x0, y0, x1, y1 = Normalized(picture).box
    tight = picture[y0:y1, x0:x1]
    if value == 1:  # an upright that fills its box leaves no paper to tell it from
        tight = picture[y0:y1, x0 - 10 : x1]
    assert difference(picture, tight) < SMALL
    assert difference(picture, 255 - tight) < SMALL


@pytest.mark.parametrize(
    ("value", "resolution"),
    [*((value, side) for value in DIGITS for side in (40, 1000)), (3, 4000)],
)
def test_the_resolution_hardly_matters(value: int, resolution: int) -> None:
    assert difference(written(value), written(value, side=resolution)) < 0.035


@pytest.mark.parametrize("value", DIGITS)
@pytest.mark.parametrize("thickness", [1, 4, 12])
def test_a_thin_frame_around_the_picture_is_not_ink(value: int, thickness: int) -> None:
    picture = written(value)
    framed = picture.copy()
    for side in (framed[:thickness], framed[-thickness:]):
        side[:] = 30
    for side in (framed[:, :thickness], framed[:, -thickness:]):
        side[:] = 30
    assert difference(picture, framed) < 1e-3
    assert Normalized(framed).box == Normalized(picture).box


@pytest.mark.parametrize("value", DIGITS)
def test_ink_that_touches_a_frame_is_parted_from_it(value: int) -> None:
    picture = written(value)
    x0, y0, x1, y1 = Normalized(picture).box
    touching = padded(picture[y0:y1, x0:x1], (0, 40), (0, 40))
    framed = np.pad(touching, 3, constant_values=0)
    assert difference(touching, framed) < 1e-3
    assert Normalized(framed).box == (3, 3, 3 + x1 - x0, 3 + y1 - y0)


@pytest.mark.parametrize("margin", [8, 20, 60])
def test_the_margin_of_a_boxy_digit_is_not_a_frame(margin: int) -> None:
    boxy = bar(200, 120, 0, 0, 200, 120)
    boxy[25:-25, 25:-25] = 255
    result = Normalized(padded(boxy, (margin, margin), (margin, margin)))
    assert result.box == (margin, margin, margin + 120, margin + 200)


def test_a_frame_darker_than_the_ink_does_not_hide_it() -> None:
    faint = (255 - 0.3 * (255.0 - written(5))).astype(np.uint8)
    framed = np.pad(faint, 3, constant_values=0)
    assert difference(faint, framed) < 1e-3


@pytest.mark.parametrize("value", DIGITS)
def test_specks_of_dust_are_not_ink(value: int) -> None:
    picture = written(value)
    dusty = picture.copy()
    for y, x in ((4, 4), (10, 260), (270, 20), (276, 276), (20, 140)):
        dusty[y : y + 3, x : x + 3] = 0
    assert Normalized(dusty).box == Normalized(picture).box
    assert difference(picture, dusty) < SMALL


def test_a_digit_that_is_no_larger_than_a_speck_is_seen() -> None:
    assert Normalized(bar(280, 280, 100, 100, 104, 103)).box == (100, 100, 103, 104)


@pytest.mark.parametrize("value", DIGITS)
def test_grainy_paper_looks_much_the_same(value: int) -> None:
    picture = written(value)
    grain = np.random.default_rng(value).normal(0, 8, picture.shape)
    grainy = (220 - 0.6 * (255.0 - picture) + grain).clip(0, 255).astype(np.uint8)
    assert difference(picture, grainy) < 0.03


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (28, 28), (280, 280), (1, 5000)])
@pytest.mark.parametrize("level", [0, 127, 255])
def test_a_flat_picture_has_no_ink(shape: tuple[int, int], level: int) -> None:
    assert not Normalized(np.full(shape, level, np.uint8)).has_ink


@pytest.mark.parametrize("deviation", [1, 3, 10])
def test_grain_alone_is_no_ink(deviation: float) -> None:
    grain = np.random.default_rng(0).normal(180, deviation, (280, 280))
    assert not Normalized(grain.clip(0, 255).astype(np.uint8)).has_ink


@pytest.mark.parametrize("shape", [(2, 2), (1, 3), (3, 1), (5, 200), (5000, 3), (1, 5000)])
def test_pictures_of_any_shape_are_taken(shape: tuple[int, int]) -> None:
    picture = np.full(shape, 255, np.uint8)
    picture[shape[0] // 2, shape[1] // 2] = 0
    result = Normalized(picture)
    assert result.seen.shape == (SIDE, SIDE)
    assert np.isfinite(result.seen).all()
    x0, y0, x1, y1 = result.box
    assert 0 <= x0 < x1 <= shape[1]
    assert 0 <= y0 < y1 <= shape[0]


def test_a_batch_gives_what_its_pictures_give_one_by_one() -> None:
    pictures = np.stack([written(value) for value in DIGITS] + [np.full((280, 280), 9, np.uint8)])
    pictures[1] = 255 - pictures[1]
    pictures[2, :4] = pictures[2, -4:] = 0
    pictures[2, :, :4] = pictures[2, :, -4:] = 0
    together = Normalized.session.run(["seen", "box", "has_ink"], {"picture": pictures})
    for row, picture in enumerate(pictures):
        alone = Normalized(picture)
        np.testing.assert_allclose(together[0][row], alone.seen, atol=1e-5)
        assert tuple(together[1][row]) == alone.box
        assert together[2][row] == alone.has_ink


def test_mnist_itself_is_hardly_changed(data_dir: str) -> None:
    pictures, _ = load_mnist("validation", data_dir)
    changes = [np.abs(Normalized(p).seen - p / 255).mean() for p in pictures[:200]]
    assert np.median(changes) < 0.08


def test_all_pictures_are_normalised_in_their_order_whatever_the_batches(data_dir: str) -> None:
    pictures = load_mnist("validation", data_dir)[0][:200]
    one_by_one = np.stack([Normalized(picture).seen for picture in pictures])
    for threads, batch_size in [(1, 64), (3, 7)]:
        seen = Normalizer(threads)(pictures, batch_size)
        np.testing.assert_allclose(seen, one_by_one, atol=1e-5)
    assert Normalizer()(pictures[:0]).shape == (0, SIDE, SIDE)


@pytest.mark.parametrize("side", [28, 44, 56, 280])
def test_the_model_that_ships_was_trained_on_what_this_normaliser_gives(side: int) -> None:
    shipped = Path(inkdigits.__file__).parent / "models" / "digits.onnx"
    session = onnxruntime.InferenceSession(shipped)
    for value in DIGITS:
        picture = written(value, side=side)
        picture[:2, :2] = 0  # dust
        [seen] = session.run(["seen"], {"picture": picture[None]})
        np.testing.assert_allclose(Normalized(picture).seen, seen[0], atol=1e-5)


def test_pictures_may_be_on_any_scale_that_the_reader_takes() -> None:
    pictures = np.stack([written(7), written(2)])
    seen = Normalizer()(pictures)
    assert np.array_equal(Normalizer()(pictures / 255.0), seen)


def test_one_picture_in_place_of_several_is_refused_in_a_sentence() -> None:
    with pytest.raises(UnreadablePicture, match=r"Give pictures as \(N, H, W\)\."):
        Normalizer()(written(7))
