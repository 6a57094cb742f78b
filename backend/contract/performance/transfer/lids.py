"""Lids of a target: brought together by a blink, on its own eyeball."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ...arrays import Floats, Integers
from ...names import LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS
from ..channels import INDEX
from .arkit_head import arkit_head
from .contact import COLUMNS, Slit, filled, profile
from .mesh import fitted_sphere
from .registration import Registration
from .sides import LEFT_LOWER_LID, LEFT_UPPER_LID, RIGHT_LOWER_LID, RIGHT_UPPER_LID

UPPER_SHARE: Final = 0.76
"""Part of the gap that the upper lid closes, as on the built-in head."""
UPPER_REACH: Final = 0.009
LOWER_REACH: Final = 0.006
"""Metres on the surface of the eyeball over which a lid follows its edge."""
_THICKNESS: Final = 0.0003
"""Least distance of a closed lid's inner side from the eyeball, metres."""
_OVERLAP: Final = 0.00005
_ROUNDS: Final = 9


@dataclass(frozen=True)
class Eye:
    """One eye of a target, in the built-in head's size and axes.

    Attributes:
        side: ``Left`` or ``Right``, the subject's.
        centre: Of the eyeball (3,).
        radius: Of the eyeball, metres.
        vertices: Of the eyeball's pieces in the target; empty if it has none.
        axes: From the outer corner to the inner one, up, and out of the face (3, 3).
        corners: Position of the two corners along the first axis, from the centre.
    """

    side: str
    centre: Floats
    radius: float
    vertices: Integers
    axes: Floats
    corners: tuple[float, float]

    def angles_of(self, points: Floats) -> tuple[Floats, Floats, Floats]:
        """Return position along the slit (-1 to 1), angle above the middle, and distance from the axis (N,)."""
        across, up, forth = self._components(points)
        first, last = self.corners
        along = 2 * (across - first) / (last - first) - 1
        return along, np.arctan2(up, forth), np.hypot(up, forth)

    def _components(self, points: Floats) -> tuple[Floats, Floats, Floats]:
        one, two, three = ((points - self.centre) @ axis for axis in self.axes)
        return one, two, three

    def turned(self, points: Floats, angle: Floats) -> Floats:
        """Return points (N, 3) turned about the line through the corners by angles (N,), upwards."""
        across, up, forth = self._components(points)
        around, distance = np.arctan2(up, forth) + angle, np.hypot(up, forth)
        return (
            self.centre
            + across[:, None] * self.axes[0]
            + (distance * np.sin(around))[:, None] * self.axes[1]
            + (distance * np.cos(around))[:, None] * self.axes[2]
        )


def eye_of(registration: Registration, side: str, vertices: Integers) -> Eye:
    """Return an eye of the target: by its eyeball if it has one, else by where the built-in head's came to lie."""
    if len(vertices):
        centre, radius = fitted_sphere(registration.target.vertices[vertices])
    else:
        centre, radius = fitted_sphere(registration.warped.vertices[arkit_head().regions[f"{side.lower()}_eyeball"]])
    outer, inner = LEFT_EYE_CORNERS if side == "Left" else RIGHT_EYE_CORNERS
    corners = registration.warped.vertices[[outer, inner]]
    across = corners[1] - corners[0]
    across /= np.linalg.norm(across)
    forth = corners.mean(axis=0) - centre
    forth = np.array([0.0, 0.0, 1.0]) if np.linalg.norm(forth) < 1e-6 else forth
    forth = forth - (forth @ across) * across
    forth /= np.linalg.norm(forth)
    up = np.cross(forth, across)
    up *= np.sign(up[1])
    first, last = (corners - centre) @ across
    return Eye(side, centre, radius, vertices, np.stack([across, up, forth]), (float(first), float(last)))


def slit_of_lids(registration: Registration, eye: Eye) -> Slit:
    """Return the edges of both lids, without what lies behind the eyeball's middle."""
    upper, lower = (LEFT_UPPER_LID, LEFT_LOWER_LID) if eye.side == "Left" else (RIGHT_UPPER_LID, RIGHT_LOWER_LID)
    mesh, sides = registration.target, registration.target_sides
    along, angle, distance = eye.angles_of(mesh.vertices)
    near = (np.abs(angle) < np.radians(75)) & (distance < 1.7 * eye.radius) & (np.abs(along) < 1.3)
    chosen = [near & (sides == side) for side in (upper, lower)]
    return Slit(*(mesh.edges[mask[mesh.edges].all(axis=1)] for mask in chosen))


