"""The node Pins: the fit, through the frames that were put right by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import bpy

from ....backend.contract.correction_settings import PinsSettings
from ....backend.contract.corrections.corrections import SUFFIX
from ....backend.contract.file_access import is_file
from .. import take_files
from ..base import Group, StageNode
from ..reading import downstream


class PinsNode(StageNode, bpy.types.Node):
    """Let the fit pass through the frames that were put right by hand"""

    kind = "pins"
    group = Group.TRACKING
    bl_icon = "PINNED"

    def settings(self: Any, scene: bpy.types.Scene) -> PinsSettings:
        """Return the settings; where no file is named, the corrections beside the track count, if there are any."""
        settings: PinsSettings = super().settings(scene)
        track = downstream(self, "track") if not settings.corrections else None
        file = take_files.file_of(track, scene) if track is not None else None
        beside = file.with_name(file.stem + SUFFIX) if file is not None else Path()
        return replace(settings, corrections=str(beside)) if file is not None and is_file(beside) else settings


CLASSES: Final = (PinsNode,)
