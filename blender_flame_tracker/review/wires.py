"""Wires of the head over a picture, drawn with numpy: no graphics card, and the same picture everywhere."""

from __future__ import annotations

from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from .pictures import Pixels

_COLOR: Final = np.array([0.30, 1.0, 0.62], dtype=np.float32)
_OPACITY: Final = 0.5
"""Of a wire on skin that faces the camera; it fades towards the outline, where wires crowd."""

_CROWDED: Final = 8.0
"""Pixels below which a wire has many others near."""

Array = NDArray[np.float64]


class Wires:
    """Wires of a mesh object through a camera, drawn over pictures of the same size.

    Args:
        head: Mesh object.
        camera: Camera object.
        size: Of the pictures, in square pixels, whatever those of the scene are.
    """

    def __init__(self, head: bpy.types.Object, camera: bpy.types.Object, size: tuple[int, int]) -> None:
        self._head, self._camera, self._size = head, camera, size
        mesh: Any = head.data
        loops = np.empty(len(mesh.loops), dtype=np.int64)
        mesh.loops.foreach_get("vertex_index", loops)
        starts, totals = (np.empty(len(mesh.polygons), dtype=np.int64) for _ in range(2))
        mesh.polygons.foreach_get("loop_start", starts)
        mesh.polygons.foreach_get("loop_total", totals)
        # A fan of triangles per face says which way it faces.
        self._corners = np.stack([loops[starts], loops[starts + 1], loops[starts + totals - 1]], axis=1)
        face_of_loop = np.repeat(np.arange(len(starts)), totals)
        after = np.arange(len(loops)) + 1
        after[starts + totals - 1] = starts
        ends = np.sort(np.stack([loops, loops[after]], axis=1), axis=1)
        self._edges, self._edge_of_loop = np.unique(ends, axis=0, return_inverse=True)
        self._edge_of_loop = self._edge_of_loop.reshape(-1)
        self._face_of_loop = face_of_loop

    def draw(self, picture: Pixels, depsgraph: bpy.types.Depsgraph) -> Pixels:
        """Return a picture with the wires of the depsgraph's frame over it.

        Args:
            picture: Of the size that was stated.
            depsgraph: Evaluated at the frame.
        """
        points, depth = self._on_picture(depsgraph)
        facing = self._facing(points)
        strength = np.zeros(len(self._edges))
        np.maximum.at(strength, self._edge_of_loop, facing[self._face_of_loop])
        ahead = (depth[self._edges] > 0).all(axis=1)
        shown = (strength > 0) & ahead
        return _with_lines(picture, points[self._edges[shown]], _OPACITY * strength[shown])

    def _on_picture(self, depsgraph: bpy.types.Depsgraph) -> tuple[Array, Array]:
        """Places of the vertices in pixels (V, 2), upwards from the lower left, and their depth (V,)."""
        head, camera = self._head.evaluated_get(depsgraph), self._camera.evaluated_get(depsgraph)
        mesh: Any = head.to_mesh()
        try:
            values = np.empty(3 * len(mesh.vertices), dtype=np.float32)
            mesh.vertices.foreach_get("co", values)
        finally:
            head.to_mesh_clear()
        width, height = self._size
        projection = camera.calc_matrix_camera(depsgraph, x=width, y=height)
        into_camera = camera.matrix_world.normalized().inverted()
        matrix = np.array(projection @ into_camera @ head.matrix_world, dtype=np.float64)
        vertices = values.reshape(-1, 3)[: self._vertex_count()].astype(np.float64)
        clip = vertices @ matrix[:, :3].T + matrix[:, 3]
        depth = clip[:, 3]
        on_screen = clip[:, :2] / np.where(np.abs(depth) < 1e-9, 1e-9, depth)[:, None]
        return np.asarray((on_screen + 1) / 2 * np.array([width, height]) - 0.5), depth

    def _vertex_count(self) -> int:
        mesh: Any = self._head.data
        return len(mesh.vertices)

    def _facing(self, points: Array) -> Array:
        """How much of every face is turned to the camera (F,), 0 to 1; 0 from behind."""
        first, second, third = (points[self._corners[:, index]] for index in range(3))
        one, two = second - first, third - first
        area = one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]
        size = np.linalg.norm(one, axis=1) * np.linalg.norm(two, axis=1)
        return np.clip(area / np.maximum(size, 1e-9), 0, 1)


def _with_lines(picture: Pixels, lines: Array, opacity: Array) -> Pixels:
    """Lay lines (N, 2, 2) over a picture, a pixel wide and with soft borders."""
    height, width, _ = picture.shape
    inside = ((lines.max(axis=1) > -1) & (lines.min(axis=1) < np.array([width, height]))).all(axis=1)
    lines, opacity = lines[inside], opacity[inside]
    length = np.linalg.norm(lines[:, 1] - lines[:, 0], axis=1)
    keep = length < 4 * max(width, height)
    lines, opacity, length = lines[keep], opacity[keep], length[keep]
    steps = np.maximum(np.ceil(length), 1).astype(np.int64)
    number = np.repeat(np.arange(len(lines)), steps)
    along = (np.arange(len(number)) - np.repeat(np.cumsum(steps) - steps, steps) + 0.5) / steps[number]
    places = lines[number, 0] + along[:, None] * (lines[number, 1] - lines[number, 0])
    # Short wires crowd, as on lids and lips: each of them is fainter.
    weight = (opacity * np.clip(length / _CROWDED, 0.06, 1) * length / steps)[number]
    cover = np.zeros((height + 2) * (width + 2))
    corner = np.floor(places).astype(np.int64)
    rest = places - corner
    for x in (0, 1):
        for y in (0, 1):
            column, row = corner[:, 0] + x + 1, corner[:, 1] + y + 1
            valid = (column >= 0) & (column < width + 2) & (row >= 0) & (row < height + 2)
            share = np.abs(1 - x - rest[:, 0]) * np.abs(1 - y - rest[:, 1]) * weight
            np.add.at(cover, row[valid] * (width + 2) + column[valid], share[valid])
    cover = np.minimum(cover.reshape(height + 2, width + 2)[1:-1, 1:-1], 0.9)[..., None].astype(np.float32)
    result = picture.copy()
    result[..., :3] = picture[..., :3] * (1 - cover) + _COLOR * cover
    return result