def lid_gap(registration: Registration, eye: Eye, displacement: Floats) -> Floats:
    """Return the gap of the lids at the columns of `contact`, metres on the eyeball; negative where they overlap."""
    along, angle, _ = eye.angles_of(registration.target.vertices + displacement)
    upper, lower = slit_of_lids(registration, eye).edges_of_gap(along, angle)
    return (upper - lower) * eye.radius


def closed_lids(registration: Registration, eye: Eye, displacements: Floats) -> Floats:
    """Return the displacement (V, 3) of an eye's blink with the lids together and outside the eyeball.

    Args:
        registration: Of the target.
        eye: Which one.
        displacements: Of all channels (V, 3, 52).
    """
    rest, blink = registration.target.vertices, displacements[..., INDEX[f"eyeBlink{eye.side}"]].copy()
    slit = slit_of_lids(registration, eye)
    along, angle, _ = eye.angles_of(rest)
    upper_rest, lower_rest = slit.edges_of_gap(along, angle)
    upper, lower = np.unique(slit.upper), np.unique(slit.lower)
    for number in range(_ROUNDS):
        blink = _outside(registration, eye, blink)
        along_now, angle_now, _ = eye.angles_of(rest + blink)
        edges = slit.edges_of_gap(along_now, angle_now)
        gap = filled(edges[0] - edges[1] + _OVERLAP / eye.radius, widened=number >= _ROUNDS // 2)
        for vertices, edge, share, reach in (
            (upper, upper_rest, -UPPER_SHARE, UPPER_REACH),
            (lower, lower_rest, 1 - UPPER_SHARE, LOWER_REACH),
        ):
            weight = profile(along[vertices], angle[vertices], edge, reach / eye.radius)
            turn = share * weight * np.interp(along_now[vertices], COLUMNS, gap)
            blink[vertices] = eye.turned((rest + blink)[vertices], turn) - rest[vertices]
    return blink


def turned_with_lid(eye: Eye, points: Floats, roots: Integers, moves: Floats) -> Floats:
    """Return how lashes move that stand on a lid (N, 3, C): each point turns with its root about the eyeball.

    Args:
        eye: Of the lid.
        points: Of the lashes (N, 3).
        roots: Those of them that lie on the lid (K,).
        moves: Displacements of the roots by each channel (K, 3, C).
    """
    root = np.linalg.norm(points[:, None] - points[roots][None], axis=-1).argmin(axis=1)
    before = points[roots] - eye.centre
    distance = np.linalg.norm(before, axis=1)[:, None]
    offset = points - eye.centre
    result = np.empty((len(points), *moves.shape[1:]))
    for channel in range(moves.shape[2]):
        after = before + moves[..., channel]
        farther = np.linalg.norm(after, axis=1)[:, None]
        turn = _least_turns(before / distance, after / farther)
        turned = np.einsum("nij,nj->ni", turn[root], offset)
        result[..., channel] = turned * (farther / distance)[root] - offset
    return result


def _least_turns(before: Floats, after: Floats) -> Floats:
    """Return the least rotations (N, 3, 3) that take unit vectors to unit vectors that are not opposite (Rodrigues)."""
    axis, cosine = np.cross(before, after), (before * after).sum(axis=1)
    cross = np.zeros((len(axis), 3, 3))
    for row, column, component, sign in ((0, 1, 2, -1), (0, 2, 1, 1), (1, 2, 0, -1)):
        cross[:, row, column], cross[:, column, row] = sign * axis[:, component], -sign * axis[:, component]
    return np.eye(3) + cross + cross @ cross / (1 + cosine)[:, None, None]


def _outside(registration: Registration, eye: Eye, displacement: Floats) -> Floats:
    """Return the displacement with what came into the eyeball pushed out; only where the target has an eyeball."""
    if not len(eye.vertices):
        return displacement
    rest = registration.target.vertices
    moved = np.flatnonzero((np.abs(displacement).max(axis=1) > 1e-5) & (registration.target_sides > 0))
    offset = (rest + displacement)[moved] - eye.centre
    distance = np.linalg.norm(offset, axis=1)
    least = np.minimum(eye.radius + _THICKNESS, np.linalg.norm(rest[moved] - eye.centre, axis=1))
    push = np.maximum(least - distance, 0.0)
    displacement[moved] += offset / np.maximum(distance, 1e-9)[:, None] * push[:, None]
    return displacement
