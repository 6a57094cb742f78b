"""Choice of the head's identity: fitted anew, that of another track, or fitted to several clips together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

import bpy

from ...backend.contract.file_access import is_file
from ...backend.contract.options import SEPARATOR, joined_paths
from ..nodes.scene_state import active_tree, node_of
from ..paths import absolute, relative
from ..results.selection import tree_file
from ..scene.origin import file_of
from ..scene.parts import is_import


class UseIdentity(bpy.types.Operator):
    """Choose whose identity the head has"""

    bl_idname = "flame.use_identity"
    bl_label = "Use Identity"
    bl_options: ClassVar = {"UNDO", "INTERNAL"}

    filepath: str
    __annotations__: ClassVar = {
        "filepath": bpy.props.StringProperty(
            name="Track File",
            description="Track or identity file of the same person; empty fits the identity anew",
            subtype="FILE_PATH",
            options={"SKIP_SAVE"},
        )
    }

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a Head Model node."""
        if node_of(active_tree(context), "head", context.scene) is None:
            cls.poll_message_set("There is no Head Model node in the node tree")
            return False
        return True

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        """Say what is chosen."""
        if not properties.filepath:
            return "Fit the shape of the head to this video: right for a person who was not tracked before"
        return f"Take the shape of the head over from {properties.filepath}: right for another shot of the same person"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set the Head Model node."""
        node = node_of(active_tree(context), "head", context.scene)
        if self.filepath and not is_file(absolute(self.filepath)):
            self.report({"ERROR"}, f"{Path(self.filepath).name} is not there. Choose another track file.")
            return {"CANCELLED"}
        assert node is not None
        node.identity_track = relative(absolute(self.filepath)) if self.filepath else ""
        node.identity_clips = ""
        return {"FINISHED"}


class ChooseIdentityClips(bpy.types.Operator):
    """Choose clips, photographs or track files of the person: one head is fitted to all of them together"""

    bl_idname = "flame.choose_identity_clips"
    bl_label = "Choose Identity Clips"
    bl_options: ClassVar = {"UNDO", "INTERNAL"}

    directory: str
    files: Sequence[bpy.types.OperatorFileListElement]
    __annotations__: ClassVar = {
        "directory": bpy.props.StringProperty(
            name="Folder", description="Folder of the clips", subtype="DIR_PATH", options={"SKIP_SAVE", "HIDDEN"}
        ),
        "files": bpy.props.CollectionProperty(
            type=bpy.types.OperatorFileListElement, name="Clips", options={"SKIP_SAVE", "HIDDEN"}
        ),
    }

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a Head Model node."""
        return UseIdentity.poll(context)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask for the files."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Set the Head Model node."""
        chosen = [absolute(self.directory) / each.name for each in self.files if each.name]
        if not chosen:
            self.report({"ERROR"}, "No file was chosen. Choose one or several clips of the person.")
            return {"CANCELLED"}
        for path in chosen:
            if SEPARATOR in str(path):
                self.report({"ERROR"}, f"The name {path.name} has a {SEPARATOR} in it. Rename the file.")
                return {"CANCELLED"}
        node = node_of(active_tree(context), "head", context.scene)
        assert node is not None
        node.identity_track, node.identity_clips = "", joined_paths(relative(path) for path in chosen)
        return {"FINISHED"}


class FLAME_MT_identity(bpy.types.Menu):  # noqa: N801 - Blender's rule for names
    """Tracks in this file whose identity can be taken over"""

    bl_label = "Identity"
    layout: Any

    def draw(self, context: bpy.types.Context) -> None:
        """Offer a new identity and those of the tracks that were imported."""
        layout = self.layout
        layout.operator("flame.use_identity", text="New", icon="ADD").filepath = ""
        layout.operator("flame.choose_identity_clips", text="Several Clips...", icon="FILE_MOVIE")
        tracks = other_tracks(context)
        if tracks:
            layout.separator()
        for name, file in tracks:
            layout.operator("flame.use_identity", text=name, icon="USER", translate=False).filepath = str(file)


def other_tracks(context: bpy.types.Context) -> list[tuple[str, Path]]:
    """Return name and file of the tracks that are imported in this .blend, without the one that is to be made."""
    own = tree_file(context)
    found = [(each.name, file_of(each)) for each in bpy.data.collections if is_import(each)]
    return [(name, file) for name, file in found if file is not None and (own is None or file != own[0])]


CLASSES: Final = (UseIdentity, ChooseIdentityClips, FLAME_MT_identity)
