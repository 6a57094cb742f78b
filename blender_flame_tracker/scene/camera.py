"""The camera: lens, sensor and shift, and the settings of the scene that belong to its picture."""

from __future__ import annotations

import bpy

from ...backend.contract.camera import Intrinsics, blender_lens


def write_lens(camera: bpy.types.Camera, intrinsics: Intrinsics) -> None:
    """Make the camera project as the intrinsics of the full frame do."""
    lens = blender_lens(intrinsics)
    camera.type = "PERSP"
    camera.sensor_fit = "HORIZONTAL"
    camera.lens_unit = "MILLIMETERS"
    camera.sensor_width = lens.sensor_width
    camera.sensor_height = lens.sensor_width * intrinsics.height / intrinsics.width * lens.pixel_aspect_y
    camera.lens = lens.lens
    camera.shift_x, camera.shift_y = lens.shift_x, lens.shift_y
    camera.display_size = 0.1


def widen_clipping(camera: bpy.types.Camera, nearest: float, farthest: float) -> None:
    """Move the clipping where Blender's own would cut the head.

    Args:
        camera: Datablock to write to.
        nearest, farthest: Least and greatest depth of the head over the clip, in the scene's units.
    """
    if nearest > 0:
        camera.clip_start = min(camera.clip_start, nearest / 2)
    camera.clip_end = max(camera.clip_end, farthest * 2)


def picture_aspect(scene: bpy.types.Scene) -> float:
    """Return width over height of the scene's picture, pixel aspect included."""
    render = scene.render
    return (render.resolution_x * render.pixel_aspect_x) / (render.resolution_y * render.pixel_aspect_y)
