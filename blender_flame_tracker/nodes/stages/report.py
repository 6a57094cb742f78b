"""The node Report: pictures and numbers to judge a track by."""

from __future__ import annotations

from typing import Final

import bpy

from ..base import Group, StageNode


class ReportNode(StageNode, bpy.types.Node):
    """Write pictures and numbers to judge the track by"""

    kind = "report"
    group = Group.OUTPUT
    bl_icon = "TEXT"


CLASSES: Final = (ReportNode,)
