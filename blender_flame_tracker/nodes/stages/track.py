"""The node Track File: what is written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import bpy

from ....backend.contract.settings import TrackFileSettings
from ...properties import settings_from
from .. import take_files
from ..base import Group, StageNode


class TrackNode(StageNode, bpy.types.Node):
    """Write the track to a file"""

    kind = "track"
    group = Group.OUTPUT
    bl_icon = "FILE_TICK"
    extras = {take_files.KEPT: bpy.props.StringProperty(options={"HIDDEN"})}  # noqa: RUF012 - read once

    def matters(self: Any, name: str) -> bool:
        """Where its takes lie is not for people to edit."""
        return name != take_files.KEPT

    def settings(self: Any, scene: bpy.types.Scene) -> TrackFileSettings:
        """Return the settings with an absolute path: that at which the results of the present take lie."""
        return replace(settings_from(self, TrackFileSettings), path=str(take_files.file_of(self, scene)))

    def written(self, scene: bpy.types.Scene) -> tuple[Path, ...]:
        """Return the track file."""
        return (Path(self.settings(scene).path),)

    def copy(self: Any, source: Any) -> None:
        """Let a copy write a file of its own."""
        super().copy(source)
        setattr(self, take_files.KEPT, "")
        self.path = take_files.another_name(source)


CLASSES: Final = (TrackNode,)
