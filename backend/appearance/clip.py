"""Refines a whole clip by its pictures: what the clip shares on key frames, then every frame with known colours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import Tensor

from ..contract.arrays import Integers, Singles
from ..data.landmark_distance import eye_distance
from ..fit.clip import PRECISION
from ..fit.clip_input import ClipInput
from ..fit.conversion import to_state
from ..fit.evidence.observations import Observations, observe
from ..fit.geometry.landmark_model import LandmarkModel, landmark_model
from ..fit.geometry.parallel import PROCESSOR
from ..fit.geometry.state import Frames, Shared
from ..fit.geometry.surface_samples import choose_samples, sample_model
from ..fit.geometry.visibility import landmark_visibility
from ..fit.listener import Progress
from ..fit.options.fit_options import FitOptions
from ..fit.options.weights import for_the_person
from ..fit.outline.term import frames_with_masks, held_to_outline, outline_term
from ..fit.solvers.identity import IdentityProblem
from ..fit.solvers.motion import MotionProblem, joined, solve_in_windows
from ..fit.terms.lid_contact import lid_contact
from ..fit.terms.motion_power import motion_power
from ..fit.terms.pictures_cost import PicturesCost
from ..fit.terms.priors import LOCKED, SharedPrior, frame_prior, shared_prior, with_free_rigid_offset, with_tilt_prior
from ..fit.terms.smoothness import MotionPower, smoothness_weights
from ..head.model import HeadModel
from .aperture_restoration import explaining_offsets, with_openings
from .key_frame_solve import (
    FINEST,
    PhotometricProblem,
    PhotometricState,
    features_at,
    picture_columns,
    solve_photometric,
    unrefined_state,
)
from .pictures.device import feature_maker
from .pictures.view import Feature, View
from .terms.edge_prior import with_edge_prior
from .terms.fixed_albedo_term import Colours, fixed_albedo_term
from .terms.photometric_term import PhotometricTuning, brightness, colours

if TYPE_CHECKING:
    from ..data.types import Fit

SAMPLES: Final = 3000
LANDMARK_SHARE: Final = 0.3
"""Share of their usual weight that landmarks have beside the pictures: their errors are the same in every frame."""
TURN: Final = 0.07
SHIFT: Final = 0.003
"""How far the detector sees whole faces turned (radians about each axis) and shifted (metres): standard deviations."""
TILT: Final = 0.0044
"""How far an identity turns the face within the head, radians: standard deviation. People of the head's own spread have
0.02; less here, because a head that cannot be the person turns its face and is then believed to look elsewhere."""
STILL, TURNING = 0.3, 0.6
"""Largest angle between key frames (radians) up to which texture says nothing of how the surface lies, so that only the
motion is refined, and from which on it says all it can: in between landmarks may be off by a share of `TURN` and
`SHIFT`."""
PICTURE_BATCH: Final = 24
"""Pictures that are held at once before their features are made."""


@dataclass(frozen=True)
class Refinement:
    """What is refined, and with what.

    Attributes:
        fit: The finished fit.
        head: Its head.
        clip: What it was fitted to.
        solved: Frames of the clip that take part (S,).
        keys: Key frames, positions among these (K,); key_views: their pictures.
        views: Gives the pictures of solved frames (ascending positions); None for those without.
        options: How the fit was made.
        trust: Factor of the pictures' weight.
        device: What computes.
    """

    fit: Fit
    head: HeadModel
    clip: ClipInput
    solved: Integers
    keys: Integers
    key_views: list[View]
    views: Callable[[Integers], list[View | None]]
    options: FitOptions
    trust: float
    device: torch.device = PROCESSOR


@dataclass(frozen=True)
class RefinedClip:
    """The refined clip.

    Attributes:
        model: The landmark points of the head.
        shared, frames: What the clip shares; every solved frame.
        visibility: Of each landmark (S, 478).
        keys: Key frames.
        light: Coefficients of the light.
        spread_before, spread_after: How much the brightness of a point differs between key frames (robust, in the
            finest band): the measure by which the refinement is judged.
    """

    model: LandmarkModel
    shared: Shared
    frames: Frames
    visibility: Tensor
    keys: Integers
    light: Singles
    spread_before: float
    spread_after: float


def refine_clip(work: Refinement, progress: Progress | None = None) -> RefinedClip:
    """Return the clip as landmarks and pictures together have it."""
    model = landmark_model(work.head, PRECISION, work.device)
    shared, frames = to_state(work.fit, model, work.solved, work.head.detector_offsets)
    observations = _observed(work, model, frames)
    problem = _key_problem(work, model, shared, frames, observations)
    index = torch.as_tensor(work.keys, device=work.device)

    def report(part: str) -> Callable[[int, int], None]:
        return lambda done, total: progress(part, done, total) if progress is not None else None

    before = _spread(problem, shared, frames[index])
    if _turning(work) > 0:
        keys = solve_photometric(problem, shared, frames[index], progress=report("keys"))
    else:
        keys = unrefined_state(problem, shared, frames[index])
    near = _carried(frames, frames[index], keys.frames, index)
    power = _power(work, frames)
    moved = _motion(work, model, problem, keys, near, observations, power, report("motion"))
    moved = with_openings(model, problem.landmarks.frame_prior, (shared, frames), (keys.shared, moved))
    on_keys = replace(problem.landmarks, observations=observations[index])
    explained = explaining_offsets(on_keys, keys.shared, moved[index]) if work.options.offsets else keys.shared
    visibility = landmark_visibility(model, explained, moved)
    after = _spread(problem, explained, moved[index])
    return RefinedClip(model, explained, moved, visibility, work.keys, keys.light, before, after)


def _observed(work: Refinement, model: LandmarkModel, frames: Frames) -> Observations:
    clip = work.clip
    size = eye_distance(model.template.cpu().numpy()[None])[0] / np.exp(frames.position[:, 2].cpu().numpy())
    return observe(clip.points, clip.scores, clip.centre, size, model, work.options.tuning, clip.counted)


def _key_problem(
    work: Refinement, model: LandmarkModel, shared: Shared, frames: Frames, observations: Observations
) -> PhotometricProblem:
    tuning = work.options.tuning
    of_frames = frame_prior(model, for_the_person(tuning), neck_free=False)
    # Pictures claim to know the focal length and do not: let free, it went from 0.2 to 44 % off on a rendered clip.
    log_focal = float(shared.log_focal)
    clip = shared_prior(model, tuning, log_focal=log_focal, focal_sigma=LOCKED, offsets=work.options.offsets)
    key_observations = observations[torch.as_tensor(work.keys, device=work.device)]
    key_observations = replace(key_observations, weight=key_observations.weight * LANDMARK_SHARE)
    loose = max(_turning(work), 1e-3)
    clip = with_tilt_prior(with_free_rigid_offset(clip, model, loose * TURN, loose * SHIFT), model, TILT)
    clip = with_edge_prior(_outlined(work, model, shared, frames, clip), model, shared)
    landmarks = IdentityProblem(model, key_observations, of_frames, clip, tuning)
    samples = choose_samples(work.head, SAMPLES)
    weights = PhotometricTuning()
    weights = replace(weights, evidence=weights.evidence * work.trust)
    points, maker = sample_model(work.head, samples, model), feature_maker(work.head, samples, work.device)
    return PhotometricProblem(landmarks, points, work.head, maker, work.key_views, weights, picture_columns(points))


def _outlined(
    work: Refinement, model: LandmarkModel, shared: Shared, frames: Frames, prior: SharedPrior
) -> SharedPrior:
    """Return the prior with what the outline of the person says of the identity."""
    clip = work.clip
    rotations = frames.rotation.cpu().double().numpy()
    shown = frames_with_masks(clip.masks, clip.points, rotations, clip.times, clip.trust)
    term = outline_term(work.head, model, clip.masks, shown, shown, clip.centre, work.options.tuning)
    if term is None:
        return prior
    return held_to_outline(prior, term, shared, frames[torch.as_tensor(shown, device=work.device)])


def _turning(work: Refinement) -> float:
    """Return how much the head turns between key frames: 0 for a still one, 1 for one that shows both cheeks."""
    forward = work.fit.rotation[work.solved[work.keys]][:, :, 2]
    widest = float(np.arccos(np.clip(forward @ forward.T, -1, 1)).max())
    return float(np.clip((widest - STILL) / (TURNING - STILL), 0, 1))


def _spread(problem: PhotometricProblem, shared: Shared, frames: Frames) -> float:
    """Return the mean deviation of each point's brightness from its colour, over what is seen on the key frames."""
    model = problem.landmarks.model
    features = features_at(problem.head, problem.maker, model, shared, frames, problem.views, FINEST)
    value = brightness(problem.points, shared, frames, features).value
    colour, weight = colours(value, np.stack([feature.visibility for feature in features]), problem.tuning)
    return float((weight * np.abs(value - colour)).sum() / max(float(weight.sum()), 1e-9))


