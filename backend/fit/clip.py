"""Fits a head to the landmarks of a whole clip: first poses, what the clip shares on key frames, then every frame."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ..contract import names
from ..contract.arrays import Floats, Integers
from ..data.landmark_distance import eye_distance
from ..head.model import HeadModel
from .evidence.key_frames import choose_key_frames
from .evidence.observations import Observations, group_weights, observe
from .geometry.initial_pose import InitialPose, initial_poses
from .geometry.landmark_model import LandmarkModel, landmark_model
from .geometry.parallel import single_threaded_operations
from .geometry.state import Frames, Shared, neutral_frames
from .lens.lens_prior import LensPrior
from .lens.outline_focal import LANDMARK_SHARE, OutlineEvidence, outline_evidence
from .options.weights import Tuning
from .outline.silhouette import Masks
from .outline.term import frames_with_masks, outline_term
from .solvers.identity import IdentityResult
from .solvers.motion import MotionProblem, MotionResult, joined, solve_in_windows
from .solvers.pose_covariance import pose_sigma
from .solvers.shared_fit import fit_shared, free_lips
from .terms.expression_rest import motion_prior_of
from .terms.lid_contact import LidContact, lid_contact
from .terms.motion_power import LOOSE, motion_power
from .terms.priors import FramePrior, frame_prior
from .terms.smoothness import MotionPower, links

Progress = Callable[[str, int, int], None]
"""Takes the part of the fit, the steps done and the steps in all; may raise to stop."""

Watch = Callable[[LandmarkModel, Shared, Integers, Frames], None]
"""Is shown the fit while it goes on: the model, what the clip shares so far, the positions of some frames in the clip,
and these frames as they are so far."""

PRECISION = torch.float32
"""Single precision resolves 1e-4 px at 4K and is twice as fast; the banded system itself is solved in double."""
_STEADY_WEIGHT = 1.0
_MOVABLE_WEIGHT = 0.1


@dataclass(frozen=True)
class ClipInput:
    """What is fitted.

    Attributes:
        points: Landmarks in full-frame pixels (T, 478, 2 or 3); NaN where the face was not found.
        scores: MediaPipe's expression scores (T, 52), NaN where there are none.
        times: Seconds (T,).
        together: Whether t and t + 1 belong together: same shot, no long gap (T - 1,) bool.
        trust: Reliability of each frame, 0..1 (T,).
        centre: Principal point in pixels.
        focal: Focal length in pixels, known or assumed.
        focal_sigma: Standard deviation of its logarithm; 0 where it is known.
        lens: What is plausible of the focal length, or None where it is known.
        masks: Person masks, whose outline helps where the focal length is not known.
    """

    points: np.ndarray
    scores: np.ndarray
    times: Floats
    together: np.ndarray
    trust: Floats
    centre: tuple[float, float]
    focal: float
    focal_sigma: float
    lens: LensPrior | None = None
    masks: Masks | None = None


@dataclass(frozen=True)
class ClipSolution:
    """The fitted clip, as tensors.

    Attributes:
        model: The landmark points of the head.
        shared: What the clip shares.
        frames: Every frame; frames without landmarks are carried by smoothness alone.
        visibility: (T, 478).
        focal_sigma: Standard deviation of log focal after the fit.
        outline: What the person's outline said of the focal length, or None where it was not asked.
        key_frames: Positions of the key frames.
        seconds: Time spent per part.
        iterations: Steps per part.
        converged: Whether every window ended by itself.
        lens: What prior and outline together made plausible; None where the focal length was known.
        pose_sigma: What landmarks and smoothness leave open of the pose, degrees and millimetres (T, 2).
    """

    model: LandmarkModel
    shared: Shared
    frames: Frames
    visibility: Tensor
    focal_sigma: float
    outline: OutlineEvidence | None
    key_frames: Integers
    seconds: dict[str, float]
    iterations: dict[str, int]
    converged: bool
    lens: LensPrior | None = None
    pose_sigma: Floats | None = None


@single_threaded_operations()
def fit_clip(
    head: HeadModel,
    clip: ClipInput,
    tuning: Tuning,
    *,
    key_frames: int = 24,
    smoothness: float = 1.0,
    neck_free: bool = False,
    offsets: bool = True,
    device: torch.device | None = None,
    progress: Progress | None = None,
    watch: Watch | None = None,
) -> ClipSolution:
    """Return the head over the clip.

    At least one frame must have landmarks.

    Args:
        head: The head model.
        clip: Landmarks and camera.
        tuning: Weights of all residuals.
        key_frames: Most frames on which the shared unknowns are fitted.
        smoothness: Factor of all smoothness.
        neck_free: Whether the neck may bend.
        offsets: Whether landmarks may leave their place on the surface.
        device: Where Jacobians and normal equations are computed.
        progress: See `Progress`.
        watch: See `Watch`.
    """
    clock = _Clock()
    model = landmark_model(head, PRECISION, device or torch.device("cpu"))
    begun = _begin(model, clip, tuning, key_frames)
    clock.lap("start")
    outline = None
    if clip.focal_sigma > 0:
        free = free_lips(model)
        outline = outline_evidence(head, free, clip.masks, begun.seen, begun.frames, begun.shared, tuning, clip.centre)
        clock.lap("outline")
    clip = _informed(clip, outline)
    log_focal = torch.full_like(begun.shared.log_focal, float(np.log(clip.focal)))
    begun = replace(begun, shared=replace(begun.shared, log_focal=log_focal))

    def shown(now: Shared, which: Integers, those: Frames) -> None:
        if watch is not None:
            watch(model, now, which, those)

    how = _How(smoothness, neck_free, offsets, progress, shown)
    solution = _fitted(head, model, clip, tuning, begun, how, clock)
    sigma = solution.focal_sigma / LANDMARK_SHARE**0.5 if clip.focal_sigma > 0 else 0.0
    return replace(solution, focal_sigma=sigma, outline=outline, lens=clip.lens)


@single_threaded_operations()
def refit_clip(
    head: HeadModel,
    clip: ClipInput,
    tuning: Tuning,
    shared: Shared,
    frames: Frames,
    keys: Integers,
    *,
    smoothness: float = 1.0,
    neck_free: bool = False,
    offsets: bool = True,
) -> ClipSolution:
    """Return the head over a clip whose fit was finished before its focal length was known.

    Args:
        head, clip, tuning, smoothness, neck_free, offsets: As for `fit_clip`; the clip tells the focal length.
        shared, frames: Where to start: the finished fit (`to_state.state_of`).
        keys: Key frames (K,).
    """
    model = landmark_model(head, PRECISION, shared.identity.device)
    clock = _Clock()
    size = eye_distance(model.template.cpu().numpy()[None])[0] / np.exp(frames.place[:, 2].cpu().numpy())
    seen = observe(clip.points, clip.scores, clip.centre, size, model, tuning)
    shared = replace(shared, log_focal=torch.full_like(shared.log_focal, float(np.log(clip.focal))))
    begun = _Begun(seen, shared, frames, keys)
    solution = _fitted(head, model, clip, tuning, begun, _How(smoothness, neck_free, offsets), clock)
    return replace(solution, focal_sigma=0.0)


@dataclass(frozen=True)
class _Begun:
    """Before anything is fitted: what is seen, neutral heads where the landmarks are, positions of the key frames."""

    seen: Observations
    shared: Shared
    frames: Frames
    keys: Integers


def _begin(model: LandmarkModel, clip: ClipInput, tuning: Tuning, key_frames: int) -> _Begun:
    found = np.isfinite(clip.points[..., :2]).all(axis=(1, 2))
    poses = _first_poses(model, clip, found)
    size = poses.scale * float(eye_distance(model.template.cpu().numpy()[None])[0])
    seen = observe(clip.points, clip.scores, clip.centre, size, model, tuning)
    like = model.template
    shared = Shared(
        like.new_zeros(model.identity_modes), like.new_tensor(float(np.log(clip.focal))), torch.zeros_like(like)
    )
    frames = neutral_frames(model, torch.as_tensor(poses.rotation).to(like), _places(poses, shared))
    usable = np.flatnonzero(found)
    chosen = choose_key_frames(
        clip.points[usable, :, :2], poses.rotation[usable], clip.times[usable], clip.trust[usable], key_frames
    )
    return _Begun(seen, shared, frames, usable[chosen])


def _unwatched(_shared: Shared, _which: Integers, _frames: Frames) -> None:
    """Look at nothing."""


@dataclass(frozen=True)
class _How:
    """The choices of `fit_clip`; `watch` is told what the clip shares, the positions of frames, and these frames."""

    smoothness: float
    neck_free: bool
    offsets: bool
    progress: Progress | None = None
    watch: Callable[[Shared, Integers, Frames], None] = _unwatched


def _fitted(
    head: HeadModel,
    model: LandmarkModel,
    clip: ClipInput,
    tuning: Tuning,
    begun: _Begun,
    how: _How,
    clock: _Clock,
) -> ClipSolution:
    """Fit what the clip shares on key frames, then every frame."""
    rotations = begun.frames.rotation.cpu().double().numpy()
    outlined = frames_with_masks(clip.masks, clip.points, rotations, clip.times, clip.trust)
    begun = replace(begun, keys=np.union1d(begun.keys, outlined))
    outline = outline_term(head, model, clip.masks, outlined, begun.keys, clip.centre, tuning)
    index = torch.as_tensor(begun.keys, device=model.template.device)
    found = fit_shared(
        model,
        begun.seen[index],
        IdentityResult(begun.shared, begun.frames[index], 0.0, 0),
        (float(np.log(clip.focal)), clip.focal_sigma),
        tuning,
        outline,
        offsets=how.offsets,
        progress=how.progress,
        watch=lambda now, those: how.watch(now, begun.keys, those),
    )
    frames = begun.frames.put(torch.as_tensor(begun.keys, device=model.template.device), found.frames)
    clock.lap("identity")
    results = _fit_motion(model, clip, tuning, found.shared, frames, begun.seen, how)
    every_frame, visibility = joined(results)
    clock.lap("motion")
    return ClipSolution(
        model=model,
        shared=found.shared,
        frames=every_frame,
        visibility=visibility,
        focal_sigma=found.focal_sigma,
        outline=None,
        key_frames=begun.keys,
        seconds=clock.laps,
        iterations={"identity": found.iterations, "motion": max(result.iterations for _, result in results)},
        converged=all(result.converged for _, result in results),
        pose_sigma=pose_sigma(
            np.concatenate([result.covariance for _, result in results]),
            every_frame.translation(found.shared.focal)[:, 2].cpu().double().numpy(),
        ),
    )


def _informed(clip: ClipInput, outline: OutlineEvidence | None) -> ClipInput:
    """Return the clip with what is plausible of the focal length after the outline has been heard.

    All that is not from landmarks weighs more by the inverse of their share, which leaves the mean as it should be and
    the spread too small by that factor's root.
    """
    if clip.lens is None:
        return clip
    said = outline.likelihood if outline is not None else None
    lens = clip.lens if said is None else clip.lens.with_likelihood(said.grid, said.value)
    mean, sigma = lens.moments()
    return replace(clip, focal=float(np.exp(mean)), focal_sigma=sigma * LANDMARK_SHARE**0.5, lens=lens)


class _Clock:
    def __init__(self) -> None:
        self.last = time.perf_counter()
        self.laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = now - self.last
        self.last = now


def _first_poses(model: LandmarkModel, clip: ClipInput, found: np.ndarray) -> InitialPose:
    """Return a pose for every frame; frames without landmarks get that of the nearest frame with some."""
    weight = np.full(names.LANDMARKS, _STEADY_WEIGHT)
    weight[group_weights(Tuning()) != 1.0] = _MOVABLE_WEIGHT
    weight *= model.known.cpu().numpy()
    template = (model.template - model.pivot).cpu().double().numpy()
    pixels = clip.points[found][..., :2].astype(np.float64) - np.asarray(clip.centre)
    poses = initial_poses(pixels, template, weight)
    usable = np.flatnonzero(found)
    nearest = np.abs(np.arange(len(found))[:, None] - usable[None]).argmin(axis=1)
    return InitialPose(poses.rotation[nearest], poses.pixel[nearest], poses.scale[nearest])


def _places(poses: InitialPose, shared: Shared) -> Tensor:
    """Return the places (T, 3) that put the pivot at its pixel, as large as the affine camera sees it."""
    values = np.concatenate([poses.pixel / poses.scale[:, None], -np.log(poses.scale)[:, None]], axis=1)
    return torch.as_tensor(values).to(shared.identity)


def _fit_motion(
    model: LandmarkModel,
    clip: ClipInput,
    tuning: Tuning,
    shared: Shared,
    frames: Frames,
    seen: Observations,
    how: _How,
) -> list[tuple[slice, MotionResult]]:
    """Solve every frame twice: loosely, to learn how lively the clip is where, and then as smoothly as that allows."""
    times = torch.as_tensor(clip.times).to(shared.identity)
    together = torch.as_tensor(clip.together, device=times.device)
    depth = frames.translation(shared.focal)[:, 2]

    def problem_of(part: slice, own: FramePrior, power: MotionPower | None, lids: LidContact | None) -> MotionProblem:
        inner = slice(part.start, part.stop - 1)
        between = links(
            model,
            tuning,
            times[part],
            together[inner],
            depth[part],
            how.smoothness,
            loose=LOOSE if power is None else 1.0,
            power=None if power is None else power[part],
        )
        lips = model if power is not None else free_lips(model)
        closed = None if lids is None else lids[part]
        return MotionProblem(lips, shared, seen[part], own, between, tuning, lids=closed)

    def shown(part: slice, those: Frames) -> None:
        how.watch(shared, np.arange(part.start, part.stop), those)

    def solved(
        start: Frames, own: FramePrior, power: MotionPower | None, before: float
    ) -> list[tuple[slice, MotionResult]]:
        def report(done: int, total: int) -> None:
            if how.progress is not None:
                how.progress("motion", round(100 * (before + done / total / 2)), 100)

        lids = lid_contact(model, shared, start, clip.points)
        return solve_in_windows(lambda part: problem_of(part, own, power, lids), start, progress=report, watch=shown)

    loosely, _ = joined(solved(frames, frame_prior(model, tuning, neck_free=how.neck_free), None, 0.0))
    own = motion_prior_of(model, tuning, loosely, neck_free=how.neck_free)
    return solved(loosely, own, motion_power(loosely, times, together), 0.5)
