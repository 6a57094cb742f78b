"""The landmarks' part of the cost: residuals, robust weights, normal equations."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..evidence.observations import Observations
from ..geometry.landmark_model import LandmarkModel
from ..geometry.projection import Derivatives, Posed, derivatives, pose_landmarks, project_landmarks
from ..geometry.state import EYES, JAW, Frames, Shared
from ..options.weights import Tuning
from .lip_contact import LipGaps, contact_errors, lip_gaps
from .robust import huber


@dataclass(frozen=True)
class Residuals:
    """Weighted errors of T frames.

    Attributes:
        posed: Where the points are.
        error: Pixel errors of the landmarks, contour points in their own axes (T, N, 2).
        weight: Weight of each landmark's squared error, robustness included (T, N).
        gap_error: Errors of the openings (T, P, 2).
        gap_weight: (T, P).
        cost: Robust cost per frame (T,).
    """

    posed: Posed
    error: Tensor
    weight: Tensor
    gap_error: Tensor
    gap_weight: Tensor
    cost: Tensor


def residuals(
    model: LandmarkModel, shared: Shared, frames: Frames, observations: Observations, visibility: Tensor, tuning: Tuning
) -> Residuals:
    """Return the errors and weights at the current state.

    Args:
        visibility: Of each landmark (T, N), 0..1, held constant within a solve.
    """
    posed = pose_landmarks(model, shared, frames)
    centre = torch.zeros(2, dtype=posed.camera.dtype, device=posed.camera.device)
    error = project_landmarks(posed.camera, shared.focal, centre) - observations.pixels
    first, second = observations.pairs[:, 0], observations.pairs[:, 1]
    gap_error = error[:, first] - error[:, second]
    error = error.clone()
    error[:, observations.contour] = (observations.metric @ error[:, observations.contour][..., None])[..., 0]

    base = observations.weight * visibility
    precision = 1 / observations.noise[:, None].square()
    cost, robust = huber(error.square().sum(-1) * precision, tuning.huber)
    pair_visibility = torch.minimum(visibility[:, first], visibility[:, second])
    gap_weight = observations.pair_weight * pair_visibility
    gap_cost = 0.5 * (gap_weight * gap_error.square().sum(-1)).sum(1)
    gaze_cost = 0.5 * (observations.gaze_precision * (frames.eyes - observations.gaze).square()).sum(1)
    jaw_cost = 0.5 * observations.jaw_precision * frames.jaw[:, 0].square()
    total = (base * cost).sum(1) + gap_cost + gaze_cost + jaw_cost
    if model.lips is not None:
        total = total + contact_errors(lip_gaps(model.lips, shared, frames).gap, observations.lip_gap).cost
    return Residuals(posed, error, base * robust * precision, gap_error, gap_weight, total)


@dataclass(frozen=True)
class FrameEquations:
    """Normal equations of each frame's own unknowns: hessian (T, D, D), gradient (T, D)."""

    hessian: Tensor
    gradient: Tensor


def _contour_rows(rows: Tensor, observations: Observations) -> Tensor:
    rows[:, observations.contour] = observations.metric @ rows[:, observations.contour]
    return rows


def frame_equations(
    model: LandmarkModel, shared: Shared, frames: Frames, observations: Observations, errors: Residuals
) -> FrameEquations:
    """Return the normal equations of the frames' own unknowns, openings included."""
    jacobian = derivatives(model, shared, frames, errors.posed).frame
    gaps = jacobian[:, observations.pairs[:, 0]] - jacobian[:, observations.pairs[:, 1]]
    rows = torch.cat([_contour_rows(jacobian, observations), gaps], dim=1)
    error = torch.cat([errors.error, errors.gap_error], dim=1)
    root = torch.cat([errors.weight, errors.gap_weight], dim=1).sqrt()[..., None]
    weighted = (rows * root[..., None]).flatten(1, 2)
    gradient = (weighted.transpose(1, 2) @ (error * root).flatten(1)[..., None])[..., 0]
    equations = _with_expected(FrameEquations(weighted.transpose(1, 2) @ weighted, gradient), frames, observations)
    if model.lips is None:
        return equations
    contact = _contact_rows(model.lips, shared, frames, observations)
    return FrameEquations(
        equations.hessian + contact.by_frame.transpose(1, 2) @ contact.by_frame,
        equations.gradient + (contact.by_frame.transpose(1, 2) @ contact.gap[..., None])[..., 0],
    )


def _with_expected(equations: FrameEquations, frames: Frames, observations: Observations) -> FrameEquations:
    """Add what the scores expect of the gaze, and closed lips of the jaw."""
    equations.gradient[:, EYES] += observations.gaze_precision * (frames.eyes - observations.gaze)
    equations.hessian.diagonal(dim1=1, dim2=2)[:, EYES] += observations.gaze_precision
    equations.gradient[:, JAW.start] += observations.jaw_precision * frames.jaw[:, 0]
    equations.hessian[:, JAW.start, JAW.start] += observations.jaw_precision
    return equations


