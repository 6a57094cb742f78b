"""Operators on a character: check it, edit its mapping, save and load it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Final

import bpy

from ...backend.contract.failure import Failure
from ...backend.contract.performance.characters.report import AMBER, GREEN, RED
from ..paths import absolute, safe_name
from ..retarget.checking.check_report import remember_report
from ..retarget.mapping.mapping_files import ENDING, read_mapping, save_for_character, write_mapping
from ..retarget.mapping.mapping_group import JOINT, SHAPE, group_of
from ..retarget.mapping.mapping_store import holder_of, store_mapping, stored_mapping
from ..retarget.recognising.gather import character_objects
from ..retarget.recognising.recognise import MADE, SAVED, STORED, Recognised, fitted_mapping, recognise_character

_ORIGINS: Final = {STORED: "its own mapping", SAVED: "the mapping that was remembered for it", MADE: "a new mapping"}
_LEVELS: Final = {GREEN: "ready", AMBER: "ready, with something to know", RED: "not ready"}


class CheckCharacter(bpy.types.Operator):
    """Recognise the character and check it: what of the face it has, what is missing or in the way"""

    bl_idname = "flame.check_character"
    bl_label = "Check Character"
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    character: str
    anew: bool
    __annotations__: ClassVar = {
        "character": bpy.props.StringProperty(
            name="Character",
            description="Name of an object of the character; empty takes what is selected",
            options={"SKIP_SAVE"},
        ),
        "anew": bpy.props.BoolProperty(
            name="Map Anew",
            description="Make the mapping anew from the character's names; edits of the table are lost",
            options={"SKIP_SAVE"},
        ),
    }

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Recognise, store the mapping if it is new, and remember the report."""
        chosen = _chosen(self.character, context)
        found = recognise_character(context, chosen, anew=self.anew)
        if isinstance(found, Failure):
            self.report({"ERROR"}, str(found))
            return {"CANCELLED"}
        if found.origin != STORED:
            store_mapping(found.holder, found.mapping)
        remember_report(found.report, found.holder, found.objects)
        self._say(found)
        return {"FINISHED"}

    def _say(self, found: Recognised) -> None:
        level = found.report.level
        self.report(
            {"INFO" if level == GREEN else "WARNING"},
            f"{found.holder.name} is {_LEVELS[level]}: {found.mapping.kind}, by {_ORIGINS[found.origin]}.",
        )
        for row in found.report.blocking:
            self.report({"WARNING"}, f"{row.sentence} {row.advice}")


def _chosen(name: str, context: bpy.types.Context) -> list[bpy.types.Object]:
    if name:
        thing = bpy.data.objects.get(name)
        return [] if thing is None else [thing]
    return list(context.selected_objects) or [each for each in (context.object,) if each is not None]


class _OnMapping(bpy.types.Operator):
    """Something done to a mapping"""

    bl_options: ClassVar = {"UNDO", "INTERNAL"}

    holder: str
    __annotations__: ClassVar = {
        "holder": bpy.props.StringProperty(
            name="Object", description="Object that holds the mapping; empty takes the selected character's"
        )
    }

    def group(self, context: bpy.types.Context) -> Any | None:
        """Return the mapping's properties; None, with a message, where there is none."""
        thing = self.thing(context)
        if thing is None or len(group_of(thing).rows) == 0:
            self.report({"ERROR"}, "There is no mapping yet. Check the character first.")
            return None
        return group_of(thing)

    def thing(self, context: bpy.types.Context) -> bpy.types.Object | None:
        """Return the object that holds the mapping, or would."""
        if self.holder:
            return bpy.data.objects.get(self.holder)
        return holder_of(character_objects(context.scene, _chosen("", context)))


class AddMappingRow(_OnMapping):
    """Add a row to the mapping, of the active row's kind"""

    bl_idname = "flame.add_mapping_row"
    bl_label = "Add Row"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add it below the active one."""
        thing = self.thing(context)
        if thing is None:
            self.report({"ERROR"}, "No character is selected. Select the mesh of its face or its armature.")
            return {"CANCELLED"}
        group = group_of(thing)
        kind, owner = (JOINT if thing.type == "ARMATURE" else SHAPE), thing
        if group.active < len(group.rows):
            kind, owner = group.rows[group.active].kind, group.rows[group.active].thing
        # Adding moves all rows in memory: what was read of one before is gone.
        row = group.rows.add()
        row.kind, row.thing = kind, owner
        if row.kind == SHAPE:
            row.parts.add()
        position = min(group.active + 1, len(group.rows) - 1)
        group.rows.move(len(group.rows) - 1, position)
        group.active = position
        return {"FINISHED"}


class RemoveMappingRow(_OnMapping):
    """Remove the active row from the mapping"""

    bl_idname = "flame.remove_mapping_row"
    bl_label = "Remove Row"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remove it; the one before becomes active."""
        group = self.group(context)
        if group is None or group.active >= len(group.rows):
            return {"CANCELLED"}
        group.rows.remove(group.active)
        group.active = max(0, group.active - 1)
        return {"FINISHED"}


