"""Smoothness in time: first and second differences of the unknowns, which know cuts, gaps and frame times."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ...head.rotation_torch import inverse_left_jacobian, logarithm
from ..geometry.landmark_model import LandmarkModel
from ..geometry.state import EXPRESSION_START, EYES, JAW, NECK, POSITION, ROTATION, Frames
from ..options.weights import Tuning
from .robust import huber


@dataclass(frozen=True)
class MotionPower:
    """What the variance of differences gains, per unit of time: of first ones (T - 1, D), of second ones (T - 2, D)."""

    velocity: Tensor
    acceleration: Tensor

    def __getitem__(self, part: slice) -> MotionPower:
        """Return that of frames `part.start` to `part.stop`."""
        return MotionPower(
            self.velocity[part.start : part.stop - 1], self.acceleration[part.start : max(part.stop - 2, 0)]
        )


@dataclass(frozen=True)
class SmoothnessWeights:
    """How neighbouring frames hang together.

    Attributes:
        velocity: Precision of the first difference between t and t + 1 (T - 1, D); 0 across cuts and long gaps.
        acceleration: Precision of the second difference about t + 1 (T - 2, D).
        duration: Time between t and t + 1 in units of 1/30 s (T - 1,).
        huber: Threshold of the first difference of rotation and place, in sigma.
    """

    velocity: Tensor
    acceleration: Tensor
    duration: Tensor
    huber: float


@dataclass(frozen=True)
class SmoothnessHessian:
    """The symmetric band of the hessian that smoothness makes, and its gradient and cost.

    Attributes:
        cost: Scalar.
        gradient: (T, D).
        main, next, after: Blocks (t, t), (t + 1, t), (t + 2, t): diagonals (T, D), (T - 1, D), (T - 2, D), 0 for the
            rotation.
        main_turn, next_turn, after_turn: The rotation's part of these blocks, dense (…, 3, 3).
    """

    cost: Tensor
    gradient: Tensor
    main: Tensor
    next: Tensor
    after: Tensor
    main_turn: Tensor
    next_turn: Tensor
    after_turn: Tensor


def smoothness_weights(
    model: LandmarkModel,
    tuning: Tuning,
    times: Tensor,
    joined: Tensor,
    depth: Tensor,
    smoothness: float,
    *,
    loose: float = 1.0,
    power: MotionPower | None = None,
) -> SmoothnessWeights:
    """Return the precisions between neighbouring frames.

    Args:
        times: Seconds (T,).
        joined: Whether t and t + 1 belong together (T - 1,) bool.
        depth: Rough distance of the head per frame (T,), metres: converts depth steps to steps of its logarithm.
        smoothness: The user's factor; 0 switches smoothness off.
        loose: Divides every precision.
        power: What the variances gain, see `motion_power`.
    """
    duration = ((times[1:] - times[:-1]) * 30).clamp_min(1e-3)
    middle = (depth[1:] + depth[:-1]) / 2
    velocity = _precisions(model, tuning, "velocity", middle) * (smoothness / loose)
    acceleration = _precisions(model, tuning, "acceleration", middle[1:]) * (smoothness / loose)
    if power is not None:
        velocity, acceleration = (
            velocity / (1 + velocity * power.velocity),
            acceleration / (1 + acceleration * power.acceleration),
        )
    both = joined[1:] & joined[:-1]
    around = (duration[1:] + duration[:-1]) / 2
    velocity = velocity * joined[:, None] / duration[:, None]
    acceleration = acceleration * both[:, None] / around[:, None]
    return SmoothnessWeights(velocity, acceleration, duration, tuning.velocity_huber)


def _precisions(model: LandmarkModel, tuning: Tuning, kind: str, depth: Tensor) -> Tensor:
    unknowns = EXPRESSION_START + model.expression_modes
    result = torch.zeros(len(depth), unknowns, dtype=depth.dtype, device=depth.device)

    def precision(name: str) -> float:
        sigma = getattr(tuning, f"{kind}_{name}", 0.0)
        return 1 / sigma**2 if sigma > 0 else 0.0

    reach = torch.maximum(model.expression_high.abs(), model.expression_low.abs())
    result[:, ROTATION] = precision("rotation")
    result[:, POSITION] = precision("position")
    result[:, POSITION.stop - 1] *= depth.square()
    result[:, NECK] = precision("neck")
    result[:, JAW] = precision("jaw")
    result[:, EYES] = precision("gaze")
    calm = torch.where(model.quick, 1.0, tuning.slow_expression_factor if kind == "acceleration" else 1.0)
    result[:, EXPRESSION_START:] = precision("expression") / (reach * calm).square()
    return result


def differences(frames: Frames, duration: Tensor) -> tuple[Tensor, Tensor]:
    """Return the first differences of the unknowns (T - 1, D), and how the speed changes (T - 2, D).

    A second difference needs steps per unit of time, or a longer gap would look like a change of speed.
    """
    values = frames.values()
    velocity = values[1:] - values[:-1]
    velocity[:, ROTATION] = logarithm(frames.rotation[1:] @ frames.rotation[:-1].transpose(1, 2))
    speed = velocity / duration[:, None]
    return velocity, speed[1:] - speed[:-1]


def linearise_smoothness(frames: Frames, weights: SmoothnessWeights) -> SmoothnessHessian:
    """Return cost, gradient and hessian of the smoothness at the current state."""
    values = frames.values()
    difference, acceleration = differences(frames, weights.duration)
    turn = difference[:, ROTATION]
    ahead = inverse_left_jacobian(turn)
    behind = -ahead.transpose(1, 2)

    precision, cost = _robust_step(difference, weights)
    gradient, main = torch.zeros_like(values), torch.zeros_like(values)
    pull = precision * difference
    gradient[1:] += pull
    gradient[:-1] -= pull
    main[1:] += precision
    main[:-1] += precision
    following = -precision.clone()

    early, late = 1 / weights.duration[:-1, None], 1 / weights.duration[1:, None]
    pull = weights.acceleration * acceleration
    cost = cost + 0.5 * (pull * acceleration).sum()
    coefficients = (early, -(early + late), late)
    for offset, coefficient in enumerate(coefficients):
        span = slice(offset, len(values) - 2 + offset)
        gradient[span] += pull * coefficient
        main[span] += weights.acceleration * coefficient.square()
    following[:-1] += weights.acceleration * coefficients[0] * coefficients[1]
    following[1:] += weights.acceleration * coefficients[1] * coefficients[2]
    after = weights.acceleration * early * late
    for block in (main, following, after):
        block[:, ROTATION] = 0
    turns = _turn_blocks(ahead, behind, precision[:, 0], weights.acceleration[:, 0], early[:, 0], late[:, 0])
    gradient[:, ROTATION] = _turn_gradient(
        ahead, behind, precision[:, :1] * turn, weights.acceleration[:, :1] * acceleration[:, :3], early, late
    )
    return SmoothnessHessian(cost, gradient, main, following, after, *turns)


def _robust_step(difference: Tensor, weights: SmoothnessWeights) -> tuple[Tensor, Tensor]:
    """Precision of the first differences after Huber's weight for rotation and place, and the cost."""
    precision = weights.velocity.clone()
    square = weights.velocity * difference.square()
    cost = 0.5 * square[:, POSITION.stop :].sum()
    for group in (ROTATION, POSITION):
        robust_cost, weight = huber(square[:, group].sum(1), weights.huber)
        cost = cost + robust_cost.sum()
        precision[:, group] *= weight[:, None]
    return precision, cost


