"""The node Track File: what is written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import bpy

from ....backend.contract.failure import Failure
from ....backend.contract.settings import TrackFileSettings
from ...properties import settings_from
from ..base import Group, StageNode, shot_folder


class TrackNode(StageNode, bpy.types.Node):
    """Write the track to a file"""

    kind = "track"
    group = Group.OUTPUT
    bl_icon = "FILE_TICK"

    def settings(self: Any, scene: bpy.types.Scene) -> TrackFileSettings | Failure:
        """Return the settings with the path made absolute: a relative one lies in the folder of the shot."""
        settings = settings_from(self, TrackFileSettings)
        folder = shot_folder(self)
        return replace(settings, path=str(folder / bpy.path.abspath(settings.path or "track.npz")))


CLASSES: Final = (TrackNode,)
