"""Errors that the fit states of rotation and points in every frame, in degrees and millimetres.

What a clip's errors have in common (the head's axes, its size, the person's shape) no frame can tell and is left out.
What differs from frame to frame grows with how much the fit leaves over, with what landmarks and smoothness leave open
of the pose, and with how far the frame is from the clip's usual one: turned, nearer or with another face. The weights
of these were learned on 15 clips with a truth (clips ``hard/`` of the shared data, painted people and heads in FLAME's
layout that turn to all sides) and checked on others: there 72 % of the frames lie within the rotation error that is
stated and 96 % within twice as much, 76 and 94 % within that of the points; on those it was learned on 63 and 95 %, 63
and 79 % (82 and 96 % without the one of a lively speaker, whose points are 7 mm off).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from ..contract.arrays import Floats
from ..contract.camera import axis_angles, nearest_rotations, rotation_matrices
from ..contract.track import MISSING, TRACKED
from ..data.landmark_distance import eye_distance

if TYPE_CHECKING:
    from ..data.types import Fit

DEGREES: Final = (0.05, 0.1, 0.3, 0.085, 0.3)
"""Always; per degree that the pose is open; per percent of the eye distance left over; per degree turned from the usual
view; per millimetre that the face moved from its usual shape."""
MILLIMETRES: Final = (0.1, 0.1, 4.0, 0.16, 0.46)
"""Always; per millimetre that the place is open; per percent left over; per degree turned; per percent of depth from
the usual one."""


def stated_errors(fit: Fit, points: Floats) -> Floats:
    """Return the standard errors (T, 2) of rotation, degrees, and of the face's points, millimetres; NaN where missing.

    Args:
        fit: A fit whose errors are not stated yet.
        points: Its landmarks in head space (T, 478, 3), metres.
    """
    result = np.full((len(fit.status), 2), np.nan)
    there, tracked = fit.status != MISSING, fit.status == TRACKED
    if not tracked.any():
        return result
    left = _left_over(fit, tracked)
    turned = _turned(fit, tracked)
    depth = np.log(np.maximum(fit.translation[:, 2], 1e-6))
    nearer = 100 * np.abs(depth - np.median(depth[tracked]))
    moved = 1000 * np.linalg.norm(points - np.median(points[tracked], axis=0), axis=-1).mean(axis=1)
    open_turn, open_position = np.zeros((2, len(left))) if fit.pose_sigma is None else fit.pose_sigma.T
    one = np.ones(len(left))
    degrees = np.stack([one, open_turn, left, turned, moved], axis=1) * DEGREES
    millimetres = np.stack([one, open_position, left, turned, nearer], axis=1) * MILLIMETRES
    result[there] = np.sqrt(np.stack([np.square(each).sum(axis=1) for each in (degrees, millimetres)], axis=1))[there]
    return result


def _left_over(fit: Fit, tracked: np.ndarray) -> Floats:
    """Percent of the eye distance that the fit leaves over (T,); between tracked frames as beside them."""
    points = np.where(fit.landmarks.found[:, None, None], fit.landmarks.points, 0.0).astype(np.float64)
    share = 100 * np.nan_to_num(fit.reprojection_error) / np.maximum(eye_distance(points), 1.0)
    frames = np.arange(len(share))
    return np.interp(frames, frames[tracked], share[tracked])


def _turned(fit: Fit, tracked: np.ndarray) -> Floats:
    """Degrees between how each frame shows the head along its viewing ray, and how the clip usually does (T,)."""
    ray = fit.translation / np.maximum(np.linalg.norm(fit.translation, axis=1, keepdims=True), 1e-9)
    across = np.cross([0.0, 0.0, 1.0], ray)
    sine = np.linalg.norm(across, axis=1, keepdims=True)
    towards = rotation_matrices(across / np.maximum(sine, 1e-9) * np.arcsin(np.clip(sine, 0, 1)))
    view = np.swapaxes(towards, 1, 2) @ fit.rotation
    usual = nearest_rotations(np.median(view[tracked], axis=0))
    return np.degrees(np.linalg.norm(axis_angles(view @ usual.T), axis=1))
