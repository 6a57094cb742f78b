"""Landmarks, head and camera -> the head over the whole clip."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from ..contract.arrays import Floats, Integers
from ..contract.camera import Intrinsics
from ..contract.failure import Failure, Notice
from ..contract.settings import FitSettings
from ..contract.track import INTERPOLATED, MISSING, TRACKED
from ..data.context import Context
from ..data.fit_report import FitReport, SolveReport
from ..data.landmark_distance import eye_distance
from ..data.types import Camera, Fit, Landmarks, Video
from ..head.model import HeadModel
from ..regress.starts import best_fit, starts_for_clip
from .clip import PRECISION, ClipInput, ClipSolution, Progress, fit_clip, refit_clip
from .confidence import frame_confidence, frame_trust, head_points, reprojection_errors
from .evidence.detector_bias import without_turn_bias
from .evidence.key_frames import choose_key_frames
from .evidence.lid_gaps import with_true_lids
from .from_state import placed
from .geometry.landmark_model import landmark_model
from .geometry.parallel import on_device
from .lens.lens_prior import LensPrior, lens_prior, one_guess, source_of
from .lens.zoom import Zoom, found_zoom, notice_of_zoom, unzoomed, zoomed_fit
from .options.weights import tuning_for
from .outline.silhouette import Masks
from .preview import FitPreview
from .stated_errors import stated_errors
from .to_state import state_of

ASSUMED_FOCAL = 1.5
"""Focal length to start from where nothing is known, in units of the longer side: between a phone's selfie camera (0.8)
and a portrait or interview lens (2.5); VHAP starts from the same value (vhap/config/base.py)."""

GUESS_SIGMA = 0.4
"""Standard deviation of log focal around somebody's guess."""

_FRONTAL = 90
"""Percentile of the distances between the eyes at which the face is seen from the front."""

FOCAL_DETERMINED = 0.45
"""The focal length counts as estimated when the fit narrows its uncertainty below this share of the prior's."""


def fit(
    landmarks: Landmarks,
    head: HeadModel,
    camera: Camera,
    settings: FitSettings,
    context: Context,
    video: Video | None = None,
) -> Fit | Failure:
    """Fit the head to the landmarks, from the average face and from what networks of others guess where they are there.

    Args:
        landmarks, head, camera, settings, context: As for every stage.
        video: The clip, some frames of which those networks look at; None where they shall not be asked.

    Returns:
        The fit, or a failure when no frame has a face or the wanted device is not there.
    """
    device = device_for(settings.device)
    if isinstance(device, Failure):
        return device
    if not landmarks.found.any():
        return Failure(
            "no-face", "No frame of the clip shows a face.", "Check the video, or lower the detection threshold."
        )
    starts = [] if video is None else starts_for_clip(video, landmarks, head, context)
    zoom = None if video is None else _zoom(landmarks, camera, context, video)
    factor = None if zoom is None else zoom.factor
    steady, steady_camera = unzoomed(landmarks, factor), _of_longest(camera, factor)

    def fitted(one: HeadModel) -> Fit:
        found = on_device(
            lambda place: _fitted(steady, one, steady_camera, settings, context, place), device, context.notice
        )
        return zoomed_fit(found, landmarks, factor)

    best = best_fit(head, starts, fitted)
    if zoom is None or isinstance(best, Failure):
        return best
    return replace(best, report=replace(best.report, zoom=zoom.summary()))


def _zoom(landmarks: Landmarks, camera: Camera, context: Context, video: Video) -> Zoom | None:
    """Return how the lens zooms where that was asked for; where not, say so if it seems to."""
    if video.is_photographs:
        return None
    if camera.varies:
        return found_zoom(landmarks, video, context)
    notice = notice_of_zoom(landmarks, video, context)
    if notice is not None:
        context.notice(notice)
    return None


def _of_longest(camera: Camera, factor: Floats | None) -> Camera:
    """Return what is known of the first frame's focal length as that of the longest one of the clip."""
    if factor is None:
        return replace(camera, varies=False)
    longer = 1 / float(factor[0])
    focal, guess = (None if value is None else value * longer for value in (camera.focal, camera.guess))
    return replace(camera, focal=focal, guess=guess)


