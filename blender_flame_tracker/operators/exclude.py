"""Frames and masks that shall not count: left out, taken back, made; outlines are drawn by `draw_area`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final

import bpy

from ...backend.contract.correction_settings import parse_frames
from ...backend.contract.corrections.corrections import FrameRange
from ...backend.contract.failure import Failure
from ..nodes.scene_state import active_tree, node_of
from ..nodes.source_frames import frame_map
from ..own_operators import own_operators
from ..results import selection
from .stages import is_on

FRAMES: Final = (
    ("CURRENT", "Current Frame", "The frame that the scene shows"),
    ("RANGE", "Range", "The preview range, or the scene's range where no preview range is set"),
    ("BAD", "Bad Range", "The frames around this one that are shown as bad"),
)


def exclude_node(context: bpy.types.Context) -> Any | None:
    """Return the Exclude node that the panel works with, None where the tree has none."""
    return node_of(active_tree(context), "exclude", context.scene)


def frames_of(node: Any) -> tuple[FrameRange, ...]:
    """Return the frames that a node leaves out; none where its text cannot be understood."""
    found = parse_frames(node.frames)
    return () if isinstance(found, Failure) else found


def frames_text(ranges: Iterable[FrameRange]) -> str:
    """Return ranges in order as a node has them; those that touch are one."""
    joined: list[FrameRange] = []
    for each in sorted(ranges, key=lambda each: each.first):
        if joined and each.first <= joined[-1].last + 1:
            joined[-1] = FrameRange(joined[-1].first, max(joined[-1].last, each.last))
        else:
            joined.append(each)
    return ", ".join(str(each.first) if each.first == each.last else f"{each.first}-{each.last}" for each in joined)


def can_change(cls: type[bpy.types.Operator], context: bpy.types.Context) -> bool:
    """Whether the scene's tree can leave something out; where not, the tooltip says why."""
    tree = active_tree(context)
    if tree is None or node_of(tree, "landmarks", context.scene) is None:
        cls.poll_message_set("Choose a video first")
    elif tree.library is not None:
        cls.poll_message_set("The node tree is linked from another file; make it local first")
    else:
        return True
    return False


def ensured(context: bpy.types.Context) -> Any:
    """Return the Exclude node, switched on."""
    if not is_on(context, "exclude"):
        own_operators().switch_stage(kind="exclude")
    return exclude_node(context)


class ExcludeFrames(bpy.types.Operator):
    """Leave frames out: their landmarks do not count, and the head is carried over them by its neighbors"""

    bl_idname = "flame.exclude_frames"
    bl_label = "Exclude Frames"
    bl_options: ClassVar = {"REGISTER", "UNDO"}
    what: str
    __annotations__ = {"what": bpy.props.EnumProperty(name="Frames", items=FRAMES)}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a tree that can be changed."""
        return can_change(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Add them to the node's."""
        scene, node = context.scene, ensured(context)
        shown = self._shown(context)
        if shown is None:
            self.report({"ERROR"}, "The frame that the scene shows is not bad")
            return {"CANCELLED"}
        placed = frame_map(node, scene)
        if shown[1] < placed.start:
            self.report({"ERROR"}, f"The clip begins at frame {placed.scene(0)}")
            return {"CANCELLED"}
        added = FrameRange(placed.source(shown[0]), placed.source(shown[1]))
        node.frames = frames_text([*frames_of(node), added])
        return {"FINISHED"}

    def _shown(self, context: bpy.types.Context) -> tuple[int, int] | None:
        """First and last frame of the scene that are meant."""
        scene = context.scene
        if self.what == "CURRENT":
            return scene.frame_current, scene.frame_current
        if self.what == "RANGE":
            preview = scene.use_preview_range
            return (
                (scene.frame_preview_start, scene.frame_preview_end)
                if preview
                else (scene.frame_start, scene.frame_end)
            )
        found = selection.chosen(context)
        review = selection.review_now(found) if found is not None else None
        bad = review.bad_at(scene.frame_current) if review is not None else None
        return None if bad is None else (bad.first, bad.last)


class IncludeFrames(bpy.types.Operator):
    """Let these frames count again"""

    bl_idname = "flame.include_frames"
    bl_label = "Include Frames"
    bl_options: ClassVar = {"REGISTER", "UNDO"}
    index: int
    __annotations__ = {
        "index": bpy.props.IntProperty(name="Range", description="Which range, counted from 0", min=0, default=0)
    }

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need frames that are left out."""
        node = exclude_node(context)
        if node is None or not frames_of(node):
            cls.poll_message_set("No frames are left out")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Take the range away."""
        node = ensured(context)
        ranges = list(frames_of(node))
        if self.index >= len(ranges):
            return {"CANCELLED"}
        del ranges[self.index]
        node.frames = frames_text(ranges)
        return {"FINISHED"}


def ensured_mask(context: bpy.types.Context) -> bpy.types.Mask:
    """Return the mask of the Exclude node, made where it has none."""
    node = ensured(context)
    if node.mask is None:
        node.mask = bpy.data.masks.new(f"{node.id_data.name} left out")
        node.mask.frame_start, node.mask.frame_end = context.scene.frame_start, context.scene.frame_end
    return node.mask


class NewMask(bpy.types.Operator):
    """Make a mask for what is left out; draw its outlines in the Movie Clip editor, or with Draw Area"""

    bl_idname = "flame.new_mask"
    bl_label = "New Mask"
    bl_options: ClassVar = {"REGISTER", "UNDO", "INTERNAL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a tree that can be changed."""
        return can_change(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Give the node a new one; the former stays in the file."""
        ensured(context).mask = None
        ensured_mask(context)
        return {"FINISHED"}


CLASSES: Final = (ExcludeFrames, IncludeFrames, NewMask)
