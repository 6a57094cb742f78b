"""View of a mesh from the front: which triangle is seen where, and where what is seen is cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ...arrays import Floats, Integers, Mask
from .mesh import Mesh

PIXEL: Final = 0.0006
"""Metres, in the size of the built-in head."""
JOINED: Final = 0.009
"""Metres of a way along the surface that is not around a lip or lid."""


@dataclass(frozen=True)
class FrontView:
    """A window of the view along -z.

    Attributes:
        mesh: What is seen.
        left, bottom: x and y of the first pixel's middle.
        triangles: Index of the nearest triangle (H, W), rows upwards; -1 where there is none.
    """

    mesh: Mesh
    left: float
    bottom: float
    triangles: Integers

    def position(self, row: int, column: int) -> Floats:
        """Return the point of the surface (3,) that a pixel shows."""
        corner = self.mesh.vertices[self.mesh.faces[self.triangles[row, column]]]
        at = np.array([self.left + column * PIXEL, self.bottom + row * PIXEL])
        return _weights(corner, at[None])[0] @ corner

    def vertex(self, row: int, column: int) -> int:
        """Return the vertex nearest to what a pixel shows."""
        face = self.mesh.faces[self.triangles[row, column]]
        return int(face[np.linalg.norm(self.mesh.vertices[face] - self.position(row, column), axis=1).argmin()])

    def edges(self, column: int, low: float, high: float) -> tuple[int, int] | None:
        """Return the rows just below and just above the slit of a column, None if there is no slit.

        A slit is where the view falls through, or where what is seen one above the other hangs together only on a long
        way around an edge.

        Args:
            column: Of pixels.
            low, high: Heights between which the slit is.
        """
        rows = np.flatnonzero(self.triangles[:, column] >= 0)
        heights = self.bottom + rows * PIXEL
        rows = rows[(heights > low) & (heights < high)]
        if len(rows) < 4:
            return None
        parted = np.diff(rows) > 1
        for index in np.flatnonzero(~parted):
            one, two = self.mesh.faces[self.triangles[rows[index : index + 2], column]]
            if not np.intersect1d(one, two).size:
                parted[index] = self._is_cut(int(rows[index]), int(rows[index + 1]), column)
        where = np.flatnonzero(parted)
        return (int(rows[where[0]]), int(rows[where[-1] + 1])) if len(where) else None

    def _is_cut(self, row: int, other: int, column: int) -> bool:
        one, two = self.vertex(row, column), self.vertex(other, column)
        return not self.mesh.is_joined(one, two, JOINED)


def front_view(mesh: Mesh, shown: Mask, low: Floats, high: Floats) -> FrontView:
    """Return the view of a window.

    Args:
        mesh: In the size and axes of the built-in head.
        shown: Vertices (V,) of which a triangle must have all three; what else is in front hides nothing.
        low, high: x and y of the window's corners (2,).
    """
    width, height = (int(np.ceil(each / PIXEL)) + 1 for each in high - low)
    triangles = np.full((height, width), -1, np.int64)
    depth = np.full((height, width), -np.inf)
    corners = mesh.vertices[mesh.faces]
    least, most = corners[..., :2].min(axis=1), corners[..., :2].max(axis=1)
    chosen = shown[mesh.faces].all(axis=1) & (most >= low).all(axis=1) & (least <= high).all(axis=1)
    for index in np.flatnonzero(chosen):
        first = np.maximum(np.ceil((least[index] - low) / PIXEL).astype(int), 0)
        last = np.minimum(np.floor((most[index] - low) / PIXEL).astype(int), (width - 1, height - 1))
        if (last < first).any():
            continue
        columns, rows = np.meshgrid(np.arange(first[0], last[0] + 1), np.arange(first[1], last[1] + 1))
        at = low + PIXEL * np.stack([columns.ravel(), rows.ravel()], axis=1)
        weights = _weights(corners[index], at)
        inside = (weights >= -1e-9).all(axis=1)
        pixel = rows.ravel()[inside], columns.ravel()[inside]
        z = weights[inside] @ corners[index, :, 2]
        nearer = z > depth[pixel]
        pixel = pixel[0][nearer], pixel[1][nearer]
        depth[pixel], triangles[pixel] = z[nearer], index
    return FrontView(mesh, float(low[0]), float(low[1]), triangles)


def _weights(corner: Floats, at: Floats) -> Floats:
    """Return barycentric coordinates (N, 3) of points (N, 2) in a triangle (3, 3) seen along z; NaN if it is a line."""
    one, two = corner[1, :2] - corner[0, :2], corner[2, :2] - corner[0, :2]
    area = one[0] * two[1] - one[1] * two[0]
    offset = at - corner[0, :2]
    with np.errstate(divide="ignore", invalid="ignore"):
        v = (offset[:, 0] * two[1] - offset[:, 1] * two[0]) / area
        w = (one[0] * offset[:, 1] - one[1] * offset[:, 0]) / area
    return np.stack([1 - v - w, v, w], axis=1)
