"""Focal length by the outline of the person.

Landmarks of a face seen from the front fit at any focal length, but the head behind them does not: with too short a
lens cranium and ears shrink behind the face, with too long a one they reach outside the person, which cannot be. A
mask that reaches beyond the head is hair, so each gap between the two counts as a bare outline or as one with hair.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import torch

from ...contract.arrays import Floats
from ...data.types import HeadPose
from ...head.model import HeadModel
from ...head.skinning import pose_vertices
from ..evidence.observations import Observations
from ..geometry.landmark_model import LandmarkModel
from ..geometry.state import Frames, Shared, eye_vectors
from ..options.weights import Tuning
from ..outline.silhouette import LEFT_EAR, NO_PART, RIGHT_EAR, SCALP, Masks, Mesh, gaps, head_centres, outline_mesh
from ..solvers.banded import as_numpy
from ..solvers.identity import IdentityProblem, solve_identity
from ..terms.priors import LOCKED, FramePrior, frame_prior, shared_prior
from .outline_likelihood import Likelihood, likelihood_of

HYPOTHESES: Final = (-0.8, -0.4, 0.0, 0.4, 0.8)
"""Log focal relative to the assumed one: with 1.5 picture widths from 0.67 to 3.3."""
MOST_MASKS: Final = 7
LANDMARK_SHARE: Final = 0.15
"""Share of what the landmarks claim to know about the focal length that counts. Their errors are those of the face, the
same in every frame: on rendered clips they were wrong by 1.6 to 2.4 times what they claim, by 3.6 times where the face
is far from the middle of the picture."""
_FIRST_STEPS: Final = 6
_STEPS: Final = 3


@dataclass(frozen=True)
class OutlineEvidence:
    """What the outline says of log focal, without the prior.

    Attributes:
        likelihood: Of log focal.
        masks: How many masks were compared.
        focals: Hypotheses, pixels (H,).
        scalp_gaps, ear_gaps: Median gap between mask and head of each hypothesis, millimetres (H,); NaN without any.
    """

    likelihood: Likelihood
    masks: int
    focals: Floats
    scalp_gaps: Floats
    ear_gaps: Floats

    def summary(self) -> dict[str, Any]:
        """Return what the fit's report says."""
        mean, sigma = self.likelihood.moments()
        longer_than = self.likelihood.longer_than()
        return {
            "masks": self.masks,
            "focal": float(np.exp(mean)),
            "uncertainty": sigma if np.isfinite(sigma) else None,
            "longer_than": longer_than if longer_than and longer_than > self.focals[0] else None,
            "hypotheses": [round(float(focal), 1) for focal in self.focals],
            "scalp_gaps_mm": _rounded(self.scalp_gaps),
            "ear_gaps_mm": _rounded(self.ear_gaps),
        }


def _rounded(values: Floats) -> list[float | None]:
    return [round(float(value), 1) if np.isfinite(value) else None for value in values]


