"""Curves over time that are made of a track alone: where the head is, how it moves, and how much it trembles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..contract.camera import BLENDER_FROM_OPENCV, project_clip, rotation_matrices
from ..contract.names import (
    INNER_LIPS_LOWER,
    INNER_LIPS_UPPER,
    LEFT_EYE_CORNERS,
    LEFT_EYE_LOWER,
    LEFT_EYE_UPPER,
    RIGHT_EYE_CORNERS,
    RIGHT_EYE_LOWER,
    RIGHT_EYE_UPPER,
)
from ..contract.quality import tremble
from ..contract.track import MISSING, TRACKED, Track

Curve = NDArray[np.float64]

CHUNK = 256
"""Frames whose triangles are gathered at once: 4 MB."""


@dataclass(frozen=True)
class Measures:
    """Numbers per frame (T,), NaN where there are none.

    Attributes:
        error: Median landmark error, pixels.
        eye_distance: Between the midpoints of the eyes in the picture, pixels.
        confidence: 0..1.
        rotation_error, point_error: What the track states of the head's rotation, degrees, and the face's points, mm.
        yaw, pitch, roll: Degrees from a head that faces the camera upright; positive to the subject's left, up, and
            with the head's top towards the subject's right shoulder.
        depth: Distance of the head's origin along the camera's axis, metres.
        position_x, position_y: Of the head's origin in camera axes, metres (right, down).
        jaw: Angle of the jaw joint, degrees.
        mouth: Gap of the inner lips in the middle, millimetres.
        left_eye, right_eye: Lid gap over that of this head at rest: 1 open as usual, 0 closed.
        tremble: Second difference of the head's points in the picture (median), pixels per frame^2.
    """

    error: Curve
    eye_distance: Curve
    confidence: Curve
    rotation_error: Curve
    point_error: Curve
    yaw: Curve
    pitch: Curve
    roll: Curve
    depth: Curve
    position_x: Curve
    position_y: Curve
    jaw: Curve
    mouth: Curve
    left_eye: Curve
    right_eye: Curve
    tremble: Curve


def measure(track: Track) -> Measures:
    """Return the curves of a track. Missing frames are NaN."""
    rotation = rotation_matrices(track.head_rotation)
    yaw, pitch, roll = head_angles(rotation)
    points = surface_points(track)
    neutral = surface_points(track, neutral=True)
    pixels = project_clip(_to_camera(points, rotation, track.head_translation), track.intrinsics, track.zoom)
    solved = track.status != MISSING
    curves = {
        "error": np.where(track.status == TRACKED, track.reprojection_error, np.nan),
        "eye_distance": _distance(_eye_middle(pixels, LEFT_EYE_CORNERS), _eye_middle(pixels, RIGHT_EYE_CORNERS)),
        "confidence": track.confidence,
        "rotation_error": np.full(len(track), np.nan) if track.rotation_error is None else track.rotation_error,
        "point_error": np.full(len(track), np.nan) if track.point_error is None else track.point_error,
        "yaw": yaw,
        "pitch": pitch,
        "roll": roll,
        "depth": track.head_translation[:, 2],
        "position_x": track.head_translation[:, 0],
        "position_y": track.head_translation[:, 1],
        "jaw": np.degrees(np.linalg.norm(track.jaw_pose, axis=1)),
        "mouth": 1000 * _gap(points, INNER_LIPS_UPPER[4:7], INNER_LIPS_LOWER[4:7]),
        "left_eye": _opening(points, neutral, LEFT_EYE_UPPER, LEFT_EYE_LOWER),
        "right_eye": _opening(points, neutral, RIGHT_EYE_UPPER, RIGHT_EYE_LOWER),
        "tremble": tremble(pixels, track.status, track.shot),
    }
    return Measures(**{name: np.where(solved, curve, np.nan).astype(np.float64) for name, curve in curves.items()})


def head_angles(rotation: NDArray[Any]) -> tuple[Curve, Curve, Curve]:
    """Return yaw, pitch and roll in degrees of head-to-camera rotations (T, 3, 3).

    The rotation from a head that faces the camera is taken apart as yaw (about its up axis), then pitch, then roll.
    """
    facing = BLENDER_FROM_OPENCV @ rotation
    yaw = np.arctan2(facing[:, 0, 2], facing[:, 2, 2])
    pitch = np.arcsin(np.clip(facing[:, 1, 2], -1, 1))
    roll = np.arctan2(facing[:, 1, 0], facing[:, 1, 1])
    return np.degrees(yaw), np.degrees(pitch), np.degrees(roll)


def surface_points(track: Track, frames: slice = slice(None), *, neutral: bool = False) -> NDArray[np.float64]:
    """Return the places of the landmarks on the head (T, 478, 3) in head space; NaN where the model has none.

    Args:
        track: The track.
        frames: Which frames.
        neutral: The head at rest instead, one frame.
    """
    vertices = track.neutral_vertices[None] if neutral else track.vertices[frames]
    embedded = track.landmark_triangle >= 0
    corners = track.faces[np.where(embedded, track.landmark_triangle, 0)]
    points = np.empty((len(vertices), len(corners), 3))
    for first in range(0, len(vertices), CHUNK):
        part = slice(first, first + CHUNK)
        points[part] = np.einsum("tlcx,lc->tlx", vertices[part][:, corners], track.landmark_barycentric)
    points[:, ~embedded] = np.nan
    return points


def _to_camera(points: NDArray[Any], rotation: NDArray[Any], translation: NDArray[Any]) -> NDArray[Any]:
    return np.einsum("tij,tlj->tli", rotation, points, optimize=True) + translation[:, None]


def _eye_middle(points: NDArray[Any], corners: tuple[int, ...]) -> NDArray[Any]:
    return points[:, list(corners)].mean(axis=1)


def _distance(first: NDArray[Any], second: NDArray[Any]) -> Curve:
    return np.linalg.norm(first - second, axis=-1)


def _gap(points: NDArray[Any], upper: tuple[int, ...], lower: tuple[int, ...]) -> Curve:
    return _distance(points[:, list(upper)], points[:, list(lower)]).mean(axis=1)


def _opening(points: NDArray[Any], neutral: NDArray[Any], upper: tuple[int, ...], lower: tuple[int, ...]) -> Curve:
    """Gap in the middle of the lids over that of the head at rest; NaN on a model whose lids touch at rest."""
    rest = float(_gap(neutral, upper[3:6], lower[3:6])[0])
    return _gap(points, upper[3:6], lower[3:6]) / (rest if rest > 1e-6 else np.nan)
