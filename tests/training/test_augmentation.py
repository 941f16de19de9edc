"""Augmentation: other ways to write the same digits."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from handwriting import written
from inkdigits.modelfile.normalizer import Normalizer
from inkdigits.training.augmentation import Augmentation

STILL = Augmentation(rotation=0, shear=0, stretch=0, elastic=0, thickness=0, noise=0, sides=(56,))


def batch(copies: int = 8) -> torch.Tensor:
    pictures = [255 - written(value, side=28) for value in range(10)] * copies
    return torch.from_numpy(np.stack(pictures))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def ink(pictures: torch.Tensor) -> torch.Tensor:
    """How much ink there is in each picture, as a share of it."""
    return pictures.float().mean((1, 2)) / 255


def test_a_whole_batch_is_bent_at_once_into_larger_pictures() -> None:
    bent = Augmentation(sides=(40,))(batch(), generator())
    assert bent.shape == (80, 40, 40)
    assert bent.dtype == torch.uint8


def test_each_copy_is_bent_differently() -> None:
    bent = Augmentation()(batch(), generator()).reshape(8, -1)
    assert len({row.numpy().tobytes() for row in bent}) == 8


def test_the_same_seed_bends_the_same_way() -> None:
    one, same, other = (Augmentation()(batch(), generator(seed)) for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert one.shape != other.shape or not torch.equal(one, other)


def test_without_any_range_the_network_sees_the_same() -> None:
    normalize = Normalizer()
    before = normalize(batch(1).numpy())
    after = normalize(STILL(batch(1), generator()).numpy())
    assert np.abs(before - after).mean() < 0.03


@pytest.mark.parametrize(
    "change",
    [
        {"rotation": 30},
        {"shear": 0.5},
        {"stretch": 0.5},
        {"elastic": 0.05},
        {"noise": 40},
        {"holes": 0.5},
        {"coarse": 1.0},
    ],
)
def test_each_range_changes_what_the_network_sees(change: dict[str, float]) -> None:
    normalize = Normalizer()
    still = normalize(STILL(batch(), generator()).numpy())
    bent = normalize(replace(STILL, **change)(batch(), generator()).numpy())
    assert np.abs(still - bent).mean() > 0.002


def test_strokes_become_thicker_and_thinner() -> None:
    still = ink(STILL(batch(), generator()))
    change = ink(replace(STILL, thickness=1)(batch(), generator())) / still
    assert change.min() < 0.9
    assert change.max() > 1.1


def test_no_ink_leaves_the_picture() -> None:
    bent = Augmentation(noise=0)(batch(), generator())
    border = torch.cat([bent[:, 0], bent[:, -1], bent[:, :, 0], bent[:, :, -1]], 1)
    assert (border > 128).float().mean() < 0.001


def test_blurred_batches_have_softer_edges() -> None:
    blurred = replace(STILL, blur=0.1)
    sharp = STILL(batch(1), generator()).float()
    softest = min(
        blurred(batch(1), generator(seed)).float().diff(dim=2).abs().amax((1, 2)).mean()
        for seed in range(12)
    )
    assert softest < 0.7 * sharp.diff(dim=2).abs().amax((1, 2)).mean()


def test_coarse_batches_have_a_quarter_of_the_resolution() -> None:
    assert replace(STILL, coarse=1.0)(batch(1), generator()).shape == (10, 14, 14)
