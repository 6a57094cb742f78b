"""Fits what the whole clip shares (identity, focal length, landmark offsets) on key frames, each with its own pose.

The frames' unknowns are eliminated first, each on its own, and what the clip shares forms the border; see `schur`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import torch
from torch import Tensor

from ..evidence.observations import Observations
from ..geometry.landmark_model import LandmarkModel
from ..geometry.parallel import over_chunks
from ..geometry.state import EXPRESSION_START, Frames, Shared
from ..geometry.visibility import landmark_visibility
from ..options.weights import Tuning
from ..outline.term import OutlineMatches, OutlineTerm
from ..terms.landmark_term import SharedEquations, residuals, shared_equations, summed, together
from ..terms.priors import FramePrior, SharedPrior
from .levenberg_marquardt import Limits, Step, minimise
from .schur import ArrowStep, ArrowSystem

CHUNK = 8
"""Key frames whose Jacobians are held at once per core."""
FOLLOWING: Final = 4
"""Steps in which visibility and outline follow the head."""
TOLERANCE: Final = 1e-3


@dataclass(frozen=True)
class IdentityProblem:
    """What stays fixed while key frames and clip are solved.

    Attributes:
        model: The landmark points.
        observations: What the key frames show.
        frame_prior, shared_prior: What is known beforehand.
        tuning: Weights.
        outline: The person's outline on some of the key frames, or None.
        offsets: Whether landmarks may leave their place on the surface.
    """

    model: LandmarkModel
    observations: Observations
    frame_prior: FramePrior
    shared_prior: SharedPrior
    tuning: Tuning
    outline: OutlineTerm | None = None
    offsets: bool = True


@dataclass(frozen=True)
class IdentityResult:
    """Shared unknowns, key frames, and the standard deviation of log focal after the fit."""

    shared: Shared
    frames: Frames
    focal_sigma: float
    iterations: int


@dataclass(frozen=True)
class ClipUnknowns:
    """What the clip shares, and its key frames."""

    shared: Shared
    frames: Frames


class IdentityFit:
    """Clip and key frames as a least-squares problem; visibility and the outline's places are held during a step."""

    visibility: Tensor
    matches: OutlineMatches | None

    def __init__(self, problem: IdentityProblem, start: ClipUnknowns) -> None:
        self._problem = problem
        self.follow(start)

    def follow(self, at: ClipUnknowns) -> None:
        """See `LeastSquares.follow`."""
        outline = self._problem.outline
        self.visibility = landmark_visibility(self._problem.model, at.shared, at.frames)
        self.matches = None if outline is None else outline.matches(at.shared, at.frames)

    def retract(self, at: ClipUnknowns, step: Step[ArrowStep]) -> ClipUnknowns:
        """Return clip and key frames after a step."""
        shared = at.shared.retract(step.increment.border, self._problem.model.tangents)
        return ClipUnknowns(shared, at.frames.retract(step.increment.blocks))

    def cost(self, at: ClipUnknowns) -> float:
        """Return the cost of landmarks, priors and outline."""
        problem = self._problem
        cost = landmark_cost(problem, at.shared, at.frames, self.visibility)
        if problem.outline is not None and self.matches is not None:
            cost = cost + problem.outline.cost(self.matches, at.shared, at.frames)
        return float(cost)

    def linearise(self, at: ClipUnknowns) -> ArrowSystem:
        """Return the normal equations of clip and key frames."""
        problem = self._problem
        equations = landmark_equations(problem, at.shared, at.frames, self.visibility)
        if problem.outline is not None and self.matches is not None:
            columns = len(equations.gradient)
            equations = together(equations, problem.outline.equations(self.matches, at.shared, at.frames, columns))
        # The priors' own precision is the natural scale of a step of the clip.
        prior = problem.shared_prior
        precision = torch.cat([prior.dense_precision.diagonal(), prior.offset_precision])[: len(equations.gradient)]
        return ArrowSystem(
            cost=self.cost(at),
            blocks=equations.frames.hessian,
            gradient=equations.frames.gradient,
            coupling=equations.coupling,
            border=equations.hessian,
            border_gradient=equations.gradient,
            damping=1 / problem.frame_prior.scale.square(),
            border_damping=precision,
        )


def solve_identity(
    problem: IdentityProblem,
    shared: Shared,
    frames: Frames,
    *,
    iterations: int,
    progress: Callable[[int], None] | None = None,
    watch: Callable[[Shared, Frames], None] | None = None,
) -> IdentityResult:
    """Return the shared unknowns that fit best.

    Args:
        problem, shared, frames: What is solved, and where to start.
        iterations: Most steps.
        progress: Called with the number of each step; may raise to stop.
        watch: Called with the solution so far after each step that brought it forward.
    """
    start = ClipUnknowns(shared, frames)

    def show(now: ClipUnknowns) -> None:
        if watch is not None:
            watch(now.shared, now.frames)

    limits = Limits(iterations, TOLERANCE, FOLLOWING)
    minimum = minimise(IdentityFit(problem, start), start, limits, progress=progress, watch=show)
    log_focal = len(problem.shared_prior.dense_mean) - 1
    return IdentityResult(
        minimum.unknowns.shared, minimum.unknowns.frames, minimum.linearisation.sigma(log_focal), minimum.steps
    )


def landmark_cost(problem: IdentityProblem, shared: Shared, frames: Frames, visibility: Tensor) -> Tensor:
    """Return the cost of landmarks and priors; the openings are part of the frames' own solve only."""
    observations = replace(problem.observations, pair_weight=torch.zeros_like(problem.observations.pair_weight))
    data = residuals(problem.model, shared, frames, observations, visibility, problem.tuning).cost.sum()
    of_frames, _, _ = problem.frame_prior.evaluate(frames)
    clip, _ = problem.shared_prior.evaluate(shared)
    return data + of_frames.sum() + clip


def landmark_equations(problem: IdentityProblem, shared: Shared, frames: Frames, visibility: Tensor) -> SharedEquations:
    """Return the normal equations of landmarks and priors."""

    def of(part: slice) -> SharedEquations:
        model, observations = problem.model, problem.observations[part]
        errors = residuals(model, shared, frames[part], observations, visibility[part], problem.tuning)
        return shared_equations(model, shared, frames[part], observations, errors, offsets=problem.offsets)

    result = summed(over_chunks(of, len(frames), CHUNK, visibility.device))
    _, prior_gradient, bounds = problem.frame_prior.evaluate(frames)
    blocks = result.frames.hessian + problem.frame_prior.precision
    blocks.diagonal(dim1=1, dim2=2)[:, EXPRESSION_START:] += bounds
    _, clip_gradient = problem.shared_prior.evaluate(shared)
    dense = len(problem.shared_prior.dense_mean)
    hessian = result.hessian
    hessian[:dense, :dense] += problem.shared_prior.dense_precision
    if problem.offsets:
        hessian[dense:, dense:] += problem.shared_prior.offset_hessian()
    gradient = result.gradient + clip_gradient[: len(result.gradient)]
    with_prior = replace(result.frames, hessian=blocks, gradient=result.frames.gradient + prior_gradient)
    return SharedEquations(with_prior, result.coupling, hessian, gradient)
