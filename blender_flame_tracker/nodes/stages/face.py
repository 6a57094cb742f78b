"""The node Face: whom to follow."""

from __future__ import annotations

from typing import Any, Final

import bpy

from ..base import Group, StageNode


class FaceNode(StageNode, bpy.types.Node):
    """Which person to follow when there are several"""

    kind = "face"
    group = Group.INPUT
    bl_icon = "COMMUNITY"

    def matters(self: Any, name: str) -> bool:
        """Show what the way of choosing needs."""
        if name == "number":
            return self.choose == "number"
        return not name.startswith("point_") or self.choose == "nearest"


CLASSES: Final = (FaceNode,)
