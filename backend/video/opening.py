"""Footage that is tracked: file or sequence, the chosen frames, and the time of each."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..contract.arrays import Floats, Integers
from ..contract.failure import Failure
from ..contract.file_access import access_problem, is_file, is_folder
from ..contract.footage import COPY_REASON, HIGH_RANGE, OTHER_PICTURE, is_picture
from ..contract.sequence import PictureSequence, sequence_from
from ..contract.settings import VideoSettings
from ..data.context import Context
from ..data.types import Video
from .notices import sequence_notices, video_notices
from .probe import Probe, file_hash, probe, sequence_hash, simple_rate
from .stills import read_still


def open_video(settings: VideoSettings, context: Context, *, hashed: bool = True) -> Video | Failure:
    """Look at a video and choose its frames; no picture is kept.

    Args:
        settings: Which file and which frames.
        context: For notices and cancellation.
        hashed: Whether all of the file is read for its hash, which takes a while for a long one; else that is empty.

    Returns:
        The video, or a failure where there is no such file, it is no video, it is empty, or no frame is in the range.
    """
    path = Path(settings.path).expanduser()
    problem = _path_problem(settings.path, path)
    if problem is not None:
        return problem
    try:
        if is_picture(path):
            sequence = sequence_from(path)
            probed = _probe_sequence(path, sequence, settings.sequence_rate)
            if isinstance(probed, Failure):
                return probed
            digest = sequence_hash(sequence.present) if hashed else ""
            for notice in sequence_notices(path, sequence):
                context.notice(notice)
        else:
            probed = probe(path, context.check)
            if isinstance(probed, Failure):
                return probed
            digest = file_hash(path, context.check) if hashed else ""
    except OSError as error:
        return Failure(
            "video-unreadable",
            f"{path.name} can't be read: {error.strerror or error}.",
            "Check that you may read the file and that its disk is connected.",
        )
    return _chosen(path, digest, probed, settings, context)


def _path_problem(text: str, path: Path) -> Failure | None:
    advice = "Choose a video file, or the first picture of an image sequence."
    if not text.strip():
        return Failure("video-not-given", "No video was chosen.", advice)
    if is_folder(path):
        return Failure("video-is-directory", f"{path} is a folder, not a video.", advice)
    if access_problem(path):
        return Failure(
            "video-unreadable", f"{path} can't be read: {access_problem(path)}.", "Choose one that you may read."
        )
    if not is_file(path):
        return Failure("video-not-found", f"There is no file {path}.", advice)
    try:
        size = path.stat().st_size
    except OSError as error:
        return Failure("video-unreadable", f"{path.name} can't be read: {error.strerror or error}.", advice)
    if size == 0:
        return Failure("video-empty", f"{path.name} is empty (0 bytes).", "Copy or record it again.")
    return None


def _probe_sequence(path: Path, sequence: PictureSequence, rate: float) -> Probe | Failure:
    files = sequence.files
    picture = read_still(path)
    if picture is None:
        return Failure(
            "video-unreadable", f"{path.name} is not a picture that can be read.", "Choose PNG, JPEG or TIFF files."
        )
    exact = simple_rate(rate)
    return Probe(
        time=np.arange(len(files)) / float(exact),
        width=picture.shape[1],
        height=picture.shape[0],
        rotation=0,
        rate=exact,
        duration=len(files) / float(exact),
        codec=f"{path.suffix.lower().lstrip('.')} sequence" if len(files) > 1 else "still",
        metadata={"missing_pictures": sequence.missing} if sequence.missing else {},
        truncated=False,
        interlaced=False,
    )


def _chosen(path: Path, digest: str, probed: Probe, settings: VideoSettings, context: Context) -> Video | Failure:
    """Apply range, stride and target rate, and tell what the user should know."""
    total = len(probed.time)
    last = total - 1 if settings.last_frame < 0 else min(settings.last_frame, total - 1)
    frames = np.arange(settings.first_frame, last + 1, settings.stride, dtype=np.int64)
    if len(frames) == 0:
        return Failure(
            "video-empty-range",
            f"No frame lies between {settings.first_frame} and "
            f"{'the end' if settings.last_frame < 0 else settings.last_frame}: "
            f"{path.name} has {total} frame{'s' if total != 1 else ''}, counted from 0.",
            "Change the first and last frame.",
        )
    rate = probed.rate / settings.stride
    if 0 < settings.target_rate < float(rate) * 0.999:
        rate = simple_rate(settings.target_rate)
        frames = _at_rate(frames, probed.time, settings.target_rate)
    turned = probed.rotation in {90, 270}
    (width, height), file_size = _sizes(probed)
    if turned:
        width, height = height, width
        file_size = None if file_size is None else (file_size[1], file_size[0])
    video = Video(
        path=path,
        sha256=digest,
        width=width,
        height=height,
        rotation=probed.rotation,
        rate=rate,
        duration=probed.duration,
        frame_index=frames,
        time=probed.time[frames],
        codec=probed.codec,
        metadata={**probed.metadata, **_copy_reason(probed)},
        file_size=file_size,
    )
    for notice in video_notices(video, probed):
        context.notice(notice)
    return video


def _sizes(probed: Probe) -> tuple[tuple[int, int], tuple[int, int] | None]:
    """Size of the decoded pictures with square pixels, none of them lost, and in the file's where these are not."""
    width, height = (
        round(probed.width * max(1, probed.pixel_aspect)),
        round(probed.height / min(1, probed.pixel_aspect)),
    )
    if (width, height) == (probed.width, probed.height):
        return (width, height), None
    return (width, height), (probed.width, probed.height)


def _copy_reason(probed: Probe) -> dict[str, str]:
    """Why Blender should show a copy of the file, where it should."""
    if not probed.first_video:
        return {COPY_REASON: OTHER_PICTURE}
    return {COPY_REASON: HIGH_RANGE} if probed.high_range else {}


def _at_rate(frames: Integers, time: Floats, rate: float) -> Integers:
    """The frames nearest to evenly spaced moments, each once."""
    moments = np.arange(time[frames[0]], time[frames[-1]] + 0.5 / rate, 1 / rate)
    after = np.clip(np.searchsorted(time[frames], moments), 1, max(1, len(frames) - 1))
    earlier, later = time[frames[after - 1]], time[frames[np.minimum(after, len(frames) - 1)]]
    nearest = np.where(moments - earlier <= later - moments, after - 1, np.minimum(after, len(frames) - 1))
    return frames[np.unique(nearest)]
