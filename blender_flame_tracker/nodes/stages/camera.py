"""The node Camera: what is known of it."""

from __future__ import annotations

from typing import Final

import bpy

from ..base import Group, StageNode


class CameraNode(StageNode, bpy.types.Node):
    """What is known of the camera that filmed the clip"""

    kind = "camera"
    group = Group.INPUT
    bl_icon = "CAMERA_DATA"


CLASSES: Final = (CameraNode,)
