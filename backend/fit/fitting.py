"""The stage Fit, step by step: starts, zoom, and from each start frames, clip, solve and result."""

from __future__ import annotations

from dataclasses import replace

import torch

from ..contract.arrays import Floats
from ..contract.failure import Failure, Notice
from ..contract.settings import FitSettings
from ..data.context import Context
from ..data.types import Camera, Fit, Landmarks, Video
from ..head.model import HeadModel
from ..regress.starts import best_fit, starts_for_clip
from .clip import fit_clip
from .clip_input import clip_input
from .geometry.parallel import on_device
from .lens.straight_landmarks import straight_landmarks
from .lens.zoom import Zoom, estimate_zoom, notice_of_zoom, unzoomed, zoomed_fit
from .listener import Listener, progress_of
from .options.device import device_for
from .options.fit_options import FitOptions
from .preview import FitPreview
from .result import as_fit
from .solved_frames import SolvedFrames, solved_frames


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
    landmarks = straight_landmarks(landmarks, camera.curved)
    video = None if video is None else video.through(camera.curved)
    starts = [] if video is None else starts_for_clip(video, landmarks, head, context)
    steady_landmarks, steady_camera, zoom = steady(landmarks, camera, context, video)

    def fit_from(start: HeadModel) -> Fit:
        fitted = on_device(
            lambda there: _fit_steady(steady_landmarks, start, steady_camera, settings, context, there),
            device,
            context.notice,
        )
        return zoomed_fit(fitted, landmarks, None if zoom is None else zoom.factor)

    best = best_fit(head, starts, fit_from)
    if zoom is None or isinstance(best, Failure):
        return best
    return replace(best, report=replace(best.report, zoom=zoom.summary()))


def steady(
    landmarks: Landmarks, camera: Camera, context: Context, video: Video | None
) -> tuple[Landmarks, Camera, Zoom | None]:
    """Return landmarks and camera of a clip as a lens sees it that does not zoom, and how it zooms.

    Args:
        landmarks, camera, context: Of the clip.
        video: Its pictures; where None, it does not zoom.
    """
    zoom = None if video is None else _zoom(landmarks, camera, context, video)
    factor = None if zoom is None else zoom.factor
    centre = camera.centre_of(landmarks.width, landmarks.height)
    return unzoomed(landmarks, factor, centre), _of_longest(camera, factor), zoom


def _zoom(landmarks: Landmarks, camera: Camera, context: Context, video: Video) -> Zoom | None:
    """Return how the lens zooms where that was asked for; where not, say so if it seems to."""
    if video.is_photographs:
        return None
    if camera.varies:
        return estimate_zoom(landmarks, video, context, camera.zoom_smoothness)
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


def _fit_steady(
    landmarks: Landmarks,
    head: HeadModel,
    camera: Camera,
    settings: FitSettings,
    context: Context,
    device: torch.device,
) -> Fit:
    """Fit landmarks that a lens sees which does not zoom, from one head."""
    frames = solved_frames(landmarks, settings.longest_gap)
    clip = clip_input(landmarks, camera, frames)
    solution = fit_clip(
        head,
        clip,
        FitOptions.from_settings(settings),
        device=device,
        listener=_listener(landmarks, camera, head, frames, context),
    )
    if not solution.converged:
        context.notice(
            Notice("fit-not-settled", "The fit was still moving when its steps ran out; look at the flagged frames.")
        )
    return as_fit(landmarks, camera, head, clip, solution, frames, settings)


def _listener(
    landmarks: Landmarks, camera: Camera, head: HeadModel, frames: SolvedFrames, context: Context
) -> Listener:
    """Return what tells the context how far the fit is, and shows it where somebody watches."""
    progress = progress_of(context, {"identity": (0.0, 0.5), "motion": (0.5, 1.0)})
    if context.previews is None:
        return Listener(progress)
    return Listener(progress, FitPreview(landmarks, camera, head, frames.index, context).watch)
