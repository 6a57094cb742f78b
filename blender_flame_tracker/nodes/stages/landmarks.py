"""The node Landmarks: finds the face in every frame."""

from __future__ import annotations

from typing import Final

import bpy

from ..base import Group, StageNode


class LandmarksNode(StageNode, bpy.types.Node):
    """Find the landmarks of the face in every frame"""

    kind = "landmarks"
    group = Group.TRACKING
    bl_icon = "TRACKER"


CLASSES: Final = (LandmarksNode,)
