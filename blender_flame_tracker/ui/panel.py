"""The panel in the sidebars of the 3D view and of the Movie Clip editor: the parts in the order of the work."""

from __future__ import annotations

from typing import Any, Final

import bpy

from ..names import TAB
from ..nodes import state
from .section import Section, draw_section
from .sections import arkit_shapes, batch, calibration, character, corrections, head_camera, result, track, video

TITLE: Final = "FLAME Head Tracker"

SECTIONS: Final = (
    Section(video.title, "show_video", video.missing, video.draw),
    Section(lambda _: "Head and Camera", "show_head_camera", head_camera.missing, head_camera.draw),
    Section(track.title, "show_track", track.missing, track.draw, track.draw_remedy),
    Section(lambda _: "Result", "show_result", result.missing, result.draw),
    Section(lambda _: "Corrections", "show_corrections", corrections.missing, corrections.draw),
    Section(lambda _: "Character", "show_character", character.missing, character.draw, arkit_shapes.draw_remedy),
    Section(lambda _: "Calibration", "show_calibration", calibration.missing, calibration.draw),
    Section(batch.title, "show_batch", batch.missing, batch.draw, batch.draw_remedy),
)


class _Sidebar:
    """The same panel in every editor."""

    bl_region_type = "UI"
    bl_category = TAB
    bl_label = TITLE

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a scene."""
        return context.scene is not None

    def draw(self: Any, context: bpy.types.Context) -> None:
        """Draw all parts, below the choice of the tree where there is one to choose."""
        if context.scene.flame.tree is not None or any(state.ours()):
            self.layout.template_ID(context.scene.flame, "tree", new="flame.new_tree")
        for section in SECTIONS:
            draw_section(self.layout, context, section)


class FLAME_PT_view3d(_Sidebar, bpy.types.Panel):  # noqa: N801 - Blender's rule for names
    """The panel in the 3D view"""

    bl_space_type = "VIEW_3D"


class FLAME_PT_clip(_Sidebar, bpy.types.Panel):  # noqa: N801
    """The panel in the Movie Clip editor"""

    bl_space_type = "CLIP_EDITOR"


CLASSES: Final = (FLAME_PT_view3d, FLAME_PT_clip)
