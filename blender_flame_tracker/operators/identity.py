"""Choice of the head's identity: fitted anew, or that of another tracked shot of the same person."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Final

import bpy

from ...backend.contract.file_access import is_file
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
            description="Track file of the same person; empty fits the identity anew",
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
        return {"FINISHED"}


class FLAME_MT_identity(bpy.types.Menu):  # noqa: N801 - Blender's rule for names
    """Tracks in this file whose identity can be taken over"""

    bl_label = "Identity"
    layout: Any

    def draw(self, context: bpy.types.Context) -> None:
        """Offer a new identity and those of the tracks that were imported."""
        layout = self.layout
        layout.operator("flame.use_identity", text="New", icon="ADD").filepath = ""
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


CLASSES: Final = (UseIdentity, FLAME_MT_identity)