def _carried(frames: Frames, before: Frames, after: Frames, index: Tensor) -> Frames:
    """Return all frames with what the key frames changed in common: a first guess for those between them."""
    turn = (before.rotation.transpose(1, 2) @ after.rotation).double()
    left, _, right = torch.linalg.svd(turn.mean(0))
    common = (left @ right).to(frames.rotation)
    every = replace(
        frames,
        rotation=frames.rotation @ common,
        position=frames.position + (after.position - before.position).mean(0),
        jaw=frames.jaw + (after.jaw - before.jaw).mean(0),
        expression=frames.expression + (after.expression - before.expression).mean(0),
    )
    return every.with_frames(index, after)


def _power(work: Refinement, frames: Frames) -> MotionPower:
    """Return how much moves in the finished fit: key frames that were refined alone stand out of their neighbours."""
    times = torch.as_tensor(work.clip.times).to(frames.position)
    return motion_power(frames, times, torch.as_tensor(work.clip.together, device=work.device))


def _motion(
    work: Refinement,
    model: LandmarkModel,
    problem: PhotometricProblem,
    keys: PhotometricState,
    frames: Frames,
    observations: Observations,
    power: MotionPower,
    report: Callable[[int, int], None],
) -> Frames:
    """Return every frame with the colours of the key frames."""
    of_frames = frame_prior(model, work.options.tuning, neck_free=work.options.neck_free)
    times = torch.as_tensor(work.clip.times).to(keys.shared.identity)
    together = torch.as_tensor(work.clip.together, device=work.device)
    depth = frames.translation(keys.shared.focal)[:, 2]
    lids = lid_contact(model, keys.shared, frames, work.clip.counted_points)

    def landmarks_only(part: slice) -> MotionProblem:
        inner = slice(part.start, part.stop - 1)
        between = smoothness_weights(
            model,
            work.options.tuning,
            times[part],
            together[inner],
            depth[part],
            work.options.smoothness,
            power=power[part],
        )
        closed = None if lids is None else lids[part]
        return MotionProblem(
            model, keys.shared, observations[part], of_frames, between, work.options.tuning, lids=closed
        )

    def with_pictures(part: slice) -> MotionProblem:
        return replace(landmarks_only(part), pictures=_pictures(work, model, problem, keys, frames[part], part))

    moved, _ = joined(solve_in_windows(with_pictures, frames, progress=report))
    return moved


def _pictures(
    work: Refinement,
    model: LandmarkModel,
    problem: PhotometricProblem,
    keys: PhotometricState,
    frames: Frames,
    part: slice,
) -> PicturesCost:
    """Return the pictures' part of a window of frames; pictures are read in batches and only features are kept."""
    features: list[Feature | None] = []
    for start in range(part.start, part.stop, PICTURE_BATCH):
        wanted = np.arange(start, min(start + PICTURE_BATCH, part.stop))
        views = work.views(wanted)
        shown = [position for position, view in enumerate(views) if view is not None]
        shown_frames = frames[torch.as_tensor(wanted[shown] - part.start, device=work.device)]
        some = [view for view in views if view is not None]
        made = features_at(problem.head, problem.maker, model, keys.shared, shown_frames, some, FINEST)
        batch: list[Feature | None] = [None] * len(views)
        for position, feature in zip(shown, made, strict=True):
            batch[position] = feature
        features += batch
    trust = np.asarray(work.clip.trust[part], dtype=np.float32)
    colours_there = Colours(keys.colour, keys.light, keys.sure)
    return fixed_albedo_term(problem.points, keys.shared, features, colours_there, trust, problem.tuning)
