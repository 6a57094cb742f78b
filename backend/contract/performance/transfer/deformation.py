"""Transfers displacements of the built-in head to the vertices of a head that it was laid onto."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ...arrays import Array, Floats, Mask
from ...camera import rotation_matrices
from ..channels import INDEX
from .arkit_head import JAW_OPEN, arkit_head
from .nearest import SurfacePoints
from .registration import Registration, nearest_of_side, skin_of_source

NEAR: Final = 0.010
FAR: Final = 0.030
"""Metres from the laid surface up to which a vertex follows wholly, and from which on it stays."""


_SURE: Final = 0.0015
_UNSURE: Final = 0.005
"""Metres from the surface up to which, and from which on, a vertex certainly is and is not what it was found to be."""
_ROUNDS: Final = 12
_JAW_ROUNDS: Final = 120
_BESIDE_HINGE: Final = 0.025
_JAW_MOTION: Final = tuple(INDEX[name] for name in ("jawOpen", "jawForward", "jawLeft", "jawRight"))


@dataclass(frozen=True)
class Correspondence:
    """Where vertices of a target lie on the built-in head: points of its surface, and how far they follow (N,)."""

    vertices: Array
    points: SurfacePoints
    share: Floats


def correspond(registration: Registration, skin: Mask) -> Correspondence:
    """Return where the target's skin (V,) lies on the built-in head."""
    target, warped = registration.target, registration.warped
    box = warped.vertices[skin_of_source()]
    inside = ((target.vertices > box.min(axis=0) - FAR) & (target.vertices < box.max(axis=0) + FAR)).all(axis=1)
    vertices = np.flatnonzero(skin & inside)
    points = nearest_of_side(
        target.vertices[vertices],
        target.normals[vertices],
        registration.target_sides[vertices],
        warped,
        registration.source_sides,
        skin_of_source(),
        FAR,
    )
    return Correspondence(vertices, points, np.clip((FAR - np.minimum(points.distance, FAR)) / (FAR - NEAR), 0, 1))


def transferred(registration: Registration, where: Correspondence) -> Floats:
    """Return the displacements (V, 3, 52) of the target's skin, in the built-in head's size and axes.

    What the jaw moves as a whole is moved so about the target's own hinge; the rest goes with the change of shape of
    the face around it.
    """
    head = arkit_head()
    displacements = head.displacements.copy()
    whole = _jaw_motion(head.neutral, head.joints[2], head.jaw_share)
    displacements[..., list(_JAW_MOTION)] -= whole
    close = INDEX["mouthClose"]
    turned = np.einsum("sij,sjk->sik", registration.frames, displacements)
    turned[..., close] = displacements[..., close]  # nearly a movement of whole lips, which a turn would part
    faces = registration.warped.faces
    moved = where.points.values_of(faces, turned)
    share = _jaw_share(registration, where)[where.vertices]
    moved[..., list(_JAW_MOTION)] += _jaw_motion(
        registration.target.vertices[where.vertices], hinge_of(registration), share
    )
    result = np.zeros((len(registration.target), *turned.shape[1:]))
    result[where.vertices] = moved * where.share[:, None, None]
    return _smoothed(registration, where, result, _ROUNDS)


def _jaw_share(registration: Registration, where: Correspondence) -> Floats:
    """Return how much of the jaw's motion the target's vertices follow (V,): even where the two heads differ."""
    share = np.zeros(len(registration.target))
    share[where.vertices] = where.points.values_of(registration.warped.faces, arkit_head().jaw_share) * where.share
    return _smoothed(registration, where, share, _JAW_ROUNDS)


def _smoothed(registration: Registration, where: Correspondence, values: Floats, rounds: int) -> Floats:
    """Return values (V, ...) of which those that were found far from the surface take their neighbours' mean."""
    certain = np.ones(len(registration.target))
    certain[where.vertices] = np.clip((_UNSURE - where.points.distance) / (_UNSURE - _SURE), 0.0, 1.0)
    certain = certain.reshape(-1, *[1] * (values.ndim - 1))
    smooth = values
    for _ in range(rounds):
        smooth = certain * values + (1 - certain) * registration.target.mean_of_neighbours(smooth)
    return smooth


def hinge_of(registration: Registration) -> Floats:
    """Return the middle of the jaw's hinge (3,) in the target: moved along with the skin on both sides of it."""
    head = arkit_head()
    beside = np.linalg.norm(head.neutral[:, 1:] - head.joints[2, 1:], axis=1) < _BESIDE_HINGE
    beside &= skin_of_source()
    return np.asarray(head.joints[2] + (registration.warped.vertices - head.neutral)[beside].mean(axis=0))


def _jaw_motion(points: Floats, hinge: Floats, share: Floats) -> Floats:
    """Return how points (N, 3) with a share (N,) of the jaw move as it opens, advances and shifts (N, 3, 4)."""
    turn = rotation_matrices(np.array([JAW_OPEN, 0.0, 0.0])) - np.eye(3)
    opening = (points - hinge) @ turn.T
    head = arkit_head()
    chin = head.displacements[head.jaw_share.argmax()][:, list(_JAW_MOTION[1:])]
    along = np.broadcast_to(chin, (len(points), *chin.shape))
    return share[:, None, None] * np.concatenate([opening[..., None], along], axis=2)
