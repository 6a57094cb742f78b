"""Projection of the landmark points into the picture, and its derivatives, by hand.

Skinning as in FLAME: a point v (rest position with identity, expression, pose correctives and its offset) goes to
sum_j w_j (G_j (v - J_j) + T_j), where G_j is the chain of rotations down to joint j and T_j its posed place; joints J
move with identity and expression. The root does not turn: the head's rotation and place carry that.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ...head.rotation_torch import cross_matrix, exponential, left_jacobian
from .landmark_model import LandmarkModel
from .state import EXPRESSION_START, EYES, JAW, NECK, POSITION, ROTATION, Frames, Shared, eye_vectors


@dataclass(frozen=True)
class Posed:
    """Intermediate values of T frames and N points that both projection and derivatives need.

    Attributes:
        chain: G per joint (T, J, 3, 3).
        local: Rotation of each joint against its parent (T, J, 3, 3).
        joints: Rest joints of each frame (T, J, 3); placed: T per joint (T, J, 3).
        rest: v (T, N, 3).
        blend: sum_j w_j G_j (T, N, 3, 3).
        head: Points in head space (T, N, 3).
        turned: Head-space points about the pivot, in camera axes (T, N, 3).
        camera: Points in camera axes (T, N, 3).
    """

    chain: Tensor
    local: Tensor
    joints: Tensor
    placed: Tensor
    rest: Tensor
    blend: Tensor
    head: Tensor
    turned: Tensor
    camera: Tensor


@dataclass(frozen=True)
class Derivatives:
    """Derivatives of the projected points (T, N, 2, …): frame unknowns D, identity I, log focal, offset 3."""

    frame: Tensor
    identity: Tensor | None
    log_focal: Tensor | None
    offset: Tensor | None


def pose_landmarks(model: LandmarkModel, shared: Shared, frames: Frames) -> Posed:
    """Return the landmark points of every frame in head and camera axes."""
    local = _local_rotations(frames)
    neck = local[:, 1]
    chain = torch.stack([local[:, 0], neck, *(neck @ local[:, joint] for joint in (2, 3, 4))], dim=1)
    rest_joints = model.joints + model.joint_identity @ shared.identity
    joints = rest_joints + (model.joint_expression @ frames.expression.T).permute(2, 0, 1)
    about_neck = joints - joints[:, 1:2]
    below = (neck[:, None] @ about_neck[..., None])[..., 0] + joints[:, 1:2]
    placed = torch.cat([joints[:, :2], below[:, 2:]], dim=1)

    base = model.template + model.identity @ shared.identity + shared.offsets
    feature = _pose_feature(local)
    expression = _by_point(model.expression, frames.expression)
    correctives = _by_point(model.correctives, feature)
    rest = base + expression + correctives

    blend = torch.einsum("nj,tjab->tnab", model.weights, chain)
    shift = placed - (chain @ joints[..., None])[..., 0]
    head = (blend @ rest[..., None])[..., 0] + torch.einsum("nj,tja->tna", model.weights, shift)
    turned = (head - model.pivot) @ frames.rotation.transpose(1, 2)
    camera = turned + frames.translation(shared.focal)[:, None]
    return Posed(chain, local, joints, placed, rest, blend, head, turned, camera)


def project_landmarks(camera: Tensor, focal: Tensor, centre: Tensor) -> Tensor:
    """Return pixels (T, N, 2) of points in camera axes (T, N, 3)."""
    return camera[..., :2] / camera[..., 2:] * focal + centre


def derivatives(
    model: LandmarkModel,
    shared: Shared,
    frames: Frames,
    posed: Posed,
    *,
    along: Tensor | None = None,
    of_shared: bool = False,
) -> Derivatives:
    """Return the derivatives of the projected landmarks with respect to a step (see `Frames.retract`).

    Args:
        along: Instead of those of both coordinates, the derivative of their sum with these weights (T, N, 2); the
            result then has 1 in place of 2.
        of_shared: Whether those by identity, focal length and offsets are wanted.
    """
    focal = shared.focal
    depth = posed.camera[..., 2]
    pixels = _pixel_derivative(posed.camera, focal)
    by_focal = posed.camera[..., :2] / depth[..., None] * focal
    if along is not None:
        pixels = along[..., None, :] @ pixels
        by_focal = (along * by_focal).sum(-1, keepdim=True)
    to_head = pixels @ frames.rotation[:, None]
    to_rest = to_head @ posed.blend

    count, points = posed.head.shape[:2]
    result = torch.zeros(count, points, pixels.shape[2], frames.unknowns, dtype=pixels.dtype, device=pixels.device)
    result[..., ROTATION] = -pixels @ cross_matrix(posed.turned)
    result[..., POSITION] = pixels
    translation_depth = frames.position[:, 2].exp() * focal
    result[..., POSITION.stop - 1] = pixels[..., 2] * translation_depth[:, None, None]
    result[..., NECK] = _neck_derivative(model, frames, posed, to_head, to_rest)
    result[:, model.reach[2], :, JAW] = _joint_derivative(model, posed, 2, frames.jaw, to_head, to_rest)
    for joint, vectors, first in zip((3, 4), eye_vectors(frames.eyes), (EYES.start, EYES.start + 2), strict=True):
        whole = _joint_derivative(model, posed, joint, vectors, to_head, to_rest)
        result[:, model.reach[joint], :, first : first + 2] = whole[..., :2]
    result[..., EXPRESSION_START:] = _mode_derivative(
        model, posed, model.expression, model.joint_expression, to_head, to_rest
    )
    if not of_shared:
        return Derivatives(result, None, None, None)
    identity = _mode_derivative(model, posed, model.identity, model.joint_identity, to_head, to_rest)
    # d(pixel)/d(log f): the focal length scales the pixel, and moves the pivot's depth, which is stored divided by it.
    log_focal = by_focal + pixels[..., 2] * translation_depth[:, None, None]
    return Derivatives(result, identity, log_focal, to_rest)


def height_derivatives(
    model: LandmarkModel, frames: Frames, posed: Posed, *, of_identity: bool = False
) -> tuple[Tensor, Tensor | None]:
    """Return the derivatives of the points' heights in the head (y), where neck and eyes do not turn.

    Args:
        model, frames, posed: The points, and where they are.
        of_identity: Whether that by the identity is wanted.

    Returns:
        By the frames' unknowns (T, N, D), of which only jaw and expression change a height, and by identity (T, N, I).
    """
    count, points = posed.head.shape[:2]
    upwards = posed.head.new_tensor([0.0, 1.0, 0.0])
    to_head = upwards.expand(count, points, 1, 3)
    to_rest = to_head @ posed.blend
    result = torch.zeros(count, points, 1, frames.unknowns, dtype=upwards.dtype, device=upwards.device)
    result[:, model.reach[2], :, JAW] = _joint_derivative(model, posed, 2, frames.jaw, to_head, to_rest)
    result[..., EXPRESSION_START:] = _mode_derivative(
        model, posed, model.expression, model.joint_expression, to_head, to_rest
    )
    if not of_identity:
        return result[:, :, 0], None
    identity = _mode_derivative(model, posed, model.identity, model.joint_identity, to_head, to_rest)
    return result[:, :, 0], identity[:, :, 0]


def _local_rotations(frames: Frames) -> Tensor:
    left, right = eye_vectors(frames.eyes)
    turned = exponential(torch.stack([frames.neck, frames.jaw, left, right], dim=1))
    still = torch.eye(3, dtype=turned.dtype, device=turned.device).expand(len(frames), 1, 3, 3)
    return torch.cat([still, turned], dim=1)


def pose_features(frames: Frames) -> Tensor:
    """Return FLAME's pose feature (T, 9 (J - 1)) of frames, which the pose correctives are multiplied with."""
    return _pose_feature(_local_rotations(frames))


