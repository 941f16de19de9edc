"""Other ways to write the same digits: whole batches of pictures are bent at once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Augmentation:
    """How far pictures are bent. Each range is drawn from anew for every picture.

    Position, size and contrast are left alone: the normaliser takes them out again.
    """

    rotation: float = 12.0
    """At most so many degrees either way."""
    shear: float = 0.25
    """At most so much sideways for each pixel up."""
    stretch: float = 0.2
    """The aspect ratio changes by a factor of at most 1 + stretch either way."""
    elastic: float = 0.035
    """Standard deviation of a smooth displacement, as a share of the picture's side (after
    Simard et al. 2003, "Best Practices for Convolutional Neural Networks")."""
    elastic_grid: int = 5
    """The displacement is drawn at grid x grid points and is smooth in between."""
    thickness: float = 0.6
    """Strokes get up to this share of a pixel (of 56) thicker or thinner at each edge."""
    noise: float = 12.0
    """Standard deviation, in grey levels, of the strongest pixel noise; one picture in four."""
    blur: float = 0.0
    """Standard deviation of the strongest blur, as a share of the picture's side; one batch in
    four."""
    holes: float = 0.0
    """At most this share of the pixels is lost; one picture in eight."""
    sides: tuple[int, ...] = (36, 56)
    """Each batch is drawn at one of these resolutions."""
    coarse: float = 0.0
    """This share of the batches is scanned at a half to a quarter of that resolution."""
    bilevel: float = 0.0
    """This share of the batches is black and white, as a fax has it."""

    def __call__(self, pictures: Tensor, generator: torch.Generator) -> Tensor:
        """Bent copies of `pictures`, uint8 (N, H, W) with ink bright, as uint8 (N, S, S).

        S has room for what a rotation or a shear moves outwards.
        """
        count, device = len(pictures), pictures.device
        side = self.sides[_integer(len(self.sides), generator)]
        inked = pictures[:, None].float()
        inked = F.grid_sample(
            inked,
            self._sampling_grid(count, side, generator).to(device),
            mode="bilinear",
            align_corners=False,
        )
        inked = self._rethicken(inked, generator)
        if self.blur and _chance(0.25, generator):
            inked = _blurred(inked, self.blur * side * _fraction(generator))
        if self.coarse and _chance(self.coarse, generator):
            inked = F.avg_pool2d(inked, 2 + _integer(3, generator))
        inked = inked + self._pixel_noise(inked.shape, generator).to(device)
        if self.holes:
            inked = inked * self._kept(inked.shape, generator).to(device)
        if self.bilevel and _chance(self.bilevel, generator):
            edge = inked.amax((1, 2, 3), keepdim=True) * (0.25 + 0.35 * _fraction(generator))
            inked = (inked > edge).float() * 255
        return inked[:, 0].clamp(0, 255).round().to(torch.uint8)

    def _sampling_grid(self, count: int, side: int, generator: torch.Generator) -> Tensor:
        """Where each output pixel looks in the input, (N, S, S, 2) in -1..1."""
        angle = _uniform(count, generator) * math.radians(self.rotation)
        shear = _uniform(count, generator) * self.shear
        stretch = (1 + self.stretch) ** (_uniform(count, generator) / 2)
        cos, sin = angle.cos(), angle.sin()
        rotate = torch.stack([cos, -sin, sin, cos], 1).view(-1, 2, 2)
        slant = torch.eye(2).repeat(count, 1, 1)
        slant[:, 0, 1] = shear
        scale = torch.diag_embed(torch.stack([stretch, 1 / stretch], 1))
        room = 1.25
        matrix = torch.cat([rotate @ slant @ scale * room, torch.zeros(count, 2, 1)], 2)
        grid = F.affine_grid(matrix, [count, 1, side, side], align_corners=False)

        points = (count, 2, self.elastic_grid, self.elastic_grid)
        # Coordinates are 2 wide, so a share of the side is twice that.
        bend = torch.randn(points, generator=generator) * (2 * self.elastic)
        bend = F.interpolate(bend, size=(side, side), mode="bicubic", align_corners=True)
        return grid + bend.permute(0, 2, 3, 1)

    def _rethicken(self, inked: Tensor, generator: torch.Generator) -> Tensor:
        """Move towards the brightest or the darkest neighbour: thicker or thinner strokes."""
        amount = _uniform(len(inked), generator).view(-1, 1, 1, 1).to(inked.device)
        amount = amount * (self.thickness * inked.shape[-1] / 56)
        thick = F.max_pool2d(inked, 3, stride=1, padding=1)
        thin = -F.max_pool2d(-inked, 3, stride=1, padding=1)
        return inked + amount.clamp(min=0) * (thick - inked) + amount.clamp(max=0) * (inked - thin)

    def _pixel_noise(self, shape: torch.Size, generator: torch.Generator) -> Tensor:
        strength = torch.rand(shape[0], generator=generator) * 4 - 3  # above 0 for one in four
        strength = strength.clamp(min=0).view(-1, 1, 1, 1) * self.noise
        return torch.randn(shape, generator=generator) * strength

    def _kept(self, shape: torch.Size, generator: torch.Generator) -> Tensor:
        """0 where a pixel is lost, else 1."""
        lost = torch.rand(shape[0], generator=generator) * 8 - 7  # above 0 for one in eight
        lost = lost.clamp(min=0).view(-1, 1, 1, 1) * self.holes
        return (torch.rand(shape, generator=generator) >= lost).float()


def _blurred(inked: Tensor, deviation: float) -> Tensor:
    """By a normal distribution of so many pixels."""
    reach = max(math.ceil(2 * deviation), 1)
    places = torch.arange(-reach, reach + 1, device=inked.device)
    kernel = torch.exp(-0.5 * (places / max(deviation, 1e-3)) ** 2)
    kernel = (kernel / kernel.sum()).view(1, 1, 1, -1)
    inked = F.conv2d(inked, kernel, padding=(0, reach))
    return F.conv2d(inked, kernel.transpose(2, 3), padding=(reach, 0))


def _uniform(count: int, generator: torch.Generator) -> Tensor:
    """(N,) numbers in -1..1."""
    return torch.rand(count, generator=generator) * 2 - 1


def _fraction(generator: torch.Generator) -> float:
    return float(torch.rand(1, generator=generator))


def _chance(of: float, generator: torch.Generator) -> bool:
    return _fraction(generator) < of


def _integer(below: int, generator: torch.Generator) -> int:
    return int(torch.randint(below, (1,), generator=generator))
