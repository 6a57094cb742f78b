"""overlay.mp4: the head and its landmarks over the footage, in the footage's own time."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Final

import av
import numpy as np
from av.container import OutputContainer
from av.video.stream import VideoStream

from ..contract.arrays import Picture
from ..contract.camera import Intrinsics, resized_points
from ..contract.marks import MARK
from ..contract.track import Track
from ..data.context import Context
from ..data.previews import HEIGHT
from ..system.pictures import even_size, reduced_to, resized_to
from . import mp4
from .picture import HeadPainter, with_caption
from .sound import Sound

QUALITY: Final = "20"
"""x264's constant rate factor; lower is better and larger."""


def write_overlay(
    path: Path,
    track: Track,
    pictures: Iterable[tuple[int, Picture]],
    largest_height: int,
    context: Context,
    footage: Path | None = None,
) -> None:
    """Write the overlay (H.264, yuv420p), every frame at its own moment, with the footage's sound.

    Args:
        path: File to write, in a folder that exists.
        track: What is drawn.
        pictures: (position in the track, upright RGB picture of the full frame), ascending.
        largest_height: Of the overlay in pixels; the footage is never enlarged.
        context: For progress and cancellation.
        footage: Whose sound is copied; without sound where None.

    Raises:
        OSError: The disk is full or the file cannot be written.
    """
    camera = track.intrinsics
    small = camera.resized(*even_size(camera.width, camera.height, largest_height))
    painter = HeadPainter(track)
    begin, end = float(track.time[0]), float(track.time[-1]) + 1 / float(track.rate)
    base = mp4.time_base(end - begin)
    moments = np.round((track.time - begin) / float(base)).astype(np.int64)
    with (
        mp4.as_os_error(path),
        av.open(str(path), "w", format="mp4", options=mp4.options(base)) as container,
        ExitStack() as files,
    ):
        container.metadata["comment"] = MARK
        stream = _stream(container, track, small, base)
        sound = None if footage is None else files.enter_context(Sound(footage, container, begin, end))
        for position, full in pictures:
            context.check()
            on_frame = track.intrinsics_at(position).resized(small.width, small.height)
            picture = painter.draw(resized_to(full, small.width, small.height), position, on_frame)
            points = resized_points(painter.landmarks(position), camera, small)
            picture = painter.draw_landmarks(picture, points, position)
            picture = with_caption(picture, track, position)
            context.preview(int(track.frame_index[position]), partial(reduced_to, picture, HEIGHT))
            frame = mp4.encoded(picture)
            frame.pts, frame.time_base = int(moments[position]), base
            container.mux(stream.encode(frame))
            if sound is not None:
                sound.until(float(track.time[position]) - begin)
            context.progress(position + 1, len(track))
        container.mux(stream.encode(None))
        if sound is not None:
            sound.until(end - begin)


def _stream(container: OutputContainer, track: Track, camera: Intrinsics, base: Fraction) -> VideoStream:
    stream = container.add_stream("libx264", rate=track.rate)
    stream.width, stream.height, stream.pix_fmt = camera.width, camera.height, "yuv420p"
    stream.time_base = stream.codec_context.time_base = base
    stream.options = {"crf": QUALITY, "preset": "veryfast"}
    mp4.say_bt709(stream.codec_context)
    return stream
