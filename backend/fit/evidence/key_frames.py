"""Chooses the frames on which the clip's shared unknowns are fitted: as different from each other as possible."""

from __future__ import annotations

import numpy as np

from ...contract import names
from ...contract.arrays import Floats, Integers
from ...data.landmark_distance import eye_distance

TURN_UNIT = 0.15
"""Radians of head rotation that count as much as one unit of the other features."""
OPENING_UNIT = 0.15
"""The same of mouth and lid opening, as share of the distance between the eyes."""
TIME_UNIT = 10.0
"""The same of time, in seconds: long clips change their light and their framing."""


def choose_turned_frames(rotations: Floats, times: Floats, trust: Floats, wanted: int) -> Integers:
    """Return up to `wanted` positions, sorted, with the head turned as differently as possible.

    For comparing pictures: the face should turn between them and move as little as it can.

    Args:
        rotations: Of the head (T, 3, 3).
        times: Seconds (T,).
        trust: How reliable each frame is (T,), 0..1.
        wanted: Most frames.
    """
    turns = np.concatenate([rotations[:, 2], rotations[:, 0, :2]], axis=1) / TURN_UNIT
    return _furthest(np.concatenate([turns, times[:, None] / TIME_UNIT], axis=1), trust, wanted)


def choose_key_frames(points: np.ndarray, rotations: Floats, times: Floats, trust: Floats, wanted: int) -> Integers:
    """Return up to `wanted` positions, sorted, by farthest-point sampling over pose, expression and time.

    Args:
        points: Landmarks of candidate frames (T, 478, 2), finite.
        rotations: Rough head rotations (T, 3, 3).
        times: Seconds (T,).
        trust: How reliable each frame is (T,), 0..1; doubtful frames have to be that much more different.
        wanted: Most key frames.
    """
    if len(points) <= wanted:
        return np.arange(len(points))
    return _furthest(_features(points, rotations, times), trust, wanted)


def _furthest(features: Floats, trust: Floats, wanted: int) -> Integers:
    """Farthest-point sampling from the middle on."""
    if len(features) <= wanted:
        return np.arange(len(features))
    chosen = [int(np.argmin(np.linalg.norm(features - np.median(features, axis=0), axis=1) / (trust + 1e-3)))]
    distance = np.full(len(features), np.inf)
    for _ in range(wanted - 1):
        distance = np.minimum(distance, np.linalg.norm(features - features[chosen[-1]], axis=1))
        chosen.append(int(np.argmax(distance * trust)))
    return np.unique(chosen)


def _features(points: np.ndarray, rotations: Floats, times: Floats) -> Floats:
    size = np.maximum(np.median(eye_distance(points)), 1.0)
    mouth = _opening(points, names.INNER_LIPS_UPPER, names.INNER_LIPS_LOWER) / size
    right = _opening(points, names.RIGHT_EYE_UPPER, names.RIGHT_EYE_LOWER) / size
    left = _opening(points, names.LEFT_EYE_UPPER, names.LEFT_EYE_LOWER) / size
    width = np.linalg.norm(points[:, names.OUTER_LIPS_UPPER[0]] - points[:, names.OUTER_LIPS_UPPER[-1]], axis=-1)
    # The third row of the rotation tells where the face points, the first how it is tilted.
    turns = np.concatenate([rotations[:, 2], rotations[:, 0, :2]], axis=1) / TURN_UNIT
    shape = np.stack([mouth, width / size, 2 * right, 2 * left], axis=1) / OPENING_UNIT
    return np.concatenate([turns, shape, times[:, None] / TIME_UNIT], axis=1)


def _opening(points: np.ndarray, upper: tuple[int, ...], lower: tuple[int, ...]) -> Floats:
    gaps = points[:, list(upper[1:-1])] - points[:, list(lower[1:-1])]
    return np.linalg.norm(gaps, axis=-1).mean(axis=1)
