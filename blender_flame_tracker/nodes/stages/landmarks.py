"""The node Landmarks: finds the face in every frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import bpy

from ...preferences import preferences
from ..base import Group, StageNode


class LandmarksNode(StageNode, bpy.types.Node):
    """Find the landmarks of the face in every frame"""

    kind = "landmarks"
    group = Group.TRACKING
    bl_icon = "TRACKER"

    def read(self, settings: Any) -> tuple[Path, ...]:
        """Return the face networks: the file that is named, else that of the folder of models."""
        if settings.task_file:
            return super().read(settings)
        return tuple(sorted(preferences.models_folder().rglob("*.task")))


CLASSES: Final = (LandmarksNode,)
