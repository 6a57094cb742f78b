"""Fits one person to the key frames of several clips, each with its own lens, landmark offsets and poses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import torch
from torch import Tensor

from ..fit.geometry.state import Shared
from ..fit.shared_fit import SharedFit, identity_problem, least_noise, rounds_of
from ..fit.solvers.identity import FOLLOWING, TOLERANCE, ClipUnknowns, IdentityFit, IdentityProblem
from ..fit.solvers.levenberg_marquardt import Limits, Step, minimise
from ..fit.terms.priors import SharedPrior
from .joint_system import JointStep, JointSystem, PersonPrior

LEAST_KEY_FRAMES: Final = 8
"""Of a clip, where it has so many; together the clips have as many as a single one, so that what they tell counts as
much: the detector is wrong about a person in the same way on every frame, and more of them do not make that better. A
photograph, which has one, is not said to show somebody else because of its expression."""


class JointFit:
    """Several clips as one least-squares problem: identity and landmark offsets are the same in all."""

    def __init__(self, problems: Sequence[IdentityProblem], start: tuple[ClipUnknowns, ...]) -> None:
        self._modes = problems[0].model.identity_modes
        self._offsets = problems[0].offsets
        self._prior = _without_lens(problems[0].shared_prior)
        apart = [replace(each, shared_prior=_of_lens_alone(each.shared_prior, self._modes)) for each in problems]
        self._clips = [IdentityFit(each, at) for each, at in zip(apart, start, strict=True)]

    def follow(self, at: tuple[ClipUnknowns, ...]) -> None:
        """See `LeastSquares.follow`."""
        for clip, where in zip(self._clips, at, strict=True):
            clip.follow(where)

    def retract(self, at: tuple[ClipUnknowns, ...], step: Step[JointStep]) -> tuple[ClipUnknowns, ...]:
        """Return all clips after a step."""
        each = zip(self._clips, at, step.increment.clips, strict=True)
        return tuple(clip.retract(where, Step(change, step.gain)) for clip, where, change in each)

    def cost(self, at: tuple[ClipUnknowns, ...]) -> float:
        """Return the cost of all clips and of the person."""
        clips = zip(self._clips, at, strict=True)
        return float(self._prior.evaluate(at[0].shared)[0]) + sum(clip.cost(where) for clip, where in clips)

    def linearise(self, at: tuple[ClipUnknowns, ...]) -> JointSystem:
        """Return the normal equations of all clips."""
        systems = tuple(clip.linearise(where) for clip, where in zip(self._clips, at, strict=True))
        columns = len(systems[0].border_gradient)
        common = torch.arange(columns, device=systems[0].border.device) != self._modes
        return JointSystem(systems, common, self._person(at[0].shared, common))

    def _person(self, shared: Shared, common: Tensor) -> PersonPrior:
        cost, gradient = self._prior.evaluate(shared)
        dense = self._modes + 1
        hessian = gradient.new_zeros(len(common), len(common))
        hessian[:dense, :dense] = self._prior.dense_precision
        damping = hessian.diagonal().clone()
        if self._offsets:
            hessian[dense:, dense:] = self._prior.offset_hessian()
            damping[dense:] = self._prior.offset_precision
        return PersonPrior(float(cost), hessian[common][:, common], gradient[: len(common)][common], damping[common])


def _without_lens(prior: SharedPrior) -> SharedPrior:
    """Return the prior of the person alone."""
    precision = prior.dense_precision.clone()
    precision[-1, -1] = 0
    return replace(prior, dense_precision=precision)


def _of_lens_alone(prior: SharedPrior, modes: int) -> SharedPrior:
    """Return the prior of a clip's focal length alone."""
    precision = torch.zeros_like(prior.dense_precision)
    precision[modes, modes] = prior.dense_precision[modes, modes]
    nothing = {name: torch.zeros_like(getattr(prior, name)) for name in ("offset_precision", "rigid", "meeting")}
    return replace(prior, dense_precision=precision, **nothing)


@dataclass(frozen=True)
class JointResult:
    """One person in several clips.

    Attributes:
        clips: What each clip shares, and its key frames; the identity is the same in all.
        disagreement: By how much each clip's cost would fall with an identity of its own, for each of its key frames.
    """

    clips: tuple[ClipUnknowns, ...]
    disagreement: tuple[float, ...]


def fit_together(
    works: Sequence[SharedFit], starts: Sequence[ClipUnknowns], progress: Callable[[int, int], None]
) -> JointResult:
    """Return the person that fits all clips best, round by round as `shared_fit.fit_shared` does for one clip.

    Args:
        works, starts: Each clip, and where it starts.
        progress: Called with the steps that are done and their number; may raise to stop.
    """
    works = [least_noise(each) for each in works]
    unsure = any(each.outline is not None and each.focal_sigma > 0 for each in works)
    rounds = rounds_of(works[0].options.offsets, outlined=unsure, known=not unsure)
    total = sum(each.iterations for each in rounds)
    at, done, system = tuple(starts), 0, None
    for each in rounds:

        def report(step: int, before: int = done) -> None:
            progress(before + step, total)

        clips = zip(works, at, strict=True)
        problems = [identity_problem(work, each, where.shared, first=done == 0) for work, where in clips]
        fit = JointFit(problems, at)
        minimum = minimise(fit, at, Limits(each.iterations, TOLERANCE, FOLLOWING), progress=report)
        at, done = minimum.unknowns, done + each.iterations
        system = fit.linearise(at)
    assert system is not None
    savings = zip(system.savings(), works, strict=True)
    return JointResult(at, tuple(saving / max(len(work.keys), LEAST_KEY_FRAMES) for saving, work in savings))
