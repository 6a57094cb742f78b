"""File > Export > FLAME Take: head and camera, or the camera alone, for one target, with the settings that it needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Final

import bpy

from ...backend.contract.failure import Failure
from ..exporters.export import export, problem_of
from ..exporters.losses import losses_of
from ..exporters.objects import objects_of
from ..exporters.presets import CAMERA, PRESETS
from ..paths import absolute, safe_name
from ..results import selection
from ..scene.parts import Parts
from ..text import paragraph
from .file_menus import draw_targets, export_menu
from .scene import imported_for


class ExportTake(bpy.types.Operator):
    """Write head and camera, or the camera alone, for another program: with the settings that keep the face"""

    bl_idname = "flame.export_take"
    bl_label = "Export Take"
    bl_options: ClassVar = {"REGISTER"}
    filepath: str
    filter_glob: str
    target: str
    layout: Any
    __annotations__ = {
        "filepath": bpy.props.StringProperty(subtype="FILE_PATH"),
        "filter_glob": bpy.props.StringProperty(options={"HIDDEN"}),
        "check_existing": bpy.props.BoolProperty(default=True, options={"HIDDEN"}),
        "target": bpy.props.EnumProperty(
            name="Target",
            description="What the file is for",
            items=[(name, preset.label, preset.description) for name, preset in PRESETS.items()],
        ),
    }

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: Any) -> str:
        """Return what the chosen target is for."""
        return PRESETS[properties.target].description

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need an import."""
        return imported_for(cls, context) is not None

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask where to, and say meanwhile what the target does not carry."""
        parts, preset = _parts(context), PRESETS[self.target]
        refused = problem_of(context, preset, parts)
        if refused is not None:
            self.report({"ERROR"}, str(refused))
            return {"CANCELLED"}
        ending = preset.ending
        self.filter_glob = f"*{ending}"
        found = selection.chosen(context)
        folder = found.file.parent if found is not None and found.file is not None else Path(bpy.path.abspath("//"))
        stem = safe_name(parts.collection.name)
        suffix = "_camera" if preset.what == CAMERA else ""
        self.filepath = str(folder / f"{stem}{suffix}{ending}")
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def check(self, _context: bpy.types.Context) -> bool:
        """Keep the file's ending right."""
        path = bpy.path.ensure_ext(self.filepath, PRESETS[self.target].ending)
        changed, self.filepath = path != self.filepath, path
        return changed

    def draw(self, context: bpy.types.Context) -> None:
        """Show in the file browser what will be missing from the file."""
        parts, preset = _parts(context), PRESETS[self.target]
        column = self.layout.column()
        paragraph(column, context, preset.description, icon="INFO")
        notices = losses_of(preset, parts, objects_of(preset, parts))
        for notice in notices:
            paragraph(column.box(), context, f"{notice.sentence} {notice.advice}", icon="ERROR")
        if not notices:
            column.label(text="It carries all of the take", icon="CHECKMARK")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write the file."""
        if not self.filepath:
            self.report({"ERROR"}, "No file is named. Say where to write with filepath=…")
            return {"CANCELLED"}
        path = absolute(bpy.path.ensure_ext(self.filepath, PRESETS[self.target].ending))
        written = export(context, self.target, _parts(context), path)
        if isinstance(written, Failure):
            self.report({"ERROR"}, str(written))
            return {"CANCELLED"}
        for notice in written.notices:
            self.report({"WARNING"}, f"{notice.sentence} {notice.advice}")
        first, last = written.frames
        self.report({"INFO"}, f"Wrote {path.name}, frames {first} to {last}")
        return {"FINISHED"}


def _parts(context: bpy.types.Context) -> Parts:
    found = selection.chosen(context)
    assert found is not None and isinstance(found.parts, Parts)
    return found.parts


CLASSES: Final = (ExportTake,)


def register() -> None:
    """Offer the menu under File > Export."""
    export_menu().append(_draw_menu)


def unregister() -> None:
    """Take the menu away."""
    export_menu().remove(_draw_menu)


def _draw_menu(self: Any, _context: bpy.types.Context) -> None:
    draw_targets(self.layout, ExportTake.bl_idname, "FLAME Take")
