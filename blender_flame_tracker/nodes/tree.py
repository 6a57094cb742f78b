"""The node tree: plain data. Editing it starts no work; it only lets nodes know that they are stale."""

from __future__ import annotations

from typing import Final

import bpy

TREE: Final = "FlameTrackerTree"


class FlameTree(bpy.types.NodeTree):
    """Nodes that find a head in a video and bring it into the scene"""

    bl_idname = TREE
    bl_label = "FLAME Tracker"
    bl_icon = "MOD_ARMATURE"

    def update(self) -> None:
        """Have it found out soon which links are wrong and which nodes are stale. Called by Blender for every edit."""
        from . import state

        state.mark(self)


def mark_wrong_links(tree: bpy.types.NodeTree) -> None:
    """Give links between sockets of different types the look of links that do not work."""
    for link in tree.links:
        if link.is_valid and is_wrong(link):
            link.is_valid = False


def is_wrong(link: bpy.types.NodeLink) -> bool:
    """Whether a link joins an output to an input of another type. Reroutes take every type."""
    given = getattr(link.from_socket, "type_name", None)
    taken = getattr(link.to_socket, "type_name", None)
    return given is not None and taken is not None and given != taken


CLASSES: Final = (FlameTree,)
