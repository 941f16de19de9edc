"""Several networks, and several looks at a picture, that answer as one."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

VIEWS = ((0.0, 0.0), (8.0, 0.0), (-8.0, 0.0), (0.0, 0.15), (0.0, -0.15))
"""Degrees of rotation, and how far sideways for each pixel up, of each look at a picture."""


class Ensemble(nn.Module):
    """Networks side by side: pictures (N, 1, 28, 28) -> logits.

    While training each member learns for itself, and the logits are (N, members, 10). Afterwards
    the members' probabilities are averaged, and the logits (N, 10) are the average's logarithm.
    """

    def __init__(self, *members: nn.Module) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, pictures: Tensor) -> Tensor:
        logits = [member(pictures) for member in self.members]
        return torch.stack(logits, 1) if self.training else _together(logits)


class SeveralViews(nn.Module):
    """A trained network that looks at each picture (N, 28, 28) as it is, turned, and slanted.

    This is test-time augmentation: the probabilities of all views are averaged.
    """

    grids: Tensor
    """(views, 28, 28, 2): where each pixel of a view looks in the picture."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        matrices = [
            [[math.cos(turn), -math.sin(turn) + shear, 0.0], [math.sin(turn), math.cos(turn), 0.0]]
            for turn, shear in ((math.radians(degrees), shear) for degrees, shear in VIEWS)
        ]
        grids = F.affine_grid(torch.tensor(matrices), [len(VIEWS), 1, 28, 28], align_corners=False)
        self.register_buffer("grids", grids, persistent=False)

    def forward(self, pictures: Tensor) -> Tensor:
        count = pictures.shape[0]
        views = [
            F.grid_sample(
                pictures[:, None], grid.expand(count, -1, -1, -1), align_corners=False
            ).squeeze(1)
            for grid in self.grids
        ]
        return _together([self.network(view) for view in views])


def _together(logits: list[Tensor]) -> Tensor:
    """The logarithm of the mean of the probabilities."""
    probabilities = torch.stack([F.softmax(each, 1) for each in logits]).mean(0)
    return probabilities.clamp(min=1e-9).log()
