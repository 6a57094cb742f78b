"""Normals of the vertices of a mesh, and which of its triangles face the camera."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Array
from ..system.compiled import compiled


@compiled
def _add_face_normals(vertices, faces, normals):
    """Add to each corner the cross product of two edges: the face's normal times twice its area."""
    for index in range(faces.shape[0]):
        i, j, k = faces[index, 0], faces[index, 1], faces[index, 2]
        ax, ay, az = vertices[j, 0] - vertices[i, 0], vertices[j, 1] - vertices[i, 1], vertices[j, 2] - vertices[i, 2]
        bx, by, bz = vertices[k, 0] - vertices[i, 0], vertices[k, 1] - vertices[i, 1], vertices[k, 2] - vertices[i, 2]
        nx, ny, nz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
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
        ax, ay, az = vertices[j, 0] - vertices[i, 0], vertices[j, 1] - vertices[i, 1], vertices[j, 2] - vertices[i, 2]
        bx, by, bz = vertices[k, 0] - vertices[i, 0], vertices[k, 1] - vertices[i, 1], vertices[k, 2] - vertices[i, 2]
        nx, ny, nz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
        facing[index] = nx * vertices[i, 0] + ny * vertices[i, 1] + nz * vertices[i, 2] < 0


def facing_camera(vertices: Array, faces: Array) -> NDArray[np.int32]:
    """Return the triangles whose outer side is seen from the origin; of a closed mesh the others are hidden anyway."""
    triangles = np.ascontiguousarray(faces, dtype=np.int32)
    facing = np.empty(len(triangles), dtype=np.bool_)
    _mark_facing(np.ascontiguousarray(vertices, dtype=np.float64), triangles, facing)
    return triangles[facing]
