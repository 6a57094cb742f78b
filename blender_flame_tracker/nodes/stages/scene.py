"""The node Scene: what becomes of a track in Blender."""

from __future__ import annotations

from typing import Any, Final

import bpy

from ..base import Group, StageNode


class SceneNode(StageNode, bpy.types.Node):
    """Bring the track into the scene"""

    kind = "scene"
    group = Group.OUTPUT
    bl_icon = "SCENE_DATA"
    extras = {  # noqa: RUF012 - read once, when the class is made
        "automatic": bpy.props.BoolProperty(
            name="Automatic",
            description="Import as soon as the track is finished. Turn off to import by hand",
            default=True,
        )
    }

    def draw_settings(self: Any, layout: bpy.types.UILayout) -> None:
        """Draw when and how the track is imported."""
        layout.prop(self, "automatic")
        super().draw_settings(layout)


CLASSES: Final = (SceneNode,)
