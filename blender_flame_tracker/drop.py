"""A video dropped onto the 3D view is chosen, while our tab is open beside it: dropped elsewhere it stays Blender's."""

from __future__ import annotations

from typing import Final

import bpy

from .operators.video import ChooseVideo
from .ui.panel import TAB
from .ui.thumbnails import MOVIES


class FLAME_FH_video(bpy.types.FileHandler):  # noqa: N801 - Blender's rule for names
    """Takes videos for tracking"""

    bl_idname = "FLAME_FH_video"
    bl_label = "Track a Head in This Video"
    bl_import_operator = ChooseVideo.bl_idname
    bl_file_extensions = ";".join(sorted(MOVIES))

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        """Take it where our panel is seen."""
        area = context.area
        if area is None or area.type != "VIEW_3D" or not area.spaces.active.show_region_ui:
            return False
        sidebar = next((region for region in area.regions if region.type == "UI"), None)
        return sidebar is not None and sidebar.active_panel_category == TAB


CLASSES: Final = (FLAME_FH_video,)
