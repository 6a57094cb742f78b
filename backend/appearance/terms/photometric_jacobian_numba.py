"""Derivatives of what the skin looks like in one frame by the frame's unknowns, on the processor.

The same as `projection.derivatives` along the slope of the brightness, point by point in one loop: the arrays between
torch's many small steps cost several times more than the arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from ...contract.arrays import Singles
from ...fit.geometry.landmark_model import LandmarkModel
from ...fit.geometry.projection import Posed, joint_moves, turn_features
from ...fit.geometry.state import EXPRESSION_START, Frames, Shared, eye_vectors
from ...head.rotation_torch import left_jacobian
from ...system.compiled import compiled


class RowModel(NamedTuple):
    """The points' arrays as the kernel reads them: skinning weights (N, J), expression (N, 3, E), correctives
    (N, 3, 9 (J - 1)), and which of neck, jaw and eyes have any of these (4,).
    """

    weights: Singles
    expression: Singles
    correctives: Singles
    corrected: NDArray[np.bool_]


def row_model(model: LandmarkModel) -> RowModel:
    """Return the arrays of N points."""
    correctives = _array(model.correctives)
    parts = correctives.reshape(len(correctives), 3, -1, 9)
    return RowModel(_array(model.weights), _array(model.expression), correctives, np.any(parts != 0, axis=(0, 1, 3)))


@dataclass(frozen=True)
class RowFrames:
    """What the kernel needs of T frames besides `Posed`.

    Attributes:
        depth_scale: Derivative of the depth by its logarithm (T,).
        jacobians: Left Jacobians of neck, jaw, left and right eye (T, 4, 3, 3).
        features: From `projection.turn_features`, of the same (T, 4, 9, 3).
        moves: From `projection.joint_moves`, of all joints (T, J, 3, E).
        moving: Which of them are not zero (J,).
    """

    depth_scale: Singles
    jacobians: Singles
    features: Singles
    moves: Singles
    moving: NDArray[np.bool_]


def row_frames(model: LandmarkModel, shared: Shared, frames: Frames, posed: Posed) -> RowFrames:
    """Return what the kernel needs of some frames."""
    jacobians = [left_jacobian(vectors) for vectors in (frames.neck, frames.jaw, *eye_vectors(frames.eyes))]
    features = [turn_features(posed, joint, jacobian) for joint, jacobian in enumerate(jacobians, start=1)]
    by_joint = joint_moves(posed, model.joint_expression)
    moves = np.zeros((len(frames), *model.joint_expression.shape), dtype=np.float32)
    moving = np.zeros(len(model.joints), dtype=np.bool_)
    for joint, moved in by_joint.items():
        moves[:, joint], moving[joint] = _array(moved), True
    depth = frames.position[:, 2].exp() * shared.focal
    return RowFrames(_array(depth), _array(torch.stack(jacobians, 1)), _array(torch.stack(features, 1)), moves, moving)


class _PosedPoints(NamedTuple):
    """The points in one frame, as in `Posed`; `chain` is that of the neck, `rotation` the head's to the camera."""

    camera: Singles
    turned: Singles
    head: Singles
    rest: Singles
    blend: Singles
    joints: Singles
    local: Singles
    chain: Singles
    rotation: Singles


class _FrameMoves(NamedTuple):
    """One frame of `RowFrames`."""

    depth_scale: float
    jacobians: Singles
    features: Singles
    moves: Singles
    moving: NDArray[np.bool_]


def rows_of_frame(
    model: RowModel, posed: Posed, frames: RowFrames, frame: int, rotation: Singles, along: Singles, index: NDArray
) -> Singles:
    """Return the derivatives (M, D) at some points.

    Args:
        model: All points.
        posed, frames: Of several frames.
        frame: Which of them.
        rotation: Its head-to-camera rotation (3, 3).
        along: Derivative of the brightness by the frame's pixel (N, 2), times the focal length.
        index: Which points (M,).
    """
    rows = np.zeros((len(index), EXPRESSION_START + model.expression.shape[2]), dtype=np.float32)
    points = _PosedPoints(
        camera=_array(posed.camera[frame]),
        turned=_array(posed.turned[frame]),
        head=_array(posed.head[frame]),
        rest=_array(posed.rest[frame]),
        blend=_array(posed.blend[frame]),
        joints=_array(posed.joints[frame]),
        local=_array(posed.local[frame]),
        chain=_array(posed.chain[frame, 1]),
        rotation=rotation,
    )
    moves = _FrameMoves(
        frames.depth_scale[frame], frames.jacobians[frame], frames.features[frame], frames.moves[frame], frames.moving
    )
    _fill(index, along, model, points, moves, rows)
    return rows


