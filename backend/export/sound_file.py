"""The sound of the footage as a WAV, from the first to the last frame of a track."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import av
import av.error
import numpy as np
from av.container import InputContainer

from ..contract.arrays import Array
from ..contract.footage import is_picture
from ..video.media import open_media, picture_stream
from ..video.reader import start_time

_SAMPLE: Final = 2
"""Bytes of a sample: 16 bits, which every program reads."""
_LEAST: Final = 0.02
"""Seconds of sound below which there is none."""


def write_sound(video: Path, path: Path, start: float, end: float) -> bool:
    """Write the first sound of a video and return whether it has one that can be read.

    Silence fills what the sound lacks at its beginning, so that the file begins with the track's first frame.

    Args:
        video: The footage.
        path: The WAV, which is written only where there is sound.
        start, end: Seconds from the footage's first frame.

    Raises:
        OSError: The file cannot be written.
    """
    if is_picture(video):
        return False
    try:
        with open_media(video) as container:
            samples, rate = _samples(container, start, end)
    except (av.error.FFmpegError, OSError, ValueError):
        return False
    if len(samples) < _LEAST * rate:
        return False
    with wave.open(str(path), "wb") as target:
        target.setnchannels(samples.shape[1])
        target.setsampwidth(_SAMPLE)
        target.setframerate(rate)
        target.writeframes(samples.astype("<i2").tobytes())
    return True


def _samples(container: InputContainer, start: float, end: float) -> tuple[Array, int]:
    """Return samples (N, channels) int16 and their rate; none where there is no sound."""
    sound = next(iter(container.streams.audio), None)
    if sound is None:
        return np.zeros((0, 1), np.int16), 1
    picture = picture_stream(container)
    begin = start + (0.0 if picture is None else start_time(picture) * float(picture.time_base or 0))
    rate = sound.rate
    layout = "stereo" if sound.channels > 1 else "mono"
    resampler = av.AudioResampler(format="s16", layout=layout, rate=rate)
    result = np.zeros((max(0, round((end - start) * rate)), 2 if sound.channels > 1 else 1), np.int16)
    last = 0
    for moment, block in _blocks(container, resampler, result.shape[1]):
        first = round((moment - begin) * rate)
        if first >= len(result):
            break
        source = block[max(0, -first) : len(result) - first]
        target = max(0, first)
        result[target : target + len(source)] = source
        last = max(last, target + len(source))
    return result[:last], rate


def _blocks(container: InputContainer, resampler: av.AudioResampler, channels: int) -> Iterator[tuple[float, Array]]:
    """Yield moments in seconds and the samples (N, channels) that are heard from there."""
    moment: float | None = None
    try:
        for frame in container.decode(audio=0):
            if frame.pts is not None and frame.time_base is not None:
                moment = float(frame.pts * frame.time_base)
            for part in resampler.resample(frame):
                block = part.to_ndarray().reshape(-1, channels)
                yield moment or 0.0, block
                moment = (moment or 0.0) + len(block) / part.sample_rate
    except (av.error.FFmpegError, OSError):  # A truncated file: what was read so far is the sound.
        return
