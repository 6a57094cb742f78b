"""The head's mesh: vertices, faces, UVs, smooth shading, and a vertex group per region."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ...backend.contract.camera import blender_points
from ...backend.contract.track import Track


def make_mesh(track: Track, name: str) -> bpy.types.Mesh:
    """Return a new mesh of the neutral head in Blender's axes, with UVs and smooth faces."""
    mesh = bpy.data.meshes.new(name)
    vertices = blender_points(np.asarray(track.neutral_vertices, dtype=np.float32))
    faces = np.asarray(track.faces, dtype=np.int32)
    mesh.vertices.add(len(vertices))
    mesh.vertices.foreach_set("co", np.ascontiguousarray(vertices, dtype=np.float32).ravel())
    mesh.loops.add(faces.size)
    mesh.loops.foreach_set("vertex_index", faces.ravel())
    mesh.polygons.add(len(faces))
    mesh.polygons.foreach_set("loop_start", np.arange(0, faces.size, 3, dtype=np.int32))
    mesh.update(calc_edges=True)
    mesh.polygons.foreach_set("use_smooth", np.ones(len(faces), dtype=bool))
    _write_uv(mesh, np.asarray(track.uv, dtype=np.float32), np.asarray(track.uv_faces))
    mesh.update()
    return mesh


def _write_uv(mesh: bpy.types.Mesh, uv: NDArray[np.float32], uv_faces: NDArray[Any]) -> None:
    """Texture coordinates per corner; a model file without UVs has none."""
    if len(uv) == 0 or uv_faces.size != len(mesh.loops):
        return
    layer = mesh.uv_layers.new(name="UVMap")
    layer.uv.foreach_set("vector", np.ascontiguousarray(uv[uv_faces.ravel()]).ravel())


def write_regions(head: bpy.types.Object, track: Track) -> None:
    """Give the head a vertex group per region; groups with other names, which the user made, stay."""
    for name, indices in track.regions.items():
        group = head.vertex_groups.get(name)
        if group is not None:
            head.vertex_groups.remove(group)
        group = head.vertex_groups.new(name=name)
        group.add(indices.tolist(), 1.0, "REPLACE")
