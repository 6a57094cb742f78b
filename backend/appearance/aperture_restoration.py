"""Lids and lips after the pictures: they stand apart as the landmarks of the finished fit have them.

While pictures and landmarks are fitted together jaw and expression move with the rest, for a brow that is raised must
not pull the head. But pictures of the upper face know nothing of the mouth, and landmarks whose offsets are free hold
it badly: on rendered people the lips' opening became up to twice as wrong. So the jaw of the finished fit is put back,
and the expression takes the way to the fitted openings on which the face as a whole moves least.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import torch
from torch import Tensor

from ..fit.evidence.observations import LIP_PAIRS
from ..fit.geometry.landmark_model import LID_PAIRS, LandmarkModel
from ..fit.geometry.parallel import over_chunks
from ..fit.geometry.projection import derivatives, pose_landmarks
from ..fit.geometry.state import EXPRESSION_START, Frames, Shared
from ..fit.geometry.visibility import landmark_visibility
from ..fit.solvers.identity import IdentityProblem
from ..fit.terms.landmark_term import residuals
from ..fit.terms.priors import FramePrior

OPENING: Final = 0.0001
"""Metres by which facing points of lids and lips may stand apart otherwise than in the finished fit."""
ELSEWHERE: Final = 0.002
"""Metres by which any other point may move for that: small against the face, large against an opening."""
UPRIGHT: Final = slice(1, 3)
"""Up and forwards: lids and lips do not open sideways."""
CHUNK: Final = 32
"""Frames whose derivatives are held at once."""


def with_openings(
    model: LandmarkModel,
    prior: FramePrior,
    fitted: tuple[Shared, Frames],
    refined: tuple[Shared, Frames],
    rounds: int = 2,
) -> Frames:
    """Return the refined heads with the jaws and the openings of lids and lips that the fitted heads have.

    Args:
        model: The landmark points.
        prior: Of one frame.
        fitted, refined: What the clip shares and the same T frames, before and after the pictures.
        rounds: Steps.
    """

    def of(part: slice) -> Frames:
        return _opened(model, prior, _without_offsets(fitted, part), _without_offsets(refined, part), rounds)

    parts = over_chunks(of, len(refined[1]), CHUNK, model.template.device)
    expression = torch.cat([part.expression for part in parts])
    return replace(refined[1], jaw=fitted[1].jaw, expression=expression)


def _without_offsets(clip: tuple[Shared, Frames], part: slice) -> tuple[Shared, Frames]:
    """On the surface itself, without the landmarks' offsets."""
    shared, frames = clip
    return replace(shared, offsets=torch.zeros_like(shared.offsets)), frames[part]


def _opened(
    model: LandmarkModel, prior: FramePrior, fitted: tuple[Shared, Frames], refined: tuple[Shared, Frames], rounds: int
) -> Frames:
    pairs = torch.tensor(LID_PAIRS + LIP_PAIRS, device=model.template.device)
    upper, lower = pairs[model.known[pairs].all(dim=1)].T

    def openings(points: Tensor) -> Tensor:
        return (points[:, upper, UPRIGHT] - points[:, lower, UPRIGHT]) / OPENING

    wanted = openings(pose_landmarks(model, *fitted).head)
    shared, frames = refined
    still = pose_landmarks(model, shared, frames).head
    frames = replace(frames, jaw=fitted[1].jaw)
    precision = torch.diag(1 / prior.scale[EXPRESSION_START:].double().square())
    for _ in range(rounds):
        posed = pose_landmarks(model, shared, frames)
        error = torch.cat(
            [(openings(posed.head) - wanted).flatten(1), (posed.head - still).flatten(1) / ELSEWHERE], dim=1
        ).double()
        moved = posed.blend @ model.expression
        rows = torch.cat([openings(moved).flatten(1, 2), moved.flatten(1, 2) / ELSEWHERE], dim=1).double()
        across = rows.transpose(1, 2)
        step = -torch.linalg.solve(across @ rows + precision, (across @ error[..., None])[..., 0])
        frames = replace(frames, expression=frames.expression + step.to(frames.expression))
    return frames


def explaining_offsets(problem: IdentityProblem, shared: Shared, frames: Frames, rounds: int = 3) -> Shared:
    """Return the clip with the offsets that explain the landmarks best while all else stays.

    Args:
        problem: Landmarks of these frames, with the prior of the offsets.
        shared, frames: What stays, and a first guess of the offsets.
        rounds: Steps, for the robust weights.
    """
    model, prior = problem.model, problem.shared_prior
    visibility = landmark_visibility(model, shared, frames)
    for _ in range(rounds):
        errors = residuals(model, shared, frames, problem.observations, visibility, problem.tuning)
        offset = derivatives(model, shared, frames, errors.posed, of_shared=True).offset
        assert offset is not None
        rows = offset @ model.tangents
        rows[:, problem.observations.contour] = problem.observations.metric @ rows[:, problem.observations.contour]
        weighted = rows * errors.weight[..., None, None]
        blocks = torch.einsum("tnak,tnal->nkl", weighted, rows)
        pull = torch.einsum("tnak,tna->nk", weighted, errors.error).flatten()
        _, known = prior.evaluate(shared)
        hessian = torch.block_diag(*blocks.unbind(0)) + prior.offset_hessian()
        gradient = pull + known[len(prior.dense_mean) :]
        step = -torch.linalg.solve(hessian.double(), gradient.double())
        along = step.to(model.tangents).reshape(-1, 2, 1)
        shared = replace(shared, offsets=shared.offsets + (model.tangents @ along)[..., 0])
    return shared
