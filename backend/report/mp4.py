"""What the MP4 files that are written have in common: their unit of time, and how FFmpeg's errors are told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Final

import av.error

TICKS: Final = (90_000, 10_000, 1000, 100, 10, 1)
"""Units per second in which moments are written: MPEG's own, with which none is rounded, and coarser ones."""

MOST_TICKS: Final = 2**30
"""A file holds twice as many from its first frame to its last."""


def time_base(seconds: float) -> Fraction:
    """Return the finest unit of time in which a file of this length can be written."""
    return Fraction(1, next((ticks for ticks in TICKS if seconds * ticks < MOST_TICKS), 1))


def options(base: Fraction) -> dict[str, str]:
    """Return FFmpeg's options for such a file: index at the start, and the unit of time left as it is."""
    return {"movflags": "+faststart", "video_track_timescale": str(base.denominator)}


@contextmanager
def as_os_error(path: Path) -> Iterator[None]:
    """Let FFmpeg's errors while `path` is written be errors of the system, which are told with advice."""
    try:
        yield
    except OSError:
        raise
    except av.error.FFmpegError as error:
        raise OSError(error.errno, f"FFmpeg: {error.strerror}", str(path)) from error
