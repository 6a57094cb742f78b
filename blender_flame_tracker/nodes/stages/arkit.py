"""The node ARKit Weights: the performance as 52 weights, which the track file holds."""

from __future__ import annotations

from typing import Any, Final

import bpy

from ..base import Group, StageNode


class ArkitNode(StageNode, bpy.types.Node):
    """Solve ARKit's 52 weights of the performance, as characters and game engines use them"""

    kind = "arkit"
    group = Group.TRACKING
    bl_icon = "SHAPEKEY_DATA"

    def matters(self: Any, name: str) -> bool:
        """The number of a frame matters where one is named."""
        return name != "neutral_frame" or self.neutral == "frame"


CLASSES: Final = (ArkitNode,)
