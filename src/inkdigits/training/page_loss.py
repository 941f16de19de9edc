"""How far the maps of a `PageNetwork` are from the truth, and how many pieces they find.

The peaks' loss is the focal loss of Zhou et al. 2019, "Objects as Points"; the box and the kind are
learned where a piece's middle is, give or take some pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from inkdigits.modelfile.calibration import calibrate
from inkdigits.modelfile.page_graph import COARSE, FINE, NEAR, REACH, USUAL
from inkdigits.synthesis.pages import SIDE
from inkdigits.training.page_network import Maps

ASIDE = 3.0
"""Pixels: a piece's box and kind are also learned so far from its middle."""
UNLIKELY = 0.05
"""A peak below is not looked at when the peaks' scores are calibrated."""
FOUND = 0.4
"""A peak from which on a piece counts as found, when judging."""


@dataclass(frozen=True)
class Truth:
    """What is on N pages, as the loss needs it."""

    peak: Tensor
    """uint8 (N, SIDE/2, SIDE/2): 255 at a piece's middle, less around it."""
    counts: Tensor
    """bool (N, SIDE/2, SIDE/2): False where the edge leaves too little of a piece to tell."""
    ink: Tensor
    """uint8 (N, SIDE/2, SIDE/2): how much of the place ink covers."""
    owner: Tensor
    """uint8 (N, SIDE/2, SIDE/2): 0, or the number on its page of the piece whose ink it is."""
    pieces: Tensor
    """float (K, 7): the page's number, the box x0, y0, x1, y1 in pixels, the kind, which is -1 for
    what is cut off, and the number on its page."""

    def to(self, device: str) -> Truth:
        return Truth(**{field.name: getattr(self, field.name).to(device) for field in fields(self)})


def losses(maps: Maps, truth: Truth) -> dict[str, Tensor]:
    """Each a mean, weighted so that none drowns the others."""
    pieces = truth.pieces[truth.pieces[:, 5] >= 0]
    page, kind = pieces[:, 0].long(), pieces[:, 5].long()
    middles = (pieces[:, 1:3] + pieces[:, 3:5]) / 2
    sizes = (pieces[:, 3:5] - pieces[:, 1:3]).clamp(min=1)
    count = max(len(pieces), 1)

    peak = truth.peak.float() / 255
    logits = maps.peak[:, 0]
    probability = logits.sigmoid().clamp(1e-5, 1 - 1e-5)
    is_middle = truth.peak == 255
    hit = (1 - probability) ** 2 * F.logsigmoid(logits)
    miss = (1 - peak) ** 4 * probability**2 * F.logsigmoid(-logits)
    focal = -torch.where(is_middle, hit, miss * truth.counts).sum() / count

    ink = truth.ink.float() / 255
    inked = F.binary_cross_entropy_with_logits(maps.ink[:, 0], ink)

    of_all = torch.zeros(len(truth.owner), 256, 2, device=truth.owner.device)
    of_all[truth.pieces[:, 0].long(), truth.pieces[:, 6].long()] = (
        truth.pieces[:, 1:3] + truth.pieces[:, 3:5]
    ) / 2
    owned = truth.owner > 0
    numbers, y, x = owned.nonzero(as_tuple=True)
    there = of_all[numbers, truth.owner[owned].long()]
    here = (torch.stack([x, y], 1) + 0.5) * FINE
    said = maps.owner.permute(0, 2, 3, 1)[owned]
    owner = F.smooth_l1_loss(said, (there - here) / REACH, beta=0.1) if len(said) else said.sum()

    # Where the middle is, and a little aside, in the coarse maps.
    aside = (torch.rand_like(middles) * 2 - 1) * torch.minimum(
        sizes / 6, torch.full_like(sizes, ASIDE)
    )
    rows, columns = maps.kind.shape[2:]
    cell = ((middles + aside) / COARSE).long()
    column, row = cell[:, 0].clamp(0, columns - 1), cell[:, 1].clamp(0, rows - 1)
    at = (torch.stack([column, row], 1) + 0.5) * COARSE
    box = torch.cat([(middles - at) / NEAR, torch.log(sizes / USUAL)], 1)
    boxes = F.smooth_l1_loss(maps.box[page, :, row, column], box, beta=0.1, reduction="sum") / count
    kinds = F.cross_entropy(maps.kind[page, :, row, column], kind, reduction="sum") / count
    return {"peak": focal, "ink": 2 * inked, "owner": 2 * owner, "box": boxes, "kind": kinds}


def f1_of_pieces(maps: Maps, truth: Truth) -> float:
    """2 x (found and named right) / (found + there); near the edge nothing is judged."""
    found = found_peaks(maps, truth, FOUND)
    pieces = truth.pieces[truth.pieces[:, 5] >= 0]
    named = found.kind == found.true_kind
    right = len(torch.unique(found.piece[named]))
    return 2 * right / max(len(found.piece) + len(pieces), 1)


class FoundPeaks(NamedTuple):
    """The M peaks on all pages, and the pieces at whose middles they are."""

    logit: Tensor
    """(M,) of the peak."""
    kind: Tensor
    """(M,) the likeliest."""
    piece: Tensor
    """(M,) the piece's place among those that count, or -1."""
    true_kind: Tensor
    """(M,) the piece's, or -1."""


def found_peaks(maps: Maps, truth: Truth, least: float) -> FoundPeaks:
    """The peaks from a score of `least` on, but for those near what the edge cuts off."""
    score = maps.peak[:, 0].sigmoid()
    highest = F.max_pool2d(score[:, None], 3, 1, 1)[:, 0]
    page, y, x = ((score == highest) & (score > least) & truth.counts).nonzero(as_tuple=True)
    kind = maps.kind[page, :, y * FINE // COARSE, x * FINE // COARSE].argmax(1)
    logit = maps.peak[page, 0, y, x]
    pieces = truth.pieces[truth.pieces[:, 5] >= 0]
    if not len(pieces):
        return FoundPeaks(logit, kind, torch.full_like(page, -1), torch.full_like(page, -1))
    at = (torch.stack([x, y], 1) + 0.5) * FINE
    middles, sizes = (pieces[:, 1:3] + pieces[:, 3:5]) / 2, pieces[:, 3:5] - pieces[:, 1:3]
    away = (at[:, None] - middles).abs() / (sizes / 3).clamp(min=3)  # (M, K, 2)
    nearest = (away.amax(2) + 1e6 * (page[:, None] != pieces[:, 0])).min(1)
    fits = nearest.values < 1
    true_kind = torch.where(fits, pieces[nearest.indices, 5].long(), -1)
    return FoundPeaks(logit, kind, torch.where(fits, nearest.indices, -1), true_kind)


def temperature_of_kinds(maps: Maps, truth: Truth) -> float:
    """By which the logits of kinds are divided, so that they promise what they keep."""
    pieces = truth.pieces[truth.pieces[:, 5] >= 0]
    x, y = ((pieces[:, 1:3] + pieces[:, 3:5]) / 2 / COARSE).long().clamp(0, SIDE // COARSE - 1).T
    logits = maps.kind[pieces[:, 0].long(), :, y, x]
    return calibrate(logits.numpy(), pieces[:, 5].long().numpy()).temperature
