"""A finished fit refined by the pictures themselves, over the whole clip: the work of the stage Appearance."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import torch

from ..contract.arrays import Integers
from ..contract.camera import axis_angles
from ..contract.failure import Failure, Notice
from ..contract.settings import AppearanceSettings, FitSettings
from ..contract.track import TRACKED
from ..data.context import Context
from ..data.fit_report import AppearanceReport
from ..data.types import Fit, Video
from ..fit.clip import ClipSolution
from ..fit.clip_input import clip_input
from ..fit.confidence import frame_trust
from ..fit.evidence.key_frames import choose_turned_frames
from ..fit.geometry.parallel import PROCESSOR, on_device, single_threaded_operations
from ..fit.geometry.surface_samples import choose_samples
from ..fit.lens.zoom import unzoomed, zoomed_fit
from ..fit.listener import progress_of
from ..fit.options.device import device_for
from ..fit.options.fit_options import FitOptions
from ..fit.result import as_fit
from ..fit.solved_frames import SolvedFrames, solved_frames
from ..head.model import HeadModel
from ..render.differentiable.choice import best_rasterizer
from ..video.excluded_pixels import ExcludedPixels
from ..video.reader import read_frames
from .bare_skin import BareSkin
from .clip import SAMPLES, RefinedClip, Refinement, refine_clip
from .pictures.view import View, exposed, view_of

FEWEST: Final = 6
"""Frames with a face from which on pictures tell something that landmarks do not."""
LEAST_EXPOSED: Final = 0.5
"""Share of the face that must be neither black nor burnt out for its picture to be compared."""
WORSE_LANDMARKS: Final = 1.3
"""A refined head may miss the landmarks by this much more (they are wrong by a turn: `key_frame_solve` says why) ..."""
_PIXELS: Final = 0.3
"""... and by these pixels."""


def refined_fit(
    fit: Fit,
    head: HeadModel,
    video: Video,
    settings: AppearanceSettings,
    context: Context,
    hidden: ExcludedPixels | None = None,
) -> Fit | Failure:
    """Return the refined fit, or the fit as it was, with a notice, where refining does not help.

    Args:
        fit, head, video, settings, context: As for every stage.
        hidden: Tells which pixels shall not count; None where all do.
    """
    usable = np.flatnonzero(fit.status == TRACKED)
    if len(usable) < FEWEST:
        return _left(fit, context, f"Fewer than {FEWEST} frames show the face: too few to compare their pictures.")
    started = time.perf_counter()
    options = FitOptions.from_settings(fit.settings)
    steady = unzoomed(fit.landmarks, fit.zoom, fit.centre)
    solved = solved_frames(steady, options.longest_gap)
    camera = fit.camera(None if fit.focal_uncertainty > 0 else fit.intrinsics.focal_x, fit.focal_source)
    clip = clip_input(steady, camera, solved)
    keys = _key_frames(fit, solved, settings.key_frames)
    samples = choose_samples(head, SAMPLES)
    bare_skin = BareSkin.learned(fit, head, samples, video, solved.index[keys].tolist(), context, hidden)
    pictures = _Pictures(video, fit, solved, bare_skin)
    views = pictures.views(keys)
    keys = keys[[view is not None for view in views]]
    if len(keys) < FEWEST // 2:
        return _left(fit, context, "Too few frames of the video could be read again to compare their pictures.")
    refinement = Refinement(
        fit=fit,
        head=head,
        clip=clip,
        solved=solved.index,
        keys=keys,
        key_views=[view for view in views if view is not None],
        views=pictures.views,
        options=options,
        trust=settings.trust,
    )
    refined = _refined_clip(refinement, context)
    refitted = as_fit(steady, camera, head, clip, _solution(refined, fit, solved), solved, fit.settings)
    result = zoomed_fit(refitted, fit.landmarks, fit.zoom)
    report = replace(
        _report(fit, result, refined), seconds=time.perf_counter() - started, empty_frames=len(pictures.empty)
    )
    if not _better(fit, result, refined):
        return _left(fit, context, _NO_BETTER, report)
    return replace(result, focal_source=fit.focal_source, report=replace(fit.report, appearance=report))


_NO_BETTER: Final = "The pictures do not fit together better after refining; the landmarks' fit is kept."


def _refined_clip(work: Refinement, context: Context) -> RefinedClip:
    progress = progress_of(context, {"keys": (0.0, 0.5), "motion": (0.5, 1.0)})

    def refined_on(device: torch.device) -> RefinedClip:
        return refine_clip(replace(work, device=device), progress)

    with single_threaded_operations():
        return on_device(refined_on, _device(work.fit.settings), context.notice)


def _device(settings: FitSettings) -> torch.device:
    """What computes: the GPU of the fit where it is NVIDIA's, else the processor (Apple's has no double precision)."""
    device = device_for(settings.device)
    return device if isinstance(device, torch.device) and device.type == "cuda" else PROCESSOR


@dataclass(frozen=True)
class _Pictures:
    video: Video
    fit: Fit
    solved: SolvedFrames
    bare_skin: BareSkin | None
    empty: set[int] = field(default_factory=set)
    """Frames whose face is black or burnt out, as far as they were looked at; the landmarks carry these."""

    def views(self, wanted: Integers) -> list[View | None]:
        """Return what is around the face on some solved frames (ascending); None where nothing is to be seen of it."""
        landmarks = self.fit.landmarks
        centre = self.fit.centre
        frames = self.solved.index[wanted]
        detected = frames[landmarks.found[frames]]
        views: dict[int, View] = {}
        for position, picture in read_frames(self.video, detected.tolist()):
            points = landmarks.points[position, :, :2].astype(np.float64)
            if exposed(picture, points) < LEAST_EXPOSED:
                self.empty.add(position)
                continue
            view = view_of(picture, points, centre, self.fit.zoom_at(position))
            views[position] = (
                view if self.bare_skin is None else replace(view, bare_skin=self.bare_skin.at(position, picture))
            )
        return [views.get(int(frame)) for frame in frames]


def _key_frames(fit: Fit, solved: SolvedFrames, wanted: int) -> Integers:
    """Return positions among the solved frames, with the head turned as differently as possible."""
    landmarks = fit.landmarks
    candidates = np.flatnonzero(landmarks.found[solved.index])
    frames = solved.index[candidates]
    trust = frame_trust(landmarks)[frames]
    chosen = choose_turned_frames(fit.rotation[frames], landmarks.time[frames], trust, wanted)
    return candidates[chosen]


def _solution(refined: RefinedClip, fit: Fit, solved: SolvedFrames) -> ClipSolution:
    return ClipSolution(
        model=refined.model,
        shared=refined.shared,
        frames=refined.frames,
        visibility=refined.visibility,
        focal_sigma=fit.focal_uncertainty,
        outline=None,
        key_frames=refined.keys,
        seconds={},
        iterations={},
        converged=True,
        pose_sigma=None if fit.pose_sigma is None else fit.pose_sigma[solved.index],
    )


def _report(fit: Fit, result: Fit, refined: RefinedClip) -> AppearanceReport:
    tracked = fit.status == TRACKED
    turn = np.linalg.norm(axis_angles(np.swapaxes(fit.rotation, 1, 2) @ result.rotation), axis=1)
    device = refined.model.template.device
    return AppearanceReport(
        used=True,
        turned=float(np.degrees(np.median(turn[tracked]))),
        steadier=float(1 - refined.spread_after / max(refined.spread_before, 1e-9)),
        spread=(refined.spread_before, refined.spread_after),
        light=tuple(float(value) for value in refined.light),
        key_frames=len(refined.keys),
        device=device.type,
        rasterizer=best_rasterizer(device).name,
    )


def _better(fit: Fit, result: Fit, refined: RefinedClip) -> bool:
    before, after = np.nanmedian(fit.reprojection_error), np.nanmedian(result.reprojection_error)
    known = bool(np.isfinite(result.rotation).all() and np.isfinite(result.translation).all())
    closer = refined.spread_after < refined.spread_before
    return known and closer and bool(after <= WORSE_LANDMARKS * before + _PIXELS)


def _left(fit: Fit, context: Context, sentence: str, measured: AppearanceReport | None = None) -> Fit:
    """Return the fit as it was, and say why."""
    context.notice(Notice("appearance-left", sentence))
    report = AppearanceReport(False) if measured is None else replace(measured, used=False)
    return replace(fit, report=replace(fit.report, appearance=report))
