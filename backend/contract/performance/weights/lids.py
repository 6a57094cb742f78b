"""Blinks from the aperture of the lids: measured on the mesh, scaled between this person's open and closed."""

from __future__ import annotations

from dataclasses import dataclass
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
NEARLY_SHUT, SHUT = 0.75, 0.95
"""Closing of the lids from which, whatever closes them, an eye begins to count as shut, and counts as it entirely."""
MOST_AT_REST: Final = 0.5
"""Closing that an open eye has at most: one that is never open beyond this is shut, not made like that."""


def has_lids(track: Track) -> bool:
    """Whether it is known where the lids' edges lie on a track's head."""
    return bool((track.landmark_triangle[_middle_landmarks()] >= 0).all())


def lid_vertices(track: Track) -> Array:
    """Return the vertices (N,) on which the lids' edges lie; none where that is not known."""
    if not has_lids(track):
        return np.zeros(0, np.int64)
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


@dataclass(frozen=True)
class Closing:
    """How far left and right eye are closed (T, 2): 0 as the neutral head's, 1 shut.

    Attributes:
        by_blink: Beyond what all other weights do to the lids, a squint's share left to the squint.
        whole: By whatever closes them.
    """

    by_blink: Array
    whole: Array


def closing_of(track: Track, motion: FaceMotion, shapes: Array, weights: Array) -> Closing:
    """Return how far the lids are closed.

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
    full = np.array([-opened[eye, channel] for eye, channel in enumerate(BLINKS)])
    full = np.where(full > 0, full, np.inf)
    whole: Array = (motion.coefficients @ -moved.T) / full
    return Closing(whole + others @ opened.T / full, whole)


def blinks_of(track: Track, closing: Closing, weights: Array) -> Array:
    """Return the blink weights (T, 2) of left and right eye.

    Scaled between this person's open and closed: what counts is how far the way to shut is gone, never how much is
    left after a resting value is taken off. An eye that is shut is a blink of 1, whatever else helped to shut it: on
    another head a squint closes less.

    Args:
        track: Which says what frames count.
        closing: Of both eyes.
        weights: All weights (T, 52), of which those of the gaze are read.
    """
    level = weights[:, COLUMNS[:, 2:]].max(axis=2) < LEVEL
    tracked = track.status == TRACKED
    result = np.empty_like(closing.whole)
    for eye in range(2):
        chosen = tracked & level[:, eye]
        # Too few level frames say less of the person than all frames do.
        chosen = chosen if chosen.sum() >= min(10, tracked.sum()) else tracked
        by_blink = _scaled(closing.by_blink[:, eye], chosen)
        step = np.clip((closing.whole[:, eye] - NEARLY_SHUT) / (SHUT - NEARLY_SHUT), 0, 1)
        shut = step * step * (3 - 2 * step)
        result[:, eye] = by_blink + shut * np.maximum(closing.whole[:, eye] - by_blink, 0)
    return np.clip(result, 0, 1)


def _scaled(closing: Array, chosen: Array) -> Array:
    """Return a closing (T,) of which the chosen frames' usual low is 0, and shut stays 1."""
    rest = float(np.quantile(closing[chosen], OPEN_SHARE)) if chosen.any() else 0.0
    rest = min(max(rest, 0.0), MOST_AT_REST)
    return (closing - rest) / (1 - rest)
