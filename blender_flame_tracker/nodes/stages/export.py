"""The node Export: the track in the formats of other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import bpy

from ....backend.contract.output_settings import SCENE_FORMATS
from ....backend.contract.outputs import EXPORT
from ..base import Group, StageNode
from ..reading import folder_of_track


class ExportNode(StageNode, bpy.types.Node):
    """Write the track for other programs"""

    kind = "export"
    group = Group.OUTPUT
    bl_icon = "EXPORT"

    def matters(self: Any, name: str) -> bool:
        """Some settings are of the avatar alone, or of what trainers read; what Blender writes, *Export Take* does."""
        if name in (*SCENE_FORMATS, "rig", "blender"):
            return False
        if name in ("background", "motion"):
            return self.avatar
        return name != "cut_torso" or self.avatar or self.metrical or self.imavatar

    def written(self, scene: bpy.types.Scene) -> tuple[Path, ...]:
        """Return the folders that are asked for, in the chosen one or beside the track."""
        settings, beside = self.settings(scene), folder_of_track(self, scene)
        folder = Path(settings.folder) if settings.folder else beside and beside / EXPORT
        if folder is None:
            return ()
        return tuple(folder / name for name in settings.formats)


CLASSES: Final = (ExportNode,)
