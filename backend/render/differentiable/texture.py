"""Textures with mip levels: read between texels and between levels (trilinear), with gradients to texture and place.

Row 0 of a texture is at v = 1. Outside of 0..1 the border is repeated.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class MipTexture:
    """A texture and the same in ever coarser steps, one behind the other.

    Attributes:
        texels: Of all levels (N, C).
        size: Height and width of each level (L, 2) int64.
        first: Where each level begins (L,) int64.
    """

    texels: Tensor
    size: Tensor
    first: Tensor

    @property
    def levels(self) -> int:
        """Number of levels L."""
        return len(self.first)


def mip_texture(texture: Tensor, most: int | None = None) -> MipTexture:
    """Return a texture (H, W, C) with its mip levels, each the mean over 2 x 2 texels, down to one texel or `most`."""
    level = texture.permute(2, 0, 1)[None]
    parts, sizes = [], []
    while True:
        height, width = level.shape[2:]
        parts.append(level[0].permute(1, 2, 0).reshape(height * width, -1))
        sizes.append((height, width))
        if height == width == 1 or len(parts) == most:
            break
        # An odd side gets its border once more.
        level = functional.pad(level, (0, width % 2, 0, height % 2), mode="replicate")
        level = functional.avg_pool2d(level, 2)
    size = torch.tensor(sizes, device=texture.device)
    count = size.prod(1)
    return MipTexture(torch.cat(parts), size, count.cumsum(0) - count)


def read_texture(texture: MipTexture, uv: Tensor, by_pixel: Tensor | None = None) -> Tensor:
    """Return the texture's colours (..., C).

    Args:
        texture: What is read.
        uv: Places (..., 2).
        by_pixel: Their derivatives by the pixel (..., 2, 2), which choose the level: one texel of it is about one
            pixel along the direction in which the texture is most squeezed. The finest level where None.
    """
    if by_pixel is None or texture.levels == 1:
        return _bilinear(texture, uv, torch.zeros(uv.shape[:-1], dtype=torch.int64, device=uv.device))
    level = level_of_detail(texture, by_pixel)
    lower = level.detach().floor().long().clamp(max=texture.levels - 2)
    share = (level - lower)[..., None]
    return _bilinear(texture, uv, lower) * (1 - share) + _bilinear(texture, uv, lower + 1) * share


def level_of_detail(texture: MipTexture, by_pixel: Tensor) -> Tensor:
    """Return the level (...), between whole ones too, for derivatives of uv by the pixel (..., 2, 2)."""
    texels = by_pixel * texture.size[0].flip(0).to(by_pixel)[:, None]
    lengths = texels.square().sum(-2).clamp(min=1e-12)
    return (0.25 * torch.log2(lengths).sum(-1)).clamp(0, texture.levels - 1)


def _bilinear(texture: MipTexture, uv: Tensor, level: Tensor) -> Tensor:
    size = texture.size[level]
    height, width = size.unbind(-1)
    # Integers for the places, so that large textures do not run out of single precision.
    x = (uv[..., 0] * width - 0.5).clamp(min=0).minimum((width - 1).to(uv))
    y = ((1 - uv[..., 1]) * height - 0.5).clamp(min=0).minimum((height - 1).to(uv))
    column, row = x.detach().floor().long(), y.detach().floor().long()
    a, b = (x - column)[..., None], (y - row)[..., None]
    right, below = (column + 1).minimum(width - 1), (row + 1).minimum(height - 1)
    first = texture.first[level]

    def texel(at_row: Tensor, at_column: Tensor) -> Tensor:
        return texture.texels[first + at_row * width + at_column]

    upper = texel(row, column) * (1 - a) + texel(row, right) * a
    lower = texel(below, column) * (1 - a) + texel(below, right) * a
    return upper * (1 - b) + lower * b
