"""Interface of rasterisers: from a mesh in camera axes to the triangle, weights and depth of every pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Array
from ..contract.camera import Intrinsics
from ..system.compiled import compiled

NEAR = 0.01
"""Nothing nearer to the camera than this many metres is drawn."""


@dataclass(frozen=True)
class Raster:
    """What is seen through each pixel's centre.

    Attributes:
        ids: Index of the nearest triangle (H, W) int32, -1 where there is none.
        barycentrics: Perspective-correct weights of its three corners (H, W, 3) float32, sum 1; 0 where there is none.
        depth: z in camera axes (H, W) float32, metres; infinite where there is none.
    """

    ids: NDArray[np.int32]
    barycentrics: NDArray[np.float32]
    depth: NDArray[np.float32]

    def interpolate(self, attributes: Array, faces: Array) -> Array:
        """Return per-corner attributes (N, C), indexed by `faces` (F, 3), at every pixel (H, W, C); 0 where empty."""
        values = np.ascontiguousarray(attributes, dtype=np.float64)
        result = np.zeros((*self.ids.shape, values.shape[1]))
        _interpolate(self.ids, self.barycentrics, np.ascontiguousarray(faces, dtype=np.int32), values, result)
        return result


@compiled
def _interpolate(ids, barycentrics, faces, values, result):
    for y in range(ids.shape[0]):
        for x in range(ids.shape[1]):
            index = ids[y, x]
            if index < 0:
                continue
            i, j, k = faces[index, 0], faces[index, 1], faces[index, 2]
            a, b, c = barycentrics[y, x, 0], barycentrics[y, x, 1], barycentrics[y, x, 2]
            for channel in range(values.shape[1]):
                result[y, x, channel] = a * values[i, channel] + b * values[j, channel] + c * values[k, channel]


class Rasterizer(Protocol):
    """One implementation per library; all give the same answer within rounding."""

    def rasterize(self, vertices: Array, faces: Array, intrinsics: Intrinsics) -> Raster:
        """Rasterise one mesh.

        Args:
            vertices: (V, 3) in camera axes (x right, y down, z forward), metres.
            faces: (F, 3) vertex indices; both sides are drawn.
            intrinsics: Camera and picture size.

        Parts of triangles nearer than `NEAR` or behind the camera are not drawn. A pixel on an edge shared by two
        triangles belongs to exactly one of them.
        """
        ...
