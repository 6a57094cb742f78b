"""The node Track File: what is written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import bpy

from ....backend.contract.failure import Failure
from ....backend.contract.settings import TrackFileSettings
from ... import paths
from ...properties import settings_from
from ..base import Group, StageNode, absolute, upstream


class TrackNode(StageNode, bpy.types.Node):
    """Write the track to a file"""

    kind = "track"
    group = Group.OUTPUT
    bl_icon = "FILE_TICK"

    def settings(self: Any, _scene: bpy.types.Scene) -> TrackFileSettings | Failure:
        """Return the settings with the path made absolute: a plain one lies in the folder of the shot."""
        settings = settings_from(self, TrackFileSettings)
        name = settings.path or TrackFileSettings().path
        if name.startswith("//"):
            return replace(settings, path=absolute(name))
        video = upstream(self, "video")
        folder = paths.shot_folder(paths.absolute(video.path)) if video is not None and video.path else Path()
        return replace(settings, path=absolute(str(folder / Path(name).expanduser())))

    def written(self: Any, scene: bpy.types.Scene) -> tuple[Path, ...]:
        """Return the track file."""
        settings = self.settings(scene)
        return () if isinstance(settings, Failure) else (Path(settings.path),)


CLASSES: Final = (TrackNode,)
