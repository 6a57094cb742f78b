"""The node Track File: what is written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import bpy

from ....backend.contract.settings import TrackFileSettings
from ...properties import settings_from
from .. import places
from ..base import Group, StageNode


class TrackNode(StageNode, bpy.types.Node):
    """Write the track to a file"""

    kind = "track"
    group = Group.OUTPUT
    bl_icon = "FILE_TICK"
    extras = {places.KEPT: bpy.props.StringProperty(options={"HIDDEN"})}  # noqa: RUF012 - read once

    def matters(self: Any, name: str) -> bool:
        """Where its takes lie is not for people to edit."""
        return name != places.KEPT

    def settings(self: Any, scene: bpy.types.Scene) -> TrackFileSettings:
        """Return the settings with an absolute path: that at which the results of the present take lie."""
        return replace(settings_from(self, TrackFileSettings), path=str(places.file_of(self, scene)))

    def written(self, scene: bpy.types.Scene) -> tuple[Path, ...]:
        """Return the track file."""
        return (Path(self.settings(scene).path),)

    def copy(self: Any, source: Any) -> None:
        """Let a copy write a file of its own."""
        super().copy(source)
        setattr(self, places.KEPT, "")
        self.path = places.another_name(source)


CLASSES: Final = (TrackNode,)
