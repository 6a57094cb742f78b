"""The node tree: plain data. Editing it starts no work; it only lets nodes know that they are stale."""

from __future__ import annotations

from typing import Final

import bpy

from ..names import TREE
from . import following, state


class FlameTree(bpy.types.NodeTree):
    """Nodes that find a head in a video and bring it into the scene"""

    bl_idname = TREE
    bl_label = "FLAME Tracker"
    bl_icon = "USER"
    bl_use_group_interface = False  # No groups: their sockets are not listed. Known from Blender 4.5 on.

    @classmethod
    def get_from_context(
        cls, context: bpy.types.Context
    ) -> tuple[bpy.types.NodeTree | None, bpy.types.ID | None, bpy.types.ID | None]:
        """Return the tree that an editor shows which is not pinned: that of the scene. Called by Blender at every draw.

        A tree that is chosen in the editor itself becomes the scene's, as with Blender's own editors.
        """
        return following.shown_tree(context)

    def update(self) -> None:
        """Have it found out soon which links are wrong and which nodes are stale. Called by Blender for every edit."""
        # While the add-on is enabled again, Blender calls this for trees of the file before it knows their class. Then
        # `self` points into memory that is gone: to ask it for anything may crash. `mark` knows when not to.
        state.mark(self)


def shows_our_tree(context: bpy.types.Context) -> bool:
    """Whether this is a node editor set to our trees."""
    space = context.space_data
    return space is not None and space.type == "NODE_EDITOR" and space.tree_type == TREE


CLASSES: Final = (FlameTree,)