def _array(tensor: torch.Tensor) -> Singles:
    return np.ascontiguousarray(tensor.detach().numpy(), dtype=np.float32)


@compiled
def _fill(index, along, model, posed, frame, rows):
    weights, expression, correctives, corrected = model
    camera, turned, head, rest, blend, joints, local, chain, rotation = posed
    depth_scale, jacobians, features, moves, moving = frame
    for number in range(index.shape[0]):
        n = index[number]
        row = rows[number]
        x, y, z = camera[n, 0], camera[n, 1], camera[n, 2]
        px, py = along[n, 0] / z, along[n, 1] / z
        pz = -(px * x + py * y) / z
        tx, ty, tz = turned[n, 0], turned[n, 1], turned[n, 2]
        row[0], row[1], row[2] = pz * ty - py * tz, px * tz - pz * tx, py * tx - px * ty
        row[3], row[4], row[5] = px, py, pz * depth_scale
        hx, hy, hz = _times(px, py, pz, rotation)
        rx, ry, rz = _times(hx, hy, hz, blend[n])
        root = weights[n, 0]
        ax = head[n, 0] - root * rest[n, 0] - (1 - root) * joints[1, 0]
        ay = head[n, 1] - root * rest[n, 1] - (1 - root) * joints[1, 1]
        az = head[n, 2] - root * rest[n, 2] - (1 - root) * joints[1, 2]
        _swing(row, 6, 3, hx, hy, hz, ax, ay, az, -1.0, jacobians[0])
        gx, gy, gz = _times(hx, hy, hz, chain)
        for slot in range(1, 4):
            joint = slot + 1
            first, count = (9, 3) if slot == 1 else (8 + 2 * slot, 2)
            share = weights[n, joint]
            if share > 1e-6:
                vx, vy, vz = rest[n, 0] - joints[joint, 0], rest[n, 1] - joints[joint, 1], rest[n, 2] - joints[joint, 2]
                matrix = local[joint]
                ax = matrix[0, 0] * vx + matrix[0, 1] * vy + matrix[0, 2] * vz
                ay = matrix[1, 0] * vx + matrix[1, 1] * vy + matrix[1, 2] * vz
                az = matrix[2, 0] * vx + matrix[2, 1] * vy + matrix[2, 2] * vz
                _swing(row, first, count, gx, gy, gz, ax, ay, az, -share, jacobians[slot])
        for slot in range(4):
            if corrected[slot]:
                first, count = (6 + 3 * slot, 3) if slot < 2 else (8 + 2 * slot, 2)
                for entry in range(9):
                    k = 9 * slot + entry
                    pull = rx * correctives[n, 0, k] + ry * correctives[n, 1, k] + rz * correctives[n, 2, k]
                    for axis in range(count):
                        row[first + axis] += pull * features[slot, entry, axis]
        modes = expression[n]
        for mode in range(modes.shape[1]):
            row[16 + mode] = rx * modes[0, mode] + ry * modes[1, mode] + rz * modes[2, mode]
        for joint in range(1, weights.shape[1]):
            share = weights[n, joint]
            if moving[joint] and share > 1e-6:
                matrix, ux, uy, uz = moves[joint], share * hx, share * hy, share * hz
                for mode in range(matrix.shape[1]):
                    row[16 + mode] += ux * matrix[0, mode] + uy * matrix[1, mode] + uz * matrix[2, mode]


@compiled
def _times(x, y, z, matrix):
    """Return a row vector times a matrix (3, 3)."""
    return (
        x * matrix[0, 0] + y * matrix[1, 0] + z * matrix[2, 0],
        x * matrix[0, 1] + y * matrix[1, 1] + z * matrix[2, 1],
        x * matrix[0, 2] + y * matrix[1, 2] + z * matrix[2, 2],
    )


@compiled
def _swing(row, first, count, hx, hy, hz, ax, ay, az, factor, jacobian):
    """Add what a turn about a joint does at the end of an arm: factor (h x a) times its Jacobian."""
    cx, cy, cz = factor * (hy * az - hz * ay), factor * (hz * ax - hx * az), factor * (hx * ay - hy * ax)
    for axis in range(count):
        row[first + axis] += cx * jacobian[0, axis] + cy * jacobian[1, axis] + cz * jacobian[2, axis]
