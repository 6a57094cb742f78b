"""ARKit's shapes of a head in FLAME's layout, whose jaw and eyes are joints: before these are posed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ...arrays import Array, Floats
from ...camera import rotation_matrices
from ...failure import Failure
from ...names import ARKIT_OF_JOINTS, FACE_LANDMARKS, JOINTS
from ...track import Track
from ..channels import INDEX
from .arkit_head import JAW_OPEN
from .contact import largest_gap
from .lips import closed_lips, lip_gap, mouth_of
from .shapes import KnownLandmarks, Shapes, make_shapes

_JAW: Final = JOINTS.index("jaw")
_CORRECTIVES: Final = slice(9 * (_JAW - 1), 9 * _JAW)


@dataclass(frozen=True)
class JointedHead:
    """A neutral head with joints; the arrays of a track or a head model. V vertices, metres, head space.

    Attributes:
        vertices, faces: (V, 3), (F, 3).
        landmark_triangle, landmark_barycentric: Embedding of the landmarks (478,), -1 if unknown, and (478, 3).
        joints: At rest (5, 3).
        skinning_weights: (V, 5).
        pose_correctives: (V, 3, 36).
    """

    vertices: Array
    faces: Array
    landmark_triangle: Array
    landmark_barycentric: Array
    joints: Array
    skinning_weights: Array
    pose_correctives: Array


@dataclass(frozen=True)
class HeadBasis:
    """ARKit's shapes of a jointed head.

    Attributes:
        displacement: Of the unposed head at weight 1 (V, 3, 52), metres; zero for channels that joints make.
        shapes: The same as if the head had no joints, and how well it went.
        lip_gap: Largest gap of the lips with the jaw's joint open and mouthClose 1, metres.
    """

    displacement: Floats
    shapes: Shapes
    lip_gap: float


def basis_of_head(head: JointedHead) -> HeadBasis | Failure:
    """Return ARKit's shapes of a head: the built-in head's, transferred, with mouthClose solved for its own jaw."""
    numbers = np.flatnonzero(head.landmark_triangle[:FACE_LANDMARKS] >= 0)
    corners = head.faces[head.landmark_triangle[numbers]]
    weights = head.landmark_barycentric[numbers]
    vertices = np.asarray(head.vertices, np.float64)
    positions = np.einsum("nk,nkc->nc", weights, vertices[corners])
    nearest = corners[np.arange(len(numbers)), weights.argmax(axis=1)]
    shapes = make_shapes(vertices, head.faces, KnownLandmarks(numbers, positions, nearest))
    if isinstance(shapes, Failure):
        return shapes
    displacement = shapes.displacements.copy()
    displacement[..., [INDEX[name] for name in ARKIT_OF_JOINTS]] = 0.0
    close, gap = _mouth_close(head, vertices, shapes)
    displacement[..., INDEX["mouthClose"]] = close
    return HeadBasis(displacement, shapes, gap)


def basis_by_transfer(track: Track) -> HeadBasis | Failure:
    """Return ARKit's shapes of a track's head, of the person who was tracked. Takes a few seconds."""
    return basis_of_head(
        JointedHead(
            vertices=track.neutral_vertices,
            faces=track.faces,
            landmark_triangle=track.landmark_triangle,
            landmark_barycentric=track.landmark_barycentric,
            joints=track.joints,
            skinning_weights=track.skinning_weights,
            pose_correctives=track.pose_correctives,
        )
    )


def _mouth_close(head: JointedHead, vertices: Floats, shapes: Shapes) -> tuple[Floats, float]:
    """Return the displacement (V, 3) before posing that shuts the lips of the open jaw, and what gap is left."""
    registration = shapes.registration
    change = rotation_matrices(np.array([JAW_OPEN, 0.0, 0.0])) - np.eye(3)
    share = head.skinning_weights[:, _JAW].astype(np.float64)
    blend = np.eye(3) + share[:, None, None] * change
    corrected = vertices + head.pose_correctives[..., _CORRECTIVES].astype(np.float64) @ change.ravel()
    scale, rotation = registration.scale, registration.rotation

    def pose(displacement: Floats) -> Floats:
        moved = corrected + displacement @ rotation / scale
        posed = moved + share[:, None] * ((moved - head.joints[_JAW]) @ change.T)
        return scale * posed @ rotation.T + registration.shift

    def unpose(step: Floats) -> Floats:
        before = np.linalg.solve(blend, (step @ rotation)[..., None])[..., 0]
        return np.asarray(before @ rotation.T)

    mouth = mouth_of(registration, shapes.parts.skin)
    start = unpose(scale * shapes.displacements[..., INDEX["mouthClose"]] @ rotation.T)
    close = closed_lips(registration, mouth, pose, unpose, start)
    gap = largest_gap(lip_gap(mouth, pose(close))) / scale
    return close @ rotation / scale, gap
