"""The head's mesh: vertices, faces, UVs, smooth shading, and a vertex group per region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ....backend.contract.camera import blender_points
from ....backend.contract.track import Track

UV_MAP: Final = "UVMap"


@dataclass(frozen=True)
class Shape:
    """A head at rest as Blender takes it. V vertices, F triangles.

    Attributes:
        vertices: In Blender's axes (V, 3) float32.
        faces: (F, 3) int32.
        uv: Of every corner of every face (3 F, 2) float32; none where the head has no UVs.
        regions: Name of a vertex group -> its vertices.
    """

    vertices: NDArray[np.float32]
    faces: NDArray[np.int32]
    uv: NDArray[np.float32]
    regions: dict[str, list[int]]


def shape_of(track: Track) -> Shape:
    """Return the shape of a track's neutral head. The scene is not touched."""
    vertices = blender_points(np.asarray(track.neutral_vertices, dtype=np.float32))
    uv = np.asarray(track.uv, dtype=np.float32)
    corners = uv[np.asarray(track.uv_faces).ravel()] if len(uv) > 0 else uv
    regions = {name: indices.tolist() for name, indices in track.regions.items()}
    return Shape(np.ascontiguousarray(vertices), np.asarray(track.faces, dtype=np.int32), corners, regions)


def write_mesh(mesh: bpy.types.Mesh, shape: Shape) -> bool:
    """Make the mesh the neutral head in Blender's axes, with UVs and smooth faces.

    Where vertices and faces are connected as they were, the geometry stays and with it all that the user painted on
    it (vertex groups, colours, further UV maps); otherwise it is made anew, and shape keys must be gone.

    Returns:
        Whether the geometry was made anew.
    """
    vertices, faces = shape.vertices, shape.faces
    rebuild = not same_topology(mesh, shape)
    if rebuild:
        mesh.clear_geometry()
        mesh.vertices.add(len(vertices))
        mesh.loops.add(faces.size)
        mesh.loops.foreach_set("vertex_index", faces.ravel())
        mesh.polygons.add(len(faces))
        mesh.polygons.foreach_set("loop_start", np.arange(0, faces.size, 3, dtype=np.int32))
        mesh.update(calc_edges=True)
        mesh.polygons.foreach_set("use_smooth", np.ones(len(faces), dtype=bool))
    mesh.vertices.foreach_set("co", vertices.ravel())
    _write_uv(mesh, shape.uv)
    mesh.update()
    return rebuild


def same_topology(mesh: bpy.types.Mesh, shape: Shape) -> bool:
    """Return whether vertices and faces of a mesh are connected as those of a head."""
    faces = shape.faces
    if (len(mesh.vertices), len(mesh.polygons), len(mesh.loops)) != (len(shape.vertices), len(faces), faces.size):
        return False
    corners = np.empty(faces.size, dtype=np.int32)
    mesh.loops.foreach_get("vertex_index", corners)
    return np.array_equal(corners, faces.ravel())


def _write_uv(mesh: bpy.types.Mesh, uv: NDArray[np.float32]) -> None:
    """Texture coordinates per corner; a model file without UVs has none."""
    if len(uv) != len(mesh.loops):
        return
    layer: Any = mesh.uv_layers.get(UV_MAP) or mesh.uv_layers.new(name=UV_MAP)
    layer.uv.foreach_set("vector", np.ascontiguousarray(uv).ravel())


def write_regions(head: bpy.types.Object, shape: Shape) -> None:
    """Give the head a vertex group per region; groups with other names, which the user made, stay."""
    for name, indices in shape.regions.items():
        group = head.vertex_groups.get(name)
        if group is not None:
            head.vertex_groups.remove(group)
        group = head.vertex_groups.new(name=name)
        group.add(indices, 1.0, "REPLACE")
