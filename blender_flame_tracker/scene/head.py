"""The head's mesh: vertices, faces, UVs, smooth shading, and a vertex group per region."""

from __future__ import annotations

from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ...backend.contract.camera import blender_points
from ...backend.contract.track import Track

UV_MAP: Final = "UVMap"


def write_mesh(mesh: bpy.types.Mesh, track: Track) -> bool:
    """Make the mesh the neutral head in Blender's axes, with UVs and smooth faces.

    Where vertices and faces are connected as they were, the geometry stays and with it all that the user painted on
    it (vertex groups, colours, further UV maps); otherwise it is made anew. Shape keys must be gone.

    Returns:
        Whether the geometry was made anew.
    """
    vertices = blender_points(np.asarray(track.neutral_vertices, dtype=np.float32))
    faces = np.asarray(track.faces, dtype=np.int32)
    rebuild = not _same_topology(mesh, len(vertices), faces)
    if rebuild:
        mesh.clear_geometry()
        mesh.vertices.add(len(vertices))
        mesh.loops.add(faces.size)
        mesh.loops.foreach_set("vertex_index", faces.ravel())
        mesh.polygons.add(len(faces))
        mesh.polygons.foreach_set("loop_start", np.arange(0, faces.size, 3, dtype=np.int32))
        mesh.update(calc_edges=True)
        mesh.polygons.foreach_set("use_smooth", np.ones(len(faces), dtype=bool))
    mesh.vertices.foreach_set("co", np.ascontiguousarray(vertices, dtype=np.float32).ravel())
    _write_uv(mesh, np.asarray(track.uv, dtype=np.float32), np.asarray(track.uv_faces))
    mesh.update()
    return rebuild


def _same_topology(mesh: bpy.types.Mesh, vertex_count: int, faces: NDArray[np.int32]) -> bool:
    if (len(mesh.vertices), len(mesh.polygons), len(mesh.loops)) != (vertex_count, len(faces), faces.size):
        return False
    corners = np.empty(faces.size, dtype=np.int32)
    mesh.loops.foreach_get("vertex_index", corners)
    return np.array_equal(corners, faces.ravel())


def _write_uv(mesh: bpy.types.Mesh, uv: NDArray[np.float32], uv_faces: NDArray[Any]) -> None:
    """Texture coordinates per corner; a model file without UVs has none."""
    if len(uv) == 0 or uv_faces.size != len(mesh.loops):
        return
    layer = mesh.uv_layers.get(UV_MAP) or mesh.uv_layers.new(name=UV_MAP)
    layer.uv.foreach_set("vector", np.ascontiguousarray(uv[uv_faces.ravel()]).ravel())


def write_regions(head: bpy.types.Object, track: Track) -> None:
    """Give the head a vertex group per region; groups with other names, which the user made, stay."""
    for name, indices in track.regions.items():
        group = head.vertex_groups.get(name)
        if group is not None:
            head.vertex_groups.remove(group)
        group = head.vertex_groups.new(name=name)
        group.add(indices.tolist(), 1.0, "REPLACE")
