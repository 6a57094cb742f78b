"""The node Exclude: landmarks, without what shall not count."""

from __future__ import annotations

from typing import Final

import bpy

from ..base import Group, StageNode


class ExcludeNode(StageNode, bpy.types.Node):
    """Leave out frames, parts of the picture and parts of the face that would mislead"""

    kind = "exclude"
    group = Group.TRACKING
    bl_icon = "MOD_MASK"


CLASSES: Final = (ExcludeNode,)
