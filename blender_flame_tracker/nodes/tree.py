"""The node tree: plain data. Editing it starts no work; it only lets nodes know that they are stale."""

from __future__ import annotations

from typing import Final

import bpy

from ..names import TREE


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
        from . import following

        return following.shown_tree(context)

    def update(self) -> None:
        """Have it found out soon which links are wrong and which nodes are stale. Called by Blender for every edit."""
        from . import state

        # While the add-on is enabled again, Blender calls this for trees of the file before it knows their class. Then
        # `self` points into memory that is gone: to ask it for anything may crash. `mark` knows when not to.
        state.mark(self)


CLASSES: Final = (FlameTree,)
