"""The node Camera: what is known of the camera that filmed the clip."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Final

import bpy

from ....backend.contract.failure import Failure
from ....backend.contract.options import options_of
from ....backend.contract.settings import CameraSettings
from ...properties import property_of, settings_from
from ..base import Group, StageNode, changed
from ..reading import name_of

BLENDER: Final = "blender_camera"
"""Way of knowing the focal length that only Blender's side has."""

_FIELDS: Final = {
    "pixels": ("focal_pixels",),
    "millimetres": ("focal_millimetres", "sensor_width"),
    "angle": ("angle_of_view",),
    BLENDER: ("blender_camera",),
}


def _mode() -> Any:
    option = next(each for each in options_of(CameraSettings) if each.name == "focal_mode")
    choices = {**(option.choices or {}), BLENDER: "That of a camera of this Blender file, such as one matched by hand"}
    return property_of(replace(option, choices=choices), changed)


def _is_camera(_node: Any, thing: bpy.types.Object) -> bool:
    return thing.type == "CAMERA"


class CameraNode(StageNode, bpy.types.Node):
    """What is known of the camera that filmed the clip"""

    kind = "camera"
    group = Group.INPUT
    bl_icon = "CAMERA_DATA"
    extras = {  # noqa: RUF012 - read once, when the class is made
        "focal_mode": _mode(),
        "blender_camera": bpy.props.PointerProperty(
            type=bpy.types.Object,
            name="Camera",
            description="Camera whose focal length and sensor are those of the one that filmed the clip",
            poll=_is_camera,
            update=changed,
        ),
    }
    order = ("focal_mode", "blender_camera")

    def matters(self: Any, name: str) -> bool:
        """Show what the way of knowing the focal length needs."""
        return name in ("focal_mode", "focal_varies") or name in _FIELDS.get(self.focal_mode, ())

    def settings(self: Any, scene: bpy.types.Scene) -> CameraSettings | Failure:
        """Return the settings; a camera of Blender's becomes a focal length in millimetres or an angle."""
        if self.focal_mode != BLENDER:
            return settings_from(self, CameraSettings)
        thing = self.blender_camera
        if thing is None or thing.type != "CAMERA":
            return Failure(
                "camera-missing", f"{name_of(self)}: no camera of this file is chosen.", "Choose one in the node."
            )
        if thing.data.type != "PERSP":
            return Failure(
                "camera-not-perspective",
                f"{name_of(self)}: {thing.name} is not a perspective camera, so it has no focal length.",
                "Choose another camera, or set its type to Perspective.",
            )
        return replace(camera_settings(thing.data, scene.render), focal_varies=self.focal_varies)


def camera_settings(camera: bpy.types.Camera, render: bpy.types.RenderSettings) -> CameraSettings:
    """Return what the engine shall know of a perspective camera of Blender's.

    Blender fits the sensor to the longer side of the picture, as the engine does, unless told to fit it to one side.
    """
    if camera.sensor_fit == "AUTO":
        return CameraSettings(focal_mode="millimetres", focal_millimetres=camera.lens, sensor_width=camera.sensor_width)
    half = camera.sensor_width / 2
    if camera.sensor_fit == "VERTICAL":
        width = render.resolution_x * render.pixel_aspect_x
        height = render.resolution_y * render.pixel_aspect_y
        half = camera.sensor_height / 2 * width / height
    return CameraSettings(focal_mode="angle", angle_of_view=math.degrees(2 * math.atan(half / camera.lens)))


CLASSES: Final = (CameraNode,)
