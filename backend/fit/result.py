"""A solution of the solver as a fit of every frame of the clip, with what it says of itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import torch

from ..contract import names
from ..contract.arrays import Floats
from ..contract.camera import Intrinsics
from ..contract.settings import FitSettings
from ..contract.track import TRACKED
from ..data.fit_report import FitReport, SolveReport
from ..data.types import Camera, Fit, Landmarks
from ..head.model import HeadModel
from .clip import ClipSolution
from .clip_input import ClipInput
from .confidence import frame_confidence
from .conversion import from_state
from .evidence.observations import group_weights
from .geometry.projection import pose_landmarks, project_landmarks
from .options.weights import Tuning
from .solved_frames import SolvedFrames
from .stated_errors import stated_errors

FOCAL_DETERMINED: Final = 0.45
"""The focal length counts as estimated when the fit narrows its uncertainty below this share of the prior's."""


def as_fit(
    landmarks: Landmarks,
    camera: Camera,
    head: HeadModel,
    clip: ClipInput,
    solution: ClipSolution,
    frames: SolvedFrames,
    settings: FitSettings,
) -> Fit:
    """Return the solution for every frame of the clip; frames that were not solved hold the nearest one's values."""
    everywhere = torch.as_tensor(frames.nearest, device=solution.frames.rotation.device)
    head_now = from_state(solution.model, solution.shared, solution.frames[everywhere])
    errors = _reprojection_errors(clip, solution)
    tracked = frames.status == TRACKED
    focal = float(solution.shared.focal)
    visibility = solution.visibility[everywhere].detach().cpu().numpy().astype(np.float32)
    visibility[~tracked] = 0.0
    if landmarks.counted is not None:
        visibility[~landmarks.counted] = 0.0
    sigma = solution.pose_sigma
    result = Fit(
        landmarks=landmarks,
        intrinsics=Intrinsics(landmarks.width, landmarks.height, focal, focal, *clip.centre),
        focal_source=_focal_source(camera, clip, solution),
        focal_uncertainty=solution.focal_sigma,
        pose=head_now.pose,
        rotation=head_now.rotation,
        translation=head_now.translation,
        status=frames.status,
        confidence=np.zeros(len(landmarks)),
        reprojection_error=np.where(tracked, errors[frames.nearest], np.nan),
        visibility=visibility,
        landmark_offsets=_offsets(solution, head),
        report=_report(solution, frames),
        settings=settings,
        pose_sigma=None if sigma is None else sigma[frames.nearest],
        curved=camera.curved,
    )
    points = _head_points(solution)[frames.nearest]
    result = replace(result, stated_error=stated_errors(result, points))
    return replace(result, confidence=frame_confidence(result))


def _report(solution: ClipSolution, frames: SolvedFrames) -> FitReport:
    outline, lens = solution.outline, solution.lens
    solve = SolveReport(
        seconds=solution.seconds,
        iterations=solution.iterations,
        converged=solution.converged,
        outline=None if outline is None else outline.summary(),
        lens=None if lens is None else lens.summary(),
    )
    return FitReport(solve, key_frames=tuple(int(index) for index in frames.index[solution.key_frames]))


def _offsets(solution: ClipSolution, head: HeadModel) -> Floats:
    """Return each landmark's offset from its place on the head (478, 3): the detector's own and the clip's."""
    offsets = solution.shared.offsets.cpu().double().numpy()
    return offsets if head.detector_offsets is None else offsets + head.detector_offsets


def _focal_source(camera: Camera, clip: ClipInput, solution: ClipSolution) -> str:
    if camera.focal:
        return camera.source
    assumed = clip.lens.moments()[1] if clip.lens is not None else np.inf
    return "estimated" if solution.focal_sigma < FOCAL_DETERMINED * assumed else "assumed"


def _head_points(solution: ClipSolution) -> Floats:
    """Return the fitted landmarks in head space (T, 478, 3), metres."""
    return pose_landmarks(solution.model, solution.shared, solution.frames).head.cpu().double().numpy()


def _reprojection_errors(clip: ClipInput, solution: ClipSolution) -> Floats:
    """Return each frame's median distance in pixels between detected landmarks and fitted ones that are seen (T,)."""
    posed = pose_landmarks(solution.model, solution.shared, solution.frames)
    centre = solution.model.template.new_tensor(clip.centre)
    fitted = project_landmarks(posed.camera, solution.shared.focal, centre).cpu().double().numpy()
    distance = np.linalg.norm(fitted - clip.points[..., :2], axis=-1)
    counted = (group_weights(Tuning()) > 0) & solution.model.known.cpu().numpy()
    visible = (solution.visibility.cpu().numpy() > 0.5) & counted[None, : names.LANDMARKS]
    distance[~visible] = np.nan
    if clip.counted is not None:
        distance[~clip.counted] = np.nan
    result = np.full(len(distance), np.nan)
    usable = np.isfinite(distance).any(axis=1)
    result[usable] = np.nanmedian(distance[usable], axis=1)
    return result
