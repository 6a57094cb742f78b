"""The node Appearance: the fit, refined by the pictures."""

from __future__ import annotations

from typing import Final

import bpy

from ..base import Group, StageNode


class AppearanceNode(StageNode, bpy.types.Node):
    """Refine head, pose and expression by the skin that the footage shows"""

    kind = "appearance"
    group = Group.TRACKING
    bl_icon = "SHADING_TEXTURE"


CLASSES: Final = (AppearanceNode,)
