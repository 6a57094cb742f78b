"""Blinks from the aperture of the lids: measured on the mesh, scaled between this person's open and closed."""

from __future__ import annotations

from typing import Final

import numpy as np

from ... import names
from ...arrays import Array
from ...track import TRACKED, Track
from ..channels import INDEX
from ..gaze import COLUMNS
from .motion import FaceMotion

_EDGES: Final = (
    (names.LEFT_EYE_UPPER, names.LEFT_EYE_LOWER),
    (names.RIGHT_EYE_UPPER, names.RIGHT_EYE_LOWER),
)
_MIDDLE: Final = slice(2, 7)
"""Of a lid's nine landmarks those that are no corners."""
BLINKS: Final = (INDEX["eyeBlinkLeft"], INDEX["eyeBlinkRight"])
LEVEL: Final = 0.2
"""Look weight up or down to which a gaze counts as level: beyond it lids follow the eyes."""
OPEN_SHARE: Final = 0.1
"""Quantile of the closing at level gaze that is the person's open eye."""
MOST_AT_REST: Final = 0.5
"""Closing that an open eye has at most: one that is never open beyond this is shut, not made like that."""


def lid_vertices(track: Track) -> Array:
    """Return the vertices (N,) on which the lids' edges lie."""
    return np.unique(track.faces[[track.landmark_triangle[index] for index in _middle_landmarks()]])


def openings(track: Track, vertices: Array, columns: Array) -> tuple[Array, Array]:
    """Return how far left and right lids are apart at rest (2,), and by how much columns change it (2, K), metres.

    Measured along the line between both edges at rest, so that it is linear in what moves them.

    Args:
        track: Whose neutral head and landmarks are taken.
        vertices: Sorted vertices (N,) that hold `lid_vertices`.
        columns: Displacements of these (N, 3, K).
    """
    neutral = track.neutral_vertices[vertices].astype(np.float64)
    rest, change = np.zeros(2), np.zeros((2, columns.shape[2]))
    for eye, edges in enumerate(_EDGES):
        upper, lower = (np.array(edge[_MIDDLE]) for edge in edges)
        gap = _between(track, vertices, upper, lower, neutral[..., None])[..., 0]
        direction = gap.mean(axis=0) / np.linalg.norm(gap.mean(axis=0))
        rest[eye] = gap.mean(axis=0) @ direction
        change[eye] = direction @ _between(track, vertices, upper, lower, columns).mean(axis=0)
    return rest, change


def _middle_landmarks() -> list[int]:
    return [landmark for edges in _EDGES for edge in edges for landmark in edge[_MIDDLE]]


def _between(track: Track, vertices: Array, upper: Array, lower: Array, values: Array) -> Array:
    """Return values (N, 3, K) of vertices at landmarks of the upper lid, less those of the lower one (L, 3, K)."""

    def at(landmarks: Array) -> Array:
        corners = np.searchsorted(vertices, track.faces[track.landmark_triangle[landmarks]])
        return np.einsum("lk,lkcm->lcm", track.landmark_barycentric[landmarks].astype(np.float64), values[corners])

    return at(upper) - at(lower)


def closing_of(track: Track, motion: FaceMotion, shapes: Array, weights: Array) -> Array:
    """Return how far left and right eye are closed beyond what all other weights do (T, 2): 0 as neutral, 1 shut.

    Args:
        track: Whose lids are measured.
        motion: Of the vertices that hold the lids' edges.
        shapes: What each channel moves of these (N, 3, 52).
        weights: All weights (T, 52), of which those of the blinks are not read.
    """
    _, moved = openings(track, motion.vertices, motion.columns)
    _, opened = openings(track, motion.vertices, shapes)
    others = weights.copy()
    others[:, BLINKS] = 0
    closed = others @ opened.T - motion.coefficients @ moved.T
    full = np.array([-opened[eye, channel] for eye, channel in enumerate(BLINKS)])
    return np.asarray(closed / np.where(full > 0, full, np.inf))


def scaled_blinks(track: Track, closing: Array, weights: Array) -> Array:
    """Return the blink weights (T, 2) of left and right eye.

    Args:
        track: Which says what frames count.
        closing: How far each eye is closed by its lids alone (T, 2): 0 as the neutral head's, 1 shut.
        weights: All weights (T, 52), of which those of the gaze are read.
    """
    level = weights[:, COLUMNS[:, 2:]].max(axis=2) < LEVEL
    result = np.empty_like(closing)
    for eye in range(2):
        tracked = track.status == TRACKED
        chosen = tracked & level[:, eye]
        # Too few level frames say less of the person than all frames do.
        chosen = chosen if chosen.sum() >= min(10, tracked.sum()) else tracked
        rest = float(np.quantile(closing[chosen, eye], OPEN_SHARE)) if chosen.any() else 0.0
        rest = min(max(rest, 0.0), MOST_AT_REST)
        result[:, eye] = (closing[:, eye] - rest) / (1 - rest)
    return np.clip(result, 0, 1)
