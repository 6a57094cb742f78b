"""The node Pins: the fit, through the frames that were put right by hand."""

from __future__ import annotations

from typing import Final

import bpy

from ..base import Group, StageNode


class PinsNode(StageNode, bpy.types.Node):
    """Let the fit pass through the frames that were put right by hand"""

    kind = "pins"
    group = Group.TRACKING
    bl_icon = "PINNED"


CLASSES: Final = (PinsNode,)