def _pose_feature(local: Tensor) -> Tensor:
    """FLAME's pose feature (T, 9 (J - 1)): the entries of R - 1 of all joints but the root, row-major."""
    still = torch.eye(3, dtype=local.dtype, device=local.device)
    return (local[:, 1:] - still).flatten(1)


def _by_point(modes: Tensor, coefficients: Tensor) -> Tensor:
    """Return modes (N, 3, M) times coefficients (T, M) as (T, N, 3)."""
    points, axes, count = modes.shape
    return (coefficients @ modes.reshape(points * axes, count).T).reshape(-1, points, axes)


def _pixel_derivative(camera: Tensor, focal: Tensor) -> Tensor:
    """Derivative (T, N, 2, 3) of a pixel by its point in camera axes."""
    x, y, z = camera.unbind(-1)
    zero = torch.zeros_like(x)
    scale = focal / z
    return torch.stack([scale, zero, -scale * x / z, zero, scale, -scale * y / z], -1).reshape(*x.shape, 2, 3)


def _corrective_derivative(model: LandmarkModel, posed: Posed, joint: int, vectors: Tensor, to_rest: Tensor) -> Tensor:
    """What a turn of the joint does through its pose correctives (T, R, 2, 3), for the R points in its reach."""
    correctives = model.correctives[model.reach[joint], :, 9 * (joint - 1) : 9 * joint]
    if not bool(correctives.any()):
        return torch.zeros((), dtype=to_rest.dtype, device=to_rest.device)
    by_vector = turn_features(posed, joint, left_jacobian(vectors))
    moved = _by_point(correctives, by_vector.transpose(1, 2).reshape(-1, 9)).reshape(len(vectors), 3, -1, 3)
    return to_rest[:, model.reach[joint]] @ moved.permute(0, 2, 3, 1)


