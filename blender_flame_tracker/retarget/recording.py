"""Recording of another program as what is calibrated: the scene has its calibration."""

from __future__ import annotations

from typing import Any, Final

import bpy
import numpy as np

from ...backend.contract.failure import Failure
from ..calibration.subject import Subject, other_subjects
from ..calibration.takes import Take
from ..paths import absolute
from ..scene.footage.schedule import scene_rate
from .properties import holder_in
from .source import known_recording, take_of_recording

_SLACK: Final = 1e-6
"""Of a frame: times that were computed."""


def subject_in(context: bpy.types.Context) -> Subject | None:
    """Return the file that was chosen in place of the track, or None."""
    settings = holder_in(context).settings(context.scene)
    if not settings.source:
        return None
    path, scene, start = absolute(settings.source), context.scene, settings.start_at
    rate = float(scene_rate(scene)) / settings.speed

    def read() -> Take | Failure:
        read = take_of_recording(path)
        return read if isinstance(read, Failure) else read[0]

    def clip_frame_at(take: Take, scene_frame: int) -> int | None:
        passed = (scene_frame - start) / rate
        time: Any = take.performance.time
        slack = _SLACK / float(take.performance.rate)
        if not 0 <= passed <= time[-1] + 1 / float(take.performance.rate):
            return None
        return int(np.searchsorted(time, passed + slack, side="right")) - 1

    return Subject(scene, read, lambda: known_recording(path), clip_frame_at)


CLASSES: Final[tuple[type, ...]] = ()


def register() -> None:
    """Let panel and operators calibrate such a file."""
    other_subjects.append(subject_in)


def unregister() -> None:
    """Let them speak of tracks alone."""
    other_subjects.remove(subject_in)
