"""The network that finds writing on a page, and what it sees."""

import pytest
import torch

from inkdigits.modelfile.page_graph import COARSE, FINE, KINDS, STEP
from inkdigits.training.page_network import PageNetwork, normalised


@pytest.mark.parametrize(("height", "width"), [(STEP, STEP), (2 * STEP, 3 * STEP)])
def test_maps_are_a_half_and_a_quarter_as_large_as_the_picture(height: int, width: int) -> None:
    maps = PageNetwork().eval()(torch.zeros(2, 1, height, width))
    fine, coarse = (height // FINE, width // FINE), (height // COARSE, width // COARSE)
    assert maps.peak.shape == maps.ink.shape == (2, 1, *fine)
    assert maps.owner.shape == (2, 2, *fine)
    assert maps.box.shape == (2, 4, *coarse)
    assert maps.kind.shape == (2, KINDS, *coarse)


def test_before_anything_is_learned_pieces_are_rare() -> None:
    torch.manual_seed(0)
    maps = PageNetwork().eval()(torch.randn(1, 1, 64, 64))
    assert maps.peak.sigmoid().mean() < 0.05


def test_the_network_is_small_enough_for_a_file_of_three_megabytes() -> None:
    parameters = sum(parameter.numel() for parameter in PageNetwork().parameters())
    assert 2 * parameters < 2.8e6  # two bytes each


def test_what_is_seen_has_mean_0_and_deviation_1_on_each_page() -> None:
    torch.manual_seed(0)
    seen = normalised(torch.randint(0, 256, (3, 40, 50)))
    assert seen.shape == (3, 1, 40, 50)
    torch.testing.assert_close(seen.mean((1, 2, 3)), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(seen.std((1, 2, 3)), torch.ones(3), atol=0.01, rtol=0)


def test_half_the_light_is_seen_much_the_same() -> None:
    page = torch.full((1, 40, 40), 240.0)
    page[0, 10:20, 10:20] = 120.0
    torch.testing.assert_close(normalised(page / 2), normalised(page), atol=0.1, rtol=0)


def test_a_page_of_hardly_any_contrast_is_not_stretched_further() -> None:
    page = torch.full((1, 40, 40), 200.0)
    page[0, 10:20, 10:20] = 199.0
    assert normalised(page).abs().max() < 0.1
    assert not normalised(torch.full((1, 8, 8), 77.0)).any()
