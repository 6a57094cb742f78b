"""Fits what the whole clip shares (identity, focal length, landmark offsets) on key frames, each with its own pose.

The frames' unknowns are eliminated first, each on its own, so the cost grows with the number of key frames and what the
clip shares forms one dense border (a Schur complement; Triggs et al., "Bundle adjustment: a modern synthesis", 2000).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

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

CHUNK = 8
"""Key frames whose Jacobians are held at once per core."""


@dataclass(frozen=True)
class IdentityProblem:
    """Key frames, what is known beforehand, and the person's outline on some of them."""

    model: LandmarkModel
    seen: Observations
    frame_prior: FramePrior
    shared_prior: SharedPrior
    tuning: Tuning
    outline: OutlineTerm | None = None

    def outlined(self, shared: Shared, frames: Frames) -> OutlineMatches | None:
        """Return where the outline is seen beside that of the head as it is now."""
        return None if self.outline is None else self.outline.matches(shared, frames)


@dataclass(frozen=True)
class IdentityResult:
    """Shared unknowns, key frames, and the standard deviation of log focal after the fit."""

    shared: Shared
    frames: Frames
    focal_sigma: float
    iterations: int


def solve_identity(
    problem: IdentityProblem,
    shared: Shared,
    frames: Frames,
    *,
    offsets: bool,
    iterations: int,
    freeze_visibility_after: int = 4,
    tolerance: float = 1e-3,
    progress: Callable[[int], None] | None = None,
    watch: Callable[[Shared, Frames], None] | None = None,
) -> IdentityResult:
    """Return the shared unknowns that fit best.

    Args:
        offsets: Whether landmarks may leave their place on the surface.
        iterations: Most steps.
        freeze_visibility_after: Visibility follows the pose for this many steps, then stays.
        tolerance: Ends when a step lowers the cost by less than this share.
        progress: Called with the number of each step; may raise to stop.
        watch: Called with the solution so far after each step that brought it forward.
    """
    damping, growth = 1e-2, 2.0
    visibility = landmark_visibility(problem.model, shared, frames)
    outline = problem.outlined(shared, frames)
    cost = _cost(problem, shared, frames, visibility, outline)
    equations = shared_normal_equations(problem, shared, frames, visibility, outline, offsets=offsets)
    done = 0
    for done in range(1, iterations + 1):
        if progress is not None:
            progress(done)
        solution = _step(problem, equations, damping)
        trial_shared, trial_frames, trial_cost, gain = shared, frames, float("inf"), -1.0
        if solution is not None:
            shared_step, frame_step, expected = solution
            trial_shared, trial_frames = _moved(shared, shared_step, problem.model.tangents), frames.moved(frame_step)
            trial_cost = _cost(problem, trial_shared, trial_frames, visibility, outline)
            gain = (cost - trial_cost) / max(expected, 1e-30)
        if not gain > 0:  # also where the cost is not a number
            damping, growth = damping * growth, growth * 2
            if damping > 1e8:
                break
            continue
        small = cost - trial_cost < tolerance * cost
        shared, frames, cost = trial_shared, trial_frames, trial_cost
        if watch is not None:
            watch(shared, frames)
        damping, growth = max(damping * max(1 / 3, 1 - (2 * gain - 1) ** 3), 1e-6), 2.0
        if done <= freeze_visibility_after:
            visibility, outline = landmark_visibility(problem.model, shared, frames), problem.outlined(shared, frames)
            cost = _cost(problem, shared, frames, visibility, outline)
        elif small:
            break
        if done < iterations:
            equations = shared_normal_equations(problem, shared, frames, visibility, outline, offsets=offsets)
    return IdentityResult(shared, frames, _focal_sigma(problem, equations), done)


def _cost(
    problem: IdentityProblem, shared: Shared, frames: Frames, visibility: Tensor, outline: OutlineMatches | None
) -> float:
    # The openings are part of the frames' own solve only, see `shared_equations`.
    seen = replace(problem.seen, pair_weight=torch.zeros_like(problem.seen.pair_weight))
    data = residuals(problem.model, shared, frames, seen, visibility, problem.tuning).cost.sum()
    own, _, _ = problem.frame_prior.evaluate(frames)
    clip, _ = problem.shared_prior.evaluate(shared)
    if problem.outline is not None and outline is not None:
        clip = clip + problem.outline.cost(outline, shared, frames)
    return float(data + own.sum() + clip)


