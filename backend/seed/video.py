"""Videos in version 1.01's way: one file per frame, and a picture to look at beside each."""

from __future__ import annotations

import dataclasses
import json
import pickle
import tempfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from ..cli.session import MODELS
from ..contract.atomic import write_atomically
from ..contract.failure import Failure
from ..contract.marks import mark_file
from ..contract.settings import VideoSettings
from ..landmarks.crop import Picture
from ..stages import video as video_stage
from ..stages.data import Context, Video
from ..stages.folders import writable_problem
from .clip import fit_clip
from .config import SeedConfig
from .dictionary import dictionary_of, reduced
from .parts import Parts

Warn = Callable[[str], None]

_RATE_TOLERANCE: Final = 0.05


def track_frames(config: SeedConfig, parts: Parts, warn: Warn) -> Path | Failure:
    """Track the video of a configuration and write a file per frame; return their folder."""
    folder = folder_of(config)
    if isinstance(folder, Failure):
        return folder
    with tempfile.TemporaryDirectory() as work:
        context = speaking_context(Path(work), warn)
        video = chosen_frames(config, context, warn)
        if isinstance(video, Failure):
            return video
        clip = fit_clip(video, parts, config, context)
    if isinstance(clip, Failure):
        return clip
    folder.mkdir(parents=True, exist_ok=True)
    texture = clip.texture_code()
    for frame, picture in clip.pictures(clip.frames):
        result = dictionary_of(clip.crop(frame, picture, texture), parts, config.size)
        write_atomically(
            folder / f"{frame}.npy", lambda path, result=result: path.write_bytes(pickle.dumps(result, protocol=4))
        )
        write_beside_each_other(folder / f"{frame}_compare.jpg", [reduced(result["img"]), result["img_rendered"]])
    write_about(folder, video, parts)
    return folder


def folder_of(config: SeedConfig) -> Path | Failure:
    """Return where the results of a configuration's video go, or why nothing can be written there."""
    assert config.video is not None
    assert config.folder is not None
    folder = config.folder / config.video.name.split(".")[0]
    return writable_problem(folder) or folder


def speaking_context(work: Path, warn: Warn) -> Context:
    """Return a context for stages whose notices become warnings."""

    def emit(event: Any) -> None:
        if event.get("event") == "notice":
            warn(f"{event['sentence']} {event.get('advice', '')}".strip())

    return Context("track_video", emit, lambda: False, work, MODELS)


def chosen_frames(config: SeedConfig, context: Context, warn: Warn) -> Video | Failure:
    """Every n-th frame, as the original counts: frame i of the result is frame int(i x original / subsampled)."""
    video = video_stage.run(VideoSettings(path=str(config.video)), context)
    if isinstance(video, Failure):
        return video
    rate = float(video.rate)
    original = config.original_rate or rate
    if abs(original / rate - 1) > _RATE_TOLERANCE:
        warn(f"'original_fps' is {original:g}, {video.path.name} has {rate:.4g} frames/s; frames go by the former.")
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


def write_about(folder: Path, video: Video, parts: Parts) -> None:
    """Write ``about.json``: what the numbers come from, and which frames of the video they are."""
    about = {
        **parts.sources,
        "video": video.path.name,
        "frames": [int(index) for index in video.frame_index],
    }
    text = json.dumps(about, indent=1)

    def write(partial: Path) -> None:
        partial.write_text(text, "utf-8")
        mark_file(partial)

    write_atomically(folder / "about.json", write)


def write_beside_each_other(path: Path, pictures: list[Picture]) -> None:
    """Write pictures of one height beside each other as JPEG."""
    done, content = cv2.imencode(".jpg", np.ascontiguousarray(np.concatenate(pictures, axis=1)[..., ::-1]))
    assert done
    write_atomically(path, lambda partial: partial.write_bytes(content.tobytes()))
