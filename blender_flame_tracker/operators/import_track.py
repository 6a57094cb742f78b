"""File > Import > FLAME track."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import bpy
from bpy_extras.io_utils import ImportHelper

from ...backend.contract.failure import Failure
from ...backend.contract.settings import SceneSettings
from ..nodes import older_settings
from ..paths import absolute
from ..properties import annotations_of, settings_from
from ..results.first_view import import_and_show
from .file_menus import import_menu


class ImportTrack(bpy.types.Operator, ImportHelper):
    """Bring a tracked head, its camera and its footage into the scene."""

    bl_idname = "import_scene.flame_track"
    bl_label = "Import FLAME Track"
    bl_description = "Bring a tracked head, its camera and its footage into the scene"
    bl_options: ClassVar = {"REGISTER", "UNDO", "PRESET"}

    filename_ext = ".npz"
    filepath: str
    layout: Any
    __annotations__ = {
        "filter_glob": bpy.props.StringProperty(default="*.npz", options={"HIDDEN"}),
        **annotations_of(SceneSettings),
        older_settings.SWITCH: older_settings.switch_property(),
    }

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Refuse while something is edited: its mesh could not be replaced."""
        if context.mode != "OBJECT":
            cls.poll_message_set("Go back to Object Mode first")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Import the chosen file."""
        settings = older_settings.with_switch(self, settings_from(self, SceneSettings))
        result = import_and_show(absolute(self.filepath), settings, context.scene)
        if isinstance(result, Failure):
            self.report({"ERROR"}, str(result))
            return {"CANCELLED"}
        for notice in result.notices:
            self.report({"WARNING"}, f"{notice.sentence} {notice.advice}")
        return {"FINISHED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Show the settings in the file browser."""
        self.layout.use_property_split = True
        self.layout.use_property_decorate = False
        for name in annotations_of(SceneSettings):
            self.layout.prop(self, name)


CLASSES: Final = (ImportTrack,)


def register() -> None:
    """Offer the operator under File > Import."""
    import_menu().append(_draw_menu)


def unregister() -> None:
    """Take the operator out of the menu."""
    import_menu().remove(_draw_menu)


def _draw_menu(self: Any, _context: bpy.types.Context) -> None:
    self.layout.operator(ImportTrack.bl_idname, text="FLAME Track (.npz)")
