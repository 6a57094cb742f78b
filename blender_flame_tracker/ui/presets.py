"""The user's own presets of how to track, kept as Blender keeps all presets: one small file each."""

from __future__ import annotations

from typing import Any, Final

import bpy
from bl_operators.presets import AddPresetBase
from bl_ui.utils import PresetPanel

from ...backend.contract.options import options_of
from ..nodes.base import spec_of
from ..nodes.scene_state import active_tree, node_of

FOLDER: Final = "flame_head_tracker"

KINDS: Final = ("head", "camera", "landmarks", "fit", "appearance", "smooth", "arkit", "texture", "report", "scene")
"""Nodes whose settings are about how to track. Video and Face belong to one clip."""

NOT_KEPT: Final = frozenset({"source", "threads", "device", "first_frame", "last_frame", "start_at", "neutral_frame"})
"""What belongs to a clip, or to a computer."""


def kept(kind: str) -> tuple[str, ...]:
    """Return the settings of a kind of node that a preset keeps."""
    return tuple(
        each.name for each in options_of(spec_of(kind).settings) if each.kind != "path" and each.name not in NOT_KEPT
    )


class FLAME_PT_presets(PresetPanel, bpy.types.Panel):  # noqa: N801 - Blender's rule for names
    """Own presets"""

    bl_label = "Tracking Presets"
    layout: Any
    preset_subdir = FOLDER
    preset_operator = "script.execute_preset"
    preset_add_operator = "flame.add_preset"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the presets; where none is kept yet, Blender's list would only tell that its folder is missing."""
        if bpy.utils.preset_paths(FOLDER):
            super().draw(context)
            return
        self.layout.label(text="No own presets yet")
        row = self.layout.row(align=True)
        row.operator_context = "EXEC_DEFAULT"
        row.prop(context.window_manager, "preset_name", text="")
        row.operator(AddPreset.bl_idname, text="", icon="ADD").name = context.window_manager.preset_name


class AddPreset(AddPresetBase, bpy.types.Operator):
    """Keep the settings of all nodes as a preset, or remove one. Files and ranges belong to a shot and are left out"""

    bl_idname = "flame.add_preset"
    bl_label = "Add Tracking Preset"
    preset_menu = "FLAME_PT_presets"
    preset_subdir = FOLDER

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need settings."""
        if active_tree(context) is None:
            cls.poll_message_set("Choose a video first")
            return False
        return True

    @property
    def preset_values(self: Any) -> list[str]:
        """Return what is kept, of the nodes that there are."""
        tree, scene = active_tree(bpy.context), bpy.context.scene
        kinds = [kind for kind in KINDS if node_of(tree, kind, scene) is not None]
        # Whole paths, without `preset_defines`: names defined there are lost in Blender before 4.5 with Python 3.13.
        return [f'bpy.context.scene.flame.settings_of("{kind}").{name}' for kind in kinds for name in kept(kind)]


CLASSES: Final = (FLAME_PT_presets, AddPreset)
