"""The camera: lens, sensor and shift, and the settings of the scene that belong to its picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import bpy
import numpy as np
from numpy.typing import NDArray

from ....backend.contract.camera import Intrinsics, blender_lens
from ....backend.contract.track import Track
from .. import keyframes
from ..timeline import Timeline

_LENS: Final = "lens"


@dataclass(frozen=True)
class Zoom:
    """What the lens does in the scene.

    Attributes:
        frame: Scene frames of the keys (K,).
        factor: By how much longer the lens is on each than the track's intrinsics say (K,).
        varies: Whether it changes at all; all factors are 1 where not.
    """

    frame: NDArray[np.float64]
    factor: NDArray[np.float64]
    varies: bool


def zoom_of(track: Track, rows: NDArray[np.int64], timeline: Timeline) -> Zoom:
    """Return what the lens does on the keys of the imported rows (K,) of a track."""
    factor = np.ones(len(timeline.row)) if track.zoom is None else np.asarray(track.zoom)[rows[timeline.row]]
    return Zoom(timeline.frame, factor, track.zoom is not None)


def write_lens(camera: bpy.types.Camera, intrinsics: Intrinsics) -> None:
    """Make the camera project as the intrinsics of the full frame do."""
    lens = blender_lens(intrinsics)
    keyframes.remove_channels(camera, (_LENS,))
    camera.type = "PERSP"
    camera.sensor_fit = "HORIZONTAL"
    camera.lens_unit = "MILLIMETERS"
    camera.sensor_width = lens.sensor_width
    camera.sensor_height = lens.sensor_width * intrinsics.height / intrinsics.width * lens.pixel_aspect_y
    camera.lens = lens.lens
    camera.shift_x, camera.shift_y = lens.shift_x, lens.shift_y
    camera.display_size = 0.1


def write_zoom(camera: bpy.types.Camera, zoom: Zoom) -> None:
    """Animate the lens that `write_lens` wrote, or keep it still."""
    if zoom.varies:
        keyframes.write_channels(camera, [keyframes.Channel(_LENS, 0, zoom.frame, camera.lens * zoom.factor)])


def lens_over(camera: bpy.types.Camera, frame: NDArray[Any]) -> NDArray[np.float64]:
    """Return the focal length in millimetres on some scene frames (K,)."""
    curve = keyframes.find_curve(camera, _LENS)
    if curve is None:
        return np.full(len(frame), float(camera.lens))
    return np.array([curve.evaluate(float(each)) for each in frame])


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


def footage_aspect(clip: Any) -> float:
    """Return width over height of a movie clip as it is shown, pixel aspect included."""
    return clip.size[0] * clip.display_aspect[0] / (clip.size[1] * clip.display_aspect[1])
