"""Character > Export Character: a character with the performance that it plays, for one target."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Final

import bpy

from ...backend.contract.failure import Failure
from ..exporters.export import export_character, obstacle
from ..exporters.losses import losses_of_character
from ..exporters.objects import with_carriers
from ..exporters.presets import PRESETS, TAKE
from ..paths import absolute, safe_name
from ..retarget.recognising.candidates import character_in
from ..retarget.recognising.gather import character_objects
from ..text import paragraph


class ExportCharacter(bpy.types.Operator):
    """Write the character as it plays for another program: with the settings that keep shape keys and every frame"""

    bl_idname = "flame.export_character"
    bl_label = "Export Character"
    bl_options: ClassVar = {"REGISTER"}
    character: str
    filepath: str
    filter_glob: str
    target: str
    layout: Any
    __annotations__ = {
        "character": bpy.props.StringProperty(
            name="Character",
            description="Name of an object of the character; empty takes that of the panel, or the selected one",
            options={"SKIP_SAVE"},
        ),
        "filepath": bpy.props.StringProperty(subtype="FILE_PATH"),
        "filter_glob": bpy.props.StringProperty(options={"HIDDEN"}),
        "check_existing": bpy.props.BoolProperty(default=True, options={"HIDDEN"}),
        "target": bpy.props.EnumProperty(
            name="Target",
            description="What the file is for",
            items=[
                (name, preset.label, f"For {preset.label}: the character with its meshes, bones and every frame")
                for name, preset in PRESETS.items()
                if preset.what == TAKE
            ],
        ),
    }

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask where to, and say meanwhile what the target does not carry."""
        preset, objects = PRESETS[self.target], self._objects(context)
        refused = objects if isinstance(objects, Failure) else obstacle(context, preset)
        if isinstance(refused, Failure):
            return self._refuse(refused)
        assert not isinstance(objects, Failure)
        self.filter_glob = f"*{preset.ending}"
        self.filepath = str(Path(bpy.path.abspath("//")) / f"{safe_name(objects[0].name)}{preset.ending}")
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def check(self, _context: bpy.types.Context) -> bool:
        """Keep the file's ending right."""
        path = bpy.path.ensure_ext(self.filepath, PRESETS[self.target].ending)
        changed, self.filepath = path != self.filepath, path
        return changed

    def draw(self, context: bpy.types.Context) -> None:
        """Show in the file browser what will be missing from the file."""
        column, objects = self.layout.column(), self._objects(context)
        if isinstance(objects, Failure):
            return
        paragraph(column, context, f"Writes {', '.join(each.name for each in objects)}.", icon="INFO")
        notices = losses_of_character(PRESETS[self.target], with_carriers(objects))
        for notice in notices:
            paragraph(column.box(), context, f"{notice.sentence} {notice.advice}", icon="ERROR")
        if not notices:
            column.label(text="It carries all of the character", icon="CHECKMARK")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write the file."""
        if not self.filepath:
            self.report({"ERROR"}, "No file is named. Say where to write with filepath=…")
            return {"CANCELLED"}
        objects = self._objects(context)
        if isinstance(objects, Failure):
            return self._refuse(objects)
        path = absolute(bpy.path.ensure_ext(self.filepath, PRESETS[self.target].ending))
        written = export_character(context, self.target, objects, path)
        if isinstance(written, Failure):
            return self._refuse(written)
        for notice in written.notices:
            self.report({"WARNING"}, f"{notice.sentence} {notice.advice}")
        first, last = written.frames
        self.report({"INFO"}, f"Wrote {path.name}, frames {first} to {last}")
        return {"FINISHED"}

    def _objects(self, context: bpy.types.Context) -> tuple[bpy.types.Object, ...] | Failure:
        thing = bpy.data.objects.get(self.character) if self.character else character_in(context)
        objects = () if thing is None else character_objects(context.scene, [thing])
        return objects or Failure(
            "no-character", "No character is chosen.", "Choose the mesh of its face or its armature."
        )

    def _refuse(self, failure: Failure) -> set[str]:
        self.report({"ERROR"}, str(failure))
        return {"CANCELLED"}


CLASSES: Final = (ExportCharacter,)
