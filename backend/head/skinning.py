"""Linear blend skinning with FLAME's semantics, in numpy.

Head space: the root joint never turns (the pose of the head is the camera's business), so that neck, jaw and eyes are
all that moves. shaped = template + identity + expression (+ eyelids, before skinning, so that they turn with the neck);
joints = regressor x shaped, so they move with identity and expression; pose correctives are linear in R - 1 of the
joints after the root, row-major; then every vertex follows its joints by weight. (smplx/lbs.py describes the same.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..contract.arrays import Floats
from ..contract.camera import rotation_matrices
from ..contract.names import JOINTS
from ..data.types import HeadPose
from .model import HeadModel

_CHUNK = 48
"""Frames evaluated at once: large enough for fast matrix products, 5023 vertices of 48 frames are 6 MB."""

_STILL = 1e-13
"""Radians and metres below which a joint does not move; a locked neck is rounding only, and most of the work."""


@dataclass(frozen=True)
class _Prepared:
    """What is the same for all frames of one identity, in the type of the result."""

    shaped: NDArray
    expression_rows: NDArray
    eyelid_rows: NDArray | None
    corrective_rows: NDArray
    corrective_columns: NDArray[np.int64]
    rest_joints: Floats
    joint_expression: Floats
    joint_eyelids: Floats | None


def shaped_template(model: HeadModel, identity: Floats) -> Floats:
    """Return the neutral head (V, 3) of an identity (I,), in metres."""
    return model.template + model.identity_basis @ np.asarray(identity, dtype=np.float64)


def rest_joints(model: HeadModel, identity: Floats) -> Floats:
    """Return the joints (J, 3) of the neutral head of an identity (I,)."""
    return model.joint_regressor @ shaped_template(model, identity)


def joint_positions(model: HeadModel, pose: HeadPose, joint: int) -> Floats:
    """Return the place of a joint before any turn (T, 3): it moves with identity, expression and lids."""
    row = model.joint_regressor[joint]
    position = row @ shaped_template(model, pose.identity) + pose.expression @ np.einsum(
        "v,vce->ec", row, model.expression_basis
    )
    if model.eyelids is not None:
        position = position + pose.eyelids @ np.einsum("v,vce->ec", row, model.eyelids)
    return position


def joint_rotations(pose: HeadPose) -> Floats:
    """Return the rotation matrices (T, 5, 3, 3) of root (always identity), neck, jaw, left and right eye."""
    frames = len(pose)
    angles = np.stack([np.zeros((frames, 3)), pose.neck, pose.jaw, pose.left_eye, pose.right_eye], axis=1)
    return np.asarray(rotation_matrices(angles), dtype=np.float64)


def pose_features(rotations: Floats) -> Floats:
    """Return what drives the pose correctives (T, 9 (J - 1)): R - 1 of all joints but the root, row-major."""
    return (rotations[:, 1:] - np.eye(3)).reshape(len(rotations), -1)


def joint_transforms(rotations: Floats, joints: Floats, parents: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Return what joints do to vertices of the rest pose: x -> A x + b with A (T, J, 3, 3), b (T, J, 3).

    Args:
        rotations: Of each joint in its parent's axes (T, J, 3, 3).
        joints: Rest positions (T, J, 3).
        parents: Parent of each joint (J,), before it in order; -1 for the root.
    """
    turned = np.empty_like(rotations)
    placed = np.empty_like(joints)
    for joint, parent in enumerate(parents):
        if parent < 0:
            turned[:, joint], placed[:, joint] = rotations[:, joint], joints[:, joint]
            continue
        turned[:, joint] = turned[:, parent] @ rotations[:, joint]
        offset = (joints[:, joint] - joints[:, parent])[..., None]
        placed[:, joint] = (turned[:, parent] @ offset)[..., 0] + placed[:, parent]
    return turned, placed - (turned @ joints[..., None])[..., 0]


def pose_vertices(
    model: HeadModel, pose: HeadPose, frames: slice | None = None, dtype: DTypeLike = np.float64
) -> NDArray:
    """Return the vertices (T, V, 3) of the frames of a pose, in head space and metres.

    Args:
        model: The head.
        pose: Parameters per frame.
        frames: Which frames; all where None. The result is the only array that grows with their number.
        dtype: float64, or float32 for half the time and memory (rounding below 0.1 micrometre).
    """
    indices = np.arange(len(pose))[frames if frames is not None else slice(None)]
    prepared = _prepare(model, pose.identity, np.dtype(dtype))
    result = np.empty((len(indices), model.vertex_count, 3), dtype=dtype)
    for start in range(0, len(indices), _CHUNK):
        part = indices[start : start + _CHUNK]
        result[start : start + _CHUNK] = _chunk(model, prepared, select_frames(pose, part))
    return result


