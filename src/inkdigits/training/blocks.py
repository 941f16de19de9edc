"""What several networks are built of."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Residual(nn.Module):
    """A convolution whose outcome is added to what comes in (He et al. 2015)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, seen: Tensor) -> Tensor:
        return torch.relu(seen + self.norm(self.convolution(seen)))
