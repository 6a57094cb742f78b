"""The node Smooth: a filter on the finished track."""

from __future__ import annotations

from typing import Final

import bpy

from ..base import Group, StageNode


class SmoothNode(StageNode, bpy.types.Node):
    """Smooth the finished track"""

    kind = "smooth"
    group = Group.TRACKING
    bl_icon = "MOD_SMOOTH"


CLASSES: Final = (SmoothNode,)
