"""Operators of an editable rig: to it and back, and layers for edits above the track."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Final

import bpy

from ...backend.contract.failure import Failure
from ..results import selection
from ..results.first_view import import_and_show
from ..scene.parts import Parts, linked_problem
from ..scene.record import read_record, write_record
from ..scene.rig.conversion import rig_to_keys
from ..scene.rig.layers import new_layer
from ..scene.rig.shot_actions import save_shot_actions, shots_of
from ..scene.unharmed import unharmed
from .result import OBJECT_MODE, chosen_for, facts_for, file_problem, finish
from .scene import imported_for


def _changeable(cls: type[bpy.types.Operator], context: bpy.types.Context) -> Parts | None:
    """Return what was made of the chosen track if it may be changed; if not, say so in the tooltip."""
    parts = imported_for(cls, context)
    problem = None if parts is None else linked_problem(parts.collection)
    if problem is not None:
        cls.poll_message_set(str(problem))
    return None if problem is not None else parts


def _with_rig(cls: type[bpy.types.Operator], context: bpy.types.Context) -> Parts | None:
    parts = _changeable(cls, context)
    if parts is not None and (parts.rig is None or parts.mesh.shape_keys is None):
        cls.poll_message_set("The head has no rig: convert it to one first")
        return None
    return parts


def _remember_form(found: selection.Result, form: str) -> None:
    """Let the next update make the same of the track."""
    if found.collection is not None:
        record = read_record(found.collection)
        write_record(found.collection, replace(record, settings=replace(record.settings, form=form)))
    if found.node is not None:
        found.node.form = form


class ConvertToRig(bpy.types.Operator):
    """Give the head bones and named shape keys, with curves to edit, in place of a shape key per frame"""

    bl_idname = "flame.convert_to_rig"
    bl_label = "Convert to Rig"
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need an import without a rig, and its track file."""
        if context.mode != "OBJECT":
            cls.poll_message_set(OBJECT_MODE)
            return False
        found, parts = chosen_for(cls, context), _changeable(cls, context)
        if found is None or parts is None:
            return False
        problem = "The head has a rig already" if parts.rig is not None else file_problem(found, facts_for(found))
        if problem:
            cls.poll_message_set(problem)
        return not problem

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Import the file again as a rig."""
        found = selection.chosen(context)
        assert found is not None and found.file is not None
        made = import_and_show(found.file, replace(found.settings, form="rig"), context.scene)
        if not isinstance(made, Failure):
            _remember_form(found, "rig")
        return finish(self, made)


class ConvertToShapeKeys(bpy.types.Operator):
    """Give the head a shape key per frame of what the rig does, edits included, in place of the rig"""

    bl_idname = "flame.convert_to_shape_keys"
    bl_label = "Convert to Shape Keys"
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a rig."""
        if context.mode != "OBJECT":
            cls.poll_message_set(OBJECT_MODE)
            return False
        return _with_rig(cls, context) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Keep every frame as it is seen."""
        found, scene = selection.chosen(context), context.scene
        assert found is not None and isinstance(found.parts, Parts)
        parts, kind = found.parts, read_record(found.parts.collection).settings.key_kind
        made = unharmed(scene, lambda: rig_to_keys(scene, parts, kind), "The rig could not be converted")
        if isinstance(made, Failure):
            return finish(self, made)
        _remember_form(found, "keys")
        return {"FINISHED"}


class NewEditLayer(bpy.types.Operator):
    """Key edits into an action of their own above the track, which stays as it is and can be imported again"""

    bl_idname = "flame.new_edit_layer"
    bl_label = "New Edit Layer"
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a rig whose layers are not being edited one by one."""
        parts = _with_rig(cls, context)
        if parts is None:
            return False
        animation: Any = parts.rig.animation_data if parts.rig is not None else None
        if animation is not None and animation.use_tweak_mode:
            cls.poll_message_set("Leave the tweak mode of the Nonlinear Animation editor first")
            return False
        return True

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event | None) -> set[str]:
        """Make the layer and go where it is edited: to the bones, in Pose Mode."""
        done = self.execute(context)
        found = selection.chosen(context)
        rig = found.parts.rig if found is not None and isinstance(found.parts, Parts) else None
        if context.mode == "OBJECT" and rig is not None and rig.visible_get():
            for thing in context.selected_objects:
                thing.select_set(False)
            rig.select_set(True)
            context.view_layer.objects.active = rig
            bpy.ops.object.mode_set(mode="POSE")
        return done

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Lay the track down."""
        found = selection.chosen(context)
        parts = found.parts if found is not None else None
        assert isinstance(parts, Parts) and parts.rig is not None and parts.mesh.shape_keys is not None
        action = new_layer(parts.rig, parts.mesh.shape_keys)
        self.report({"INFO"}, f"What you key now goes into '{action.name}', above the track")
        return {"FINISHED"}


class SaveShotActions(bpy.types.Operator):
    """Save what bones and face do as actions for the asset browser, one for each shot, with all edits"""

    bl_idname = "flame.save_shot_actions"
    bl_label = "Save as Action Asset"
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a rig that knows its shots."""
        parts = _with_rig(cls, context)
        if parts is None or parts.rig is None:
            return False
        if not shots_of(parts.rig):
            cls.poll_message_set("Update the import first")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Save them."""
        found = selection.chosen(context)
        parts = found.parts if found is not None else None
        assert isinstance(parts, Parts)
        made = save_shot_actions(context.scene, parts)
        self.report({"INFO"}, f"Saved: {', '.join(each.name for each in made)}")
        return {"FINISHED"}


CLASSES: Final = (ConvertToRig, ConvertToShapeKeys, NewEditLayer, SaveShotActions)