def _fitted(
    landmarks: Landmarks,
    head: HeadModel,
    camera: Camera,
    settings: FitSettings,
    context: Context,
    device: torch.device,
) -> Fit:
    plan = plan_of(landmarks, settings.longest_gap)
    tuning = tuning_for(settings)
    clip = clip_input(landmarks, camera, plan)
    started = time.perf_counter()
    solution = fit_clip(
        head,
        clip,
        tuning,
        key_frames=settings.key_frames,
        smoothness=settings.smoothness,
        neck_free=settings.neck == "held",
        offsets=settings.landmark_offsets,
        device=device,
        progress=_reporter(context, started),
        watch=FitPreview(landmarks, head, plan.solved, context).watch if context.previews is not None else None,
    )
    if not solution.converged:
        context.notice(
            Notice("fit-not-settled", "The fit was still moving when its steps ran out; look at the flagged frames.")
        )
    return as_fit(landmarks, camera, head, clip, solution, plan, settings)


def refitted(fit: Fit, head: HeadModel, focal: float, uncertainty: float) -> Fit:
    """Return a finished fit once more with another focal length.

    Args:
        fit, head: The fit, and its head.
        focal: Focal length in pixels.
        uncertainty: Standard deviation of its logarithm.
    """
    settings = fit.settings
    landmarks = unzoomed(fit.landmarks, fit.zoom)
    plan, tuning = plan_of(landmarks, settings.longest_gap), tuning_for(settings)
    clip = clip_input(landmarks, Camera(focal, "estimated"), plan)
    model = landmark_model(head, PRECISION, torch.device("cpu"))
    shared, frames = state_of(fit, model, plan.solved, head.detector_offsets)
    usable = np.flatnonzero(landmarks.found[plan.solved])
    keys = choose_key_frames(
        clip.points[usable, :, :2],
        fit.rotation[plan.solved[usable]],
        clip.times[usable],
        clip.trust[usable],
        settings.key_frames,
    )
    solution = refit_clip(
        head,
        clip,
        tuning,
        shared,
        frames,
        usable[keys],
        smoothness=settings.smoothness,
        neck_free=settings.neck == "held",
        offsets=settings.landmark_offsets,
    )
    solution = replace(solution, focal_sigma=uncertainty)
    result = as_fit(landmarks, Camera(None, "estimated"), head, clip, solution, plan, settings)
    result = replace(result, report=replace(fit.report, key_frames=result.report.key_frames))
    return zoomed_fit(result, fit.landmarks, fit.zoom)


@dataclass(frozen=True)
class Plan:
    """Which frames are solved.

    Attributes:
        status: Of every frame (T,).
        solved: Positions of the frames that take part (S,).
        together: Whether solved frames k and k + 1 are joined by smoothness (S - 1,).
        nearest: For every frame the solved one whose values it shows (T,), an index into `solved`.
    """

    status: NDArray[np.int8]
    solved: Integers
    together: NDArray[np.bool_]
    nearest: Integers


def plan_of(landmarks: Landmarks, longest_gap: float) -> Plan:
    """Return which frames are solved; gaps up to `longest_gap` seconds are bridged."""
    found, times, shot = landmarks.found, landmarks.time, landmarks.shot
    status = np.where(found, TRACKED, MISSING).astype(np.int8)
    seen = np.flatnonzero(found)
    for before, after in pairwise(seen):
        short = times[after] - times[before] <= longest_gap
        if after - before > 1 and short and shot[before] == shot[after]:
            status[before + 1 : after] = INTERPOLATED
    solved = np.flatnonzero(status != MISSING)
    together = (np.diff(solved) == 1) & (np.diff(shot[solved]) == 0)
    place = np.searchsorted(solved, np.arange(len(found)))
    left, right = np.clip(place - 1, 0, len(solved) - 1), np.clip(place, 0, len(solved) - 1)
    position = np.arange(len(found))
    nearer_left = np.abs(position - solved[left]) < np.abs(position - solved[right])
    return Plan(status, solved, together, np.where(nearer_left, left, right))


def clip_input(landmarks: Landmarks, camera: Camera, plan: Plan) -> ClipInput:
    """Return what the solver gets of the frames that are solved."""
    focal = camera.focal or camera.guess or ASSUMED_FOCAL * max(landmarks.width, landmarks.height)
    lens = plausible_lens(landmarks, camera)
    centre = ((landmarks.width - 1) / 2, (landmarks.height - 1) / 2)
    points = with_true_lids(landmarks)[plan.solved]
    return ClipInput(
        points=without_turn_bias(points, centre) if landmarks.detected else points,
        scores=landmarks.scores[plan.solved],
        times=landmarks.time[plan.solved],
        together=plan.together,
        trust=frame_trust(landmarks)[plan.solved],
        centre=centre,
        focal=float(focal),
        focal_sigma=0.0 if lens is None else lens.moments()[1],
        lens=lens,
        masks=_masks(landmarks, plan),
    )


