"""Operators of an identity that is changed by hand: begin, sculpt, use for tracking, give up."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Final

import bpy

from ...backend.contract.failure import Failure
from ...backend.contract.identity_file import SUFFIX, write_identity
from ..identity import editing, following
from ..nodes.scene_state import active_tree, node_of
from ..paths import relative
from ..preferences import preferences
from ..results import selection
from ..scene.head.identity_change import edited_head
from ..scene.parts import Parts, parts_of
from ..tracking import runs
from .result import OBJECT_MODE, chosen_for

_NOT_BEGUN: Final = "Press Edit Identity first"


def _import_for(cls: type[bpy.types.Operator], context: bpy.types.Context) -> bpy.types.Collection | None:
    """Return the import that is meant; where it cannot be changed, say so in the tooltip."""
    found = chosen_for(cls, context)
    if found is None or found.collection is None:
        cls.poll_message_set("There is no head in the scene yet: track a video, or import a track file")
        return None
    if found.collection.library is not None:
        cls.poll_message_set("It is linked from another file: change it there")
        return None
    return found.collection


def _begun_for(cls: type[bpy.types.Operator], context: bpy.types.Context) -> bool:
    collection = _import_for(cls, context)
    if collection is not None and edited_head(collection) is None:
        cls.poll_message_set(_NOT_BEGUN)
        return False
    return collection is not None


def _meant(context: bpy.types.Context) -> selection.Result:
    found = selection.chosen(context)
    assert found is not None and found.collection is not None
    return found


class EditIdentity(bpy.types.Operator):
    """Change the shape of the tracked head by sliders and by sculpting; the next track is made with it"""

    bl_idname = "flame.edit_identity"
    bl_label = "Edit Identity"
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need an import from a file, and object mode."""
        if context.mode != "OBJECT":
            cls.poll_message_set(OBJECT_MODE)
            return False
        if _import_for(cls, context) is None:
            return False
        if _meant(context).file is None:
            cls.poll_message_set("It came from no track file")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Make the head that is changed, and ask the engine for the modes where they are not known."""
        found = _meant(context)
        assert found.file is not None and found.collection is not None
        problem = editing.begin(found.collection, found.file)
        if problem is not None:
            self.report({"ERROR"}, str(problem))
            return {"CANCELLED"}
        engine = runs.engine_now()
        if isinstance(engine, Failure):
            self.report({"WARNING"}, f"{engine} Until then the head can be sculpted.")
            return {"FINISHED"}
        problem = following.ask_for_modes(engine, found.collection, found.file, preferences.models_folder())
        if problem is not None:
            self.report({"WARNING"}, f"{problem} The head can be sculpted all the same.")
        return {"FINISHED"}


class SculptIdentity(bpy.types.Operator):
    """Sculpt the head at rest, which stands beside the tracked one; that one follows stroke by stroke"""

    bl_idname = "flame.sculpt_identity"
    bl_label = "Sculpt"
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a head that is changed."""
        return _begun_for(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Go into sculpt mode with it, or come back."""
        collection = _meant(context).collection
        edited = None if collection is None else edited_head(collection)
        assert edited is not None and context.view_layer is not None
        if context.mode != "OBJECT":
            bpy.ops.object.mode_set(mode="OBJECT")
            if context.view_layer.objects.active == edited:
                return {"FINISHED"}
        if edited.name not in context.view_layer.objects or edited.hide_viewport:
            self.report({"ERROR"}, f"{edited.name} is hidden. Show it in the Outliner.")
            return {"CANCELLED"}
        edited.hide_set(False)
        for each in context.selected_objects:
            each.select_set(False)
        edited.select_set(True)
        context.view_layer.objects.active = edited
        bpy.ops.object.mode_set(mode="SCULPT")
        return {"FINISHED"}


class UseChangedIdentity(bpy.types.Operator):
    """Track with the head as it was changed: its identity is written beside the track, and chosen"""

    bl_idname = "flame.use_changed_identity"
    bl_label = "Use for Tracking"
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a head that is changed, and a Head Model node that takes it."""
        if not _begun_for(cls, context):
            return False
        if node_of(active_tree(context), "head", context.scene) is None:
            cls.poll_message_set("There is no Head Model node in the node tree")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write the file and set the Head Model node."""
        found = _meant(context)
        assert found.collection is not None
        identity = editing.identity_as_changed(found.collection)
        path = identity_path(found)
        problem = identity if isinstance(identity, Failure) else write_identity(path, identity)
        if problem is not None:
            self.report({"ERROR"}, str(problem))
            return {"CANCELLED"}
        node = node_of(active_tree(context), "head", context.scene)
        assert node is not None
        node.identity_track, node.identity_clips = relative(path), ""
        self.report({"INFO"}, f"{path.name} is used from the next track on")
        return {"FINISHED"}


class GiveUpIdentity(bpy.types.Operator):
    """Remove the changed head and its sliders; a file that was written of it stays"""

    bl_idname = "flame.give_up_identity"
    bl_label = "Give Up"
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a head that is changed, and object mode."""
        if context.mode != "OBJECT":
            cls.poll_message_set(OBJECT_MODE)
            return False
        return _begun_for(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Show the head as it was tracked."""
        collection = _meant(context).collection
        assert collection is not None
        editing.give_up(collection)
        return {"FINISHED"}


def identity_path(found: selection.Result) -> Path:
    """Return the identity file of a result: beside its track, named after the file."""
    assert found.file is not None
    return found.file.with_name(f"{found.file.stem}{SUFFIX}")


def changeable_import(context: bpy.types.Context) -> Any:
    """Return the import whose identity can be changed, None where there is none; for drawing."""
    found = selection.chosen(context)
    if found is None or found.collection is None or found.collection.library is not None:
        return None
    return found.collection if isinstance(parts_of(found.collection), Parts) else None


CLASSES: Final = (EditIdentity, SculptIdentity, UseChangedIdentity, GiveUpIdentity)
