"""Choose the video: from a file, by dropping it onto an editor, or the clip that is open in Blender already."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, ClassVar, Final

import bpy

from ...backend.contract.failure import Failure
from ...backend.contract.file_access import is_folder
from ..nodes.default_tree import new_default_tree, replace_source
from ..nodes.scene_state import active_tree, node_of, source_of
from ..nodes.tree import FlameTree
from ..paths import absolute, clip_name, relative
from ..scene.footage.users_footage import start_of
from ..tracking import footage

_DISPLAYS: Final = [
    ("DEFAULT", "Default", "As last time", 0),
    ("LIST_VERTICAL", "Vertical List", "Names below each other", 1),
    ("LIST_HORIZONTAL", "Horizontal List", "Names beside each other", 2),
    ("THUMBNAIL", "Thumbnails", "Pictures of the files", 3),
]
"""How Blender's file browser can show files, under its own names and numbers."""


class ChooseVideo(bpy.types.Operator):
    """Choose the video, or the first picture of an image sequence, in which a head shall be tracked"""

    bl_idname = "flame.choose_video"
    bl_label = "Choose Video"
    bl_options: ClassVar = {"UNDO"}

    __annotations__: ClassVar = {
        "filepath": bpy.props.StringProperty(
            name="Video",
            description="Video file, or first picture of a sequence",
            subtype="FILE_PATH",
            options={"SKIP_SAVE"},
        ),
        "filter_movie": bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"}),
        "filter_image": bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"}),
        "filter_folder": bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"}),
        "hide_props_region": bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"}),
        "display_type": bpy.props.EnumProperty(items=_DISPLAYS, default="THUMBNAIL", options={"HIDDEN", "SKIP_SAVE"}),
    }

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a tree that may be changed."""
        return may_choose(cls, context)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask for the file, unless it was dropped."""
        if self.filepath:
            return self.execute(context)
        # A folder alone: with an empty path Blender fills in the name of the .blend.
        self.filepath = str(folder_to_open(context)) + os.sep
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Take the video, and look for faces in it where the engine is there."""
        if not self.filepath:
            self.report({"ERROR"}, "No file was chosen. Choose a video, or the first picture of a sequence.")
            return {"CANCELLED"}
        path = absolute(self.filepath)
        facts = footage.read(path)
        if isinstance(facts, Failure):
            self.report({"ERROR"}, str(facts))
            return {"CANCELLED"}
        _take(context, path)
        return {"FINISHED"}


def folder_to_open(context: bpy.types.Context) -> Path:
    """Return where the clip before came from, else the folder of the .blend, else that of the user."""
    video = node_of(active_tree(context), "video", context.scene)
    if video is not None and video.path and is_folder(absolute(video.path).parent):
        return absolute(video.path).parent
    return Path(bpy.data.filepath).parent if bpy.data.filepath else Path.home()


class UseActiveClip(bpy.types.Operator):
    """Track the movie clip that is open: that of the Movie Clip editor, else the active clip of the scene"""

    bl_idname = "flame.use_active_clip"
    bl_label = "Use Active Clip"
    bl_options: ClassVar = {"UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a clip."""
        if not may_choose(cls, context):
            return False
        if clip_of(context) is None:
            cls.poll_message_set("Open a clip in the Movie Clip editor first")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Take the file of the clip."""
        clip = clip_of(context)
        assert clip is not None
        path = absolute(bpy.path.abspath(clip.filepath, library=clip.library))
        facts = footage.read(path)
        if isinstance(facts, Failure):
            self.report({"ERROR"}, str(facts))
            return {"CANCELLED"}
        video = _take(context, path)
        if clip.source == "SEQUENCE":
            # Pictures have no rate; the scene's is the one at which Blender plays them.
            video.sequence_rate = context.scene.render.fps / context.scene.render.fps_base
        scene_node = node_of(active_tree(context), "scene", context.scene)
        if scene_node is not None:
            scene_node.start_at = max(0, start_of(clip))
        return {"FINISHED"}


def clip_of(context: bpy.types.Context) -> bpy.types.MovieClip | None:
    """Return the movie clip that is meant: of this editor, of the scene, or the only one there is."""
    space = context.space_data
    if space is not None and space.type == "CLIP_EDITOR" and space.clip is not None:
        return space.clip
    if context.scene.active_clip is not None:
        return context.scene.active_clip
    open_clips = {
        area.spaces.active.clip
        for area in (context.screen.areas if context.screen is not None else ())
        if area.type == "CLIP_EDITOR" and area.spaces.active.clip is not None
    }
    clips = open_clips or set(bpy.data.movieclips)
    return next(iter(clips)) if len(clips) == 1 else None


def may_choose(cls: type[bpy.types.Operator], context: bpy.types.Context) -> bool:
    """Return whether the scene's tree may be changed; where not, the tooltip says why."""
    tree = active_tree(context)
    if tree is not None and tree.library is not None:
        cls.poll_message_set("The node tree is linked from another file; make it local first")
        return False
    return True


def rename_tree(tree: FlameTree, before: Path | None, clip: Path) -> None:
    """Name a tree after its new clip where it has the name of the former one, perhaps with Blender's number."""
    if before is not None and re.sub(r"\.\d{3}$", "", tree.name) == clip_name(before):
        tree.name = clip_name(clip)


def _take(context: bpy.types.Context, path: Path) -> Any:
    """Give a video to the scene's tree, which is made where there is none; return its Video node."""
    flame = context.scene.flame
    if flame.tree is None:
        flame.tree = new_default_tree(clip_name(path))
    video: Any = source_of(flame.tree, context.scene)
    if video is None or footage.is_photographs(video):
        video = replace_source(flame.tree, video, "video")
    rename_tree(flame.tree, video.clip(), path)
    if not video.path or absolute(video.path) != path:
        # What was chosen for another video does not hold for this one.
        video.range = "clip"
        face = node_of(flame.tree, "face", context.scene)
        if face is not None:
            face.choose = "largest"
    video.path = relative(path)
    footage.look_for_faces(path)
    return video


CLASSES: Final = (ChooseVideo, UseActiveClip)
