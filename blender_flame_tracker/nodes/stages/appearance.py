"""The node Appearance: the fit, refined by the pictures."""

from __future__ import annotations

from typing import Any, Final

import bpy

from ..base import Group, StageNode


class AppearanceNode(StageNode, bpy.types.Node):
    """Refine head, pose and expression by the skin that the footage shows"""

    kind = "appearance"
    group = Group.TRACKING
    bl_icon = "SHADING_TEXTURE"

    def matters(self: Any, name: str) -> bool:
        """How it is refined, only where it is."""
        return name == "refine" or self.refine


CLASSES: Final = (AppearanceNode,)
