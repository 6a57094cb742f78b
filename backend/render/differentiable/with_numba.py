"""Rasterising with numba on the processor, which is always there: one picture per core."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from ...contract.camera import Intrinsics
from ...raster.rasterizer import Raster
from ...raster.rasterizer_numba import NumbaRasterizer
from .clip import Fragments


class NumbaMeshRasterizer:
    """See `clip.MeshRasterizer`. Vertices of a GPU are fetched, and the answer goes back to it."""

    name: str = "numba"

    def __init__(self) -> None:
        self._cores = os.cpu_count() or 1
        self._alone = NumbaRasterizer(threads=min(self._cores, 4))
        self._one = NumbaRasterizer(threads=1)
        self._pool = ThreadPoolExecutor(self._cores, thread_name_prefix="rasterizer")

    def rasterize(self, clip: Tensor, faces: Tensor, width: int, height: int) -> Fragments:
        """Rasterise a batch of poses of one mesh."""
        # x, y and w of clip space are the axes of a camera that sees from -1 to 1; z is not needed.
        points = clip.detach()[..., (0, 1, 3)].cpu().double().numpy()
        triangles = faces.cpu().numpy().astype(np.int32)
        camera = Intrinsics(width, height, width / 2, height / 2, width / 2 - 0.5, height / 2 - 0.5)
        own = self._alone if len(points) == 1 else self._one

        def draw(vertices: np.ndarray) -> Raster:
            return own.rasterize(vertices, triangles, camera)

        rasters = [draw(points[0])] if len(points) == 1 else list(self._pool.map(draw, points))

        def stacked(name: str) -> Tensor:
            return torch.from_numpy(np.stack([getattr(raster, name) for raster in rasters])).to(clip.device)

        return Fragments(stacked("ids").long(), stacked("barycentrics"), stacked("depth"))
