"""Common parts of the MP4 files that are written: unit of time, colours, and sentences for FFmpeg's errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import av.error
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import ColorRange, Colorspace

from ..contract.arrays import Picture

TICKS: Final = (90_000, 10_000, 1000, 100, 10, 1)
"""Units per second in which moments are written: MPEG's own, with which none is rounded, and coarser ones."""

MOST_TICKS: Final = 2**30
"""A file holds twice as many from its first frame to its last."""


BT709: Final = 1
"""Number of BT.709 in H.264's tables of primaries and transfer curves (ITU-T H.264, E.2.1)."""


def time_base(seconds: float) -> Fraction:
    """Return the finest unit of time in which a file of this length can be written."""
    return Fraction(1, next((ticks for ticks in TICKS if seconds * ticks < MOST_TICKS), 1))


def options(base: Fraction) -> dict[str, str]:
    """Return FFmpeg's options for such a file: index at the start, and the unit of time left as it is."""
    return {"movflags": "+faststart", "video_track_timescale": str(base.denominator)}


def say_bt709(codec: VideoCodecContext) -> None:
    """Let a stream say that it has the colours of `encoded`; left unsaid, players guess by the height."""
    codec.colorspace, codec.color_range = Colorspace.ITU709, ColorRange.MPEG
    codec.color_primaries = codec.color_trc = BT709


def encoded(picture: Picture) -> av.VideoFrame:
    """Return an RGB picture in the colours of standard range, as `say_bt709` has it."""
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
    return frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG)


@contextmanager
def as_os_error(path: Path) -> Iterator[None]:
    """Let FFmpeg's errors while `path` is written be errors of the system, which are told with advice."""
    try:
        yield
    except OSError:
        raise
    except av.error.FFmpegError as error:
        raise OSError(error.errno, f"FFmpeg: {error.strerror}", str(path)) from error
