"""The node Video: which frames of which file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import bpy

from ....backend.contract.failure import Failure
from ....backend.contract.settings import VideoSettings
from ...properties import settings_from
from ..base import Group, StageNode, absolute, changed

_RANGES: Final = (
    ("clip", "Whole Clip", "Track every frame of the video"),
    ("scene", "Scene Range", "Track the frames of the scene's range; the clip begins at Start At of the Scene node"),
    ("custom", "Custom", "Track from one frame of the video to another"),
)


class VideoNode(StageNode, bpy.types.Node):
    """Which frames of which video"""

    kind = "video"
    group = Group.INPUT
    bl_icon = "FILE_MOVIE"
    extras = {  # noqa: RUF012 - read once, when the class is made
        "range": bpy.props.EnumProperty(
            name="Range", description="Which frames are tracked", items=_RANGES, update=changed
        )
    }

    def settings(self: Any, scene: bpy.types.Scene) -> VideoSettings | Failure:
        """Return the settings with an absolute path and the frames of the chosen range."""
        settings = settings_from(self, VideoSettings)
        first, last = settings.first_frame, settings.last_frame
        if self.range == "clip":
            first, last = 0, -1
        elif self.range == "scene":
            start = 1
            first, last = max(0, scene.frame_start - start), scene.frame_end - start
        return replace(settings, path=absolute(settings.path), first_frame=first, last_frame=last)


CLASSES: Final = (VideoNode,)