def _contact_rows(
    lips: LandmarkModel, shared: Shared, frames: Frames, observations: Observations, *, of_identity: bool = False
) -> LipGaps:
    """Return errors of the lips' contact and their derivatives, in standard deviations; 0 where nothing is wrong."""
    gaps = lip_gaps(lips, shared, frames, of_identity=of_identity)
    wrong = contact_errors(gaps.gap, observations.lip_gap)
    root = wrong.precision.sqrt()
    identity = None if gaps.by_identity is None else gaps.by_identity * root[..., None]
    return LipGaps(wrong.error * root, gaps.by_frame * root[..., None], identity)


@dataclass(frozen=True)
class SharedEquations:
    """Normal equations of frames and clip together; S = I + 1 + 2 N columns: identity, log focal, offsets.

    Attributes:
        frames: Of each frame's own unknowns.
        coupling: (T, D, S).
        hessian: (S, S), summed over the frames.
        gradient: (S,).
    """

    frames: FrameEquations
    coupling: Tensor
    hessian: Tensor
    gradient: Tensor


def shared_equations(
    model: LandmarkModel,
    shared: Shared,
    frames: Frames,
    observations: Observations,
    errors: Residuals,
    *,
    offsets: bool,
) -> SharedEquations:
    """Return the normal equations with identity, log focal and (if asked) offsets; the openings are left out.

    Without `offsets` S = I + 1.
    """
    full: Derivatives = derivatives(model, shared, frames, errors.posed, of_shared=True)
    assert full.identity is not None and full.log_focal is not None and full.offset is not None
    dense = torch.cat([full.identity, full.log_focal[..., None]], dim=-1)
    root = errors.weight.sqrt()[..., None]
    by_frame = (_contour_rows(full.frame, observations) * root[..., None]).flatten(1, 2)
    dense = (_contour_rows(dense, observations) * root[..., None]).flatten(1, 2)
    error = (errors.error * root).flatten(1)
    frame_part = FrameEquations(
        by_frame.transpose(1, 2) @ by_frame, (by_frame.transpose(1, 2) @ error[..., None])[..., 0]
    )
    frame_part = _with_expected(frame_part, frames, observations)
    coupling = by_frame.transpose(1, 2) @ dense
    rows = dense.flatten(0, 1)
    hessian = rows.T @ rows
    gradient = rows.T @ error.flatten()
    if model.lips is not None:
        _add_contact(
            _contact_rows(model.lips, shared, frames, observations, of_identity=True),
            frame_part,
            coupling,
            hessian,
            gradient,
        )
    if not offsets:
        return SharedEquations(frame_part, coupling, hessian, gradient)

    count, points = errors.weight.shape
    by_offset = _contour_rows(full.offset @ model.tangents, observations) * root[..., None]
    by_frame = by_frame.reshape(count, points, 2, -1)
    dense = dense.reshape(count, points, 2, -1)
    frame_offset = torch.einsum("tnad,tnak->tdnk", by_frame, by_offset).flatten(2)
    dense_offset = torch.einsum("tnas,tnak->snk", dense, by_offset).flatten(1)
    block = torch.einsum("tnak,tnal->nkl", by_offset, by_offset)
    offset_gradient = torch.einsum("tnak,tna->nk", by_offset, error.reshape(count, points, 2)).flatten()
    corner = torch.block_diag(*block.unbind(0))
    hessian = torch.cat([torch.cat([hessian, dense_offset], dim=1), torch.cat([dense_offset.T, corner], dim=1)], dim=0)
    return SharedEquations(
        frame_part,
        torch.cat([coupling, frame_offset], dim=2),
        hessian,
        torch.cat([gradient, offset_gradient]),
    )


def _add_contact(contact: LipGaps, frames: FrameEquations, coupling: Tensor, hessian: Tensor, gradient: Tensor) -> None:
    """Add the lips' contact to the normal equations of `shared_equations`, in place."""
    assert contact.by_identity is not None
    by_frame, identity = contact.by_frame, contact.by_identity
    modes = identity.shape[-1]
    frames.hessian.add_(by_frame.transpose(1, 2) @ by_frame)
    frames.gradient.add_((by_frame.transpose(1, 2) @ contact.gap[..., None])[..., 0])
    coupling[..., :modes] += by_frame.transpose(1, 2) @ identity
    rows = identity.flatten(0, 1)
    hessian[:modes, :modes] += rows.T @ rows
    gradient[:modes] += rows.T @ contact.gap.flatten()


def summed(parts: list[SharedEquations]) -> SharedEquations:
    """Return the equations of all frames from those of consecutive parts."""
    return SharedEquations(
        FrameEquations(
            torch.cat([part.frames.hessian for part in parts]), torch.cat([part.frames.gradient for part in parts])
        ),
        torch.cat([part.coupling for part in parts]),
        torch.stack([part.hessian for part in parts]).sum(0),
        torch.stack([part.gradient for part in parts]).sum(0),
    )


def together(first: SharedEquations, second: SharedEquations) -> SharedEquations:
    """Return the equations of two costs of the same frames."""
    frames = FrameEquations(
        first.frames.hessian + second.frames.hessian, first.frames.gradient + second.frames.gradient
    )
    return SharedEquations(
        frames, first.coupling + second.coupling, first.hessian + second.hessian, first.gradient + second.gradient
    )
