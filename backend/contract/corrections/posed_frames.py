"""Vertices of many frames after their poses were changed: what the model moves is added to what was tracked."""

from __future__ import annotations

import numpy as np

from ..arrays import Array, Floats, Integers, Singles
from ..camera import rotation_matrices
from ..track import Track
from .pose_changes import Poses

_CHUNK = 32
"""Frames at once."""


def moved_vertices(track: Track, rows: Integers, before: Poses, after: Poses) -> Singles:
    """Return the vertices of some rows of a track (N, V, 3) float32, their pose changed, head space and metres.

    Args:
        track: Whose vertices are those of `before`.
        rows: Of the track (N,).
        before, after: Poses of these rows.
    """
    model = _Model(track)
    result = np.array(track.vertices[rows], dtype=np.float32)
    for first in range(0, len(rows), _CHUNK):
        part = slice(first, first + _CHUNK)
        result[part] += model.vertices(after.rows(part)) - model.vertices(before.rows(part))
    return result


class _Model:
    """The model of `posed_head`, for many frames at once and in float32."""

    def __init__(self, track: Track) -> None:
        self._track = track
        self._neutral = np.asarray(track.neutral_vertices, np.float32).reshape(-1)
        self._expression = _rows(track.expression_basis)
        columns = np.flatnonzero(np.any(np.asarray(track.pose_correctives) != 0, axis=(0, 1)))
        self._columns, self._correctives = columns, _rows(np.asarray(track.pose_correctives)[..., columns])
        self._lids = None if track.eyelid_basis is None else _rows(track.eyelid_basis)
        self._joints = np.asarray(track.joints, dtype=np.float64)

    def vertices(self, poses: Poses) -> Singles:
        """Return the vertices (N, V, 3)."""
        root = np.zeros((len(poses), 3))
        turns = [root, poses.neck_pose, poses.jaw_pose, poses.left_eye_pose, poses.right_eye_pose]
        rotations = rotation_matrices(np.stack(turns, axis=1))
        shaped = np.asarray(self._neutral + poses.expression.astype(np.float32) @ self._expression, np.float32)
        features = (rotations[:, 1:] - np.eye(3)).reshape(len(poses), -1)[:, self._columns].astype(np.float32)
        shaped += features @ self._correctives
        if self._lids is not None:
            shaped += poses.eyelids.astype(np.float32) @ self._lids
        return self._skinned(shaped.reshape(len(poses), -1, 3), *self._transforms(rotations))

    def _transforms(self, rotations: Floats) -> tuple[Floats, Floats]:
        """Return what joints do to vertices, x -> A x + b: A (N, J, 3, 3), b (N, J, 3), the torso's turn included."""
        turned, pivots = rotations.copy(), np.tile(self._joints, (len(rotations), 1, 1))
        for joint, parent in enumerate(np.asarray(self._track.joint_parents).tolist()):
            if parent >= 0:
                turned[:, joint] = turned[:, parent] @ rotations[:, joint]
                arm = self._joints[joint] - self._joints[parent]
                pivots[:, joint] = turned[:, parent] @ arm + pivots[:, parent]
        moved = pivots - (turned @ self._joints[..., None])[..., 0]
        if self._track.neck_turns_torso:
            back, pivot = np.swapaxes(rotations[:, 1], 1, 2)[:, None], self._joints[1]
            turned, moved = back @ turned, (back @ (moved - pivot)[..., None])[..., 0] + pivot
        return turned, moved

    def _skinned(self, shaped: Singles, turned: Floats, moved: Floats) -> Singles:
        """Blend by weight; what no joint of the frames moves is left as it is."""
        result = shaped.copy()
        weights = np.asarray(self._track.skinning_weights, dtype=np.float32)
        for joint in range(weights.shape[1]):
            change = (turned[:, joint] - np.eye(3)).astype(np.float32)
            vertices = np.flatnonzero(weights[:, joint])
            if not len(vertices) or max(np.abs(change).max(), np.abs(moved[:, joint]).max()) < 1e-12:
                continue
            part = shaped[:, vertices] @ np.swapaxes(change, 1, 2) + moved[:, joint, None].astype(np.float32)
            result[:, vertices] += weights[vertices, joint, None] * part
        return result


def _rows(basis: Array) -> Singles:
    """(V, 3, M) -> (M, 3 V), contiguous for a matrix product."""
    return np.ascontiguousarray(np.asarray(basis, np.float32).reshape(-1, basis.shape[2]).T)
