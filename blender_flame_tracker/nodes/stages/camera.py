"""The node Camera: what is known of the camera that filmed the clip."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Final

import bpy

from ....backend.contract.failure import Failure
from ....backend.contract.options import options_of
from ....backend.contract.settings import CameraSettings
from ...properties import property_of
from ...scene.camera.distortion import clip_distortion, clip_intrinsics, tracking_camera
from ..base import Group, StageNode, changed
from ..reading import name_of

BLENDER: Final = "blender_camera"
CLIP: Final = "movie_clip"
"""Ways of knowing the lens that only Blender's side has."""

_FIELDS: Final = {
    "pixels": ("focal_pixels",),
    "millimetres": ("focal_millimetres", "sensor_width"),
    "angle": ("angle_of_view",),
    "file": ("lens_file",),
    BLENDER: (BLENDER,),
    CLIP: (CLIP,),
}
_POINT_FIELDS: Final = {"known": ("centre_x", "centre_y"), "shift": ("shift_x", "shift_y")}
_ZOOM: Final = ("focal_varies", "zoom_smoothness")
_COEFFICIENTS: Final = ("k1", "k2", "k3", "p1", "p2")


def _mode() -> Any:
    option = next(each for each in options_of(CameraSettings) if each.name == "focal_mode")
    declared = dict(option.choices or {})
    # Files of Blender's hold the number of a choice, so that new ones go to the end.
    file = declared.pop("file")
    choices = {
        **declared,
        BLENDER: "That of a camera of this Blender file, such as one matched by hand",
        CLIP: "That of the tracking camera of a movie clip of this Blender file, with principal point and distortion",
        "file": file,
    }
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
        BLENDER: bpy.props.PointerProperty(
            type=bpy.types.Object,
            name="Camera",
            description="Camera whose focal length, sensor and shift are those of the one that filmed the clip",
            poll=_is_camera,
            update=changed,
        ),
        CLIP: bpy.props.PointerProperty(
            type=bpy.types.MovieClip,
            name="Clip",
            description="Movie clip of the footage, whose lens was set or solved in Blender's Movie Clip Editor",
            update=changed,
        ),
    }
    order = ("focal_mode", BLENDER, CLIP)

    def matters(self: Any, name: str) -> bool:
        """Show what the way of knowing the lens needs."""
        if name in ("focal_mode", "focal_varies") or name in _FIELDS.get(self.focal_mode, ()):
            return True
        if name == "zoom_smoothness":
            return self.focal_varies
        if self.focal_mode in (CLIP, "file"):
            return False
        of_camera = self.focal_mode == BLENDER
        if name == "distortion" or (name == "principal_point" and not of_camera):
            return True
        if name in _COEFFICIENTS:
            return self.distortion == "known"
        return not of_camera and name in _POINT_FIELDS.get(self.principal_point, ())

    def settings(self: Any, scene: bpy.types.Scene) -> CameraSettings | Failure:
        """Return the settings; a camera or a clip of Blender's becomes a focal length, a principal point and so on."""
        if self.focal_mode == CLIP:
            lens = clip_settings(self.movie_clip, name_of(self))
            return lens if isinstance(lens, Failure) else replace(lens, **{name: getattr(self, name) for name in _ZOOM})
        if self.focal_mode == "file":
            zoom = {name: getattr(self, name) for name in _ZOOM}
            return CameraSettings(focal_mode="file", lens_file=super().settings(scene).lens_file, **zoom)
        if self.focal_mode != BLENDER:
            return replace(super().settings(scene), lens_file="")
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
        others = {name: getattr(self, name) for name in (*_ZOOM, "distortion", *_COEFFICIENTS)}
        return replace(camera_settings(thing.data, scene.render), **others)


def camera_settings(camera: bpy.types.Camera, render: bpy.types.RenderSettings) -> CameraSettings:
    """Return what the engine shall know of a perspective camera of Blender's.

    Blender fits the sensor to the longer side of the picture, as the engine does, unless told to fit it to one side.
    """
    width = render.resolution_x * render.pixel_aspect_x
    height = render.resolution_y * render.pixel_aspect_y
    fitted = {"HORIZONTAL": width, "VERTICAL": height}.get(camera.sensor_fit, max(width, height))
    of_longer = fitted / max(width, height)
    shift = {"shift_x": camera.shift_x * of_longer, "shift_y": camera.shift_y * of_longer}
    point = {"principal_point": "shift", **shift} if any(shift.values()) else {}
    if camera.sensor_fit == "AUTO":
        return CameraSettings(
            focal_mode="millimetres", focal_millimetres=camera.lens, sensor_width=camera.sensor_width, **point
        )
    half = camera.sensor_width / 2
    if camera.sensor_fit == "VERTICAL":
        half = camera.sensor_height / 2 * width / height
    angle = math.degrees(2 * math.atan(half / camera.lens))
    return CameraSettings(focal_mode="angle", angle_of_view=angle, **point)


def clip_settings(clip: bpy.types.MovieClip | None, name: str) -> CameraSettings | Failure:
    """Return what the engine shall know of the lens of a movie clip.

    Args:
        clip: Of the footage.
        name: Of the node, for the failure.
    """
    if clip is None:
        return Failure("clip-missing", f"{name}: no movie clip of this file is chosen.", "Choose one in the node.")
    lens, distortion = clip_intrinsics(clip), clip_distortion(clip)
    if lens.width <= 0:
        return Failure(
            "clip-unreadable",
            f"{name}: the file of {clip.name} is missing, so the size of its pictures is not known.",
            "Choose another clip, or find the file again in the Movie Clip Editor.",
        )
    if distortion is None:
        return Failure(
            "clip-other-distortion",
            f"{name}: {clip.name} has the distortion model {tracking_camera(clip).distortion_model.title()}, which is"
            " not supported.",
            "Set Polynomial or Brown in the Movie Clip Editor and solve its lens again.",
        )
    # The engine counts in square pixels, none of which are lost.
    larger = max(1.0, lens.focal_y / lens.focal_x)
    return CameraSettings(
        focal_mode="pixels",
        focal_pixels=lens.focal_x * larger,
        principal_point="known" if any(tracking_camera(clip).principal_point) else "middle",
        centre_x=lens.centre_x + 0.5,
        centre_y=lens.centre_y + 0.5,
        distortion="none" if distortion.is_none else "known",
        k1=distortion.k1,
        k2=distortion.k2,
        k3=distortion.k3,
        p1=distortion.p1,
        p2=distortion.p2,
    )


CLASSES: Final = (CameraNode,)
