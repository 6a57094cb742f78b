"""Nuke's `.chan` of a camera or a head, and the lens as JSON: for compositing over the footage.

A line per frame: `frame tx ty tz rx ry rz`, for cameras also the vertical field of view; metres and degrees, Y up. The
rotations are in Nuke's default order ZXY: about z first, then x, then y. In the head's axes Y is up already, so that
the head stands at the origin and looks along +Z.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from ...arrays import Array
from ...camera import BLENDER_FROM_OPENCV, rotation_matrices
from ...track import DISTORTION, MISSING, Track
from .head_angles import angles_about_axes

ORDER: Final = "ZXY"


@dataclass(frozen=True)
class Way:
    """Where something is on each frame.

    Attributes:
        frame: Frame numbers (T,).
        location: Metres, Y up (T, 3).
        rotation: Matrices (T, 3, 3).
        field_of_view: Vertical, degrees (T,); None for what is no camera.
    """

    frame: Array
    location: Array
    rotation: Array
    field_of_view: Array | None = None


def camera_around_head(track: Track) -> Way:
    """Return the way of the camera where the head stays at the origin."""
    rows = _rows(track)
    rotation, location = _head_in_camera(track, rows)
    out_of_camera = np.swapaxes(rotation, -1, -2)
    position = -np.einsum("tij,tj->ti", out_of_camera, location)
    return Way(_frames(track, rows), position, out_of_camera, _field_of_view(track, rows))


def head_before_camera(track: Track) -> tuple[Way, Way]:
    """Return the ways of a camera that stands level, and of the head that moves, at the origin in the middle of it."""
    rows = _rows(track)
    rotation, location = _head_in_camera(track, rows)
    rest = -np.median(location, axis=0)
    frames, level = _frames(track, rows), np.broadcast_to(np.eye(3), rotation.shape)
    camera = Way(frames, np.broadcast_to(rest, location.shape), level, _field_of_view(track, rows))
    return camera, Way(frames, location + rest, rotation)


def channels_text(way: Way) -> str:
    """Return the `.chan`; the angles go on from frame to frame without jumps of whole turns."""
    angles = np.degrees(np.unwrap(angles_about_axes(way.rotation), axis=0))
    columns = [way.location, angles] + ([] if way.field_of_view is None else [way.field_of_view[:, None]])
    rows = np.concatenate(columns, axis=1).tolist()
    lines = [
        "\t".join([str(frame), *(f"{value:.10f}" for value in row)])
        for frame, row in zip(way.frame.tolist(), rows, strict=True)
    ]
    return "\n".join(lines) + "\n"


_IN_WORDS: Final = (
    "all pixels here are those of the straight picture; with x and y in focal lengths (focal_x and focal_y, also where"
    " it zooms) from the principal point and r2 = x^2 + y^2 the footage has x (1 + k1 r2 + k2 r2^2 + k3 r2^3)"
    " + 2 p1 x y + p2 (r2 + 2 x^2), and y alike with p1 (r2 + 2 y^2) + 2 p2 x y, as OpenCV has it"
)


def lens_text(track: Track, program: str) -> str:
    """Return the lens as JSON; where it zooms, with the focal length of each frame."""
    camera = track.intrinsics
    lens: dict[str, Any] = {
        "program": program,
        "conventions": {
            "pixels": "(0, 0) is the middle of the top-left pixel, y goes down",
            "rotation_order": ORDER,
            "axes": "x right, y up; the camera looks along -z; metres",
            "frames": "the first frame of the footage is 1",
            "distortion": _IN_WORDS if track.curved is not None else "none: the camera is a pinhole",
        },
        "rate": [track.rate.numerator, track.rate.denominator],
        "width": camera.width,
        "height": camera.height,
        "pixel_aspect": camera.focal_y / camera.focal_x,
        "focal_x": camera.focal_x,
        "focal_y": camera.focal_y,
        "principal_point": [camera.centre_x, camera.centre_y],
        "vertical_field_of_view": _vertical(camera.height, camera.focal_y),
        "focal_length_is": track.header["focal"]["source"],
    }
    if track.curved is not None:
        lens[DISTORTION] = asdict(track.curved.distortion)
    if track.zoom is not None:
        rows = _rows(track)
        lens["zoom"] = {
            "frame": _frames(track, rows).tolist(),
            "focal_x": track.focal_lengths[rows].tolist(),
            "focal_y": (camera.focal_y * track.zoom[rows]).tolist(),
        }
    return json.dumps(lens, indent=1) + "\n"


def _rows(track: Track) -> Array:
    return np.flatnonzero(track.status != MISSING)


def _frames(track: Track, rows: Array) -> Array:
    return np.asarray(track.frame_index[rows] + 1)


def _head_in_camera(track: Track, rows: Array) -> tuple[Array, Array]:
    """Return rotations (T, 3, 3) and translations (T, 3) from the head's axes to a camera that looks along -Z, Y up."""
    rotation = BLENDER_FROM_OPENCV @ rotation_matrices(track.head_rotation[rows])
    return rotation, track.head_translation[rows] @ BLENDER_FROM_OPENCV.T


def _field_of_view(track: Track, rows: Array) -> Array:
    camera = track.intrinsics
    zoom = np.ones(len(rows)) if track.zoom is None else track.zoom[rows]
    return np.array([_vertical(camera.height, camera.focal_y * factor) for factor in zoom.tolist()])


def _vertical(height: int, focal: float) -> float:
    return 2 * math.degrees(math.atan(height / 2 / focal))
