"""A head fitted to the landmarks of a whole clip: first poses, then key frames with what the clip shares, then all."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ..contract import names
from ..contract.arrays import Floats, Integers
from ..data.landmark_distance import eye_distance
from ..head.model import HeadModel
from .clip_input import ClipInput
from .every_frame import ClipMotion
from .evidence.key_frames import choose_key_frames
from .evidence.observations import Observations, group_weights, observe
from .geometry.initial_pose import InitialPose, initial_poses
from .geometry.landmark_model import LandmarkModel, landmark_model
from .geometry.parallel import PROCESSOR, single_threaded_operations
from .geometry.state import Frames, Shared, neutral_frames
from .lens.lens_prior import LensPrior
from .lens.outline_focal import LANDMARK_SHARE, OutlineEvidence, outline_evidence
from .listener import Listener
from .options.fit_options import FitOptions
from .options.weights import Tuning
from .outline.term import frames_with_masks, outline_term
from .shared_fit import SharedFit, fit_shared
from .solvers.identity import IdentityResult

PRECISION = torch.float32
"""Single precision resolves 1e-4 px at 4K and is twice as fast; the banded system itself is solved in double."""
_STEADY_WEIGHT = 1.0
_MOVABLE_WEIGHT = 0.1


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
    options: FitOptions,
    *,
    device: torch.device = PROCESSOR,
    listener: Listener | None = None,
) -> ClipSolution:
    """Return the head over the clip.

    At least one frame must have landmarks.

    Args:
        head: The head model.
        clip: Landmarks and camera.
        options: How it is fitted.
        device: Where Jacobians and normal equations are computed.
        listener: Hears of it, or None.
    """
    clock = _Clock()
    model = landmark_model(head, PRECISION, device)
    clip, start, outline = _start(head, model, clip, options, clock)
    solution = _solve(head, model, clip, options, start, listener or Listener(), clock)
    sigma = solution.focal_sigma / LANDMARK_SHARE**0.5 if clip.focal_sigma > 0 else 0.0
    return replace(solution, focal_sigma=sigma, outline=outline, lens=clip.lens)


def key_frame_fit(
    head: HeadModel, clip: ClipInput, options: FitOptions, device: torch.device = PROCESSOR
) -> tuple[SharedFit, IdentityResult]:
    """Return the fit of what the clip shares as it stands before its first step, and where it starts.

    Args:
        head, clip, options, device: As for `fit_clip`.
    """
    model = landmark_model(head, PRECISION, device)
    clip, start, _ = _start(head, model, clip, options, _Clock())
    return _key_frame_work(head, model, clip, options, start, Listener())


def _start(
    head: HeadModel, model: LandmarkModel, clip: ClipInput, options: FitOptions, clock: _Clock
) -> tuple[ClipInput, _Initialisation, OutlineEvidence | None]:
    """Return the clip with what its outline makes plausible of the lens, heads where its landmarks are, and why."""
    start = _initialise(model, clip, options)
    clock.lap("start")
    outline = None
    if clip.focal_sigma > 0:
        outline = _ask_outline(head, model, clip, start, options.tuning)
        clock.lap("outline")
    clip = _with_outline_prior(clip, outline)
    return clip, start.with_focal(clip.focal), outline


@dataclass(frozen=True)
class _Initialisation:
    """Before anything is fitted: what is observed, heads where the landmarks are, positions of the key frames."""

    observations: Observations
    shared: Shared
    frames: Frames
    keys: Integers

    def with_focal(self, focal: float) -> _Initialisation:
        """Return the same with another focal length, pixels."""
        log_focal = torch.full_like(self.shared.log_focal, float(np.log(focal)))
        return replace(self, shared=replace(self.shared, log_focal=log_focal))


def _initialise(model: LandmarkModel, clip: ClipInput, options: FitOptions) -> _Initialisation:
    """Return neutral heads at the poses that an affine camera sees."""
    detected = np.isfinite(clip.points[..., :2]).all(axis=(1, 2))
    poses = _first_poses(model, clip, detected)
    size = poses.scale * float(eye_distance(model.template.cpu().numpy()[None])[0])
    observations = observe(clip.points, clip.scores, clip.centre, size, model, options.tuning, clip.counted)
    like = model.template
    shared = Shared(
        like.new_zeros(model.identity_modes), like.new_tensor(float(np.log(clip.focal))), torch.zeros_like(like)
    )
    frames = neutral_frames(model, torch.as_tensor(poses.rotation).to(like), _positions(poses, shared))
    usable = np.flatnonzero(detected)
    chosen = choose_key_frames(
        clip.points[usable, :, :2], poses.rotation[usable], clip.times[usable], clip.trust[usable], options.key_frames
    )
    return _Initialisation(observations, shared, frames, usable[chosen])


def _first_poses(model: LandmarkModel, clip: ClipInput, detected: np.ndarray) -> InitialPose:
    """Return a pose for every frame; frames without landmarks get that of the nearest frame with some."""
    weight = np.full(names.LANDMARKS, _STEADY_WEIGHT)
    weight[group_weights(Tuning()) != 1.0] = _MOVABLE_WEIGHT
    weight *= model.known.cpu().numpy()
    template = (model.template - model.pivot).cpu().double().numpy()
    pixels = clip.points[detected][..., :2].astype(np.float64) - np.asarray(clip.centre)
    if clip.counted is not None:
        weight = weight * clip.counted[detected]
    poses = initial_poses(pixels, template, weight)
    usable = np.flatnonzero(detected)
    nearest = np.abs(np.arange(len(detected))[:, None] - usable[None]).argmin(axis=1)
    return InitialPose(poses.rotation[nearest], poses.pixel[nearest], poses.scale[nearest])


def _positions(poses: InitialPose, shared: Shared) -> Tensor:
    """Return the positions (T, 3) that put the pivot at its pixel, as large as the affine camera sees it."""
    values = np.concatenate([poses.pixel / poses.scale[:, None], -np.log(poses.scale)[:, None]], axis=1)
    return torch.as_tensor(values).to(shared.identity)


def _ask_outline(
    head: HeadModel, model: LandmarkModel, clip: ClipInput, start: _Initialisation, tuning: Tuning
) -> OutlineEvidence | None:
    """Return what the person's outline says of the focal length."""
    free = model.with_free_lips()
    return outline_evidence(head, free, clip.masks, start.observations, start.frames, start.shared, tuning, clip.centre)


