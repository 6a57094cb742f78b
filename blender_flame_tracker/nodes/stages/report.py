"""The node Report: pictures and numbers to judge a track by."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import bpy

from ....backend.contract.outputs import OVERLAY, REPORT, SHEET
from ..base import Group, StageNode
from ..reading import folder_of_track

_FILES: Final = {"overlay": OVERLAY, "sheet": SHEET, "report": REPORT}


class ReportNode(StageNode, bpy.types.Node):
    """Write pictures and numbers to judge the track by"""

    kind = "report"
    group = Group.OUTPUT
    bl_icon = "TEXT"

    def matters(self: Any, name: str) -> bool:
        """The height is that of the overlay."""
        return name != "overlay_height" or self.overlay

    def written(self, scene: bpy.types.Scene) -> tuple[Path, ...]:
        """Return the files that are asked for, in the chosen folder or beside the track."""
        settings = self.settings(scene)
        folder = Path(settings.folder) if settings.folder else folder_of_track(self, scene)
        if folder is None:
            return ()
        return tuple(folder / name for setting, name in _FILES.items() if getattr(settings, setting))


CLASSES: Final = (ReportNode,)