def outline_evidence(
    head: HeadModel,
    model: LandmarkModel,
    masks: Masks | None,
    observations: Observations,
    frames: Frames,
    shared: Shared,
    tuning: Tuning,
    centre: tuple[float, float],
) -> OutlineEvidence | None:
    """Return what the outline says about the focal length, or None where there are no masks or no outline.

    Args:
        head: The head model.
        model: Its landmark points.
        masks: Person masks; those on frames without landmarks are left out.
        observations, frames: Landmarks and first poses of all frames of the fit.
        shared: Where to start; its focal length is the assumed one.
        tuning: Weights.
        centre: Principal point, pixels.
    """
    mesh = outline_mesh(head)
    if masks is None or mesh is None:
        return None
    usable = np.flatnonzero((observations.weight.sum(dim=1) > 0).cpu().numpy()[masks.frame])
    if not len(usable):
        return None
    masks = masks[usable[np.unique(np.linspace(0, len(usable) - 1, MOST_MASKS).round().astype(np.int64))]]
    index = torch.as_tensor(masks.frame, device=shared.identity.device)
    solved = _solve_hypotheses(model, observations[index], frames[index], shared, tuning)
    heads = [_vertices(head, model, *hypothesis) for hypothesis in solved]
    focals = np.array([float(hypothesis[0].focal) for hypothesis in solved])
    middle = head_centres(mesh, heads[len(heads) // 2], focals[len(focals) // 2], centre, masks)
    return evidence_of(mesh, heads, focals, centre, masks, middle)


def evidence_of(
    mesh: Mesh, heads: list[Floats], focals: Floats, centre: tuple[float, float], masks: Masks, middle: Floats
) -> OutlineEvidence:
    """Return the evidence of posed heads, one (K, V, 3) per focal length (ascending); see `silhouette.gaps`."""
    measured = [
        gaps(mesh, vertices, focal, centre, masks, middle) for vertices, focal in zip(heads, focals, strict=True)
    ]
    gap, parts = np.stack([pair[0] for pair in measured]), np.stack([pair[1] for pair in measured])
    compared = np.isfinite(gap).all(axis=0)
    part = np.where(compared, parts[len(parts) // 2], NO_PART)
    ears = (part == LEFT_EAR) | (part == RIGHT_EAR)
    said = likelihood_of(focals, gap, part)
    return OutlineEvidence(said, len(masks), focals, _median(gap[:, part == SCALP]), _median(gap[:, ears]))


def _median(values: Floats) -> Floats:
    return np.median(values, axis=1) if values.shape[1] else np.full(len(values), np.nan)


def _solve_hypotheses(
    model: LandmarkModel, observations: Observations, frames: Frames, shared: Shared, tuning: Tuning
) -> list[tuple[Shared, Frames]]:
    """Return identity and poses for each focal length, each started from its neighbour nearer to the assumed one."""
    free = frame_prior(model, tuning, neck_free=False, tails=False)
    assumed = float(shared.log_focal)
    start = _solved(model, observations, free, tuning, shared, frames, assumed, _FIRST_STEPS)
    result = {0.0: start}
    longer, shorter = [step for step in HYPOTHESES if step > 0], [step for step in HYPOTHESES if step < 0]
    for side in (longer, shorter[::-1]):
        near = start
        for step in side:
            near = _solved(model, observations, free, tuning, *near, assumed + step, _STEPS)
            result[step] = near
    return [result[step] for step in HYPOTHESES]


def _solved(
    model: LandmarkModel,
    observations: Observations,
    frame_prior: FramePrior,
    tuning: Tuning,
    shared: Shared,
    frames: Frames,
    log_focal: float,
    steps: int,
) -> tuple[Shared, Frames]:
    held = shared_prior(model, tuning, log_focal=log_focal, focal_sigma=LOCKED, offsets=False)
    shared = replace(shared, log_focal=torch.full_like(shared.log_focal, log_focal))
    problem = IdentityProblem(model, observations, frame_prior, held, tuning, offsets=False)
    solution = solve_identity(problem, shared, frames, iterations=steps)
    return solution.shared, solution.frames


def _vertices(head: HeadModel, model: LandmarkModel, shared: Shared, frames: Frames) -> Floats:
    """Return the whole head in camera axes (K, V, 3)."""
    modes = model.expression_modes - model.lids
    expression = as_numpy(frames.expression)
    left, right = eye_vectors(frames.eyes)
    lids = expression[:, modes:] if model.lids else np.zeros((len(frames), 2))
    pose = HeadPose(
        as_numpy(shared.identity),
        expression[:, :modes],
        as_numpy(frames.neck),
        as_numpy(frames.jaw),
        as_numpy(left),
        as_numpy(right),
        lids,
    )
    rotation, translation = as_numpy(frames.rotation), as_numpy(frames.translation(shared.focal))
    in_head = pose_vertices(head, pose) - as_numpy(model.pivot)
    return in_head @ np.swapaxes(rotation, 1, 2) + translation[:, None]
