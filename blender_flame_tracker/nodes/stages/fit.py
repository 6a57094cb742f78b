"""The node Fit: head, expression and camera of the whole clip."""

from __future__ import annotations

from typing import Final

import bpy

from ..base import Group, StageNode


class FitNode(StageNode, bpy.types.Node):
    """Fit the head to the landmarks of the whole clip"""

    kind = "fit"
    group = Group.TRACKING
    bl_icon = "MOD_MESHDEFORM"


CLASSES: Final = (FitNode,)
