"""Having Blender draw editors again when there is news that it cannot know of."""

from __future__ import annotations

import bpy

from .names import TREE


def redraw(*editors: str) -> None:
    """Have all editors of some types drawn again, in every window.

    Of 3D views and clip editors only the sidebar is: what they show themselves may be heavy, and is not ours. Of node
    editors those that show our trees are.

    Args:
        editors: Types of areas, e.g. ``VIEW_3D``.
    """
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type not in editors:
                continue
            if area.type in ("VIEW_3D", "CLIP_EDITOR"):
                for region in area.regions:
                    if region.type == "UI":
                        region.tag_redraw()
            elif area.type != "NODE_EDITOR" or area.ui_type == TREE:
                area.tag_redraw()