def select_frames(pose: HeadPose, indices: slice | NDArray[np.int64]) -> HeadPose:
    """Return the pose of some frames, in the order of the indices."""
    return HeadPose(
        identity=pose.identity,
        expression=pose.expression[indices],
        neck=pose.neck[indices],
        jaw=pose.jaw[indices],
        left_eye=pose.left_eye[indices],
        right_eye=pose.right_eye[indices],
        eyelids=pose.eyelids[indices],
    )


def neutral_pose(model: HeadModel, frames: int = 1, identity: Floats | None = None) -> HeadPose:
    """Return the rest pose for a number of frames: everything zero, of the mean head or a given identity."""
    return HeadPose(
        identity=np.zeros(model.identity_basis.shape[2]) if identity is None else identity,
        expression=np.zeros((frames, model.expression_basis.shape[2])),
        neck=np.zeros((frames, 3)),
        jaw=np.zeros((frames, 3)),
        left_eye=np.zeros((frames, 3)),
        right_eye=np.zeros((frames, 3)),
        eyelids=np.zeros((frames, 2)),
    )


def _rows(basis: Floats, dtype: np.dtype) -> NDArray:
    """(V, 3, M) -> (M, 3 V), contiguous for a matrix product."""
    return np.ascontiguousarray(basis.reshape(3 * len(basis), basis.shape[2]).T, dtype=dtype)


def _prepare(model: HeadModel, identity: Floats, dtype: np.dtype) -> _Prepared:
    shaped = shaped_template(model, identity)
    columns = np.flatnonzero(np.any(model.pose_correctives != 0, axis=(0, 1)))
    return _Prepared(
        shaped=shaped.reshape(-1).astype(dtype),
        expression_rows=_rows(model.expression_basis, dtype),
        eyelid_rows=None if model.eyelids is None else _rows(model.eyelids, dtype),
        corrective_rows=_rows(model.pose_correctives[:, :, columns], dtype),
        corrective_columns=columns,
        rest_joints=model.joint_regressor @ shaped,
        joint_expression=np.einsum("jv,vce->jce", model.joint_regressor, model.expression_basis, optimize=True),
        joint_eyelids=None
        if model.eyelids is None
        else np.einsum("jv,vce->jce", model.joint_regressor, model.eyelids, optimize=True),
    )


def _chunk(model: HeadModel, prepared: _Prepared, pose: HeadPose) -> NDArray:
    if len(model.joint_parents) != len(JOINTS):
        raise ValueError(f"a head has the joints {', '.join(JOINTS)}")
    dtype = prepared.shaped.dtype
    rotations = joint_rotations(pose)
    joints = prepared.rest_joints + np.tensordot(pose.expression, prepared.joint_expression, (1, 2))
    shaped = pose.expression.astype(dtype) @ prepared.expression_rows
    shaped += prepared.shaped
    if prepared.eyelid_rows is not None and prepared.joint_eyelids is not None:
        shaped += pose.eyelids.astype(dtype) @ prepared.eyelid_rows
        joints = joints + np.tensordot(pose.eyelids, prepared.joint_eyelids, (1, 2))
    if len(prepared.corrective_columns):
        shaped += pose_features(rotations)[:, prepared.corrective_columns].astype(dtype) @ prepared.corrective_rows
    turned, moved = joint_transforms(rotations, joints, model.joint_parents)
    return _skinned(shaped.reshape(len(pose), -1, 3), turned, moved, model.skinning_weights)


def _skinned(shaped: NDArray, turned: Floats, moved: Floats, weights: Floats) -> NDArray:
    """Blend by weight. The root moves nothing and weights sum to 1, so only what the others change is added."""
    result = shaped.copy()
    for joint in range(1, weights.shape[1]):
        vertices = np.flatnonzero(weights[:, joint])
        change = turned[:, joint] - np.eye(3)
        if max(np.abs(change).max(), np.abs(moved[:, joint]).max()) < _STILL or not len(vertices):
            continue
        part = shaped[:, vertices] @ change.astype(shaped.dtype).transpose(0, 2, 1)
        part += moved[:, joint, None].astype(shaped.dtype)
        part *= weights[vertices, joint, None].astype(shaped.dtype)
        result[:, vertices] += part
    return result
