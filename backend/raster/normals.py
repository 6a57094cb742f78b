"""Light on a mesh: vertex normals and colours per vertex. Camera axes: x right, y down, z forward."""

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


def studio_light(vertices: Array, normals: Array) -> tuple[Array, Array]:
    """Return diffuse light (V,) around 1 and highlights (V,) of a soft key light, a fill and a rim.

    Args:
        vertices: (V, 3) in camera axes.
        normals: (V, 3) unit, outwards.
    """
    view = -vertices / np.maximum(np.linalg.norm(vertices, axis=1, keepdims=True), 1e-9)
    key = _unit((-0.45, -0.65, -0.75))
    fill = _unit((0.85, -0.1, -0.5))
    wrapped = np.clip((normals @ key + 0.35) / 1.35, 0, 1)
    diffuse = 0.34 + 0.72 * wrapped + 0.2 * np.clip(normals @ fill, 0, 1)
    facing = np.clip(np.einsum("vc,vc->v", normals, view), 0, 1)
    half = key + view
    half /= np.linalg.norm(half, axis=1, keepdims=True)
    eighth = np.clip(np.einsum("vc,vc->v", normals, half), 0, 1) ** 2
    eighth *= eighth
    eighth *= eighth
    gloss = eighth * eighth * eighth
    return diffuse, 0.22 * gloss + 0.35 * (1 - facing) ** 3 * (0.4 + 0.6 * wrapped)


def _unit(direction: tuple[float, float, float]) -> Array:
    return np.array(direction) / np.linalg.norm(direction)
