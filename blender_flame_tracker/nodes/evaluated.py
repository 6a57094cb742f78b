"""Removal of our trees from the evaluated scenes before our classes go, which Blenders before 4.5 don't survive.

A scene points to its tree, so Blender evaluates the tree with the scene, as a copy. When the classes of the nodes are
unregistered, the copies still point to them, and Blender crashes the next time it frees those copies: when another
file is opened, or at any edit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bpy

from ..names import TREE

_MENDED_IN = (4, 5)


def leave() -> None:
    """Have Blender forget the evaluated copies of our trees; the scenes keep their trees."""
    layers = list(_layers_with_trees()) if bpy.app.version < _MENDED_IN else []
    if not layers:
        return
    scenes: list[Any] = list(bpy.data.scenes)
    owners = {scene: scene.flame.tree for scene in scenes}
    for scene in owners:
        scene.flame.tree = None
    # A collection that comes and goes makes Blender look anew at what depends on what.
    collection = bpy.data.collections.new("FLAME")
    owner: Any = layers[0].id_data
    owner.collection.children.link(collection)
    bpy.data.collections.remove(collection)
    for layer in layers:
        layer.update()
    for scene, tree in owners.items():
        scene.flame.tree = tree


def _layers_with_trees() -> Iterator[bpy.types.ViewLayer]:
    for scene in bpy.data.scenes:
        for layer in scene.view_layers:
            graph = layer.depsgraph
            if graph is not None and any(getattr(each, "bl_idname", "") == TREE for each in graph.ids):
                yield layer
