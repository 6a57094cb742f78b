"""The node Face: whom to follow."""

from __future__ import annotations

from typing import Final

import bpy

from ..base import Group, StageNode


class FaceNode(StageNode, bpy.types.Node):
    """Which person to follow when there are several"""

    kind = "face"
    group = Group.INPUT
    bl_icon = "USER"


CLASSES: Final = (FaceNode,)
