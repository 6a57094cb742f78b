"""Track the scene's range: again and into the track of a clip that is tracked, else as a take of its own."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import bpy

from ...backend.contract.failure import Failure
from ..nodes.compile import Compiled
from ..nodes.scene_state import node_of
from ..tracking import footage, retaking
from .track import alone, can_start, run_for, start_for


class TrackRange(bpy.types.Operator):
    """Track only the frame range of the scene"""

    bl_idname = "flame.track_range"
    bl_label = "Track Range"
    bl_options: ClassVar = {"UNDO"}
    separate: bool
    __annotations__ = {
        "separate": bpy.props.BoolProperty(
            name="As Separate Take",
            description="Make a take of its own of the range, also if the clip is tracked",
            options={"SKIP_SAVE"},
        )
    }

    @classmethod
    def description(cls, context: bpy.types.Context, properties: Any) -> str:
        """Say what becomes of the range."""
        if not properties.separate and retaking.base_of(context) is not None:
            return (
                "Track the frame range of the scene again, with the head and the lens that the clip has, and join it "
                "into the track as a new version"
            )
        return "Track only the frame range of the scene, as a take of its own: a track of the whole clip stays"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Need a tree that is not running."""
        return can_start(cls, context)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Start and return."""
        tree, retake = self._prepared(context)
        return start_for(self, tree, context.scene, compiled=retake)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Run and wait."""
        tree, retake = self._prepared(context)
        return run_for(self, tree, context.scene, compiled=retake)

    def _prepared(self, context: bpy.types.Context) -> tuple[Any, Compiled | Failure | None]:
        """Return the tree, and what is run of it where that is not the tree as it is set."""
        tree = alone(context)
        video = node_of(tree, "video", context.scene)
        if video is None:
            return tree, None
        before, video.range = video.range, "scene"
        whole = footage.covers(video, context.scene)
        video.range = "clip" if whole or before == "scene" else before
        base = None if whole or self.separate else retaking.base_of(context)
        if base is None:
            video.range = "clip" if whole else "scene"
            return tree, None
        return tree, retaking.retake_of(context, base)


CLASSES: Final = (TrackRange,)
