"""Nearest points on a triangle mesh, with numpy alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ...arrays import Array, Floats, Integers, Mask
from .mesh import Mesh

_CHUNK: Final = 256
_CANDIDATES: Final = 4
"""Vertices whose triangles are tried; the nearest one is enough where triangles are not long and thin."""


@dataclass(frozen=True)
class SurfacePoints:
    """Points of a mesh: triangle (N,), barycentric coordinates (N, 3), distance from what was asked for (N,)."""

    triangle: Integers
    barycentric: Floats
    distance: Floats

    def values_of(self, faces: Integers, values: Array) -> Floats:
        """Return the values (N, ...) that values of vertices (V, ...) have at the points."""
        return np.einsum("nk,nk...->n...", self.barycentric, values[faces[self.triangle]])


def nearest_points(
    points: Floats,
    mesh: Mesh,
    allowed: Mask,
    normals: Floats | None = None,
    agreement: float = 0.0,
    reach: float = np.inf,
) -> SurfacePoints:
    """Return the nearest point of a mesh to each of some points; infinitely far where there is none.

    Args:
        points: (N, 3).
        mesh: What is searched.
        allowed: Vertices (V,) of which a triangle must have all three.
        normals: Of the points (N, 3): vertices whose normal disagrees are not searched first.
        agreement: Least product of the two normals.
        reach: What is farther away need not be found.
    """
    whole = allowed[mesh.faces].all(axis=1)
    chosen = np.flatnonzero(np.bincount(mesh.faces[whole].ravel(), minlength=len(mesh)))
    result = SurfacePoints(
        np.zeros(len(points), np.int64), np.tile((1.0, 0.0, 0.0), (len(points), 1)), np.full(len(points), np.inf)
    )
    if not len(chosen) or not len(points):
        return result
    longest = int(np.ptp(points, axis=0).argmax())
    order = np.argsort(points[:, longest], kind="stable")  # neighbours together: each chunk searches a slice of space
    for start in range(0, len(points), _CHUNK):
        rows = order[start : start + _CHUNK]
        low, high = points[rows].min(axis=0) - reach, points[rows].max(axis=0) + reach
        near = chosen[((mesh.vertices[chosen] >= low) & (mesh.vertices[chosen] <= high)).all(axis=1)]
        if not len(near):
            continue
        facing = None if normals is None else normals[rows] @ mesh.normals[near].T >= agreement
        candidates = near[_nearest_vertices(points[rows], mesh.vertices[near], facing)]
        _refine(points[rows], mesh, candidates, whole, (result, rows))
    return result


def _nearest_vertices(points: Floats, vertices: Floats, facing: Mask | None) -> Integers:
    """Return the nearest vertices (N, K) of each point, those that face its way first."""
    centre = vertices.mean(axis=0)
    one, other = points - centre, vertices - centre
    count = min(_CANDIDATES, len(vertices))
    square = (one**2).sum(axis=1)[:, None] - 2 * one @ other.T + (other**2).sum(axis=1)
    if facing is not None:
        square = np.where(facing, square, square + 1e6)
    return np.argpartition(square, count - 1, axis=1)[:, :count]


def _refine(
    points: Floats, mesh: Mesh, candidates: Integers, whole: Mask, into: tuple[SurfacePoints, Integers]
) -> None:
    """Write the nearest points of the triangles around candidate vertices (N, K) into rows of a result."""
    result, rows = into
    triangles = mesh.faces_of_vertices[candidates].reshape(len(points), -1)
    corner = mesh.vertices[mesh.faces[triangles]]
    repeated = np.repeat(points, triangles.shape[1], axis=0)
    barycentric, distance = nearest_in_triangles(repeated, corner.reshape(-1, 3, 3))
    distance = np.where(whole[triangles], distance.reshape(triangles.shape), np.inf)
    best = distance.argmin(axis=1)
    each = np.arange(len(points))
    result.triangle[rows] = triangles[each, best]
    result.barycentric[rows] = barycentric.reshape(*triangles.shape, 3)[each, best]
    result.distance[rows] = distance[each, best]


def nearest_in_triangles(points: Floats, corner: Floats) -> tuple[Floats, Floats]:
    """Return barycentric coordinates (N, 3) of the nearest point of one triangle (N, 3, 3) each, and distances (N,).

    Ericson, Real-Time Collision Detection, 5.1.5: projected onto the plane if that falls inside, else onto the nearest
    of the three edges.
    """
    a, b, c = corner[:, 0], corner[:, 1], corner[:, 2]
    ab, ac, ap = b - a, c - a, points - a
    d00, d01, d11 = (ab * ab).sum(1), (ab * ac).sum(1), (ac * ac).sum(1)
    d20, d21 = (ap * ab).sum(1), (ap * ac).sum(1)
    area = d00 * d11 - d01 * d01
    area = np.where(area <= 0, 1e-30, area)
    v, w = (d11 * d20 - d01 * d21) / area, (d00 * d21 - d01 * d20) / area
    best = np.stack([1 - v - w, v, w], axis=1)
    distance = np.where((best >= 0).all(axis=1), _distance(points, corner, best), np.inf)
    for first, second in ((0, 1), (1, 2), (2, 0)):
        edge = corner[:, second] - corner[:, first]
        along = ((points - corner[:, first]) * edge).sum(1) / np.maximum((edge * edge).sum(1), 1e-30)
        along = np.clip(along, 0, 1)
        candidate = np.zeros_like(best)
        candidate[:, first], candidate[:, second] = 1 - along, along
        length = _distance(points, corner, candidate)
        nearer = length < distance
        best[nearer], distance[nearer] = candidate[nearer], length[nearer]
    return best, distance


def _distance(points: Floats, corner: Floats, barycentric: Floats) -> Floats:
    return np.linalg.norm(np.einsum("nk,nkc->nc", barycentric, corner) - points, axis=1)
