"""Rasterising with PyTorch3D, where it is installed: on CUDA, or (slowly) on the processor."""

from __future__ import annotations

import importlib
from typing import Any, Final

import torch
from torch import Tensor

from ...raster.rasterizer import NEAR
from .clip import Fragments

_BORDER: Final = 1e-10
"""Squared distance in its picture coordinates by which triangles are widened: on a shared edge they would both miss."""


class Pytorch3dRasterizer:
    """See `clip.MeshRasterizer`.

    Raises:
        ImportError, OSError: where PyTorch3D is not installed or cannot be loaded.
    """

    name: str = "PyTorch3D"

    def __init__(self) -> None:
        self._rasterize: Any = importlib.import_module("pytorch3d.renderer.mesh").rasterize_meshes
        self._meshes: Any = importlib.import_module("pytorch3d.structures").Meshes

    def rasterize(self, clip: Tensor, faces: Tensor, width: int, height: int) -> Fragments:
        """Rasterise a batch of poses of one mesh."""
        points = _own_axes(clip.detach().float(), width, height)
        triangles = faces.to(clip.device).long()
        crossing = bool((clip[..., 3] <= NEAR).any())
        found = self._rasterize(
            self._meshes(points, triangles.expand(len(points), -1, -1)),
            image_size=(height, width),
            blur_radius=_BORDER,
            faces_per_pixel=1,
            max_faces_per_bin=max(len(triangles), 1),
            perspective_correct=True,
            clip_barycentric_coords=True,
            z_clip_value=NEAR if crossing else None,
        )
        # Triangles are counted through the whole batch.
        first = torch.arange(len(points), device=clip.device)[:, None, None] * len(triangles)
        ids = torch.where(found[0][..., 0] >= 0, found[0][..., 0] - first, torch.full_like(found[0][..., 0], -1))
        seen = ids >= 0
        barycentrics = torch.where(seen[..., None], found[2][..., 0, :], torch.zeros_like(found[2][..., 0, :]))
        return Fragments(ids, barycentrics, _depth(seen, ids, barycentrics, clip.detach(), triangles))


def _own_axes(clip: Tensor, width: int, height: int) -> Tensor:
    """Return x to the left, y upwards, from -1 to 1 along the shorter side, and depth (B, V, 3)."""
    x, y, _, w = clip.unbind(-1)
    shorter = min(width, height)
    safe = torch.where(w.abs() < 1e-6, torch.full_like(w, 1e-6), w)
    return torch.stack([-x / safe * (width / shorter), -y / safe * (height / shorter), safe], dim=-1)


def _depth(seen: Tensor, ids: Tensor, barycentrics: Tensor, clip: Tensor, faces: Tensor) -> Tensor:
    batch = torch.arange(len(clip), device=clip.device)[:, None, None, None]
    depth = (clip[batch, faces[ids.clamp(min=0)], 3] * barycentrics).sum(-1)
    return torch.where(seen, depth, torch.full_like(depth, torch.inf))
