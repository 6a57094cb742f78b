"""Priors before looking: plausible jaws, gazes, expressions (per frame), identities and offsets (per clip)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import torch
from torch import Tensor

from ...contract import names
from ...data.landmark_distance import eye_distance
from ...head.rotation_torch import cross_matrix
from ..evidence.observations import IRIS_CENTRES, LIP_PAIRS, group_weights
from ..geometry.landmark_model import LID_PAIRS, LIDS, LandmarkModel
from ..geometry.projection import pose_landmarks
from ..geometry.state import EXPRESSION_START, EYES, JAW, NECK, Frames, Shared, neutral_frames
from ..options.weights import Tuning
from .lip_contact import APART, resting_gaps

LOCKED = 1e-6
"""Standard deviation that holds an unknown still."""

LEFT_YAW, RIGHT_YAW = EYES.start + 1, EYES.start + 3
INWARDS: Final = 0.03
"""Radians by which each eye is expected to turn towards the nose: it looks at a screen or a person a metre away."""

OPENED: Final = 0.2
"""Radians by which the jaw opens where modes are compared with it."""
LIDS_SHARE: Final = 0.15
"""Share of a mode's motion that is at the lids' edges, for it to count as the lids'."""

UPWARDS: Final = (0.0, 1.0, 0.0)
"""Direction in the head in which lips part: those that touch at rest have none of their own."""


@dataclass(frozen=True)
class FramePrior:
    """A quadratic prior on one frame's unknowns, with heavy tails and soft bounds for the expression.

    Attributes:
        precision: (D, D).
        tail: Size from which on an expression costs linearly (E,): Huber's cost; infinite where it stays quadratic.
        low, high: Bounds of the expression (E,); bound_precision (E,).
        scale: Typical size of a step of every unknown (D,), for the solver's damping.
        mean: What is expected (D,): zeros but for the eyes, which look at something near.
        vergence: Precision of the difference of the eyes' yaws, which `precision` holds too, and the difference from
            which on it costs linearly: eyes that cross are not pulled straight.
    """

    precision: Tensor
    tail: Tensor
    low: Tensor
    high: Tensor
    bound_precision: Tensor
    scale: Tensor
    mean: Tensor
    vergence: tuple[float, float]

    def evaluate(self, frames: Frames) -> tuple[Tensor, Tensor, Tensor]:
        """Return cost (T,), gradient (T, D) and what is added to the hessian's diagonal besides `precision` (T, E)."""
        values = frames.values() - self.mean
        gradient = values @ self.precision
        precision = self.precision.diagonal()[EXPRESSION_START:]
        size = frames.expression.abs()
        spared = (size - self.tail).clamp_min(0)
        beyond = (frames.expression - self.high).clamp_min(0) + (frames.expression - self.low).clamp_max(0)
        pull = beyond * self.bound_precision
        cost = 0.5 * ((values * gradient).sum(1) + (beyond * pull).sum(1) - (precision * spared.square()).sum(1))
        gradient = gradient.clone()
        gradient[:, EXPRESSION_START:] += pull - precision * spared * frames.expression.sign()
        weight, far = self.vergence
        crossed = values[:, RIGHT_YAW] - values[:, LEFT_YAW]
        less = weight * (crossed.abs() - far).clamp_min(0)
        cost = cost - 0.5 * less.square() / weight
        gradient[:, RIGHT_YAW] -= less * crossed.sign()
        gradient[:, LEFT_YAW] += less * crossed.sign()
        bounds = torch.where(beyond != 0, self.bound_precision, torch.zeros_like(beyond))
        return cost, gradient, bounds - precision * spared / size.clamp_min(1e-12)


