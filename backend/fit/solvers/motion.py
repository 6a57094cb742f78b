"""Fits the frames of a clip to their landmarks while identity, focal length and offsets stay as they are.

Levenberg-Marquardt with a gain ratio (Madsen, Nielsen, Tingleff, "Methods for non-linear least squares problems", 2004,
section 3.2); the damping is scaled by the priors, which is worth a factor of four in iterations here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ...contract.arrays import Floats
from ..evidence.observations import Observations
from ..geometry.landmark_model import LandmarkModel
from ..geometry.parallel import over_chunks
from ..geometry.state import EXPRESSION_START, Frames, Shared, concatenate
from ..geometry.visibility import landmark_visibility
from ..options.weights import Tuning
from ..terms.landmark_term import FrameEquations, Residuals, frame_equations, residuals
from ..terms.lid_contact import LidContact
from ..terms.pictures_cost import PicturesCost
from ..terms.priors import FramePrior
from ..terms.smoothness import Band, Links, evaluate_links
from .banded import assemble, solve_banded
from .pose_covariance import pose_covariance

CHUNK = 32
"""Frames whose Jacobians are held at once per core: bounds memory, and stays in the processor's cache."""


@dataclass(frozen=True)
class MotionProblem:
    """All that stays fixed while a window of frames is solved."""

    model: LandmarkModel
    shared: Shared
    seen: Observations
    prior: FramePrior
    links: Links
    tuning: Tuning
    pictures: PicturesCost | None = None
    """What the pictures say besides the landmarks, or None."""
    lids: LidContact | None = None
    """What closed lids ask for, or None."""


@dataclass(frozen=True)
class MotionResult:
    """The solved frames; `converged` is False where the iterations ran out; `covariance`: see `pose_covariance`."""

    frames: Frames
    visibility: Tensor
    iterations: int
    converged: bool
    covariance: Floats


@dataclass(frozen=True)
class _System:
    cost: float
    blocks: Tensor
    gradient: Tensor
    band: Band


def solve_motion(
    problem: MotionProblem,
    start: Frames,
    *,
    iterations: int = 12,
    freeze_visibility_after: int = 2,
    tolerance: float = 1e-3,
    progress: Callable[[int], None] | None = None,
    watch: Callable[[Frames], None] | None = None,
) -> MotionResult:
    """Return the frames that fit best.

    Args:
        start: First guess.
        iterations: Most steps.
        freeze_visibility_after: Visibility follows the pose for this many steps, then stays, so that the cost is one
            function and the solver can end.
        tolerance: Ends when a step lowers the cost by less than this share.
        progress: Called with the number of each step; may raise to stop.
        watch: Called with the frames as they are so far, after each step that brought them forward.
    """
    frames, damping, growth = start, 1e-2, 2.0
    visibility = landmark_visibility(problem.model, problem.shared, frames)
    system = _system(problem, frames, visibility)
    converged = False
    done = 0
    for done in range(1, iterations + 1):
        if progress is not None:
            progress(done)
        step = _step(problem, system, damping)
        trial = frames.moved(step) if step is not None else frames
        cost = _cost(problem, trial, visibility) if step is not None else float("inf")
        expected = _expected_gain(system, step, problem, damping) if step is not None else 1.0
        gain = (system.cost - cost) / max(expected, 1e-30)
        if not gain > 0:  # also where the cost is not a number
            damping, growth = damping * growth, growth * 2
            converged = damping > 1e8
            if converged:
                break
            continue
        small = system.cost - cost < tolerance * system.cost
        frames = trial
        if watch is not None:
            watch(frames)
        damping, growth = max(damping * max(1 / 3, 1 - (2 * gain - 1) ** 3), 1e-6), 2.0
        if done <= freeze_visibility_after:
            visibility = landmark_visibility(problem.model, problem.shared, frames)
        elif small:
            converged = True
            break
        system = _system(problem, frames, visibility)
    return MotionResult(frames, visibility, done, converged, pose_covariance(system.blocks, system.band))


def _data(problem: MotionProblem, frames: Frames, visibility: Tensor, part: slice) -> Residuals:
    return residuals(problem.model, problem.shared, frames[part], problem.seen[part], visibility[part], problem.tuning)


