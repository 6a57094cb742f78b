"""The node Track File: what is written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import bpy

from ....backend.contract.settings import TrackFileSettings
from ... import paths
from ...properties import settings_from
from ..base import Group, StageNode, absolute
from ..reading import upstream
from .photographs import files_of


class TrackNode(StageNode, bpy.types.Node):
    """Write the track to a file"""

    kind = "track"
    group = Group.OUTPUT
    bl_icon = "FILE_TICK"

    def settings(self: Any, _scene: bpy.types.Scene) -> TrackFileSettings:
        """Return the settings with the path made absolute: a plain one lies in the folder of the shot."""
        settings = settings_from(self, TrackFileSettings)
        name = settings.path or TrackFileSettings().path
        if not name.startswith("//"):
            name = str(_folder(self) / Path(name).expanduser())
        return replace(settings, path=absolute(name))

    def written(self, scene: bpy.types.Scene) -> tuple[Path, ...]:
        """Return the track file."""
        return (Path(self.settings(scene).path),)


def _folder(node: Any) -> Path:
    """Return the folder of the shot; Blender's own where no video is chosen yet."""
    video, photographs = upstream(node, "video"), upstream(node, "photographs")
    if photographs is not None and files_of(photographs.path):
        return paths.shot_folder(files_of(photographs.path)[0])
    return paths.shot_folder(paths.absolute(video.path)) if video is not None and video.path else Path()


CLASSES: Final = (TrackNode,)
