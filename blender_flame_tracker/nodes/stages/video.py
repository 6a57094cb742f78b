"""The node Video: which frames of which file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import bpy

from ....backend.contract.failure import Failure
from ....backend.contract.footage import is_picture
from ....backend.contract.lens_file import lens_file_beside
from ....backend.contract.settings import VideoSettings
from ... import paths
from ...properties import settings_from
from ..base import Group, StageNode, absolute, changed
from ..reading import name_of
from ..source_frames import clip_start

_RANGES: Final = (
    ("clip", "Whole Clip", "Track every frame of the video"),
    ("scene", "Scene Range", "Track the scene's frame range. The video begins at the Scene node's Start At"),
    ("custom", "Custom", "Track from one frame of the video to another"),
)


class VideoNode(StageNode, bpy.types.Node):
    """Which frames of which video"""

    kind = "video"
    group = Group.INPUT
    bl_icon = "FILE_MOVIE"
    extras = {  # noqa: RUF012 - read once, when the class is made
        "range": bpy.props.EnumProperty(
            name="Range", description="Which frames of the video are tracked", items=_RANGES, update=changed
        )
    }
    order = ("path", "range", "first_frame", "last_frame", "sequence_rate")

    def matters(self: Any, name: str) -> bool:
        """Frames are given for a custom range alone, and a rate for an image sequence, which has none."""
        if name in ("first_frame", "last_frame"):
            return self.range == "custom"
        return name != "sequence_rate" or is_picture(Path(self.path))

    def clip(self: Any) -> Path | None:
        """Return the video, None where none is chosen."""
        return paths.absolute(self.path, self.id_data.library) if self.path else None

    def read(self, settings: VideoSettings) -> tuple[Path, ...]:
        """Return the video, and a lens file that lies beside it."""
        beside = lens_file_beside(Path(settings.path)) if settings.path else None
        return (*super().read(settings), *([] if beside is None else [beside]))

    def frames(self: Any, scene: bpy.types.Scene) -> str:
        """Return the first and the last frame that are tracked, counted from 1; empty for the whole clip."""
        found = _frames(self, settings_from(self, VideoSettings), scene)
        if isinstance(found, Failure) or (found.first_frame == 0 and found.last_frame < 0):
            return ""
        return f"{found.first_frame + 1}-{found.last_frame + 1 if found.last_frame >= 0 else 'end'}"

    def settings(self: Any, scene: bpy.types.Scene) -> VideoSettings | Failure:
        """Return the settings with an absolute path and the frames of the chosen range."""
        settings = settings_from(self, VideoSettings)
        if not settings.path:
            return Failure("video-missing", f"{name_of(self)}: no video is chosen.", "Choose a video file.")
        frames = _frames(self, settings, scene)
        return frames if isinstance(frames, Failure) else replace(frames, path=absolute(self, settings.path))


def _frames(node: Any, settings: VideoSettings, scene: bpy.types.Scene) -> VideoSettings | Failure:
    first, last = settings.first_frame, settings.last_frame
    if node.range == "clip":
        first, last = 0, -1
    elif node.range == "scene":
        start = clip_start(node)
        first, last = max(0, scene.frame_start - start), scene.frame_end - start
        if last < 0:
            return Failure(
                "range-outside",
                f"{name_of(node)}: the scene's frame range ends before the video begins, at frame {start}.",
                "Change the scene's range, or Start At of the Scene node.",
            )
    elif 0 <= last < first:
        return Failure(
            "range-backwards", f"{name_of(node)}: its last frame lies before its first.", "Swap the two frames."
        )
    return replace(settings, first_frame=first, last_frame=last)


CLASSES: Final = (VideoNode,)