def _cost(problem: MotionProblem, frames: Frames, visibility: Tensor) -> float:
    def of(part: slice) -> float:
        pictures = problem.pictures.cost(frames[part], part) if problem.pictures is not None else 0.0
        return float(_data(problem, frames, visibility, part).cost.sum()) + pictures

    data = sum(over_chunks(of, len(frames), CHUNK, visibility.device))
    prior, _, _ = problem.prior.evaluate(frames)
    smooth = float(evaluate_links(frames, problem.links).cost) if len(frames) > 1 else 0.0
    lids = float(problem.lids.cost(frames.expression).sum()) if problem.lids is not None else 0.0
    return data + float(prior.sum()) + smooth + lids


def _system(problem: MotionProblem, frames: Frames, visibility: Tensor) -> _System:
    def of(part: slice) -> tuple[float, FrameEquations]:
        data = _data(problem, frames, visibility, part)
        own = frame_equations(problem.model, problem.shared, frames[part], problem.seen[part], data)
        if problem.pictures is None:
            return float(data.cost.sum()), own
        seen = problem.pictures.equations(frames[part], part)
        both = FrameEquations(own.hessian + seen.hessian, own.gradient + seen.gradient)
        return float(data.cost.sum()) + problem.pictures.cost(frames[part], part), both

    costs, parts = zip(*over_chunks(of, len(frames), CHUNK, visibility.device), strict=True)
    prior_cost, prior_gradient, bounds = problem.prior.evaluate(frames)
    blocks = torch.cat([part.hessian for part in parts]) + problem.prior.precision
    blocks.diagonal(dim1=1, dim2=2)[:, EXPRESSION_START:] += bounds
    gradient = torch.cat([part.gradient for part in parts]) + prior_gradient
    band = evaluate_links(frames, problem.links)
    cost = sum(costs) + float(prior_cost.sum()) + float(band.cost)
    if problem.lids is not None:
        shut, pull, own = problem.lids.equations(frames.expression)
        blocks[shut, EXPRESSION_START:, EXPRESSION_START:] += own
        gradient[shut, EXPRESSION_START:] += pull
        cost += float(problem.lids.cost(frames.expression).sum())
    return _System(cost, blocks, gradient + band.gradient, band)


def _step(problem: MotionProblem, system: _System, damping: float) -> Tensor | None:
    damped = system.blocks.clone()
    damped.diagonal(dim1=1, dim2=2).add_(damping / problem.prior.scale.square())
    step = solve_banded(assemble(damped, system.band), system.gradient)
    return None if step is None else torch.as_tensor(step).to(system.gradient)


def _expected_gain(system: _System, step: Tensor, problem: MotionProblem, damping: float) -> float:
    """What the linear model promises: step' (damping step - gradient) / 2."""
    return 0.5 * float((step * (damping / problem.prior.scale.square() * step - system.gradient)).sum())


def solve_in_windows(
    problem_of: Callable[[slice], MotionProblem],
    start: Frames,
    *,
    window: int = 512,
    overlap: int = 48,
    progress: Callable[[int, int], None] | None = None,
    watch: Callable[[slice, Frames], None] | None = None,
) -> list[tuple[slice, MotionResult]]:
    """Solve a clip of any length in bounded memory.

    Windows overlap by far more than smoothness reaches, and each window keeps its core only, so they agree. `watch` is
    told of a window's frames as they are so far.

    Returns:
        For every window the frames of the clip that it answers for, and the result for exactly these.
    """
    count = len(start)
    cores = [slice(first, min(first + window, count)) for first in range(0, count, window)]
    results = []
    for number, core in enumerate(cores):
        wide = slice(max(core.start - overlap, 0), min(core.stop + overlap, count))

        def report(step: int, number: int = number) -> None:
            if progress is not None:
                progress(number * 12 + step, len(cores) * 12)

        def show(frames: Frames, wide: slice = wide) -> None:
            if watch is not None:
                watch(wide, frames)

        solved = solve_motion(problem_of(wide), start[wide], progress=report, watch=show)
        own = slice(core.start - wide.start, core.stop - wide.start)
        kept = replace(
            solved,
            frames=solved.frames[own],
            visibility=solved.visibility[own],
            covariance=solved.covariance[own],
        )
        results.append((core, kept))
    return results


def joined(results: list[tuple[slice, MotionResult]]) -> tuple[Frames, Tensor]:
    """Return frames and visibility of the whole clip."""
    return concatenate([result.frames for _, result in results]), torch.cat([r.visibility for _, r in results])
