"""Stage Fit: landmarks, head and camera -> the head over the whole clip."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np

from ..contract.failure import Failure
from ..contract.model_files import DECA_FILE, MICA_FILE, find_model_file
from ..contract.settings import FitSettings
from ..contract.track import TRACKED
from ..data.context import Context
from ..data.stage_code import StageCode
from ..data.types import Camera, Fit, Landmarks, Video
from ..head.model import HeadModel
from .camera import FULL_FRAME


def run(
    landmarks: Landmarks,
    head: HeadModel,
    camera: Camera,
    settings: FitSettings,
    context: Context,
    video: Video | None = None,
) -> Fit | Failure:
    """Fit the head to the landmarks; see `fit.fitting`."""
    from ..fit.fitting import fit

    return fit(landmarks, head, camera, settings, context, video)


def files(_settings: FitSettings, models: Path) -> Iterable[Path]:
    """The networks that guess the identity."""
    paths = [find_model_file(models, name) for name in (MICA_FILE, DECA_FILE)]
    return [path for path in paths if path is not None]


def summary(output: Fit, _settings: FitSettings) -> str:
    """How far the head is from the landmarks, and the lens."""
    camera = output.intrinsics
    lens = FULL_FRAME * camera.focal_x / max(camera.width, camera.height)
    error = output.reprojection_error[output.status == TRACKED]
    words = f"error {np.nanmedian(error):.2g} px, " if len(error) else ""
    return f"{words}lens {lens:.0f} mm ({output.focal_source})"


CODE: Final = StageCode(
    run,
    upstream=("video",),
    files=files,
    summary=summary,
)
