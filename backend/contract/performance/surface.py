"""Surface of a tracked face: its landmarks in a head that does not turn, and what they do beyond the weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from ..arrays import Array
from ..camera import rotation_matrices
from ..failure import Failure
from ..names import JOINTS, LANDMARKS, LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS
from ..track import MISSING, Track, read_track
from .performance import Performance
from .transfer.arkit_head import arkit_head

_NECK: Final = JOINTS.index("neck")
_LEAST_BETWEEN_EYES: Final = 0.02
"""Metres between the outer corners of a person's eyes; what is less, or not there, tells no size."""


def surface_ways(track: Track) -> Array:
    """Return how far a track's landmarks are from its neutral face (T, 478, 3), metres, in the axes of the head.

    Jaw, lids, eyes and expression are in it, turns of the head are not. NaN on frames without a face, and where the
    head model has no such point.
    """
    ways = np.full((len(track), LANDMARKS, 3), np.nan)
    rows = np.flatnonzero(track.status != MISSING)
    there = np.flatnonzero(track.landmark_triangle >= 0)
    corners = track.faces[track.landmark_triangle[there]]
    vertices = np.unique(corners)
    weights = track.landmark_barycentric[there].astype(np.float64)
    corners = np.searchsorted(vertices, corners)

    def points(of: Array) -> Array:
        return np.asarray(np.einsum("tlkc,lk->tlc", of[:, corners].astype(np.float64), weights))

    posed = points(track.vertices[np.ix_(rows, vertices)])
    if not track.neck_turns_torso:
        # Here the neck turns the face, which is not what the face does.
        joint = track.joints[_NECK]
        posed = (posed - joint) @ rotation_matrices(track.neck_pose[rows]) + joint
    ways[np.ix_(rows, there)] = posed - points(track.neutral_vertices[None, vertices])
    return ways


def beyond_weights(track: Track, performance: Performance) -> Array:
    """Return what a track's landmarks do besides what the built-in head does by weights (T, 478, 3).

    Metres of the built-in head, whose eyes have another distance than the person's. What is the same all the time is
    left out: of somebody who smiles throughout, the neutral face of the track smiles as well, and the weights know
    better.

    Args:
        track: T frames.
        performance: Of the same frames, before calibration.
    """
    head = arkit_head()
    neutral = head.neutral[head.landmark_vertices]
    played = head.landmarks_of(performance.weights) - neutral
    person = _between_eyes(_neutral(track))
    size = _between_eyes(neutral) / person if person > _LEAST_BETWEEN_EYES else 1.0
    beyond = surface_ways(track) * size - played
    there = performance.has_face & ~np.isnan(beyond).all(axis=(1, 2))
    return beyond - np.median(beyond[there], axis=0) if there.any() else beyond


def _neutral(track: Track) -> Array:
    """Landmarks (478, 3) of the person's neutral face."""
    corners = track.neutral_vertices[track.faces[track.landmark_triangle]].astype(np.float64)
    points = np.einsum("lkc,lk->lc", corners, track.landmark_barycentric)
    points[track.landmark_triangle < 0] = np.nan
    return np.asarray(points)


def _between_eyes(landmarks: Array) -> float:
    """Distance of the outer corners of the eyes; NaN where the head model has none."""
    return float(np.linalg.norm(landmarks[LEFT_EYE_CORNERS[0]] - landmarks[RIGHT_EYE_CORNERS[0]]))


def with_surface(performance: Performance, file: Path) -> Performance | Failure:
    """Return the performance of a track file, before calibration, with what its face does beyond the weights."""
    track = read_track(file)
    return track if isinstance(track, Failure) else replace(performance, beyond=beyond_weights(track, performance))
