"""Distortion of a lens in Blender: what a movie clip's tracking camera says, read and written.

Blender straightens a clip by it in the camera's background picture and in the compositor. In its whole numbers pixels
are counted from the middle of the lower left one, as `tests/blender/scene/camera/test_scene_distortion.py` measures.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Final

import bpy
import numpy as np

from ....backend.contract.camera import Intrinsics
from ....backend.contract.distortion import CurvedLens, Distortion, blender_distortion, distortion_of_blender
from ..rendering.compositor_nodes import Socket, add_node, pictures_into, set_option, through
from .lens_map import add_lens_map

_OURS: Final = "flame_distortion"
"""Custom property of a movie clip whose tracking camera an import has written."""
_MODELS: Final = {
    "POLYNOMIAL": ("k1", "k2", "k3"),
    "BROWN": ("brown_k1", "brown_k2", "brown_k3", "brown_k4", "brown_p1", "brown_p2"),
}
_SENSOR: Final = 36.0
_MOVING: Final = ((4, 5), (5, 1))
"""Versions whose compositor moves what it bends, from and up to."""
_SQUARE: Final = 1e-4
"""Share by which a pixel may be wider than high that is square."""
_ALIKE: Final = 0.5
"""Pixels by which two lenses may differ that are the same."""


def write_clip_lens(clip: bpy.types.MovieClip, curved: CurvedLens | None, turn: int = 0) -> None:
    """Give a clip of ours the lens of its track, or take back what an earlier import gave it.

    Args:
        clip: The footage.
        curved: The track's lens; None where it is straight.
        turn: Quarter turns clockwise by which the clip is shown turned.
    """
    camera = tracking_camera(clip)
    if curved is None:
        if _OURS in clip:
            _write(camera, Distortion())
            del clip[_OURS]
        return
    lying = curved.turned_back(turn)
    lens = lying.intrinsics
    camera.sensor_width = _SENSOR
    camera.pixel_aspect = lens.focal_y / lens.focal_x
    camera.focal_length_pixels = lens.focal_x
    camera.principal_point_pixels = (lens.centre_x, lens.height - 1 - lens.centre_y)
    _write(camera, lying.distortion)
    clip[_OURS] = True


def _write(camera: Any, distortion: Distortion) -> None:
    content = blender_distortion(distortion)
    camera.distortion_model = content.model
    for name, value in content.values.items():
        setattr(camera, name, value)


def tracking_camera(clip: bpy.types.MovieClip) -> Any:
    """Return the tracking camera of a clip, of which the stubs know too little."""
    tracking: Any = clip.tracking
    return tracking.camera


def clip_intrinsics(clip: bpy.types.MovieClip) -> Intrinsics:
    """Return the camera of a clip, as its tracking camera has it; of size 0 if its file is missing."""
    camera = tracking_camera(clip)
    size: Any = clip.size
    width, height = size
    centre_x, centre_y = camera.principal_point_pixels
    focal = camera.focal_length_pixels
    return Intrinsics(width, height, focal, focal * camera.pixel_aspect, centre_x, height - 1 - centre_y)


def clip_distortion(clip: bpy.types.MovieClip) -> Distortion | None:
    """Return the distortion of a clip; None if its tracking camera has another model than Polynomial and Brown."""
    camera = tracking_camera(clip)
    names = _MODELS.get(camera.distortion_model, ())
    return distortion_of_blender(camera.distortion_model, {name: getattr(camera, name) for name in names})


def add_lens(
    tree: bpy.types.NodeTree,
    picture: Socket,
    clip: bpy.types.MovieClip,
    size: tuple[int, int],
    at: tuple[float, float],
    *,
    straighten: bool,
) -> Socket:
    """Send a picture in a compositor through the lens of a clip, to the pixel.

    Args:
        tree: The compositor, or a group in it.
        picture: What is sent.
        clip: Whose tracking camera has the lens.
        size: Of the picture, pixels.
        at: Where the nodes go.
        straighten: Whether the distortion is taken off; else it is put on.
    """
    distortion, camera = clip_distortion(clip), clip_intrinsics(clip)
    if distortion is not None and abs(camera.focal_y / camera.focal_x - 1) > _SQUARE:
        curved = CurvedLens(camera, distortion).resized(*size)
        return add_lens_map(tree, picture, curved, at, straighten=straighten)
    x, y = at
    lens = add_node(tree, "CompositorNodeMovieDistortion", "Lens", x, y)
    lens.clip = clip
    choice = ("UNDISTORT", "Undistort") if straighten else ("DISTORT", "Distort")
    set_option(lens, "distortion_type", "Type", *choice)
    bent = through(tree, picture, lens)
    across, up = _moved_by_node(clip, size, straighten=straighten)
    if (across, up) != (0, 0):
        back = add_node(tree, "CompositorNodeTranslate", "Back in Its Position", x + 100, y - 150)
        back.inputs["X"].default_value, back.inputs["Y"].default_value = -across, -up
        bent = through(tree, bent, back)
    if not straighten:
        return bent
    # The node makes the picture larger, and what scales it afterwards would scale all of that.
    empty = add_node(tree, "CompositorNodeSetAlpha", "Empty Footage", x, y - 300)
    set_option(empty, "mode", "Type", "APPLY", "Apply Mask")
    empty.inputs["Alpha"].default_value = 0.0
    onto = add_node(tree, "CompositorNodeAlphaOver", "Size of Footage", x + 200, y - 200)
    background, front = pictures_into(onto)
    tree.links.new(through(tree, picture, empty), background)
    tree.links.new(bent, front)
    return onto.outputs[0]


def _moved_by_node(clip: bpy.types.MovieClip, size: tuple[int, int], *, straighten: bool) -> tuple[float, float]:
    """Return by how many pixels to the right and up Blender's own node moves a picture besides bending it.

    From 4.5 on the node adds a border, of another width on each side, and the compositor puts the middle of the whole
    in the middle: measured with 4.5 and 5.0. 4.2 and 4.3 add none, and 5.2 reckons with it.
    """
    distortion = clip_distortion(clip)
    if distortion is None or not _MOVING[0] <= bpy.app.version < _MOVING[1]:
        return 0, 0
    width, height = size
    camera = clip_intrinsics(clip)
    # In Blender's pixels: y up.
    upright = replace(camera, centre_y=camera.height - 1 - camera.centre_y)
    lens = CurvedLens(upright, replace(distortion, p1=-distortion.p1)).resized(width, height)
    end = lens.straightened if straighten else lens.on_footage
    rows, columns = np.arange(height + 1) + 0.5, np.arange(width + 1) + 0.5
    left = -float(end(np.stack([np.full_like(rows, 0.5), rows], axis=-1))[:, 0].min())
    right = float(end(np.stack([np.full_like(rows, width + 0.5), rows], axis=-1))[:, 0].max()) - width
    below = -float(end(np.stack([columns, np.full_like(columns, 0.5)], axis=-1))[:, 1].min())
    above = float(end(np.stack([columns, np.full_like(columns, height + 0.5)], axis=-1))[:, 1].max()) - height
    return _half(left, right), _half(below, above)


def _half(one: float, other: float) -> float:
    borders = [math.ceil(each) if each > 0 else math.floor(each) for each in (one, other)]
    half = (borders[0] - borders[1]) / 2
    # 5.0 rounds before it moves the picture, 4.5 afterwards.
    return math.floor(half) if bpy.app.version >= (5, 0) else half


def is_curved(clip: bpy.types.MovieClip) -> bool:
    """Return whether a clip's lens bends straight lines, so that its footage has to be straightened."""
    distortion = clip_distortion(clip)
    return distortion is None or not distortion.is_none


def same_lens(clip: bpy.types.MovieClip, other: bpy.types.MovieClip) -> bool:
    """Return whether two clips of the same file are straightened alike."""
    if not is_curved(clip) and not is_curved(other):
        return True
    one, two = (clip_distortion(each) for each in (clip, other))
    if one is None or two is None:
        return False
    return CurvedLens(clip_intrinsics(clip), one).is_like(CurvedLens(clip_intrinsics(other), two), _ALIKE)
