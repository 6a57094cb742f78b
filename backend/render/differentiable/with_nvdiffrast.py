"""Rasterising with NVIDIA's nvdiffrast, where it is installed: on CUDA.

Its own licence is for non-commercial use; it is never needed.
"""

from __future__ import annotations

import importlib
from typing import Any, Final

import torch
from torch import Tensor

from .clip import Fragments

_STEP: Final = 8
"""Sides of its pictures are multiples of this."""


class NvdiffrastRasterizer:
    """See `clip.MeshRasterizer`.

    Raises:
        ImportError, OSError: where nvdiffrast is not installed or cannot be loaded.
        RuntimeError: where it does not work on the device.
    """

    name: str = "nvdiffrast"

    def __init__(self, device: torch.device) -> None:
        self._library: Any = importlib.import_module("nvdiffrast.torch")
        self._context: Any = self._library.RasterizeCudaContext(device=device)

    def rasterize(self, clip: Tensor, faces: Tensor, width: int, height: int) -> Fragments:
        """Rasterise a batch of poses of one mesh."""
        wide, high = _STEP * -(-width // _STEP), _STEP * -(-height // _STEP)
        points = _within(clip.detach().float(), width / wide, height / high).contiguous()
        triangles = faces.to(device=clip.device, dtype=torch.int32).contiguous()
        found, _ = self._library.rasterize(self._context, points, triangles, (high, wide), grad_db=False)
        found = found[:, :height, :width]
        ids = found[..., 3].long() - 1
        first, second = found[..., 0], found[..., 1]
        seen = (ids >= 0)[..., None]
        weights = torch.stack([first, second, 1 - first - second], dim=-1)
        barycentrics = torch.where(seen, weights.clamp(min=0), torch.zeros_like(weights))
        barycentrics = barycentrics / barycentrics.sum(-1, keepdim=True).clamp(min=1e-12)
        return Fragments(ids, barycentrics, _depth(ids, barycentrics, points, triangles))


def _within(clip: Tensor, across: float, down: float) -> Tensor:
    """Return clip space of a larger picture that has this one in its first corner."""
    x, y, z, w = clip.unbind(-1)
    return torch.stack([x * across + w * (across - 1), y * down + w * (down - 1), z, w], dim=-1)


def _depth(ids: Tensor, barycentrics: Tensor, clip: Tensor, faces: Tensor) -> Tensor:
    batch = torch.arange(len(clip), device=clip.device)[:, None, None, None]
    corners = clip[batch, faces[ids.clamp(min=0)].long(), 3]
    depth = (corners * barycentrics).sum(-1)
    return torch.where(ids >= 0, depth, torch.full_like(depth, torch.inf))
