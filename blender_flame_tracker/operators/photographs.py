"""Choose photographs of a person instead of a video: from the file browser, or by dropping them onto an editor."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Final

import bpy

from ...backend.contract.failure import Failure
from ...backend.contract.options import SEPARATOR, joined_paths
from ..nodes.default_tree import new_default_tree, replace_source
from ..nodes.scene_state import node_of, source_of
from ..paths import absolute, clip_name, relative
from ..tracking import footage
from .video import may_choose, rename_tree


class ChoosePhotographs(bpy.types.Operator):
    """Choose one or several photographs of one person, from which a head is made; each becomes a frame"""

    bl_idname = "flame.choose_photographs"
    bl_label = "Choose Photographs"
    bl_options: ClassVar = {"UNDO"}

    filepath: str
    directory: str
    files: Sequence[bpy.types.OperatorFileListElement]
    node: str
    __annotations__: ClassVar = {
        "filepath": bpy.props.StringProperty(
            name="Photograph", description="One photograph", subtype="FILE_PATH", options={"SKIP_SAVE"}
        ),
        "directory": bpy.props.StringProperty(
            name="Folder",
            description="Folder of the photographs",
            subtype="DIR_PATH",
            options={"SKIP_SAVE", "HIDDEN"},
        ),
        "files": bpy.props.CollectionProperty(
            type=bpy.types.OperatorFileListElement, name="Photographs", options={"SKIP_SAVE", "HIDDEN"}
        ),
        "node": bpy.props.StringProperty(
            name="Node", description="Photographs node that takes them", options={"SKIP_SAVE", "HIDDEN"}
        ),
        "filter_image": bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"}),
        "filter_folder": bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"}),
    }

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a tree that may be changed."""
        return may_choose(cls, context)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask for the files, unless they were dropped."""
        if self.files or self.filepath:
            return self.execute(context)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Take the photographs, and look for faces where there is one."""
        chosen = self._chosen()
        if not chosen:
            self.report({"ERROR"}, "No file was chosen. Choose one or several photographs of one person.")
            return {"CANCELLED"}
        for path in chosen:
            if SEPARATOR in str(path):
                self.report({"ERROR"}, f"The name {path.name} has a {SEPARATOR} in it. Rename the file.")
                return {"CANCELLED"}
            facts = footage.read(path)
            if isinstance(facts, Failure):
                self.report({"ERROR"}, f"{path.name} is not a picture that Blender can read. Choose another file.")
                return {"CANCELLED"}
        _take(context, chosen, self.node)
        return {"FINISHED"}

    def _chosen(self) -> list[Path]:
        names = [each.name for each in self.files if each.name]
        if names and self.directory:
            folder = absolute(self.directory)
            return sorted(folder / name for name in names)
        return [absolute(self.filepath)] if self.filepath else []


def _take(context: bpy.types.Context, chosen: list[Path], name: str) -> None:
    """Give photographs to a node, else to the scene's tree, which is made where there is none."""
    flame = context.scene.flame
    shown = getattr(context.space_data, "edit_tree", None) or flame.tree
    node: Any = shown.nodes.get(name) if name and shown is not None else None
    if node is None:
        if flame.tree is None:
            flame.tree = new_default_tree(clip_name(chosen[0]), ("photographs",))
        node = source_of(flame.tree, context.scene)
        if node is None or not footage.is_photographs(node):
            node = replace_source(flame.tree, node, "photographs")
            face = node_of(flame.tree, "face", context.scene)
            if face is not None:
                face.choose = "largest"
    rename_tree(node.id_data, node.clip(), chosen[0])
    node.path = joined_paths(relative(path) for path in chosen)
    if footage.faces_can_be_shown(node):
        footage.look_for_faces(chosen[0])


CLASSES: Final = (ChoosePhotographs,)
