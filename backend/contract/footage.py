"""Kinds of footage: pictures, and the video files of which Blender shows a copy better than the file itself."""

from __future__ import annotations

from pathlib import Path
from typing import Final

PICTURE_SUFFIXES: Final = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".tif", ".tiff", ".bmp", ".webp", ".exr", ".dpx", ".tga", ".ppm", ".pgm", ".jp2"}
)
"""Suffixes of files that hold one picture. GIF is a video here: it may hold many."""

MPEG_STREAMS: Final = frozenset({".mpg", ".mpeg", ".mpe", ".m1v", ".m2v", ".vob"})
"""MPEG program and elementary streams: Blender 4.2, 4.5 and 5.0 hold their first frames and skip others (measured)."""

COPY_SUFFIXES: Final = (".mp4", ".mov", ".mkv")
"""Of copies under the same name, the preferred one first; it is the one that the engine writes."""


def is_picture(path: Path) -> bool:
    """Return whether a file holds one picture, by its suffix: a photograph, or a frame of a sequence."""
    return path.suffix.lower() in PICTURE_SUFFIXES


def needs_copy(video: Path) -> bool:
    """Whether Blender shows a copy of this video better than the video itself."""
    return video.suffix.lower() in MPEG_STREAMS


def copies(video: Path) -> list[Path]:
    """Return where copies of a video would lie, the preferred one first; empty where none is needed."""
    return [video.with_suffix(suffix) for suffix in COPY_SUFFIXES] if needs_copy(video) else []
