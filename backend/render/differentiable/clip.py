"""Interface of batched rasterisers: from vertices in clip space to triangle, weights and depth of every pixel.

Clip space here is that of a perspective camera with y down, as in pixels: x / w and y / w go from -1 at the left and
top edge of the picture to 1 at the right and bottom one, pixel (0, 0) is the top-left one and its centre lies half a
pixel inside. w is the depth along the camera's axis in metres, z / w goes from -1 at `NEAR` to 1 at `FAR`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import torch
from torch import Tensor

from ...contract.camera import Intrinsics
from ...raster.rasterizer import NEAR

FAR: Final = 1000.0
"""Nothing further from the camera than this many metres is drawn."""


@dataclass(frozen=True)
class Fragments:
    """What is seen through the centre of each pixel of B pictures.

    Attributes:
        ids: Index of the nearest triangle (B, H, W) int64, -1 where there is none.
        barycentrics: Perspective-correct weights of its corners (B, H, W, 3) float32, sum 1; 0 where there is none.
        depth: w (B, H, W) float32, metres; infinite where there is none.
    """

    ids: Tensor
    barycentrics: Tensor
    depth: Tensor


@dataclass(frozen=True)
class Covered:
    """The P pixels that show a triangle.

    Attributes:
        batch, row, column: Where they are (P,).
        corners: Vertices of their triangles (P, 3).
    """

    batch: Tensor
    row: Tensor
    column: Tensor
    corners: Tensor

    @property
    def places(self) -> tuple[Tensor, Tensor, Tensor]:
        """Index of these pixels in pictures (B, H, W, ...)."""
        return self.batch, self.row, self.column


class MeshRasterizer(Protocol):
    """One per library; all give the same answer within rounding, and none has gradients: see `interpolate`."""

    name: str
    """Of the library."""

    def rasterize(self, clip: Tensor, faces: Tensor, width: int, height: int) -> Fragments:
        """Rasterise a batch of poses of one mesh, on the device of its vertices.

        Args:
            clip: Vertices in clip space (B, V, 4) float32.
            faces: (F, 3) vertex indices; both sides are drawn.
            width, height: Of the pictures.

        Parts of triangles nearer than `NEAR` or behind the camera are not drawn. No pixel inside a mesh falls between
        two triangles that share an edge.
        """
        ...


def clip_space(vertices: Tensor, lens: Tensor, width: int, height: int) -> Tensor:
    """Return vertices (B, V, 4) in clip space.

    Args:
        vertices: In camera axes (B, V, 3): x right, y down, z forward, metres.
        lens: Focal lengths and principal point fx, fy, cx, cy in pixels, (4,) or one per picture (B, 4).
        width, height: Of the pictures.
    """
    x, y, z = vertices.unbind(-1)
    fx, fy, cx, cy = lens.to(vertices).reshape(-1, 4, 1).unbind(1)
    across = (2 / width) * fx * x + ((2 * cx + 1) / width - 1) * z
    down = (2 / height) * fy * y + ((2 * cy + 1) / height - 1) * z
    far = (FAR + NEAR) / (FAR - NEAR) * z - 2 * FAR * NEAR / (FAR - NEAR)
    return torch.stack([across, down, far, z], dim=-1)


def lens_of(camera: Intrinsics) -> Tensor:
    """Return fx, fy, cx, cy of a camera (4,), for `clip_space`."""
    return torch.tensor([camera.focal_x, camera.focal_y, camera.centre_x, camera.centre_y], dtype=torch.float64)


def covered(fragments: Fragments, faces: Tensor) -> Covered:
    """Return the pixels that show a triangle."""
    batch, row, column = (fragments.ids >= 0).nonzero(as_tuple=True)
    return Covered(batch, row, column, faces[fragments.ids[batch, row, column]].long())
