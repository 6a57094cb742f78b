"""Distortion of a lens in Blender: what a movie clip's tracking camera says, read and written.

Blender straightens a clip by it in the camera's background picture and in the compositor. In its whole numbers pixels
are counted from the middle of the lower left one, as `tests/blender/scene/test_scene_distortion.py` measures.
"""

from __future__ import annotations

from typing import Any, Final

import bpy

from ...backend.contract.camera import Intrinsics
from ...backend.contract.distortion import (
    CurvedLens,
    Distortion,
    blender_distortion,
    distortion_of_blender,
)

_OURS: Final = "flame_distortion"
"""Custom property of a movie clip whose tracking camera an import has written."""
_MODELS: Final = {
    "POLYNOMIAL": ("k1", "k2", "k3"),
    "BROWN": ("brown_k1", "brown_k2", "brown_k3", "brown_k4", "brown_p1", "brown_p2"),
}
_SENSOR: Final = 36.0
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
