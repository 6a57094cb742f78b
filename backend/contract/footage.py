"""Kinds of footage: pictures, and the video files of which Blender shows a copy better than the file itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

PICTURE_SUFFIXES: Final = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".tif", ".tiff", ".bmp", ".webp", ".exr", ".dpx", ".tga", ".ppm", ".pgm", ".jp2"}
)
"""Suffixes of files that hold one picture. GIF is a video here: it may hold many."""

VIDEO_SUFFIXES: Final = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".vob", ".m2v", ".ts", ".mts", ".m2ts", ".mxf"}
    | {".wmv", ".flv", ".ogv", ".3gp", ".dv", ".y4m", ".gif"}
)
"""Usual suffixes of videos, for what is offered to be dropped; a file of any other name is read by its content."""

MPEG_STREAMS: Final = frozenset({".mpg", ".mpeg", ".mpe", ".m1v", ".m2v", ".vob"})
"""MPEG program and elementary streams: Blender 4.2, 4.5 and 5.0 hold their first frames and skip others (measured)."""

COPY_SUFFIXES: Final = (".mp4", ".mov", ".mkv")
"""Of copies under the same name, the preferred one first; it is the one that the engine writes."""

COPY_NAME: Final = "{name} footage.mp4"
"""Of a copy whose original has, or may have, the same suffix."""

COPY_REASON: Final = "copy_for_blender"
"""Where a clip's facts say why Blender should show a copy, `OTHER_PICTURE` or `HIGH_RANGE`: no name tells that."""

OTHER_PICTURE: Final = "other-picture"
"""Blender shows the first video stream of a file, though that may be a cover picture or a small copy."""

HIGH_RANGE: Final = "high-range"
"""Colours of high dynamic range, which Blender before 5.0 shows as they are stored, dull and dark."""


def is_picture(path: Path) -> bool:
    """Return whether a file holds one picture, by its suffix: a photograph, or a frame of a sequence."""
    return path.suffix.lower() in PICTURE_SUFFIXES


def is_mpeg_stream(video: Path) -> bool:
    """Return whether a file is of the one kind that Blender does not show frame by frame, by its suffix."""
    return video.suffix.lower() in MPEG_STREAMS


def copies(video: Path, about: Mapping[str, Any]) -> list[Path]:
    """Return where copies of a video would lie, the preferred one first; empty where none is needed.

    Args:
        video: The original, where it is or would be.
        about: What is known of the clip: `Video.metadata` in the engine, ``video`` in a track's header.
    """
    if is_mpeg_stream(video):
        return [video.with_suffix(suffix) for suffix in COPY_SUFFIXES]
    return [video.with_name(COPY_NAME.format(name=video.stem))] if about.get(COPY_REASON) else []
