"""Camera of a take as Nuke's .chan: what it is on every frame of the scene, also after it was edited."""

from __future__ import annotations

import math

import bpy
from mathutils import Euler, Matrix

_Y_UP = Matrix.Rotation(-math.pi / 2, 4, "X")
"""Blender's world (Z up) to Nuke's (Y up): the world's axes are turned before the matrix is taken apart."""
_ORDER = "ZXY"
"""First letter first, in mathutils as in Nuke, whose cameras have this order unless it is changed."""


def chan_text(camera: bpy.types.Object, frames: tuple[int, int]) -> str:
    """Return a line for each frame: frame, position, rotation in degrees (order ZXY), vertical field of view.

    Args:
        camera: Object with a camera.
        frames: First and last scene frame.
    """
    scene, lines = bpy.context.scene, []
    before: Euler | None = None
    for frame in range(frames[0], frames[1] + 1):
        scene.frame_set(frame)
        graph = bpy.context.evaluated_depsgraph_get()
        evaluated = camera.evaluated_get(graph)
        matrix = _Y_UP @ evaluated.matrix_world
        rotation = matrix.to_3x3().normalized()
        turn = rotation.to_euler(_ORDER) if before is None else rotation.to_euler(_ORDER, before)
        before = turn
        degrees = [math.degrees(angle) for angle in (turn.x, turn.y, turn.z, _field(evaluated))]
        numbers = [*matrix.translation, *degrees]
        lines.append("\t".join([str(frame), *(f"{number:.10f}" for number in numbers)]))
    return "\n".join(lines) + "\n"


def _field(camera: bpy.types.Object) -> float:
    """Return the vertical field of view in radians of the whole picture, for pixels of any shape."""
    lens = camera.data
    assert isinstance(lens, bpy.types.Camera)
    render = bpy.context.scene.render
    aspect = render.resolution_y * render.pixel_aspect_y / (render.resolution_x * render.pixel_aspect_x)
    width = lens.sensor_width if lens.sensor_fit != "VERTICAL" else lens.sensor_height / aspect
    return 2 * math.atan(width * aspect / (2 * lens.lens))