def _with_outline_prior(clip: ClipInput, outline: OutlineEvidence | None) -> ClipInput:
    """Return the clip with what is plausible of the focal length after the outline was asked.

    All that is not from landmarks weighs more by the inverse of their share, which leaves the mean as it should be and
    the spread too small by that factor's root.
    """
    if clip.lens is None:
        return clip
    said = outline.likelihood if outline is not None else None
    lens = clip.lens if said is None else clip.lens.with_likelihood(said.grid, said.value)
    mean, sigma = lens.moments()
    return replace(clip, focal=float(np.exp(mean)), focal_sigma=sigma * LANDMARK_SHARE**0.5, lens=lens)


def _solve(
    head: HeadModel,
    model: LandmarkModel,
    clip: ClipInput,
    options: FitOptions,
    start: _Initialisation,
    listener: Listener,
    clock: _Clock,
) -> ClipSolution:
    """Fit what the clip shares on key frames, then every frame."""
    keys, person = _fit_key_frames(head, model, clip, options, start, listener)
    clock.lap("identity")
    frames = start.frames.with_frames(torch.as_tensor(keys, device=model.template.device), person.frames)
    depth = frames.translation(person.shared.focal)[:, 2]
    motion = ClipMotion(model, clip, options, person.shared, start.observations, depth, listener)
    fitted = motion.smoothly(motion.loosely(frames))
    clock.lap("motion")
    return ClipSolution(
        model=model,
        shared=person.shared,
        frames=fitted.frames,
        visibility=fitted.visibility,
        focal_sigma=person.focal_sigma,
        outline=None,
        key_frames=keys,
        seconds=clock.laps,
        iterations={"identity": person.iterations, "motion": fitted.iterations},
        converged=fitted.converged,
        pose_sigma=fitted.pose_sigma,
    )


def _fit_key_frames(
    head: HeadModel,
    model: LandmarkModel,
    clip: ClipInput,
    options: FitOptions,
    start: _Initialisation,
    listener: Listener,
) -> tuple[Integers, IdentityResult]:
    """Return the key frames, with those whose outline is compared, and what was found on them."""
    work, at = _key_frame_work(head, model, clip, options, start, listener)
    return work.keys, fit_shared(work, at)


def _key_frame_work(
    head: HeadModel,
    model: LandmarkModel,
    clip: ClipInput,
    options: FitOptions,
    start: _Initialisation,
    listener: Listener,
) -> tuple[SharedFit, IdentityResult]:
    """Return the fit of what the clip shares on its key frames, and where it starts."""
    rotations = start.frames.rotation.cpu().double().numpy()
    outlined = frames_with_masks(clip.masks, clip.points, rotations, clip.times, clip.trust)
    keys = np.union1d(start.keys, outlined)
    index = torch.as_tensor(keys, device=model.template.device)
    work = SharedFit(
        model=model,
        observations=start.observations[index],
        keys=keys,
        log_focal=float(np.log(clip.focal)),
        focal_sigma=clip.focal_sigma,
        options=options,
        outline=outline_term(head, model, clip.masks, outlined, keys, clip.centre, options.tuning),
        listener=listener,
    )
    return work, IdentityResult(start.shared, start.frames[index], 0.0, 0)


class _Clock:
    def __init__(self) -> None:
        self.last = time.perf_counter()
        self.laps: dict[str, float] = {}

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = now - self.last
        self.last = now


@single_threaded_operations()
def refit_clip(
    head: HeadModel, clip: ClipInput, options: FitOptions, shared: Shared, frames: Frames, keys: Integers
) -> ClipSolution:
    """Return the head over a clip whose fit was finished before its focal length was known.

    Args:
        head, clip, options: As for `fit_clip`; the clip tells the focal length.
        shared, frames: Where to start: the finished fit (`conversion.to_state`).
        keys: Key frames (K,).
    """
    clock = _Clock()
    model = landmark_model(head, PRECISION, shared.identity.device)
    size = eye_distance(model.template.cpu().numpy()[None])[0] / np.exp(frames.position[:, 2].cpu().numpy())
    observations = observe(clip.points, clip.scores, clip.centre, size, model, options.tuning, clip.counted)
    start = _Initialisation(observations, shared, frames, keys).with_focal(clip.focal)
    solution = _solve(head, model, clip, options, start, Listener(), clock)
    return replace(solution, focal_sigma=0.0)
