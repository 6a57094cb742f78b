"""Stage Landmarks: one face over the whole clip, its 478 points and 52 scores in every frame."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np

from ..contract.failure import Failure
from ..contract.settings import FaceSettings, LandmarkSettings
from ..data.context import Context
from ..data.stage_code import StageCode, counted
from ..data.types import Landmarks, Video


def run(video: Video, face: FaceSettings, settings: LandmarkSettings, context: Context) -> Landmarks | Failure:
    """Find all faces, follow each by itself, and return the chosen one; see `landmarks.tracking`."""
    if video.is_photographs:
        from ..photo.landmarks import landmarks_of_photographs

        return landmarks_of_photographs(video, face, settings, context)
    from ..landmarks.tracking import follow

    return follow(video, face, settings, context)


def files(settings: LandmarkSettings, models: Path) -> Iterable[Path]:
    """The face networks."""
    return [Path(settings.task_file)] if settings.task_file else sorted(models.rglob("*.task"))


def summary(output: Landmarks, _settings: LandmarkSettings) -> str:
    """On how many frames the face was found, and of how many it is one."""
    frames = int(np.count_nonzero(output.found))
    faces = f"1 of {1 + len(output.others)} faces" if output.others else "1 face"
    if frames == len(output):
        return f"{faces}, in all {counted(frames, 'frame')}" if frames > 1 else f"{faces} in 1 frame"
    return f"{faces} in {frames} of {counted(len(output), 'frame')}"


CODE: Final = StageCode(
    run,
    ignored_settings=frozenset({"threads"}),
    files=files,
    summary=summary,
)
