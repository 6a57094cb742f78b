"""Dropped files: a video or pictures are chosen where our tab is open beside the 3D view; else they stay Blender's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, cast

import bpy

from ...backend.contract.footage import VIDEO_SUFFIXES
from ..names import TAB
from .photographs import ChoosePhotographs
from .video import ChooseVideo

_EXTENSIONS: Final[Iterable[str]] = cast(Any, bpy.path).extensions_image
"""Of the pictures that Blender reads; no description of its modules has them."""


class FLAME_FH_video(bpy.types.FileHandler):  # noqa: N801 - Blender's rule for names
    """Takes videos for tracking"""

    bl_idname = "FLAME_FH_video"
    bl_label = "Track a Head in This Video"
    bl_import_operator = ChooseVideo.bl_idname
    bl_file_extensions = ";".join(sorted(VIDEO_SUFFIXES))

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        """Take it where our panel is seen."""
        return _shows_panel(context.area)


class FLAME_FH_photographs(bpy.types.FileHandler):  # noqa: N801
    """Takes photographs, several at once"""

    bl_idname = "FLAME_FH_photographs"
    bl_label = "Make a Head From Photographs"
    bl_import_operator = ChoosePhotographs.bl_idname
    bl_file_extensions = ";".join(sorted(_EXTENSIONS))

    @classmethod
    def poll_drop(cls, context: bpy.types.Context) -> bool:
        """Take them where our panel is seen."""
        return _shows_panel(context.area)


def _shows_panel(area: bpy.types.Area | None) -> bool:
    if area is None or area.type != "VIEW_3D":
        return False
    space: Any = area.spaces.active
    if not space.show_region_ui:
        return False
    sidebar = next((region for region in area.regions if region.type == "UI"), None)
    return sidebar is not None and sidebar.active_panel_category == TAB


CLASSES: Final = (FLAME_FH_video, FLAME_FH_photographs)
