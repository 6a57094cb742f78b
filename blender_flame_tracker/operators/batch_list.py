"""The list of clips for a batch: clips are added and taken out, and all are tracked, each with the person in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

import bpy

from ...backend.contract.clip_search import clips_in
from ...backend.contract.failure import Failure
from ..nodes.scene_state import active_tree
from ..paths import absolute
from ..tracking import batch, batch_list
from .batch import CLIP_FILES, started
from .video import folder_to_open


class AddBatchClips(bpy.types.Operator):
    """Add clips to the list: those that are chosen, or all in the folder. Then name the person in each"""

    bl_idname = "flame.add_batch_clips"
    bl_label = "Add Clips"
    bl_options: ClassVar = {"UNDO"}

    directory: str
    files: Sequence[bpy.types.OperatorFileListElement]
    person: str
    layout: Any
    __annotations__: ClassVar = {
        **CLIP_FILES,
        "person": bpy.props.StringProperty(
            name="Person", description="Who is in these clips; it can be changed in the list", options={"SKIP_SAVE"}
        ),
    }

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a scene that can be changed."""
        if context.scene is None or context.scene.library is not None:
            cls.poll_message_set("The scene is linked from another file: change it there")
            return False
        return True

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask for the clips."""
        if not self.directory:
            self.directory = str(folder_to_open(context))
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def draw(self, _context: bpy.types.Context) -> None:
        """Show the choices in the file browser."""
        self.layout.use_property_split = True
        self.layout.use_property_decorate = False
        self.layout.label(text="No file chosen: the whole folder", icon="INFO")
        self.layout.prop(self, "person")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add them; what is in the list stays there once."""
        if not self.directory:
            self.report({"ERROR"}, "No folder was chosen. Choose a folder of clips, or some of its clips.")
            return {"CANCELLED"}
        folder = absolute(self.directory)
        chosen = [folder / each.name for each in self.files if each.name]
        clips = chosen or list(clips_in(folder, folder / batch.RESULTS))
        if not clips:
            self.report({"ERROR"}, f"There is no video in {folder}. Choose another folder.")
            return {"CANCELLED"}
        if not batch_list.add(context.scene, clips, self.person.strip()):
            self.report({"INFO"}, "They are in the list already.")
            return {"CANCELLED"}
        return {"FINISHED"}


def _needs_clips(cls: type[bpy.types.Operator], context: bpy.types.Context) -> bool:
    if context.scene is None or not batch_list.list_of(context.scene).clips:
        cls.poll_message_set("Add clips first")
        return False
    return True


class RemoveBatchClip(bpy.types.Operator):
    """Take the chosen clip out of the list"""

    bl_idname = "flame.remove_batch_clip"
    bl_label = "Remove Clip"
    bl_options: ClassVar = {"UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a clip in the list."""
        return _needs_clips(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Remove it, and choose the one after it."""
        listed = batch_list.list_of(context.scene)
        listed.clips.remove(min(max(listed.row, 0), len(listed.clips) - 1))
        listed.row = max(0, min(listed.row, len(listed.clips) - 1))
        return {"FINISHED"}


class ClearBatchClips(bpy.types.Operator):
    """Take all clips out of the list; the files stay"""

    bl_idname = "flame.clear_batch_clips"
    bl_label = "Clear Clips"
    bl_options: ClassVar = {"UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a clip in the list."""
        return _needs_clips(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Empty it."""
        batch_list.list_of(context.scene).clips.clear()
        return {"FINISHED"}


class StartBatchList(bpy.types.Operator):
    """Track all clips of the list with the settings of this scene; clips of one person get one face shape"""

    bl_idname = "flame.start_batch_list"
    bl_label = "Track Clips"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need an engine that has no batch, and clips."""
        problem = batch.start_problem()
        if problem:
            cls.poll_message_set(problem)
            return False
        return _needs_clips(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Start, and return at once where Blender has a window."""
        request = batch_list.request_of(context.scene, active_tree(context))
        if isinstance(request, Failure):
            self.report({"ERROR"}, str(request))
            return {"CANCELLED"}
        return started(self, batch.start(request))


CLASSES: Final = (AddBatchClips, RemoveBatchClip, ClearBatchClips, StartBatchList)