def _speed_derivatives(ahead: Tensor, behind: Tensor, early: Tensor, late: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Derivatives (T - 2, 3, 3) of the change of turning speed by the turns of its three frames."""
    first = -early[:, None, None] * behind[:-1]
    middle = late[:, None, None] * behind[1:] - early[:, None, None] * ahead[:-1]
    last = late[:, None, None] * ahead[1:]
    return first, middle, last


def _turn_blocks(
    ahead: Tensor, behind: Tensor, velocity: Tensor, acceleration: Tensor, early: Tensor, late: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    frames = len(ahead) + 1
    main = torch.zeros(frames, 3, 3, dtype=ahead.dtype, device=ahead.device)
    main[1:] += velocity[:, None, None] * (ahead.transpose(1, 2) @ ahead)
    main[:-1] += velocity[:, None, None] * (behind.transpose(1, 2) @ behind)
    following = velocity[:, None, None] * (ahead.transpose(1, 2) @ behind)
    parts = _speed_derivatives(ahead, behind, early, late)
    for offset, part in enumerate(parts):
        main[offset : frames - 2 + offset] += acceleration[:, None, None] * (part.transpose(1, 2) @ part)
    first, middle, last = parts
    following[:-1] += acceleration[:, None, None] * (middle.transpose(1, 2) @ first)
    following[1:] += acceleration[:, None, None] * (last.transpose(1, 2) @ middle)
    return main, following, acceleration[:, None, None] * (last.transpose(1, 2) @ first)


def _turn_gradient(
    ahead: Tensor, behind: Tensor, velocity_pull: Tensor, acceleration_pull: Tensor, early: Tensor, late: Tensor
) -> Tensor:
    frames = len(ahead) + 1
    gradient = torch.zeros(frames, 3, dtype=ahead.dtype, device=ahead.device)
    gradient[1:] += (ahead.transpose(1, 2) @ velocity_pull[..., None])[..., 0]
    gradient[:-1] += (behind.transpose(1, 2) @ velocity_pull[..., None])[..., 0]
    for offset, part in enumerate(_speed_derivatives(ahead, behind, early[:, 0], late[:, 0])):
        gradient[offset : frames - 2 + offset] += (part.transpose(1, 2) @ acceleration_pull[..., None])[..., 0]
    return gradient
