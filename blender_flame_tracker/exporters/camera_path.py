"""Way of a take's camera as Nuke's .chan holds it: what it is on every frame of the scene, also after it was edited."""

from __future__ import annotations

import math
from typing import Final

import bpy
import numpy as np

from ...backend.contract.camera import BLENDER_WORLD_FROM_FLAME
from ...backend.contract.performance.formats.camera_channels import Way, channels_text

_Y_UP: Final = BLENDER_WORLD_FROM_FLAME.T
"""Blender's world (Z up) to Nuke's (Y up)."""


def chan_text(camera: bpy.types.Object, frames: tuple[int, int]) -> str:
    """Return the `.chan` of a camera between two scene frames, both included."""
    scene = bpy.context.scene
    numbers = np.arange(frames[0], frames[1] + 1)
    matrices, fields = [], []
    for frame in numbers.tolist():
        scene.frame_set(frame)
        evaluated = camera.evaluated_get(bpy.context.evaluated_depsgraph_get())
        matrices.append(np.array(evaluated.matrix_world))
        fields.append(math.degrees(_vertical_field(evaluated, scene)))
    world = np.array(matrices)
    rotation = world[:, :3, :3] / np.linalg.norm(world[:, :3, :3], axis=1, keepdims=True)
    return channels_text(Way(numbers, world[:, :3, 3] @ _Y_UP.T, _Y_UP @ rotation, np.array(fields)))


def _vertical_field(camera: bpy.types.Object, scene: bpy.types.Scene) -> float:
    """Return the vertical field of view of the scene's picture in radians, for pixels of any shape."""
    lens = camera.data
    assert isinstance(lens, bpy.types.Camera)
    render = scene.render
    aspect = render.resolution_y * render.pixel_aspect_y / (render.resolution_x * render.pixel_aspect_x)
    width = lens.sensor_width if lens.sensor_fit != "VERTICAL" else lens.sensor_height / aspect
    return 2 * math.atan(width * aspect / (2 * lens.lens))
