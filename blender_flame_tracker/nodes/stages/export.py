"""The node Export: the track in the formats of other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import bpy

from ..base import Group, StageNode
from ..reading import upstream

_FOLDERS: Final = ("frames", "avatar")


class ExportNode(StageNode, bpy.types.Node):
    """Write the track for other programs"""

    kind = "export"
    group = Group.OUTPUT
    bl_icon = "EXPORT"

    def matters(self: Any, name: str) -> bool:
        """The background is that of the avatar's pictures."""
        return name != "background" or self.avatar

    def read(self, _settings: Any) -> tuple[Path, ...]:
        """Return nothing: its folder is written to."""
        return ()

    def written(self, scene: bpy.types.Scene) -> tuple[Path, ...]:
        """Return the folders that are asked for, in the chosen one or beside the track."""
        settings, track = self.settings(scene), upstream(self, "track")
        if not settings.folder and track is None:
            return ()
        folder = Path(settings.folder) if settings.folder else Path(track.settings(scene).path).parent / "export"
        return tuple(folder / name for name in _FOLDERS if getattr(settings, name))


CLASSES: Final = (ExportNode,)
