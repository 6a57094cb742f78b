"""Normals of the vertices of a mesh, and which of its triangles face the camera."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Array
from ..system.compiled import compiled


@compiled
def _area_normal(a, b, c):
    """Return the cross product of two edges of a triangle: its normal times twice its area."""
    ux, uy, uz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    vx, vy, vz = c[0] - a[0], c[1] - a[1], c[2] - a[2]
    return uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx


@compiled
def _add_face_normals(vertices, faces, normals):
    """Add every face's normal, times twice its area, to its corners."""
    for index in range(faces.shape[0]):
        i, j, k = faces[index, 0], faces[index, 1], faces[index, 2]
        nx, ny, nz = _area_normal(vertices[i], vertices[j], vertices[k])
        for corner in (i, j, k):
            normals[corner, 0] += nx
            normals[corner, 1] += ny
            normals[corner, 2] += nz


def vertex_normals(vertices: Array, faces: Array) -> Array:
    """Return unit normals (V, 3), the mean of the adjoining faces weighted by area; outwards for FLAME's winding.

    Rotating the vertices rotates the normals (also from FLAME's axes to the camera's, which is a proper rotation).
    """
    points = np.ascontiguousarray(vertices, dtype=np.float64)
    normals = np.zeros_like(points)
    _add_face_normals(points, np.ascontiguousarray(faces, dtype=np.int32), normals)
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-20)


@compiled
def _mark_facing(vertices, faces, facing):
    for index in range(faces.shape[0]):
        i, j, k = faces[index, 0], faces[index, 1], faces[index, 2]
        nx, ny, nz = _area_normal(vertices[i], vertices[j], vertices[k])
        facing[index] = nx * vertices[i, 0] + ny * vertices[i, 1] + nz * vertices[i, 2] < 0


def facing_camera(vertices: Array, faces: Array) -> NDArray[np.int32]:
    """Return the triangles whose outer side is seen from the origin; of a closed mesh the others are hidden anyway."""
    triangles = np.ascontiguousarray(faces, dtype=np.int32)
    facing = np.empty(len(triangles), dtype=np.bool_)
    _mark_facing(np.ascontiguousarray(vertices, dtype=np.float64), triangles, facing)
    return triangles[facing]
