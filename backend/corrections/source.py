"""Corrections from where the user keeps them: a file of their own, the track that was made with them, or settings."""

from __future__ import annotations

import contextlib
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..contract.correction_settings import ExcludeSettings, parse_frames, parse_regions
from ..contract.corrections.corrections import ENTRY, Corrections, Matte, corrections_of, read_corrections
from ..contract.failure import Failure
from ..contract.file_access import is_file
from ..contract.footage import is_picture
from ..contract.sequence import sequence_from
from ..contract.track import read_parts

if TYPE_CHECKING:
    from ..data.context import Context
    from ..data.types import Landmarks


def corrections_from(text: str) -> Corrections | Failure:
    """Return the corrections that a setting names: a file of JSON or a track; none at all for an empty one.

    The path of a matte counts from the folder of the file that names it.
    """
    if not text:
        return Corrections()
    path = Path(text).expanduser()
    if is_file(path) and _is_archive(path):
        return _of_track(path)
    read = read_corrections(path)
    return read if isinstance(read, Failure) else _with_whole_path(read, path.absolute().parent)


def corrections_in(header: Mapping[str, Any], folder: Path) -> Corrections | Failure:
    """Return the corrections with which a track in a folder was made, by its header; none at all without an entry."""
    if ENTRY not in header:
        return Corrections()
    read = corrections_of(header[ENTRY])
    return read if isinstance(read, Failure) else _with_whole_path(read, folder)


def _is_archive(path: Path) -> bool:
    with contextlib.suppress(OSError):
        return zipfile.is_zipfile(path)
    return False


def _of_track(path: Path) -> Corrections | Failure:
    parts = read_parts(path, ())
    if isinstance(parts, Failure):
        return parts
    header, _ = parts
    if ENTRY not in header:
        return Failure(
            "track-without-corrections",
            f"{path.name} was made without corrections.",
            "Name a file of corrections, or a track that was made with some.",
        )
    return corrections_in(header, path.absolute().parent)


def _with_whole_path(corrections: Corrections, folder: Path) -> Corrections:
    """Return corrections whose matte is named as seen from a folder with its whole path."""
    if corrections.matte is None:
        return corrections
    path = Path(corrections.matte.path).expanduser()
    whole = str(path if path.is_absolute() else folder / path)
    return replace(corrections, matte=replace(corrections.matte, path=whole))


def exclusions_of(settings: ExcludeSettings) -> Corrections | Failure:
    """Return what settings leave out: that of the file that they name, and what they say themselves."""
    read = corrections_from(settings.corrections)
    frames, regions = parse_frames(settings.frames), parse_regions(settings.face_regions)
    for each in (read, frames, regions):
        if isinstance(each, Failure):
            return each
    assert isinstance(read, Corrections) and isinstance(frames, tuple) and isinstance(regions, tuple)
    matte = Matte(settings.matte, settings.matte_inverted) if settings.matte else read.matte
    both = dict.fromkeys((*read.face_regions, *regions))
    return replace(read, pinned=(), frames=(*read.frames, *frames), face_regions=tuple(both), matte=matte)


def matte_files(matte: Matte | None) -> Iterable[Path]:
    """Return the files of a matte."""
    if matte is None:
        return []
    path = Path(matte.path).expanduser()
    if not is_picture(path) or not is_file(path):
        return [path]
    try:
        return sequence_from(path).present
    except OSError:
        return [path]


_SLACK = 1.1
"""By how much more frames a file may have than its duration and rate say."""


def beyond_end(frames: Sequence[int], landmarks: Landmarks, context: Context) -> Failure | None:
    """Refuse corrections of frames that the video does not have: they were made for another one.

    Args:
        frames: Of the source video, which corrections name.
        landmarks: Of the clip, which may be a part of the video.
        context: For the range that was tracked.
    """
    index = landmarks.frame_index
    step = int(index[1] - index[0]) if len(index) > 1 else 1
    last = end = int(index[-1]) + step - 1
    if context.settings.get("video", {}).get("last_frame", -1) >= 0:
        duration = float(landmarks.video.get("duration") or 0.0)
        frames_of_video = duration * float(landmarks.rate) * step
        last, end = max(last, int(_SLACK * frames_of_video)), max(end, round(frames_of_video) - 1)
    if not frames or max(frames) <= last:
        return None
    return Failure(
        "corrections-of-another-clip",
        f"The corrections name frame {max(frames)}, and the video ends with frame {end}, counted from 0.",
        "Give the corrections of this clip.",
    )
