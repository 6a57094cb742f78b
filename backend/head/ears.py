"""The outline of the ears on the mesh: twenty points each, from the root of the helix over the rim to the lobe.

In number and order they are those of the i-Bug ears data (0 to 19) that version 4 of PeizhiYan/flame-head-tracker calls
``lmks_ears``. There a network finds them in the picture; here they are places on the fitted head, so that they say
where its ear is, not where a detector saw one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from ..contract.arrays import Floats, Integers

EAR_POINTS: Final = 20
_FIRST: Final = 56.0
_LAST: Final = 312.0
"""Where the outline begins and ends, seen from the middle of the ear: degrees from forward over up, back and down."""


@dataclass(frozen=True)
class EarOutline:
    """The outline of one ear, on the edges of a polygon of vertices.

    Attributes:
        start, end: Vertices between which each point lies (20,).
        share: How far from the first to the second (20,).
    """

    start: Integers
    end: Integers
    share: Floats

    def positions(self, vertices: NDArray[Any]) -> Floats:
        """Return the points (..., 20, 3) of vertices (..., V, 3)."""
        share = self.share[:, None]
        return np.asarray(vertices[..., self.start, :] * (1 - share) + vertices[..., self.end, :] * share)


def ear_outlines(neutral: Floats, regions: Mapping[str, Any]) -> tuple[EarOutline, EarOutline] | None:
    """Return the outlines of the left and the right ear, or None where the head has no such regions.

    Args:
        neutral: Vertices at rest (V, 3), +Y up, +Z out of the face.
        regions: Region name -> vertices.
    """
    ears = [np.asarray(regions.get(name, ()), dtype=np.int64) for name in ("left_ear", "right_ear")]
    if min(map(len, ears)) < EAR_POINTS:
        return None
    left, right = (_outline(neutral, ear) for ear in ears)
    return left, right


def ear_in_view(
    outlines: tuple[EarOutline, EarOutline], vertices: NDArray[Any], rotation: Floats, translation: Floats
) -> Floats:
    """Return the points of the ear that is turned to the camera, in the camera's axes (20, 3).

    Args:
        outlines: Left and right.
        vertices: The posed head (V, 3), in its own axes.
        rotation, translation: Head to camera (3, 3), (3,).
    """
    left_is_nearer = float(rotation[:, 0] @ translation) < 0
    points = outlines[0 if left_is_nearer else 1].positions(vertices)
    return np.asarray(points @ rotation.T + translation)


def _outline(neutral: Floats, ear: Integers) -> EarOutline:
    """The convex outline seen from the side, without its front, and on it points at equal distances."""
    side_view = neutral[ear][:, [2, 1]]
    middle = (side_view.max(axis=0) + side_view.min(axis=0)) / 2
    corners = ConvexHull(side_view).vertices  # counter-clockwise: from forward over up to back
    angle = np.degrees(np.arctan2(*(side_view[corners] - middle).T[::-1])) % 360
    order = np.argsort(angle)
    rim = ear[corners[order][(angle[order] >= _FIRST) & (angle[order] <= _LAST)]]
    along = np.concatenate([[0.0], np.linalg.norm(np.diff(neutral[rim], axis=0), axis=1).cumsum()])
    wanted = np.linspace(0, along[-1], EAR_POINTS)
    edge = np.clip(np.searchsorted(along, wanted, side="right") - 1, 0, len(rim) - 2)
    return EarOutline(rim[edge], rim[edge + 1], (wanted - along[edge]) / (along[edge + 1] - along[edge]))
