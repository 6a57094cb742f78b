"""Lips of a target: brought together by mouthClose on its own open jaw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ...arrays import Floats, Integers, Mask
from .arkit_head import arkit_head
from .contact import COLUMNS, Slit, filled, profile
from .nearest import SurfacePoints
from .registration import Registration, nearest_of_side
from .sides import LOWER_LIP, UPPER_LIP

UPPER_SHARE: Final = 0.33
"""Part of the gap that the upper lip closes, as on the built-in head."""
REACH: Final = 0.012
_OVERLAP: Final = 0.00005
_ROUNDS: Final = 7
_DEPTH: Final = 0.006
"""Metres behind the line between the lips up to which they count as lips and not as the inside of the mouth."""
_HEIGHT: Final = 0.02
_REACH_OF_RIM: Final = 0.02
_CORNERS: Final = (61, 291)
_MIDDLE: Final = (0, 17)


@dataclass(frozen=True)
class Mouth:
    """The mouth of a target at rest.

    Attributes:
        middle: Between its corners (3,).
        half_width: Of it.
        axes: To the left, up, out of the face (3, 3).
        slit: Edges of both lips, without the inside of the mouth behind them.
        upper_rim, lower_rim: Points of the target's lips that face each other, from the right corner to the left.
    """

    middle: Floats
    half_width: float
    axes: Floats
    slit: Slit
    upper_rim: SurfacePoints
    lower_rim: SurfacePoints

    def position_of(self, points: Floats) -> tuple[Floats, Floats, Floats]:
        """Return position along the slit (-1 to 1), height and depth (N,), metres."""
        across, up, forth = ((points - self.middle) @ axis for axis in self.axes)
        return across / self.half_width, up, forth


def mouth_of(registration: Registration, skin: Mask) -> Mouth:
    """Return the mouth of a target by its corners, with its lips on the skin (V,)."""
    points, rim = registration.warped.vertices, arkit_head().bag_rings[0]
    right, left = points[list(_CORNERS)]
    across = (left - right) / np.linalg.norm(left - right)
    up = points[_MIDDLE[0]] - points[_MIDDLE[1]]
    up = up - (up @ across) * across
    up /= np.linalg.norm(up)
    half = len(rim) // 2
    lower, upper = (_on_target(registration, each, skin) for each in (rim[1:half], rim[:half:-1]))
    empty = np.empty((0, 2), np.int64)
    axes = np.stack([across, up, np.cross(across, up)])
    mouth = Mouth(0.5 * (left + right), float(np.linalg.norm(left - right)) / 2, axes, Slit(empty, empty), upper, lower)
    return replace(mouth, slit=_slit(registration, mouth))


def _on_target(registration: Registration, vertices: Integers, skin: Mask) -> SurfacePoints:
    """Return where vertices of the built-in head came to lie on the target."""
    warped = registration.warped
    sides = registration.source_sides[vertices]
    return nearest_of_side(
        warped.vertices[vertices],
        warped.normals[vertices],
        sides,
        registration.target,
        registration.target_sides,
        skin,
        _REACH_OF_RIM,
    )


def _slit(registration: Registration, mouth: Mouth) -> Slit:
    mesh, sides = registration.target, registration.target_sides
    along, height, depth = mouth.position_of(mesh.vertices)
    rim = arkit_head().bag_rings[0]
    rim_along, _, rim_depth = mouth.position_of(registration.warped.vertices[rim[: len(rim) // 2 + 1]])
    order = np.argsort(rim_along)
    behind = np.interp(along, rim_along[order], rim_depth[order]) - depth
    near = (np.abs(along) < 1.1) & (np.abs(height) < _HEIGHT) & (behind < _DEPTH)
    return Slit(*(mesh.edges[(near & (sides == side))[mesh.edges].all(axis=1)] for side in (UPPER_LIP, LOWER_LIP)))


def lip_gap(mouth: Mouth, positions: Floats) -> Floats:
    """Return the gap of the lips at the columns of `contact`, metres; negative where they overlap."""
    along, height, _ = mouth.position_of(positions)
    upper, lower = mouth.slit.edges_of_gap(along, height)
    return upper - lower


def closed_lips(
    registration: Registration,
    mouth: Mouth,
    pose: Callable[[Floats], Floats],
    unpose: Callable[[Floats], Floats],
    displacement: Floats,
) -> Floats:
    """Return a displacement (V, 3) for mouthClose with which the lips of the open jaw meet.

    Args:
        registration: Of the target.
        mouth: Of it.
        pose: Positions (V, 3) with the jaw open for a displacement (V, 3).
        unpose: Displacement that moves the open jaw's vertices by one (V, 3).
        displacement: To start with.
    """
    rest = registration.target.vertices
    along, height, _ = mouth.position_of(rest)
    edges_at_rest = mouth.slit.edges_of_gap(along, height)
    depth_at_rest = _depth_between(mouth, registration, rest)[1]
    sides = registration.target_sides
    for number in range(_ROUNDS):
        posed = pose(displacement)
        along_now, height_now, _ = mouth.position_of(posed)
        upper, lower = mouth.slit.edges_of_gap(along_now, height_now)
        gap = filled(upper - lower + _OVERLAP, widened=number >= _ROUNDS // 2)
        rim_along, depth = _depth_between(mouth, registration, posed)
        step = np.zeros_like(rest)
        for side, edge, share in ((UPPER_LIP, 0, -UPPER_SHARE), (LOWER_LIP, 1, 1 - UPPER_SHARE)):
            vertices = np.flatnonzero((sides == side) & (np.abs(along) < 1.1))
            weight = share * profile(along[vertices], height[vertices], edges_at_rest[edge], REACH)
            closing = weight * np.interp(along_now[vertices], COLUMNS, gap)
            forth = weight * np.interp(along_now[vertices], rim_along, depth - depth_at_rest)
            step[vertices] = closing[:, None] * mouth.axes[1] + forth[:, None] * mouth.axes[2]
        displacement = displacement + unpose(step)
    return displacement


def _depth_between(mouth: Mouth, registration: Registration, positions: Floats) -> tuple[Floats, Floats]:
    """Return by how much the upper lip is in front of the lower one (N,), and where along the slit, increasing."""
    faces = registration.target.faces
    upper, lower = (rim.values_of(faces, positions) for rim in (mouth.upper_rim, mouth.lower_rim))
    along, _, depth = mouth.position_of(upper)
    return np.maximum.accumulate(along), depth - mouth.position_of(lower)[2]