def frame_prior(model: LandmarkModel, tuning: Tuning, *, neck_free: bool, tails: bool = True) -> FramePrior:
    """Return the prior of one frame.

    Args:
        model, tuning: The landmark points and the weights.
        neck_free: Whether the neck may bend.
        tails: Whether large expressions cost linearly. Not while nothing else can take up what is constant in a face:
            it would become an expression, and stay one.
    """
    like = model.template
    unknowns = EXPRESSION_START + model.expression_modes
    span = model.expression_high - model.expression_low
    reach = _reach(model)
    sigma = torch.full((unknowns,), float("inf"), dtype=like.dtype, device=like.device)
    sigma[NECK] = tuning.neck if neck_free else LOCKED
    sigma[JAW] = torch.tensor(tuning.jaw, dtype=like.dtype, device=like.device)
    sigma[EYES] = torch.tensor([tuning.gaze_pitch, tuning.gaze_yaw] * 2, dtype=like.dtype, device=like.device)
    sigma[EXPRESSION_START:] = (tuning.expression if tails else tuning.expression_square) * reach
    precision = torch.diag(1 / sigma.square())
    pitches = EYES.start, EYES.start + 2
    for (left, right), difference in ((pitches, tuning.elevation), ((LEFT_YAW, RIGHT_YAW), tuning.vergence)):
        pull = 1 / difference**2
        precision[left, left] += pull
        precision[right, right] += pull
        precision[left, right] -= pull
        precision[right, left] -= pull
    mean = torch.zeros_like(sigma)
    mean[EYES] = torch.tensor([0.0, -INWARDS, 0.0, INWARDS], dtype=like.dtype, device=like.device)
    scale = sigma.clone()
    scale[:3] = 0.05
    scale[3:5] = 0.02
    scale[5] = 0.03
    return FramePrior(
        precision=precision,
        tail=_tail(model, tuning) * tuning.expression * reach if tails else torch.full_like(reach, float("inf")),
        low=model.expression_low,
        high=model.expression_high,
        bound_precision=1 / (tuning.bound * span).square(),
        scale=scale,
        mean=mean,
        vergence=(1 / tuning.vergence**2, tuning.vergence_tail * tuning.vergence),
    )


def _reach(model: LandmarkModel) -> Tensor:
    """Return the largest sensible coefficient of each expression mode (E,)."""
    return torch.maximum(model.expression_high.abs(), model.expression_low.abs())


def _tail(model: LandmarkModel, tuning: Tuning) -> Tensor:
    """Return how many standard deviations of each expression mode cost by the square (E,)."""
    tail = tuning.expression_tail_by_precision * _coefficient_precision(model, tuning).sqrt() * _reach(model)
    tail = tail.clamp(tuning.expression_tail_least, tuning.expression_tail)
    energy = model.expression.square().sum(1)
    if model.points == names.LANDMARKS:
        lids = energy[list(LIDS)].sum(0) > LIDS_SHARE * energy.sum(0)
        tail = torch.where(lids, tuning.expression_tail_lids, tail)
    return torch.where(likeness_to_jaw(model) > tuning.jaw_like, float("inf"), tail).to(model.template)


def _coefficient_precision(model: LandmarkModel, tuning: Tuning) -> Tensor:
    """Return what landmarks tell of each expression mode from the front (E,): the precision of its coefficient."""
    template = model.template.cpu().numpy()
    across = model.expression[:, :2].square().sum(1)
    if model.points != names.LANDMARKS:
        return tuning.evidence * across.sum(0) / tuning.landmark_sigma**2
    weight = torch.as_tensor(group_weights(tuning)).to(across)
    noise = tuning.landmark_sigma * float(eye_distance(template[None])[0])
    return tuning.evidence * (weight @ across) / noise**2


def likeness_to_jaw(model: LandmarkModel) -> Tensor:
    """Return how much each expression mode moves landmarks as the opening jaw does (E,): 1 the same way or straight
    against it, 0 across."""
    like = model.template
    frames = neutral_frames(model, torch.eye(3).to(like).expand(2, 3, 3), like.new_zeros(2, 3))
    frames.jaw[1, 0] = OPENED
    none = Shared(like.new_zeros(model.identity_modes), like.new_zeros(()), torch.zeros_like(like))
    head = pose_landmarks(model, none, frames).head[:, model.known]
    opening, modes = head[1] - head[0], model.expression[model.known]
    # Points count as much as the mode moves them: a small mode is compared where it is.
    size = modes.norm(dim=1)
    along = torch.einsum("nk,nke,ne->e", opening, modes, size)
    both = (opening.square().sum(1) @ size) * size.pow(3).sum(0)
    return along.abs() / both.sqrt().clamp_min(1e-20)


