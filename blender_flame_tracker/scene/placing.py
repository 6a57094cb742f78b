"""Placing of a new import: position and scale in the scene's units, not inside another head."""

from __future__ import annotations

from typing import Any, Final

import bpy

from .parts import Parts, is_import

APART: Final = 0.6
"""Metres between the heads of two imports."""


def metres_to_units(scene: bpy.types.Scene) -> float:
    """Return how many of the scene's units a metre has."""
    units = scene.unit_settings
    return 1.0 if units.system == "NONE" or units.scale_length <= 0 else 1 / units.scale_length


def place_root(scene: bpy.types.Scene, parts: Parts, where: str) -> None:
    """Put the empty that carries head and camera where a new import stands.

    Args:
        scene: Whose units, cursor and other heads count.
        parts: Of the new import.
        where: A key of the contract's `PLACE_CHOICES`.
    """
    root, scale = parts.root, metres_to_units(scene)
    root.scale = (scale, scale, scale)
    root.empty_display_size = 0.02
    if scale != 1:
        _scale_skin(parts.mesh, scale)
    if where == "cursor":
        root.location = scene.cursor.location
        root.rotation_mode = "QUATERNION"
        root.rotation_quaternion = scene.cursor.matrix.to_quaternion()
    elif where == "beside":
        root.location.x = APART * scale * _heads_at_origin(scene, parts, APART * scale)


def _scale_skin(mesh: bpy.types.Mesh, scale: float) -> None:
    """Let light enter the skin as deep as it does: shaders measure that in units of the scene."""
    for material in mesh.materials:
        tree: Any = material.node_tree if material is not None else None
        for node in tree.nodes if tree is not None else ():
            if node.type == "BSDF_PRINCIPLED":
                node.inputs["Subsurface Scale"].default_value *= scale


def _heads_at_origin(scene: bpy.types.Scene, parts: Parts, apart: float) -> int:
    """Number of places in a row, from the origin to the right, on which a head stands already."""
    taken = {
        round(thing.location.x / apart)
        for collection in scene.collection.children_recursive
        if is_import(collection) and collection != parts.collection
        for thing in collection.objects
        if thing.type == "EMPTY" and thing.parent is None and abs(thing.location.y) < apart
    }
    return next(place for place in range(len(taken) + 1) if place not in taken)
