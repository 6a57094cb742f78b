"""The node Head Model."""

from __future__ import annotations

from typing import Final

import bpy

from ..base import Group, StageNode


class HeadNode(StageNode, bpy.types.Node):
    """Which head model is fitted"""

    kind = "head"
    group = Group.INPUT
    bl_icon = "MESH_MONKEY"


CLASSES: Final = (HeadNode,)