def shared_normal_equations(
    problem: IdentityProblem,
    shared: Shared,
    frames: Frames,
    visibility: Tensor,
    outline: OutlineMatches | None = None,
    *,
    offsets: bool,
) -> SharedEquations:
    """Return the normal equations with both priors, and the outline's where there is one."""

    def of(part: slice) -> SharedEquations:
        model, seen = problem.model, problem.seen[part]
        found = residuals(model, shared, frames[part], seen, visibility[part], problem.tuning)
        return shared_equations(model, shared, frames[part], seen, found, offsets=offsets)

    result = summed(over_chunks(of, len(frames), CHUNK, visibility.device))
    _, prior_gradient, bounds = problem.frame_prior.evaluate(frames)
    blocks = result.frames.hessian + problem.frame_prior.precision
    blocks.diagonal(dim1=1, dim2=2)[:, EXPRESSION_START:] += bounds
    _, clip_gradient = problem.shared_prior.evaluate(shared)
    dense = len(problem.shared_prior.dense_mean)
    hessian = result.hessian
    hessian[:dense, :dense] += problem.shared_prior.dense_precision
    if offsets:
        hessian[dense:, dense:] += problem.shared_prior.offset_hessian()
    gradient = result.gradient + clip_gradient[: len(result.gradient)]
    own = replace(result.frames, hessian=blocks, gradient=result.frames.gradient + prior_gradient)
    equations = SharedEquations(own, result.coupling, hessian, gradient)
    if problem.outline is None or outline is None:
        return equations
    return together(equations, problem.outline.equations(outline, shared, frames, len(gradient)))


def _eliminate(equations: SharedEquations, damping: Tensor) -> tuple[Tensor, Tensor, Tensor] | None:
    """Return the factor of each frame's block, the reduced hessian and gradient of the clip's unknowns."""
    blocks = equations.frames.hessian.clone()
    blocks.diagonal(dim1=1, dim2=2).add_(damping)
    factor, failed = torch.linalg.cholesky_ex(blocks)
    if bool(failed.any()):
        return None
    both = torch.cat([equations.coupling, equations.frames.gradient[..., None]], dim=2)
    # One triangular solve gives L^-1 B; the complement is then a single symmetric product over all frames.
    half = torch.linalg.solve_triangular(factor, both, upper=False).flatten(0, 1)
    coupling, gradient = half[:, :-1], half[:, -1]
    return factor, equations.hessian - coupling.T @ coupling, equations.gradient - coupling.T @ gradient


def _step(problem: IdentityProblem, equations: SharedEquations, damping: float) -> tuple[Tensor, Tensor, float] | None:
    """Return the steps of the clip's and the frames' unknowns, and the gain that the linear model promises."""
    own_damping = damping / problem.frame_prior.scale.square()
    reduced = _eliminate(equations, own_damping)
    if reduced is None:
        return None
    factor, hessian, gradient = reduced
    # The priors' own precision is the natural scale of a step.
    clip_damping = damping * _prior_diagonal(problem, len(gradient))
    hessian = hessian.clone()
    hessian.diagonal().add_(clip_damping)
    clip_factor, failed = torch.linalg.cholesky_ex(hessian)
    if bool(failed):
        return None
    clip_step = -torch.cholesky_solve(gradient[:, None], clip_factor)[:, 0]
    right = equations.frames.gradient + equations.coupling @ clip_step
    frame_step = -torch.cholesky_solve(right[..., None], factor)[..., 0]
    promised = 0.5 * (clip_step * (clip_damping * clip_step - equations.gradient)).sum()
    promised += 0.5 * (frame_step * (own_damping * frame_step - equations.frames.gradient)).sum()
    return clip_step, frame_step, float(promised)


def _prior_diagonal(problem: IdentityProblem, columns: int) -> Tensor:
    offsets = problem.shared_prior.offset_precision
    return torch.cat([problem.shared_prior.dense_precision.diagonal(), offsets])[:columns]


def _moved(shared: Shared, step: Tensor, tangents: Tensor) -> Shared:
    modes = len(shared.identity)
    offsets = shared.offsets
    if len(step) > modes + 1:
        offsets = offsets + (tangents @ step[modes + 1 :].reshape(-1, 2, 1))[..., 0]
    return Shared(shared.identity + step[:modes], shared.log_focal + step[modes], offsets)


def _focal_sigma(problem: IdentityProblem, equations: SharedEquations) -> float:
    """Return the standard deviation of log focal, all else being free: how well the clip determines it."""
    reduced = _eliminate(equations, torch.zeros_like(problem.frame_prior.scale) + 1e-9)
    if reduced is None:
        return float("inf")
    column = len(problem.shared_prior.dense_mean) - 1
    unit = torch.zeros_like(reduced[2])
    unit[column] = 1.0
    factor, failed = torch.linalg.cholesky_ex(reduced[1])
    if bool(failed):
        return float("inf")
    return float(torch.cholesky_solve(unit[:, None], factor)[column, 0].clamp_min(0).sqrt())
