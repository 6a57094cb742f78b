"""Fits what the clip shares, round by round: each brings nearer, and what is dear or misleading far away comes last."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ..evidence.observations import Observations
from ..geometry.landmark_model import LandmarkModel
from ..geometry.state import Frames, Shared
from ..options.weights import Tuning, for_the_person
from ..outline.term import OutlineTerm
from ..terms.priors import LOCKED, frame_prior, shared_prior
from .identity import IdentityProblem, IdentityResult, solve_identity


@dataclass(frozen=True)
class _Round:
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


def _rounds(offsets: bool, *, outlined: bool, known: bool) -> list[_Round]:
    if known or not outlined:
        return [_Round(False, 4, outlined), _Round(offsets, 4, outlined)]
    return [_Round(False, 4, False), _Round(offsets, 2, False), _Round(offsets, 3, True, finds_focal=False)]


def fit_shared(
    model: LandmarkModel,
    seen: Observations,
    start: IdentityResult,
    focal: tuple[float, float],
    tuning: Tuning,
    outline: OutlineTerm | None,
    *,
    offsets: bool,
    progress: Callable[[str, int, int], None] | None = None,
    watch: Callable[[Shared, Frames], None] | None = None,
) -> IdentityResult:
    """First without offsets and the lips' contact, which is cheap and brings all near; then with them.

    A focal length that is not known is found without the outline, which was asked for it before, with all its doubts:
    once more, and as if it were sure, it would make lenses too long (on twelve rendered people by 26 % in the mean
    instead of 15). Then the outline shapes the head for it.

    Args:
        model, seen, tuning, outline: The landmark points, what the key frames show, weights, and the outline or None.
        start: Where to start.
        focal: Mean of log focal and its standard deviation, 0 where it is known.
        offsets: Whether landmarks may leave their place at all.
        progress: Takes the part of the fit, the steps done and the steps in all.
        watch: See `identity.solve_identity`.
    """
    log_focal, focal_sigma = focal
    seen = replace(seen, noise=seen.noise.clamp_min(tuning.identity_pixels))
    rounds = _rounds(offsets, outlined=outline is not None, known=focal_sigma <= 0)
    result, done = start, 0
    total = sum(each.iterations for each in rounds)
    for each in rounds:
        held = (float(result.shared.log_focal), LOCKED)
        mean, sigma = (log_focal, max(focal_sigma, LOCKED)) if each.finds_focal else held
        clip_prior = shared_prior(model, tuning, log_focal=mean, focal_sigma=sigma, offsets=each.offsets)

        def report(step: int, before: int = done) -> None:
            if progress is not None:
                progress("identity", before + step, total)

        own = frame_prior(model, for_the_person(tuning), neck_free=False, tails=each.offsets)
        lips = model if done else free_lips(model)
        solved = solve_identity(
            IdentityProblem(lips, seen, own, clip_prior, tuning, outline if each.outlined else None, each.offsets),
            result.shared,
            result.frames,
            iterations=each.iterations,
            progress=report,
            watch=watch,
        )
        found = solved.focal_sigma if each.finds_focal else result.focal_sigma
        result = IdentityResult(solved.shared, solved.frames, found, result.iterations + solved.iterations)
        done += each.iterations
    return result


def free_lips(model: LandmarkModel) -> LandmarkModel:
    """Return the model with lips that may pass through each other: from afar, no way leads around their contact."""
    return replace(model, lips=None)
