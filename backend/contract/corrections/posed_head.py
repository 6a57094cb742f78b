"""Head of a track in any pose, in numpy alone: its vertices, some of its points, and how these move.

The same linear blend skinning as the engine's (smplx/lbs.py describes it): shaped = neutral + expression (+ lids) +
pose correctives; every vertex follows its joints by weight. Where the neck turns the torso, head space goes with the
head.

A track has the joints of the neutral head and no regressor for them: in the engine they move with the expression, by
less than a millimetre, which moved the vertices of eleven clips by 0.03 mm of the built-in head at most, and by 0.28 mm
(below the neck; 0.12 mm in the face) of FLAME's. Older tracks lack the shapes of FLAME's separate eyelids, too, so that
their lids stay as they are. `on` carries along what the vertices of a frame have beyond the model, so that the pose of
the frame gives just its vertices, and one near by differs from the engine's by a small part of the above only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np

from ..arrays import Array, Floats, Integers
from ..camera import axis_angles, cross_matrices, rotation_matrices
from ..names import JOINTS
from ..track import Track
from .corrections import KeyPose

NECK, JAW, LEFT_EYE, RIGHT_EYE = (JOINTS.index(name) for name in ("neck", "jaw", "left_eye", "right_eye"))
ROTATION, TRANSLATION = slice(0, 3), slice(3, 6)
JOINT_TURNS: Final = {NECK: slice(6, 9), JAW: slice(9, 12), LEFT_EYE: slice(12, 15), RIGHT_EYE: slice(15, 18)}
EYELIDS, EXPRESSION = slice(18, 20), slice(20, None)
"""Columns of `PointMotion.by`, after the turns of the joints."""


@dataclass(frozen=True)
class PointMotion:
    """Points of the surface in camera axes, and how they move.

    Attributes:
        points: (N, 3) metres.
        by: Derivatives (N, 3, 20 + E) by a turn of the head from the left (exp(d) R), its translation, turns of neck,
            jaw, left and right eye from the left, the lids and the expression. Radians, metres, coefficients.
    """

    points: Floats
    by: Floats


@dataclass(frozen=True)
class PosedHead:
    """The head of a track, to be posed.

    Attributes:
        track: Whose head it is; it is read only.
        beyond: What the surface has beyond the model, head space and metres (V, 3); None for nothing.
    """

    track: Track
    beyond: Floats | None = None

    def pose_at(self, row: int) -> KeyPose:
        """Return what the head does on a row of the track; NaN where the frame is missing."""
        channels = ((name, np.asarray(getattr(self.track, name)[row])) for name in KeyPose.__dataclass_fields__)
        return KeyPose(**{name: tuple(values.tolist()) for name, values in channels})

    def on(self, row: int) -> PosedHead:
        """Return the head with what its surface has beyond the model on a row of the track."""
        plain = replace(self, beyond=None)
        tracked = np.asarray(self.track.vertices[row], dtype=np.float64)
        return replace(self, beyond=tracked - plain.vertices(self.pose_at(row)))

    def vertices(self, pose: KeyPose) -> Floats:
        """Return all vertices (V, 3) in head space, metres."""
        return self._posed(pose, np.arange(len(self.track.neutral_vertices))).surface

    def points(self, pose: KeyPose, triangles: Integers, barycentric: Floats) -> Floats:
        """Return points (N, 3) of the surface in head space, given by triangle (N,) and barycentric (N, 3)."""
        vertices = np.asarray(self.track.faces)[np.asarray(triangles, dtype=np.int64)]
        corners = self._posed(pose, vertices.reshape(-1)).surface.reshape(-1, 3, 3)
        return np.einsum("nk,nkx->nx", np.asarray(barycentric, dtype=np.float64), corners)

    def motion(
        self, pose: KeyPose, triangles: Integers, barycentric: Floats, *, torso_stays: bool = False
    ) -> PointMotion:
        """Return points in camera axes, and their derivatives.

        Args:
            pose: What the head does.
            triangles, barycentric: Of the points (N,), (N, 3).
            torso_stays: Whether a turn of the head leaves a torso that the neck turns as it is; the neck then turns by
                as much, see `with_torso_of`.
        """
        indices = np.asarray(self.track.faces)[np.asarray(triangles, dtype=np.int64)].reshape(-1)
        posed = self._posed(pose, indices)
        shares = np.asarray(barycentric, dtype=np.float64)
        surface = np.einsum("nk,nkx->nx", shares, posed.surface.reshape(-1, 3, 3))
        within = np.einsum("nk,nkxm->nxm", shares, posed.derivatives().reshape(len(shares), 3, 3, -1))
        rotation = rotation_matrices(np.asarray(pose.head_rotation))
        turned = surface @ rotation.T
        by = np.empty((len(shares), 3, 6 + within.shape[2]))
        by[..., ROTATION] = -cross_matrices(turned)
        by[..., TRANSLATION] = np.eye(3)
        by[..., 6:] = np.einsum("xy,nym->nxm", rotation, within)
        if torso_stays and self.track.neck_turns_torso:
            following = rotation_matrices(np.asarray(pose.neck_pose)) @ rotation.T
            by[..., ROTATION] += by[..., JOINT_TURNS[NECK]] @ following
        return PointMotion(turned + np.asarray(pose.head_translation), by)

    @cached_property
    def neutral(self) -> Floats:
        """The head at rest (V, 3)."""
        return np.asarray(self.track.neutral_vertices, dtype=np.float64)

    @cached_property
    def expression_gram(self) -> Floats:
        """Mean square motion of the surface by products of coefficients (E, E), metres^2."""
        basis = np.asarray(self.track.expression_basis)
        rows = basis.reshape(-1, basis.shape[2])
        return np.asarray(rows.T @ rows, dtype=np.float64) / len(basis)

    def _posed(self, pose: KeyPose, indices: Integers) -> _Posed:
        track = self.track
        rotations = rotation_matrices(
            np.array([(0.0, 0.0, 0.0), pose.neck_pose, pose.jaw_pose, pose.left_eye_pose, pose.right_eye_pose])
        )
        shaped = self.neutral[indices] + _times(track.expression_basis, indices, pose.expression)
        shaped += _times(track.pose_correctives, indices, (rotations[1:] - np.eye(3)).reshape(-1))
        if self.track.eyelid_basis is not None:
            shaped += _times(self.track.eyelid_basis, indices, pose.eyelids)
        return _Posed(self, indices, rotations, shaped)


class _Posed:
    """Some vertices of a head in a pose: where they are and how they move with it."""

    def __init__(self, head: PosedHead, indices: Integers, rotations: Floats, shaped: Floats) -> None:
        track = head.track
        self._head, self._indices, self._rotations = head, indices, rotations
        self._joints = np.asarray(track.joints, dtype=np.float64)
        self._parents = np.asarray(track.joint_parents).tolist()
        self._turned, self._pivots = self._chain()
        self._weights = np.asarray(track.skinning_weights[indices], dtype=np.float64)
        self._by_joint = (
            np.einsum("jxy,ny->njx", self._turned, shaped)
            + self._pivots
            - np.einsum("jxy,jy->jx", self._turned, self._joints)
        )
        self._skinned = np.einsum("nj,njx->nx", self._weights, self._by_joint)

    def _chain(self) -> tuple[Floats, Floats]:
        """Return rotation (J, 3, 3) and position (J, 3) of the joints, one after the other from the root."""
        turned, pivots = self._rotations.copy(), self._joints.copy()
        for joint, parent in enumerate(self._parents):
            if parent >= 0:
                turned[joint] = turned[parent] @ self._rotations[joint]
                pivots[joint] = turned[parent] @ (self._joints[joint] - self._joints[parent]) + pivots[parent]
        return turned, pivots

    @property
    def surface(self) -> Floats:
        """The vertices (N, 3) in head space."""
        result = self._skinned
        if self._head.track.neck_turns_torso:
            pivot = self._joints[NECK]
            result = (result - pivot) @ self._rotations[NECK] + pivot
        return result if self._head.beyond is None else result + self._head.beyond[self._indices]

    def derivatives(self) -> Floats:
        """Return what turns of the four joints, lids and expression do to the vertices (N, 3, 14 + E), head space."""
        track, indices = self._head.track, self._indices
        blended = np.einsum("nj,jxy->nxy", self._weights, self._turned)
        correctives = np.asarray(track.pose_correctives[indices], dtype=np.float64)
        parts = [self._by_turn(joint, blended @ correctives[..., _features(joint)]) for joint in JOINT_TURNS]
        lids = self._head.track.eyelid_basis
        parts.append(np.zeros((len(indices), 3, 2)) if lids is None else blended @ lids[indices])
        parts.append(blended @ np.asarray(track.expression_basis[indices], dtype=np.float64))
        result = np.concatenate(parts, axis=2)
        if track.neck_turns_torso:
            result[..., :3] += cross_matrices(self._skinned - self._joints[NECK])
            result = np.einsum("yx,nym->nxm", self._rotations[NECK], result)
        return result

    def _by_turn(self, joint: int, corrective: Floats) -> Floats:
        """Return what a turn of a joint from the left does (N, 3, 3), in axes of its parent.

        Args:
            joint: Which.
            corrective: What its rotation matrix, row by row, does by the pose correctives (N, 3, 9).
        """
        parent = self._turned[self._parents[joint]]
        follows = [each for each in range(len(self._parents)) if self._is_moved_by(each, joint)]
        weights = self._weights[:, follows]
        arms = np.einsum("nj,njx->nx", weights, self._by_joint[:, follows] - self._pivots[joint])
        # exp(d) R changes by the cross matrix of d times R.
        change = np.stack([(cross_matrices(axis) @ self._rotations[joint]).reshape(-1) for axis in np.eye(3)], axis=1)
        return -cross_matrices(arms) @ parent + corrective @ change

    def _is_moved_by(self, joint: int, other: int) -> bool:
        while joint >= 0:
            if joint == other:
                return True
            joint = self._parents[joint]
        return False


def with_torso_of(pose: KeyPose, before: KeyPose) -> KeyPose:
    """Return the pose with the neck that leaves a torso, which it turns, in the direction that it had before."""
    turn = rotation_matrices(np.array([pose.head_rotation, before.head_rotation, before.neck_pose]))
    neck = axis_angles(turn[2] @ turn[1].T @ turn[0])
    return replace(pose, neck_pose=tuple(neck.tolist()))


def _features(joint: int) -> slice:
    """Columns of the pose correctives that belong to a joint."""
    return slice(9 * (joint - 1), 9 * joint)


def _times(basis: Array, indices: Integers, coefficients: tuple[float, ...] | Floats) -> Floats:
    """Return what coefficients make of some vertices of a basis (V, 3, M): (N, 3)."""
    rows = basis if len(indices) == len(basis) else basis[indices]
    return np.asarray(rows.reshape(-1, rows.shape[2]) @ np.asarray(coefficients, dtype=np.float64)).reshape(-1, 3)