def plausible_lens(landmarks: Landmarks, camera: Camera) -> LensPrior | None:
    """Return what is plausible of the focal length before the head is fitted; None where it is known."""
    if camera.focal:
        return None
    if camera.guess:
        return one_guess(camera.guess, GUESS_SIGMA)
    eyes = eye_distance(landmarks.points[landmarks.found, :, :2].astype(np.float64))
    rotation = float(landmarks.video.get("rotation") or 0)
    size = (landmarks.width, landmarks.height)
    source = source_of(*size, float(np.percentile(eyes, _FRONTAL)), landmarks.metadata, rotation)
    return lens_prior(replace(source, zooms=camera.varies))


def _masks(landmarks: Landmarks, plan: Plan) -> Masks | None:
    masks = landmarks.masks
    if masks is None:
        return None
    kept = np.flatnonzero(np.isin(masks.frame, plan.solved))
    place = np.searchsorted(plan.solved, masks.frame[kept])
    skin = None if masks.skin is None else masks.skin[kept]
    return Masks(place, masks.mask[kept], masks.to_image[kept], landmarks.width, landmarks.height, skin)


def device_for(wanted: str) -> torch.device | Failure:
    """Return the device of a choice of `FitSettings`, or a failure where it is not there."""
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not available[wanted]:
        return Failure(
            "device-not-there", f"This machine has no device '{wanted}' that torch can use.", "Choose 'auto' or 'cpu'."
        )
    return torch.device(wanted)


def _reporter(context: Context, started: float) -> Progress:
    shares = {"identity": (0.0, 0.5), "motion": (0.5, 1.0)}

    def report(part: str, done: int, total: int) -> None:
        context.check()
        low, high = shares[part]
        share = low + (high - low) * done / max(total, 1)
        spent = time.perf_counter() - started
        context.progress(round(100 * share), 100, spent * (1 - share) / share if share > 0.05 else None)

    return report


def as_fit(
    landmarks: Landmarks,
    camera: Camera,
    head: HeadModel,
    clip: ClipInput,
    solution: ClipSolution,
    plan: Plan,
    settings: FitSettings,
) -> Fit:
    """Return the solution for every frame of the clip; frames that were not solved hold the nearest one's values."""
    everywhere = torch.as_tensor(plan.nearest, device=solution.frames.rotation.device)
    head_now = placed(solution.model, solution.shared, solution.frames[everywhere])
    errors = reprojection_errors(clip, solution)
    tracked = plan.status == TRACKED
    focal = float(solution.shared.focal)
    visibility = solution.visibility[everywhere].detach().cpu().numpy().astype(np.float32)
    visibility[~tracked] = 0.0
    sigma = solution.pose_sigma
    result = Fit(
        landmarks=landmarks,
        intrinsics=Intrinsics.centred(landmarks.width, landmarks.height, focal),
        focal_source=_focal_source(camera, clip, solution),
        focal_uncertainty=solution.focal_sigma,
        pose=head_now.pose,
        rotation=head_now.rotation,
        translation=head_now.translation,
        status=plan.status,
        confidence=np.zeros(len(landmarks)),
        reprojection_error=np.where(tracked, errors[plan.nearest], np.nan),
        visibility=visibility,
        landmark_offsets=_offsets(solution, head),
        report=_report(solution, plan),
        settings=settings,
        pose_sigma=None if sigma is None else sigma[plan.nearest],
    )
    points = head_points(solution)[plan.nearest]
    result = replace(result, stated_error=stated_errors(result, points))
    return replace(result, confidence=frame_confidence(result))


def _report(solution: ClipSolution, plan: Plan) -> FitReport:
    outline, lens = solution.outline, solution.lens
    solve = SolveReport(
        seconds=solution.seconds,
        iterations=solution.iterations,
        converged=solution.converged,
        outline=None if outline is None else outline.summary(),
        lens=None if lens is None else lens.summary(),
    )
    return FitReport(solve, key_frames=tuple(int(index) for index in plan.solved[solution.key_frames]))


def _offsets(solution: ClipSolution, head: HeadModel) -> Floats:
    """Return each landmark's offset from its place on the head (478, 3): the detector's own and the clip's."""
    offsets = solution.shared.offsets.cpu().double().numpy()
    return offsets if head.detector_offsets is None else offsets + head.detector_offsets


def _focal_source(camera: Camera, clip: ClipInput, solution: ClipSolution) -> str:
    if camera.focal:
        return camera.source
    assumed = clip.lens.moments()[1] if clip.lens is not None else np.inf
    return "estimated" if solution.focal_sigma < FOCAL_DETERMINED * assumed else "assumed"
