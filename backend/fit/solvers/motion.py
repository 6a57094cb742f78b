"""Fits the frames of a clip to their landmarks while identity, focal length and offsets stay as they are.

The damping is scaled by the priors, which is worth a factor of four in iterations here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

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
from ..terms.smoothness import SmoothnessWeights, linearise_smoothness
from .banded import BandedSystem
from .levenberg_marquardt import Limits, Step, minimise
from .pose_covariance import pose_covariance

LIMITS: Final = Limits(steps=12, tolerance=1e-3, following=2)
CHUNK = 32
"""Frames whose Jacobians are held at once per core: bounds memory, and stays in the processor's cache."""


@dataclass(frozen=True)
class MotionProblem:
    """All that stays fixed while a window of frames is solved."""

    model: LandmarkModel
    shared: Shared
    observations: Observations
    prior: FramePrior
    smoothness: SmoothnessWeights
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


class MotionFit:
    """The frames of a window as a least-squares problem; visibility is held during a step."""

    def __init__(self, problem: MotionProblem, start: Frames) -> None:
        self._problem = problem
        self.visibility = landmark_visibility(problem.model, problem.shared, start)

    def follow(self, at: Frames) -> None:
        """See `LeastSquares.follow`."""
        self.visibility = landmark_visibility(self._problem.model, self._problem.shared, at)

    def retract(self, at: Frames, step: Step[Tensor]) -> Frames:
        """Return the frames after a step."""
        return at.retract(step.increment)

    def cost(self, at: Frames) -> float:
        """Return the cost of landmarks, priors, smoothness and contact."""
        problem = self._problem

        def of(part: slice) -> float:
            pictures = problem.pictures.cost(at[part], part) if problem.pictures is not None else 0.0
            return float(self._residuals(at, part).cost.sum()) + pictures

        data = sum(over_chunks(of, len(at), CHUNK, self.visibility.device))
        prior, _, _ = problem.prior.evaluate(at)
        smooth = float(linearise_smoothness(at, problem.smoothness).cost) if len(at) > 1 else 0.0
        lids = float(problem.lids.cost(at.expression).sum()) if problem.lids is not None else 0.0
        return data + float(prior.sum()) + smooth + lids

    def linearise(self, at: Frames) -> BandedSystem:
        """Return the normal equations of all frames."""
        problem = self._problem
        costs, parts = zip(
            *over_chunks(lambda part: self._equations(at, part), len(at), CHUNK, self.visibility.device), strict=True
        )
        prior_cost, prior_gradient, bounds = problem.prior.evaluate(at)
        blocks = torch.cat([part.hessian for part in parts]) + problem.prior.precision
        blocks.diagonal(dim1=1, dim2=2)[:, EXPRESSION_START:] += bounds
        gradient = torch.cat([part.gradient for part in parts]) + prior_gradient
        band = linearise_smoothness(at, problem.smoothness)
        cost = sum(costs) + float(prior_cost.sum()) + float(band.cost)
        if problem.lids is not None:
            shut, pull, curvature = problem.lids.equations(at.expression)
            blocks[shut, EXPRESSION_START:, EXPRESSION_START:] += curvature
            gradient[shut, EXPRESSION_START:] += pull
            cost += float(problem.lids.cost(at.expression).sum())
        return BandedSystem(cost, blocks, gradient + band.gradient, band, 1 / problem.prior.scale.square())

    def _residuals(self, at: Frames, part: slice) -> Residuals:
        problem = self._problem
        return residuals(
            problem.model, problem.shared, at[part], problem.observations[part], self.visibility[part], problem.tuning
        )

    def _equations(self, at: Frames, part: slice) -> tuple[float, FrameEquations]:
        """Return cost and normal equations of landmarks and pictures in some frames."""
        problem, data = self._problem, self._residuals(at, part)
        result = frame_equations(problem.model, problem.shared, at[part], problem.observations[part], data)
        if problem.pictures is None:
            return float(data.cost.sum()), result
        shown = problem.pictures.equations(at[part], part)
        both = FrameEquations(result.hessian + shown.hessian, result.gradient + shown.gradient)
        return float(data.cost.sum()) + problem.pictures.cost(at[part], part), both


def solve_motion(
    problem: MotionProblem,
    start: Frames,
    *,
    limits: Limits = LIMITS,
    progress: Callable[[int], None] | None = None,
    watch: Callable[[Frames], None] | None = None,
) -> MotionResult:
    """Return the frames that fit best; arguments as for `minimise`."""
    fit = MotionFit(problem, start)
    minimum = minimise(fit, start, limits, progress=progress, watch=watch)
    frames = minimum.unknowns
    system = minimum.linearisation if minimum.converged else fit.linearise(frames)
    return MotionResult(
        frames, fit.visibility, minimum.steps, minimum.converged, pose_covariance(system.blocks, system.band)
    )


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
                progress(number * LIMITS.steps + step, len(cores) * LIMITS.steps)

        def show(frames: Frames, wide: slice = wide) -> None:
            if watch is not None:
                watch(wide, frames)

        solved = solve_motion(problem_of(wide), start[wide], progress=report, watch=show)
        core_rows = slice(core.start - wide.start, core.stop - wide.start)
        core_result = replace(
            solved,
            frames=solved.frames[core_rows],
            visibility=solved.visibility[core_rows],
            covariance=solved.covariance[core_rows],
        )
        results.append((core, core_result))
    return results


def joined(results: list[tuple[slice, MotionResult]]) -> tuple[Frames, Tensor]:
    """Return frames and visibility of the whole clip."""
    return concatenate([result.frames for _, result in results]), torch.cat([r.visibility for _, r in results])
