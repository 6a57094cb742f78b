"""A few frames spread over a video, read as cheaply as the file allows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import av.error
import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Picture
from ..contract.footage import is_picture
from ..data.types import Video
from ..video.media import open_media, picture_stream
from ..video.reader import decoded_frames, picture_of, read_frames, start_time

SAMPLES: Final = 16
FEWEST: Final = 4
"""Key frames that are enough to know who is in the picture."""

QUICK: Final = 700e6
"""Pixels of a clip up to which all of it is decoded for its sample (a second or two); beyond, key frames must do."""


def sample(video: Video) -> Iterator[tuple[int, Picture]]:
    """Yield up to `SAMPLES` frames of the clip, evenly spread and in order: (position, upright RGB picture)."""
    if is_picture(video.path) or len(video) * video.width * video.height <= QUICK:
        yield from read_frames(video, spread(len(video), SAMPLES))
        return
    read = 0
    for position, picture in _key_frames(video):
        read += 1
        yield position, picture
    if read < FEWEST:  # a short clip of large pictures with few key frames
        yield from read_frames(video, spread(len(video), FEWEST))


def spread(length: int, count: int) -> list[int]:
    """Return at most `count` positions in the middle of equal parts of a clip."""
    count = min(length, count)
    return [int((k + 0.5) * length / count) for k in range(count)]


def _key_frames(video: Video) -> Iterator[tuple[int, Picture]]:
    """Yield the key frame before each position of the sample, each once; none where the file cannot be sought."""
    try:
        container = open_media(video.path)
    except (av.error.FFmpegError, OSError):
        return
    with container:
        stream = picture_stream(container)
        if stream is None or stream.time_base is None:
            return
        stream.codec_context.skip_frame = "NONKEY"
        start, base = start_time(stream), stream.time_base
        last = -1
        for wanted in spread(len(video), SAMPLES):
            try:
                container.seek(start + int(float(video.time[wanted]) / base), stream=stream, backward=True)
            except (av.error.FFmpegError, OSError):
                return
            frame = next(decoded_frames(container, stream), None)
            if frame is None or frame.pts is None:
                return
            position = _position(video.time, float((frame.pts - start) * base))
            if position > last:
                last = position
                picture = picture_of(frame, video)
                if picture is not None:
                    yield position, picture


def _position(time: NDArray[np.float64], moment: float) -> int:
    """Return the frame that is shown at a moment, or -1 where it is not one of the clip's."""
    position = int(np.abs(time - moment).argmin())
    return position if abs(float(time[position]) - moment) < 1e-3 else -1
