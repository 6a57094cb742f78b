"""A finished fit made once more with a focal length that became known afterwards."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..data.types import Fit
from ..head.model import HeadModel
from .clip import PRECISION, refit_clip
from .clip_input import clip_input
from .conversion import to_state
from .evidence.key_frames import choose_key_frames
from .geometry.landmark_model import landmark_model
from .geometry.parallel import PROCESSOR
from .lens.zoom import unzoomed, zoomed_fit
from .options.fit_options import FitOptions
from .result import as_fit
from .solved_frames import solved_frames


def refitted(fit: Fit, head: HeadModel, focal: float, uncertainty: float) -> Fit:
    """Return a finished fit once more with another focal length.

    Args:
        fit, head: The fit, and its head.
        focal: Focal length in pixels.
        uncertainty: Standard deviation of its logarithm.
    """
    options = FitOptions.from_settings(fit.settings)
    landmarks = unzoomed(fit.landmarks, fit.zoom, fit.centre)
    solved = solved_frames(landmarks, options.longest_gap)
    clip = clip_input(landmarks, fit.camera(focal, "estimated"), solved)
    model = landmark_model(head, PRECISION, PROCESSOR)
    shared, frames = to_state(fit, model, solved.index, head.detector_offsets)
    usable = np.flatnonzero(landmarks.found[solved.index])
    keys = choose_key_frames(
        clip.points[usable, :, :2],
        fit.rotation[solved.index[usable]],
        clip.times[usable],
        clip.trust[usable],
        options.key_frames,
    )
    solution = refit_clip(head, clip, options, shared, frames, usable[keys])
    solution = replace(solution, focal_sigma=uncertainty)
    result = as_fit(landmarks, fit.camera(None, "estimated"), head, clip, solution, solved, fit.settings)
    result = replace(result, report=replace(fit.report, key_frames=result.report.key_frames))
    return zoomed_fit(result, fit.landmarks, fit.zoom)
