"""Operators of the versions of a track: show one, add a file to the list, copy one, take one out of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Final

import bpy
from bpy_extras.io_utils import ImportHelper

from ...backend.contract.failure import Failure
from ...backend.contract.file_access import is_file
from ..paths import absolute
from ..results import selection
from ..scene.version_list import chosen_version, version_of, versions_of
from ..versions import activation, comparison
from ..versions.moving_head import difference
from .result import OBJECT_MODE, chosen_for, finish


def _collection_for(cls: type[bpy.types.Operator], context: bpy.types.Context) -> bpy.types.Collection | None:
    """Return the collection of the import that is meant; where its versions can't be changed, say so in the tooltip."""
    found = chosen_for(cls, context)
    if found is None or found.collection is None:
        cls.poll_message_set("It is not in the scene yet: import it first")
        return None
    if found.collection.library is not None:
        cls.poll_message_set("It is linked from another file: change it there")
        return None
    return found.collection


def _version_for(cls: type[bpy.types.Operator], context: bpy.types.Context) -> Any | None:
    """Return the version that is chosen in the list."""
    collection = _collection_for(cls, context)
    version = chosen_version(collection) if collection is not None else None
    if collection is not None and version is None:
        cls.poll_message_set("Choose a version in the list")
    return version


def _collection(context: bpy.types.Context) -> bpy.types.Collection:
    found = selection.chosen(context)
    assert found is not None and found.collection is not None
    return found.collection


class ActivateVersion(bpy.types.Operator):
    """Show this version: the same objects get its head, its motion and its lens"""

    bl_idname = "flame.activate_version"
    bl_label = "Activate"
    bl_options: ClassVar = {"REGISTER", "UNDO"}
    name: str
    __annotations__ = {
        "name": bpy.props.StringProperty(
            name="Version", description="Name of the version; empty is the one in the list", options={"SKIP_SAVE"}
        )
    }

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need an import and object mode."""
        if context.mode != "OBJECT":
            cls.poll_message_set(OBJECT_MODE)
            return False
        return _collection_for(cls, context) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Import its file into the objects that are there."""
        collection = _collection(context)
        versions = versions_of(collection)
        wanted = next((each for each in versions if each.name == self.name), None)
        version = wanted if self.name else chosen_version(collection)
        if version is None:
            return finish(self, Failure("no-version", f"There is no version '{self.name}'.", "Choose one of the list."))
        return finish(self, activation.activate(context.scene, collection, Path(version.file)))


class AddVersion(bpy.types.Operator, ImportHelper):
    """Add a track file of the same clip to the list, such as an earlier take"""

    bl_idname = "flame.add_version"
    bl_label = "Add Version"
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    filename_ext = ".npz"
    filepath: str
    __annotations__ = {"filter_glob": bpy.props.StringProperty(default="*.npz", options={"HIDDEN"})}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need an import."""
        return _collection_for(cls, context) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add the file, if it is a track; what is shown stays."""
        collection, path = _collection(context), absolute(self.filepath)
        facts = selection.WATCH.learn(path)
        if facts.failure is not None:
            return finish(self, facts.failure)
        if version_of(collection, path) is not None:
            self.report({"INFO"}, f"{path.name} is in the list already")
            return {"CANCELLED"}
        activation.add(collection, path)
        return {"FINISHED"}


class DuplicateVersion(bpy.types.Operator):
    """Copy the chosen version and its file, to change the copy"""

    bl_idname = "flame.duplicate_version"
    bl_label = "Duplicate Version"
    bl_options: ClassVar = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a chosen version."""
        return _version_for(cls, context) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Copy the file beside it."""
        collection = _collection(context)
        made = activation.duplicate(collection, chosen_version(collection))
        if isinstance(made, Failure):
            return finish(self, made)
        return {"FINISHED"}


class RemoveVersion(bpy.types.Operator):
    """Take the chosen version from the list; its file stays unless you say otherwise"""

    bl_idname = "flame.remove_version"
    bl_label = "Remove Version"
    bl_options: ClassVar = {"REGISTER", "UNDO"}
    layout: Any
    delete_file: bool
    __annotations__ = {
        "delete_file": bpy.props.BoolProperty(
            name="Delete Its File",
            description="Delete the track file too; undoing does not bring it back",
            options={"SKIP_SAVE"},
        )
    }

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a chosen version that is not the active one."""
        version = _version_for(cls, context)
        if version is None:
            return False
        if version == activation.active_version(_collection(context)):
            cls.poll_message_set("It is what is shown: activate another version first")
            return False
        return True

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask whether the file goes too, where there is one."""
        version = chosen_version(_collection(context))
        if version is None or not is_file(Path(version.file)):
            return self.execute(context)
        return context.window_manager.invoke_props_dialog(self)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remove it."""
        collection = _collection(context)
        problem = activation.remove(collection, chosen_version(collection), self.delete_file)
        if problem is not None:
            return finish(self, problem)
        return {"FINISHED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Say what goes."""
        version = chosen_version(_collection(context))
        if version is not None:
            self.layout.label(text=f"{version.name}: {Path(version.file).name}", translate=False)
        self.layout.prop(self, "delete_file")


class JumpToDifference(bpy.types.Operator):
    """Go to the frame on which the compared versions are furthest apart"""

    bl_idname = "flame.jump_to_difference"
    bl_label = "Jump to Largest Difference"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need two versions that are compared."""
        collection = _collection_for(cls, context)
        if collection is None:
            return False
        if not comparison.is_compared(collection):
            cls.poll_message_set("Compare two versions first")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Go there, and say how far they are apart."""
        collection = _collection(context)
        heads = comparison.compared(collection)
        if isinstance(heads, Failure):
            return finish(self, heads)
        found = difference(*heads)
        context.scene.frame_set(found.worst)
        self.report({"INFO"}, f"Frame {found.worst}: at most {found.largest.max():.1f} mm apart")
        return {"FINISHED"}


CLASSES: Final = (ActivateVersion, AddVersion, DuplicateVersion, RemoveVersion, JumpToDifference)
