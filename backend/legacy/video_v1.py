"""Videos in version 1.01's way: one file per frame, and a picture to look at beside each."""

from __future__ import annotations

import dataclasses
import pickle
import tempfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..contract.atomic import write_atomically
from ..contract.failure import Failure
from ..contract.settings import VideoSettings
from ..data.context import Context
from ..data.types import Video
from ..stages import video as video_stage
from ..system.project import MODELS
from .clip import fit_clip
from .config import LegacyConfig
from .dictionary_v1 import dictionary_of, reduced
from .parts import Parts
from .results import begin_results, end_results, results_folder, write_compared

Warn = Callable[[str], None]

_RATE_TOLERANCE: Final = 0.05


def track_frames(config: LegacyConfig, parts: Parts, warn: Warn) -> Path | Failure:
    """Track the video of a configuration and write a file per frame; return their folder."""
    folder = results_folder(config)
    if isinstance(folder, Failure):
        return folder
    with tempfile.TemporaryDirectory() as work:
        context = warning_context(Path(work), warn)
        video = chosen_frames(config, context, warn)
        if isinstance(video, Failure):
            return video
        clip = fit_clip(video, parts, config, context)
    if isinstance(clip, Failure):
        return clip
    begin_results(folder, video, parts)
    texture = clip.texture_code()
    for frame, picture in clip.pictures(clip.frames):
        result = dictionary_of(clip.crop(frame, picture, texture), parts, config.size)
        write_atomically(
            folder / f"{frame}.npy", lambda path, result=result: path.write_bytes(pickle.dumps(result, protocol=4))
        )
        write_compared(folder, frame, [reduced(result["img"]), result["img_rendered"]])
    end_results(folder, clip.frames.tolist())
    return folder


def warning_context(work: Path, warn: Warn) -> Context:
    """Return a context for stages whose notices become warnings."""

    def emit(event: Any) -> None:
        if event.get("event") == "notice":
            warn(f"{event['sentence']} {event.get('advice', '')}".strip())

    return Context("track_video", emit, lambda: False, work, MODELS)


def chosen_frames(config: LegacyConfig, context: Context, warn: Warn) -> Video | Failure:
    """Every n-th frame, as the original counts: frame i of the result is frame int(i x original / subsampled)."""
    video = video_stage.run(VideoSettings(path=str(config.video)), context)
    if isinstance(video, Failure):
        return video
    rate = float(video.rate)
    original = config.original_rate or rate
    if abs(original / rate - 1) > _RATE_TOLERANCE:
        warn(f"'original_fps' is {original:g}, {video.path.name} has {rate:.4g} frames/s; the former counts.")
    interval = max(1.0, original / (config.subsampled_rate or original))
    chosen = (np.arange(int(len(video) / interval)) * interval).astype(np.int64)
    if len(chosen) == 0:
        return Failure(
            "video-empty-range", f"{video.path.name} has too few frames for this rate.", "Raise 'subsample_fps'."
        )
    return dataclasses.replace(
        video,
        frame_index=video.frame_index[chosen],
        time=video.time[chosen],
        rate=video.rate if interval == 1 else Fraction(rate / interval).limit_denominator(1001),
    )
