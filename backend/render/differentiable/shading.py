"""Normals and spherical-harmonic light with gradients; terms, axes and factors as in `contract.shading`."""

from __future__ import annotations

import torch
from torch import Tensor


def vertex_normals(vertices: Tensor, faces: Tensor) -> Tensor:
    """Return unit normals (B, V, 3), the mean of the adjoining faces weighted by area; as `raster.normals` has them."""
    corners = vertices[:, faces.long()]
    area = torch.linalg.cross(corners[:, :, 1] - corners[:, :, 0], corners[:, :, 2] - corners[:, :, 0])
    total = torch.zeros_like(vertices)
    for corner in range(3):
        total = total.index_add(1, faces[:, corner].long(), area)
    return total / torch.linalg.norm(total, dim=-1, keepdim=True).clamp(min=1e-20)


def unit(vectors: Tensor) -> Tensor:
    """Return vectors (..., 3) of length 1; those without a length stay 0."""
    return vectors / torch.linalg.norm(vectors, dim=-1, keepdim=True).clamp(min=1e-9)


def light_terms(normals: Tensor) -> Tensor:
    """Return the harmonics (..., 9) of unit normals (..., 3)."""
    x, y, z = normals.unbind(-1)
    return torch.stack([torch.ones_like(x), x, y, z, x * y, x * z, y * z, x * x - y * y, 3 * z * z - 1], dim=-1)


def shade(normals: Tensor, light: Tensor, least: Tensor) -> Tensor:
    """Return the brightness (B, ..., 3) where unit normals (B, ..., 3) point.

    Args:
        normals: In camera axes.
        light: Coefficients (B, 9, 3).
        least: Of each colour (B, 3): where the light would be less.
    """
    between = [1] * (normals.ndim - 2)
    brightness = light_terms(normals) @ light.reshape(len(light), *between[:-1], 9, 3).to(normals)
    return torch.maximum(brightness, least.reshape(len(least), *between, 3).to(normals))