@dataclass(frozen=True)
class SharedPrior:
    """A quadratic prior on the clip's unknowns, in the columns of `SharedEquations`.

    Attributes:
        dense_precision: Of identity and log focal (I + 1, I + 1).
        dense_mean: (I + 1,).
        offset_precision: Along both tangents (2 N,).
        tangents: Directions of the offsets (N, 3, 2).
        rigid: What the offsets do to the head as a whole (2 N, 7), each column scaled by its standard deviation.
        meeting: How far offsets part what meets (2 N, P), each column scaled by its standard deviation.
        loose: Ways in which all offsets may go together (2 N, L): this much precision is taken away, see
            `with_free_rigid_offset`.
    """

    dense_precision: Tensor
    dense_mean: Tensor
    offset_precision: Tensor
    tangents: Tensor
    rigid: Tensor
    meeting: Tensor
    loose: Tensor | None = None

    def evaluate(self, shared: Shared) -> tuple[Tensor, Tensor]:
        """Return cost and gradient (I + 1 + 2 N,)."""
        dense = torch.cat([shared.identity, shared.log_focal[None]]) - self.dense_mean
        dense_gradient = self.dense_precision @ dense
        along = (shared.offsets[:, None] @ self.tangents).flatten()
        whole = self.rigid.T @ along
        offset_gradient = along * self.offset_precision + self.rigid @ whole + self.meeting @ (self.meeting.T @ along)
        if self.loose is not None:
            offset_gradient = offset_gradient - self.loose @ (self.loose.T @ along)
        cost = 0.5 * dense @ dense_gradient + 0.5 * along @ offset_gradient
        return cost, torch.cat([dense_gradient, offset_gradient])

    def offset_hessian(self) -> Tensor:
        """Return the hessian of the offsets' share (2 N, 2 N)."""
        result = torch.diag(self.offset_precision) + self.rigid @ self.rigid.T + self.meeting @ self.meeting.T
        return result if self.loose is None else result - self.loose @ self.loose.T


def shared_prior(
    model: LandmarkModel, tuning: Tuning, *, log_focal: float, focal_sigma: float, offsets: bool
) -> SharedPrior:
    """Return the prior of the clip's unknowns.

    Args:
        log_focal: Mean of log focal; focal_sigma: its standard deviation (`LOCKED` where it is known).
        offsets: Whether landmarks may leave their place on the surface.
    """
    like = model.template
    modes = model.identity_modes
    precision = torch.zeros(modes + 1, modes + 1, dtype=like.dtype, device=like.device)
    precision[:modes, :modes] = torch.eye(modes, dtype=like.dtype, device=like.device) / tuning.identity**2
    size = relative_scale(model)
    precision[:modes, :modes] += torch.outer(size, size) / tuning.scale**2
    if model.lips is not None:
        parted = resting_gaps(model.lips) / APART
        precision[:modes, :modes] += parted.T @ parted
    precision[modes, modes] = 1 / focal_sigma**2
    mean = torch.zeros(modes + 1, dtype=like.dtype, device=like.device)
    mean[modes] = log_focal
    sigma = torch.full((model.points, 2), tuning.offset if offsets else LOCKED, dtype=like.dtype, device=like.device)
    if offsets and model.points == names.LANDMARKS:
        upright = model.tangents[list(IRIS_CENTRES), 1].square()
        sigma[list(IRIS_CENTRES)] = upright * tuning.iris_offset_up + (1 - upright) * tuning.iris_offset
    rigid, meeting = _rigid_offsets(model, tuning), _parting_offsets(model, tuning)
    return SharedPrior(precision, mean, 1 / sigma.square().flatten(), model.tangents, rigid, meeting)


