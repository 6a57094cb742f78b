"""Surface of a tracked face: its landmarks in a head that does not turn, and what they do beyond the weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..arrays import Array
from ..camera import rotation_matrices
from ..failure import Failure
from ..names import (
    INNER_LIPS_LOWER,
    INNER_LIPS_UPPER,
    JOINTS,
    LANDMARKS,
    LEFT_EYE_CORNERS,
    LEFT_EYE_LOWER,
    LEFT_EYE_UPPER,
    OUTER_LIPS_LOWER,
    OUTER_LIPS_UPPER,
    RIGHT_EYE_CORNERS,
    RIGHT_EYE_LOWER,
    RIGHT_EYE_UPPER,
)
from ..track import MISSING, Track, read_track
from .performance import Performance
from .transfer.arkit_head import arkit_head

_NECK: Final = JOINTS.index("neck")
_LEAST_BETWEEN_EYES: Final = 0.02
"""Metres between the outer corners of a person's eyes; what is less, or not there, tells no size."""
_LEAST_OPENING: Final = 0.003
"""Metres: lips or lids that are usually less far apart than this are taken to be usually this far apart."""


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
    better. Where lips or lids meet, they do so whatever is left out.

    Args:
        track: T frames.
        performance: Of the same frames, before calibration.
    """
    head = arkit_head()
    neutral = head.neutral[head.landmark_vertices]
    played = head.landmarks_of(performance.weights) - neutral
    person = _between_eyes(_neutral(track))
    size = _between_eyes(neutral) / person if person > _LEAST_BETWEEN_EYES else 1.0
    ways = surface_ways(track) * size
    beyond = ways - played
    there = performance.has_face & ~np.isnan(beyond).all(axis=(1, 2))
    if not there.any():
        return beyond
    beyond -= np.median(beyond[there], axis=0)
    points, shown = _neutral(track) * size + ways, neutral + played + beyond
    _let_meet(beyond, points, shown, there, (LEFT_EYE_UPPER, LEFT_EYE_LOWER))
    _let_meet(beyond, points, shown, there, (RIGHT_EYE_UPPER, RIGHT_EYE_LOWER))
    _let_meet(
        beyond,
        points,
        shown,
        there,
        (INNER_LIPS_UPPER, INNER_LIPS_LOWER),
        ((INNER_LIPS_UPPER, 0.5), (OUTER_LIPS_UPPER, 0.5), (INNER_LIPS_LOWER, -0.5), (OUTER_LIPS_LOWER, -0.5)),
    )
    return beyond


def _let_meet(
    beyond: Array,
    points: Array,
    shown: Array,
    there: NDArray[np.bool_],
    edges: tuple[Sequence[int], Sequence[int]],
    moved: Sequence[tuple[Sequence[int], float]] = (),
) -> None:
    """Change what a face does beyond its weights so that two edges meet where the person's meet.

    Where they are as far apart as usual, nothing is changed, and between that and meeting in proportion.

    Args:
        beyond: (T, 478, 3), changed.
        points: The person's (T, 478, 3), in the size of the built-in head.
        shown: Those of the built-in head with weights and `beyond` (T, 478, 3).
        there: Frames that tell something (T,).
        edges: Landmarks of upper and lower edge; entry k of both face each other, but for the ends, which are corners.
        moved: Landmarks in the same order, and which part of the change they take; the upper edge all where empty.
    """
    upper, lower = (list(edge[1:-1]) for edge in edges)
    apart = points[:, upper] - points[:, lower]
    usual = np.maximum(np.median(apart[there, :, 1], axis=0), _LEAST_OPENING)
    closed = 1.0 - np.clip(apart[..., 1] / usual, 0.0, 1.0)
    change = closed[..., None] * (apart - (shown[:, upper] - shown[:, lower]))
    for landmarks, part in moved or ((edges[0], 1.0),):
        beyond[:, list(landmarks[1:-1])] += part * change


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
