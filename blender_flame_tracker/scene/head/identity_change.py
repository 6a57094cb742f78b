"""Change of a head's identity by hand, shown on the imported head on every frame without touching its keys.

A second mesh is the head at rest as somebody wants it. What it differs in from the imported head at rest is an
attribute of the head, which a modifier adds before any armature. After a track was made with the changed identity, the
difference is gone by itself.
"""

from __future__ import annotations

from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ..parts import Parts, parts_of
from ..stored import stored_object

EDITED: Final = "flame_identity_head"
"""Custom property of the collection: the mesh that is the head at rest as somebody wants it."""
CHANGE: Final = "flame_identity_change"
"""Attribute of the head: by how much each vertex is moved."""
MODIFIER: Final = "FLAME Identity"
LEAST: Final = 1e-6
"""Metres; what is nearer is the same, for meshes hold single precision."""


def edited_head(collection: bpy.types.Collection) -> bpy.types.Object | None:
    """Return the head at rest that was changed by hand, None where nobody has changed it."""
    return stored_object(collection, EDITED, "MESH")


def positions(mesh: bpy.types.Mesh) -> NDArray[np.float32]:
    """Return the vertices of a mesh (V, 3) at rest, Blender's axes."""
    result = np.empty(3 * len(mesh.vertices), dtype=np.float32)
    keys = mesh.shape_keys
    rest: Any = mesh.vertices if keys is None else keys.reference_key.data
    rest.foreach_get("co", result)
    return result.reshape(-1, 3)


def show_change(collection: bpy.types.Collection) -> bool:
    """Let the imported head look as the changed one does; return whether anything had to be written."""
    edited, parts = edited_head(collection), parts_of(collection)
    if edited is None or not isinstance(parts, Parts):
        return False
    mesh: Any = edited.data
    wanted, rest = positions(mesh), positions(parts.mesh)
    if wanted.shape != rest.shape:  # another head has been imported since
        hide_change(parts)
        return False
    change = wanted - rest
    if np.abs(change).max(initial=0.0) < LEAST:
        return hide_change(parts)
    return _write(parts, change)


def hide_change(parts: Parts) -> bool:
    """Show the imported head as it was tracked; return whether it looked otherwise."""
    modifier: Any = parts.head.modifiers.get(MODIFIER)
    attribute: Any = parts.mesh.attributes.get(CHANGE)
    if modifier is not None:
        parts.head.modifiers.remove(modifier)
    if attribute is not None:
        parts.mesh.attributes.remove(attribute)
    return modifier is not None or attribute is not None


def _write(parts: Parts, change: NDArray[np.float32]) -> bool:
    """Write the attribute and have it shown; return whether it was another one before."""
    mesh: Any = parts.mesh
    attribute = mesh.attributes.get(CHANGE)
    if attribute is None or attribute.data_type != "FLOAT_VECTOR" or attribute.domain != "POINT":
        if attribute is not None:
            mesh.attributes.remove(attribute)
        attribute = mesh.attributes.new(CHANGE, "FLOAT_VECTOR", "POINT")
    before = np.empty(change.size, dtype=np.float32)
    attribute.data.foreach_get("vector", before)
    modifiers: Any = parts.head.modifiers
    position = modifiers.find(MODIFIER)
    if position == 0 and np.array_equal(before, change.ravel()):
        return False
    attribute.data.foreach_set("vector", change.ravel())
    if position < 0:
        modifiers.new(MODIFIER, "NODES").node_group = _node_group()
        position = len(modifiers) - 1
    modifiers.move(position, 0)  # what bends the head comes afterwards
    mesh.update()
    return True


def _node_group() -> bpy.types.NodeTree:
    """Return the nodes that move each vertex by the attribute."""
    group: Any = bpy.data.node_groups.get(MODIFIER)
    if group is not None and group.bl_idname == "GeometryNodeTree" and group.library is None:
        return group
    group = bpy.data.node_groups.new(MODIFIER, "GeometryNodeTree")
    group.is_modifier = True
    group.interface.new_socket("Geometry", in_out="INPUT", socket_type="NodeSocketGeometry")
    group.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
    start, end = group.nodes.new("NodeGroupInput"), group.nodes.new("NodeGroupOutput")
    moved, named = group.nodes.new("GeometryNodeSetPosition"), group.nodes.new("GeometryNodeInputNamedAttribute")
    named.data_type = "FLOAT_VECTOR"
    named.inputs["Name"].default_value = CHANGE
    change = next(each for each in named.outputs if each.enabled and each.type == "VECTOR")
    group.links.new(start.outputs[0], moved.inputs["Geometry"])
    group.links.new(change, moved.inputs["Offset"])
    group.links.new(moved.outputs[0], end.inputs[0])
    for column, node in enumerate((start, named, moved, end)):
        node.location = (200 * column, 0)
    return group