class AddMappingChannel(_OnMapping):
    """Let the active row follow a further channel"""

    bl_idname = "flame.add_mapping_channel"
    bl_label = "Add Channel"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add it."""
        group = self.group(context)
        if group is None or group.active >= len(group.rows):
            return {"CANCELLED"}
        group.rows[group.active].parts.add()
        return {"FINISHED"}


class RemoveMappingChannel(_OnMapping):
    """Let the active row no longer follow this channel"""

    bl_idname = "flame.remove_mapping_channel"
    bl_label = "Remove Channel"

    index: int
    __annotations__: ClassVar = {
        **_OnMapping.__annotations__,
        "index": bpy.props.IntProperty(name="Channel", description="Which of the row's channels", min=0),
    }

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remove it."""
        group = self.group(context)
        if group is None or group.active >= len(group.rows):
            return {"CANCELLED"}
        parts = group.rows[group.active].parts
        if self.index >= len(parts):
            return {"CANCELLED"}
        parts.remove(self.index)
        return {"FINISHED"}


class RememberMapping(_OnMapping):
    """Remember the mapping for characters with these names of keys and bones, in every file"""

    bl_idname = "flame.remember_mapping"
    bl_label = "Remember Mapping"
    bl_options: ClassVar = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write it into the user's folder."""
        thing = self.thing(context)
        mapping = stored_mapping(thing) if thing is not None else None
        if thing is None or mapping is None:
            self.report({"ERROR"}, "There is no mapping yet. Check the character first.")
            return {"CANCELLED"}
        written = save_for_character(mapping, thing.name)
        if isinstance(written, Failure):
            self.report({"ERROR"}, str(written))
            return {"CANCELLED"}
        self.report({"INFO"}, f"Remembered in {written}.")
        return {"FINISHED"}


class _MappingFile(_OnMapping):
    """A file with a mapping"""

    filepath: str
    __annotations__: ClassVar = {
        **_OnMapping.__annotations__,
        "filepath": bpy.props.StringProperty(name="File", subtype="FILE_PATH", options={"SKIP_SAVE"}),
        "filter_glob": bpy.props.StringProperty(default=f"*{ENDING}", options={"HIDDEN"}),
    }

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask for the file."""
        thing = self.thing(context)
        if not self.filepath and thing is not None:
            self.filepath = safe_name(thing.name) + ENDING
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}


class SaveMapping(_MappingFile):
    """Save the mapping as a JSON file, e.g. to give it to others"""

    bl_idname = "flame.save_mapping"
    bl_label = "Save Mapping"
    bl_options: ClassVar = {"INTERNAL"}

    __annotations__: ClassVar = {
        **_MappingFile.__annotations__,
        "check_existing": bpy.props.BoolProperty(default=True, options={"HIDDEN"}),
    }

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write it."""
        thing = self.thing(context)
        mapping = stored_mapping(thing) if thing is not None else None
        if mapping is None:
            self.report({"ERROR"}, "There is no mapping yet. Check the character first.")
            return {"CANCELLED"}
        path = absolute(self.filepath)
        written = write_mapping(path if path.suffix else Path(f"{path}{ENDING}"), mapping)
        if isinstance(written, Failure):
            self.report({"ERROR"}, str(written))
            return {"CANCELLED"}
        return {"FINISHED"}


class LoadMapping(_MappingFile):
    """Take the mapping of a JSON file for this character; what the character does not have is left out"""

    bl_idname = "flame.load_mapping"
    bl_label = "Load Mapping"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Read it and put it in the place of the character's."""
        thing = self.thing(context)
        if thing is None:
            self.report({"ERROR"}, "No character is selected. Select the mesh of its face or its armature.")
            return {"CANCELLED"}
        mapping = read_mapping(absolute(self.filepath))
        fitted = mapping if isinstance(mapping, Failure) else fitted_mapping(context, thing, mapping)
        if isinstance(fitted, Failure):
            self.report({"ERROR"}, str(fitted))
            return {"CANCELLED"}
        store_mapping(thing, fitted.mapping)
        remember_report(fitted.report, thing, character_objects(context.scene, [thing]))
        if fitted.left_out:
            self.report({"WARNING"}, f"{fitted.left_out} of its targets are not there, and were left out.")
        return {"FINISHED"}


CLASSES: Final = (
    CheckCharacter,
    AddMappingRow,
    RemoveMappingRow,
    AddMappingChannel,
    RemoveMappingChannel,
    RememberMapping,
    SaveMapping,
    LoadMapping,
)