def _joint_derivative(
    model: LandmarkModel, posed: Posed, joint: int, vectors: Tensor, to_head: Tensor, to_rest: Tensor
) -> Tensor:
    """Derivative (T, R, 2, 3) by the axis-angle of a joint that hangs on the neck and carries no other.

    Only the R points in the joint's reach have one.
    """
    reach = model.reach[joint]
    arm = posed.rest[:, reach] - posed.joints[:, joint, None]
    arm = arm @ posed.local[:, joint].transpose(1, 2)
    swing = posed.chain[:, 1, None] @ cross_matrix(arm) @ left_jacobian(vectors)[:, None]
    rigid = -(to_head[:, reach] @ swing) * model.weights[reach, joint, None, None]
    return rigid + _corrective_derivative(model, posed, joint, vectors, to_rest)


def _neck_derivative(model: LandmarkModel, frames: Frames, posed: Posed, to_head: Tensor, to_rest: Tensor) -> Tensor:
    """Derivative (T, N, 2, 3) by the neck, which carries jaw and eyes."""
    root_share = model.weights[:, 0, None]
    carried = posed.head - root_share * posed.rest - (1 - root_share) * posed.joints[:, 1, None]
    swing = cross_matrix(carried) @ left_jacobian(frames.neck)[:, None]
    result = -(to_head @ swing)
    result[:, model.reach[1]] += _corrective_derivative(model, posed, 1, frames.neck, to_rest)
    return result


def _mode_derivative(
    model: LandmarkModel, posed: Posed, modes: Tensor, joint_modes: Tensor, to_head: Tensor, to_rest: Tensor
) -> Tensor:
    """Derivative (T, N, 2, M) by the coefficients of modes that move points and joints."""
    count, points, sides = to_rest.shape[:3]
    by_point = to_rest.permute(1, 0, 2, 3).reshape(points, count * sides, 3)
    result = torch.bmm(by_point, modes).reshape(points, count, sides, -1).permute(1, 0, 2, 3)
    moves = joint_moves(posed, joint_modes)
    if moves:
        # One product for all joints: picking out the points of each costs more than multiplying by zeros.
        arms = [to_head * model.weights[:, joint, None, None] for joint in moves]
        by_joints = torch.cat(arms, dim=-1).flatten(1, 2) @ torch.cat(list(moves.values()), dim=1)
        result = result + by_joints.reshape(count, points, sides, -1)
    return result


def joint_moves(posed: Posed, joint_modes: Tensor) -> dict[int, Tensor]:
    """Return for each joint that modes move (J, 3, M) what its own move does to points that it carries (T, 3, M)."""
    neck, result = joint_modes[1], {}
    for joint in range(1, len(joint_modes)):
        modes = joint_modes[joint]
        if not bool(modes.any()) and not bool(neck.any()):
            continue
        carried = modes if joint == 1 else posed.chain[:, 1] @ (modes - neck) + neck
        moved = carried - posed.chain[:, joint] @ modes
        if bool(moved.any()):
            result[joint] = moved
    return result


def turn_features(posed: Posed, joint: int, by_turn: Tensor) -> Tensor:
    """Return the derivative of a joint's entries of the pose feature (T, 9, 3) by its axis-angle.

    Args:
        posed: Of the frames.
        joint: Which.
        by_turn: Left Jacobian of its axis-angle (T, 3, 3).
    """
    axes = cross_matrix(torch.eye(3, dtype=by_turn.dtype, device=by_turn.device))
    return (axes @ posed.local[:, joint, None]).flatten(2).transpose(1, 2) @ by_turn
