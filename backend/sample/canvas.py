"""A head's texture to paint on: where every texel lies on the neutral head, and masks drawn on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ..contract.arrays import Array, Singles
from ..head.model import HeadModel
from ..raster.rasterizer import Raster
from ..render.texture import texels
from ..system.compiled import compiled

FINENESS = 0.00025
"""Metres per pixel of drawings that are laid on the face from the front."""
_HALF = 0.13


@dataclass(frozen=True)
class Canvas:
    """The texture of a head.

    Attributes:
        head: Whose.
        layout: Triangle and barycentrics of each texel, see `texture.texels`.
        points: Place of each texel on the neutral head (S, S, 3), metres.
        landmarks: Place of the 478 landmarks on the neutral head (478, 3).
    """

    head: HeadModel
    layout: Raster
    points: Array
    landmarks: Array

    def region(self, name: str, softness: int = 0) -> Singles:
        """Return 1 inside a region of the head, 0 outside, after some rounds of averaging over neighbours."""
        inside = np.zeros(self.head.vertex_count)
        inside[np.asarray(self.head.regions[name])] = 1
        for _ in range(softness):
            inside = neighbour_mean(inside, self.head.faces)
        return self.layout.interpolate(inside[:, None], self.head.faces)[..., 0].astype(np.float32)

    def inside_mouth(self) -> Singles:
        """Return 1 on what lies behind the lips."""
        return self.region("mouth_inside")

    def from_front(self, drawing: Array) -> Array:
        """Return what a drawing on the face (from `front_sheet`) shows at each texel (S, S)."""
        column = (self.points[..., 0] + _HALF) / FINENESS
        row = (self.landmarks[1, 1] + _HALF - self.points[..., 1]) / FINENESS
        result = cv2.remap(drawing, column.astype(np.float32), row.astype(np.float32), cv2.INTER_LINEAR)
        in_front = self.points[..., 2] > self.landmarks[:468, 2].min() - 0.005
        return result * in_front

    def front_sheet(self) -> Singles:
        """Return an empty sheet in front of the face to draw on."""
        size = round(2 * _HALF / FINENESS)
        return np.zeros((size, size), dtype=np.float32)

    def on_sheet(self, positions: Array) -> Array:
        """Return pixels (N, 2) of the front sheet at places (N, 2 or 3) in front of the head."""
        return np.stack(
            [(positions[:, 0] + _HALF) / FINENESS, (self.landmarks[1, 1] + _HALF - positions[:, 1]) / FINENESS], axis=1
        )

    def polygon(self, indices: Sequence[int], blur: float) -> Singles:
        """Return a polygon through landmarks, its edge blurred by a number of metres, at each texel."""
        sheet = self.front_sheet()
        corners = np.rint(self.on_sheet(self.landmarks[list(indices)]) * 16).astype(np.int32)
        cv2.fillPoly(sheet, [corners], (1.0,), lineType=cv2.LINE_AA, shift=4)
        return self.from_front(cv2.GaussianBlur(sheet, (0, 0), blur / FINENESS))

    def line(self, indices: Sequence[int], width: float, blur: float) -> Singles:
        """Return a line through landmarks, width and blur in metres, at each texel."""
        sheet = self.front_sheet()
        corners = np.rint(self.on_sheet(self.landmarks[list(indices)]) * 16).astype(np.int32)
        cv2.polylines(sheet, [corners], False, (1.0,), max(1, round(width / FINENESS)), cv2.LINE_AA, shift=4)
        return self.from_front(cv2.GaussianBlur(sheet, (0, 0), blur / FINENESS))

    def noise(self, scale: float | Sequence[float], seed: int, points: Array | None = None) -> Singles:
        """Return smooth noise of mean 0 and deviation 1 on the surface; scale in metres (per axis)."""
        grid = np.random.default_rng(seed).standard_normal((48, 48, 48)).astype(np.float32)
        positions = self.points if points is None else points
        shown = self.layout.ids >= 0
        values = _value_noise(grid, np.ascontiguousarray(positions[shown] / np.asarray(scale) + 960.0))
        result = np.zeros(shown.shape, dtype=np.float32)
        result[shown] = values / max(float(values.std()), 1e-6)
        return result


@compiled
def _value_noise(grid, positions):
    """Read a periodic grid of random numbers (N, N, N) between its points, at places (M, 3)."""
    size = grid.shape[0]
    values = np.empty(positions.shape[0], dtype=np.float32)
    for row in range(positions.shape[0]):
        x, y, z = positions[row, 0], positions[row, 1], positions[row, 2]
        i, j, k = int(np.floor(x)), int(np.floor(y)), int(np.floor(z))
        a, b, c = x - i, y - j, z - k
        i0, j0, k0 = i % size, j % size, k % size
        i1, j1, k1 = (i + 1) % size, (j + 1) % size, (k + 1) % size
        near = (grid[i0, j0, k0] * (1 - a) + grid[i1, j0, k0] * a) * (1 - b)
        near += (grid[i0, j1, k0] * (1 - a) + grid[i1, j1, k0] * a) * b
        far = (grid[i0, j0, k1] * (1 - a) + grid[i1, j0, k1] * a) * (1 - b)
        far += (grid[i0, j1, k1] * (1 - a) + grid[i1, j1, k1] * a) * b
        values[row] = near * (1 - c) + far * c
    return values


def neighbour_mean(values: Array, faces: Array) -> Array:
    """Return the mean of each vertex (V,) and its neighbours, by triangles."""
    total, count = values.astype(np.float64), np.ones(len(values))
    for shift in (1, 2):
        np.add.at(total, faces.ravel(), values[np.roll(faces, shift, axis=1)].ravel())
        np.add.at(count, faces.ravel(), 1)
    return total / count


def make_canvas(head: HeadModel, size: int) -> Canvas:
    """Return the canvas of a head with a texture of size x size."""
    layout = texels(head.uv, head.uv_faces, size)
    points = layout.interpolate(head.template, head.faces).astype(np.float32)
    corners = head.template[head.faces[head.landmarks.triangle]]
    landmarks = np.einsum("nk,nkc->nc", head.landmarks.barycentric, corners)
    return Canvas(head, layout, points, landmarks)
