"""Fits what the clip shares, round by round: each brings nearer, and what is dear or misleading far away comes last."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..contract.arrays import Integers
from .evidence.observations import Observations
from .geometry.landmark_model import LandmarkModel
from .geometry.state import Frames, Shared
from .listener import Listener
from .options.fit_options import FitOptions
from .options.weights import for_the_person
from .outline.term import OutlineTerm
from .solvers.identity import IdentityProblem, IdentityResult, solve_identity
from .terms.priors import LOCKED, frame_prior, shared_prior


@dataclass(frozen=True)
class Round:
    """One solve.

    Attributes:
        offsets: Whether landmarks may leave their place.
        iterations: Most steps.
        outlined: Whether the outline takes part.
        finds_focal: Whether the focal length is found in it, or held.
    """

    offsets: bool
    iterations: int
    outlined: bool
    finds_focal: bool = True


def rounds_of(offsets: bool, *, outlined: bool, known: bool) -> list[Round]:
    """Return the solves of a clip: with offsets at all, with an outline, and whether the focal length is known."""
    if known or not outlined:
        return [Round(False, 4, outlined), Round(offsets, 4, outlined)]
    return [Round(False, 4, False), Round(offsets, 2, False), Round(offsets, 3, True, finds_focal=False)]


@dataclass(frozen=True)
class SharedFit:
    """What is known while the clip is fitted on key frames.

    Attributes:
        model: The landmark points.
        observations: What the key frames show.
        keys: Their positions in the clip.
        log_focal, focal_sigma: Mean of log focal, and its standard deviation, 0 where it is known.
        options: Weights, and whether landmarks may leave their place at all.
        outline: The person's outline, or None.
        listener: Hears of it.
    """

    model: LandmarkModel
    observations: Observations
    keys: Integers
    log_focal: float
    focal_sigma: float
    options: FitOptions
    outline: OutlineTerm | None
    listener: Listener


def fit_shared(work: SharedFit, start: IdentityResult) -> IdentityResult:
    """Return the clip and its key frames, round by round.

    First without offsets and the lips' contact, which is cheap and brings all near; then with them.

    A focal length that is not known is found without the outline, which was asked for it before, with all its doubts:
    once more, and as if it were sure, it would make lenses too long (on twelve rendered people by 26 % in the mean
    instead of 15). Then the outline shapes the head for it.
    """
    work = least_noise(work)
    rounds = rounds_of(work.options.offsets, outlined=work.outline is not None, known=work.focal_sigma <= 0)
    total = sum(each.iterations for each in rounds)
    result, done = start, 0
    for each in rounds:

        def report(step: int, before: int = done) -> None:
            work.listener.progress("identity", before + step, total)

        def show(shared: Shared, frames: Frames) -> None:
            work.listener.watch(work.model, shared, work.keys, frames)

        problem = identity_problem(work, each, result.shared, first=done == 0)
        solved = solve_identity(
            problem, result.shared, result.frames, iterations=each.iterations, progress=report, watch=show
        )
        sigma = solved.focal_sigma if each.finds_focal else result.focal_sigma
        result = IdentityResult(solved.shared, solved.frames, sigma, result.iterations + solved.iterations)
        done += each.iterations
    return result


def least_noise(work: SharedFit) -> SharedFit:
    """Return the same with landmarks that are never more certain than what can be seen of a person in so few pixels."""
    noise = work.observations.noise.clamp_min(work.options.tuning.identity_pixels)
    return replace(work, observations=replace(work.observations, noise=noise))


def identity_problem(work: SharedFit, each: Round, shared: Shared, *, first: bool) -> IdentityProblem:
    """Return one round's problem.

    Args:
        work, each: The clip, and the round.
        shared: Where it starts; a focal length that is not found in this round is held there.
        first: Whether lips may still pass through each other.
    """
    tuning, outline = work.options.tuning, work.outline if each.outlined else None
    held = (float(shared.log_focal), LOCKED)
    mean, sigma = (work.log_focal, max(work.focal_sigma, LOCKED)) if each.finds_focal else held
    people = shared_prior(work.model, tuning, log_focal=mean, focal_sigma=sigma, offsets=each.offsets)
    faces = frame_prior(work.model, for_the_person(tuning), neck_free=False, tails=each.offsets)
    model = work.model.with_free_lips() if first else work.model
    return IdentityProblem(model, work.observations, faces, people, tuning, outline, each.offsets)