def _rigid_offsets(model: LandmarkModel, tuning: Tuning) -> Tensor:
    """Return how far offsets along the surface (2 N) move, turn and enlarge the whole head (2 N, 7).

    Without this the offsets could turn the head: what all landmarks have in common belongs to the pose.
    """
    centred = model.template - model.template.mean(0)
    radius = centred.square().sum(1).mean().sqrt()
    still = torch.eye(3, dtype=centred.dtype, device=centred.device).expand(model.points, 3, 3)
    turn = -cross_matrix(centred) / radius
    fields = torch.cat([still, turn, centred[..., None] / radius], dim=2)
    along = (model.tangents.transpose(1, 2) @ fields).flatten(0, 1)
    return along / (model.points * tuning.offset_rigid)


def _parting_offsets(model: LandmarkModel, tuning: Tuning) -> Tensor:
    """Return how far offsets along the surface (2 N) part facing points of lids and lips (2 N, P).

    Offsets belong to the clip, so what they part never meets: eyes that are closed in the picture would stay open by
    as much as the person's are wider than the model's.
    """
    pairs = [pair for pair in LID_PAIRS + LIP_PAIRS if model.points == names.LANDMARKS]
    columns = torch.zeros(2 * model.points, len(pairs), dtype=model.template.dtype, device=model.template.device)
    for column, (first, second) in enumerate(pairs):
        lips = (first, second) in LIP_PAIRS
        apart = model.template.new_tensor(UPWARDS) if lips else model.template[first] - model.template[second]
        for point, sign in ((first, 1.0), (second, -1.0)):
            along = model.tangents[point].T @ (apart / apart.norm().clamp_min(1e-9))
            columns[2 * point : 2 * point + 2, column] = sign * along / tuning.offset_parting
    return columns


def with_free_rigid_offset(prior: SharedPrior, model: LandmarkModel, turn: float, shift: float) -> SharedPrior:
    """Return the prior with offsets that may also turn and shift the whole face along its surface.

    For fits in which something else than the landmarks says how the head is turned: the detector sees some people's
    faces turned by a few degrees. The irises stay, which the detector measures.

    Args:
        prior: With an own precision for each offset.
        model: The landmark points.
        turn: Standard deviation, radians about each axis.
        shift: Standard deviation, metres along each axis.
    """
    centred = model.template - model.template.mean(0)
    still = torch.eye(3, dtype=centred.dtype, device=centred.device).expand(model.points, 3, 3)
    fields = torch.cat([-cross_matrix(centred) * turn, still * shift], dim=2)
    along = model.tangents.transpose(1, 2) @ fields
    if model.points == names.LANDMARKS:
        along[list(IRIS_CENTRES)] = 0
    along = along.flatten(0, 1)
    # Precision of independent offsets plus common fields of unit deviation (Woodbury's identity).
    pulled = prior.offset_precision[:, None] * along
    inner = torch.eye(along.shape[1], dtype=along.dtype, device=along.device) + along.T @ pulled
    root = torch.linalg.cholesky(torch.linalg.inv(inner))
    return replace(prior, rigid=torch.zeros_like(prior.rigid), loose=pulled @ root)


def with_tilt_prior(prior: SharedPrior, model: LandmarkModel, tilt: float) -> SharedPrior:
    """Return the prior with identities that hardly turn the face within the head.

    Args:
        prior: Of the clip's unknowns.
        model: The landmark points.
        tilt: Standard deviation of that turn, radians about each axis.
    """
    modes = model.identity_modes
    rows = relative_tilt(model) / tilt
    precision = prior.dense_precision.clone()
    precision[:modes, :modes] += rows.T @ rows
    return replace(prior, dense_precision=precision)


def relative_tilt(model: LandmarkModel) -> Tensor:
    """Return by how many radians each identity mode turns the face (3, I), to first order."""
    known = model.template[model.known]
    moved = model.identity[model.known]
    across = cross_matrix(known - known.mean(0))
    inner = (across.transpose(1, 2) @ across).sum(0)
    return torch.linalg.solve(inner, (across @ (moved - moved.mean(0))).sum(0))


def relative_scale(model: LandmarkModel) -> Tensor:
    """Return by how much each identity mode enlarges the head (I,), to first order: 0.01 is one percent."""
    centred = model.template - model.template.mean(0)
    grown = model.identity - model.identity.mean(0)
    return torch.einsum("nk,nkm->m", centred, grown) / centred.square().sum()
