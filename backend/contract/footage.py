"""Which video files Blender does not show frame by frame, and where a copy that it does show may lie."""

from __future__ import annotations

from pathlib import Path
from typing import Final

MPEG_STREAMS: Final = frozenset({".mpg", ".mpeg", ".mpe", ".m1v", ".m2v", ".vob"})
"""MPEG program and elementary streams: Blender 4.2, 4.5 and 5.0 hold their first frames and skip others (measured)."""

COPY_SUFFIXES: Final = (".mp4", ".mov", ".mkv")
"""Of copies under the same name, the preferred one first; it is the one that the engine writes."""


def needs_copy(video: Path) -> bool:
    """Whether Blender shows a copy of this video better than the video itself."""
    return video.suffix.lower() in MPEG_STREAMS


def copies(video: Path) -> list[Path]:
    """Return where copies of a video would lie, the preferred one first; empty where none is needed."""
    return [video.with_suffix(suffix) for suffix in COPY_SUFFIXES] if needs_copy(video) else []
