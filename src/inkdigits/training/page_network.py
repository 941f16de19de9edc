"""The network of `page.onnx`: from a picture to maps of where something is written, and what.

It is anchor-free (Zhou et al. 2019, "Objects as Points"): each piece of writing is a peak at the
middle of its box, and the box and the kind are said where the peak is. Like a U-Net (Ronneberger
et al. 2015) it adds to what is seen at each level what is seen from further away.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from inkdigits.modelfile.page_graph import KINDS
from inkdigits.training.blocks import Residual

CHANNELS = (16, 40, 80, 112, 112)
"""At a half, a quarter, ... of the picture's width and height."""
DEPTH = (1, 2, 3, 3, 2)
"""Convolutions at each of these levels on the way to the coarsest."""
SEEN = 64
"""Channels at a quarter of the size, of which kinds and boxes are told."""
RARE = -4.0
"""The logit of a peak before anything is learned: hardly any place is one."""


class Maps(NamedTuple):
    """What the network says of N pictures (N, H, W)."""

    peak: Tensor
    """Logits (N, 1, H/2, W/2): the middle of a piece of writing."""
    ink: Tensor
    """Logits (N, 1, H/2, W/2): ink of such a piece."""
    owner: Tensor
    """(N, 2, H/2, W/2): how far to the right and down the middle is of the piece whose ink this
    is, in `REACH` pixels."""
    box: Tensor
    """(N, 4, H/4, W/4), of the piece whose middle this is: how far to the right and down the middle
    of its box is, in `NEAR` pixels; the logarithms of its width and height, in `USUAL` pixels."""
    kind: Tensor
    """Logits (N, 20, H/4, W/4): what the piece is whose middle this is."""


class PageNetwork(nn.Module):
    """From grey levels (N, 1, H, W), about normal, to `Maps`; H and W are multiples of `STEP`."""

    def __init__(self) -> None:
        super().__init__()
        start, *_ = CHANNELS
        self.start = nn.Sequential(
            _convolution(1, start, kernel_size=5, stride=2),
            *(_convolution(start, start) for _ in range(DEPTH[0])),
        )
        self.coarser = nn.ModuleList(
            nn.Sequential(
                _convolution(finer, coarser, stride=2), *(Residual(coarser) for _ in range(depth))
            )
            for (finer, coarser), depth in zip(pairwise(CHANNELS), DEPTH[1:], strict=True)
        )
        wide = CHANNELS[1:]
        self.across = nn.ModuleList(
            nn.Conv2d(coarser, finer, 1) for finer, coarser in pairwise(wide)
        )
        self.finer = nn.ModuleList(_convolution(finer, finer) for finer in wide[:-1])
        self.seen = _convolution(CHANNELS[1], SEEN)
        self.kind = nn.Sequential(_convolution(SEEN, SEEN), nn.Conv2d(SEEN, KINDS, 1))
        self.box = nn.Conv2d(SEEN, 4, 1)
        self.to_fine = nn.Conv2d(SEEN, start, 1)
        self.fine = _convolution(start, start)
        self.peak, self.ink, self.owner = (nn.Conv2d(start, n, 1) for n in (1, 1, 2))
        nn.init.constant_(self.peak.bias, RARE)  # type: ignore[arg-type]

    def forward(self, pictures: Tensor) -> Maps:
        levels = [self.start(pictures)]
        for coarser in self.coarser:
            levels.append(coarser(levels[-1]))
        finest, *levels = levels
        seen = levels.pop()
        for across, finer in zip(reversed(self.across), reversed(self.finer), strict=True):
            seen = finer(levels.pop() + F.interpolate(across(seen), scale_factor=2.0))
        seen = self.seen(seen)
        fine = self.fine(finest + F.interpolate(self.to_fine(seen), scale_factor=2.0))
        return Maps(
            self.peak(fine), self.ink(fine), self.owner(fine), self.box(seen), self.kind(seen)
        )


def _convolution(before: int, after: int, kernel_size: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, kernel_size, stride, kernel_size // 2, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(),
    )


DARK = 24.0
"""Grey levels that are added before the logarithm, so that noise in black counts for little."""
LEAST_SPREAD = 0.1
"""A page of less contrast is not stretched further."""


def normalised(pictures: Tensor) -> Tensor:
    """What the network sees (N, 1, H, W) of grey levels (N, H, W) in 0..255.

    Of the logarithm, as half the light takes the same from paper and ink; mean 0, deviation 1.
    """
    light = torch.log((pictures.float() + DARK) / (255 + DARK))
    mean = light.mean((1, 2), keepdim=True)
    spread = (light - mean).square().mean((1, 2), keepdim=True).sqrt()
    return ((light - mean) / spread.clamp(min=LEAST_SPREAD))[:, None]
