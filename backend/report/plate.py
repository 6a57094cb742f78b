"""A copy of the footage that Blender steps through exactly: every frame of the file, at its own moment."""

from __future__ import annotations

import dataclasses
import errno
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import av.error
import numpy as np
from av.container import OutputContainer
from av.video.frame import PictureType
from av.video.stream import VideoStream

from ..contract.footage import COPY_REASON
from ..data.context import Context
from ..data.types import Video
from ..video.media import open_media, picture_stream
from ..video.reader import picture_of, timed_frames
from . import mp4
from .mp4 import encoded, say_bt709

QUALITY: Final = "14"
"""x264's constant rate factor, at which a copy cannot be told from the original by eye; lower is better and larger."""

KEY_FRAMES: Final = "12"
"""Frames from one key frame to the next: Blender jumps about in the footage while an animator works."""

MARK: Final = "Copy of a video for Blender by FLAME Head Tracker, SHA-256 "
"""Start of the file's comment: a file without it is somebody else's and not written over."""


def write_plate(path: Path, video: Video, context: Context) -> None:
    """Write the copy (MP4, H.264, yuv420p).

    The pictures are upright, with the file's own pixels, in standard range (`video.colours`); an odd width or height
    becomes one pixel less. Moments count from the start of the file, as in `Video.time`.

    Args:
        path: File to write, in a folder that exists.
        video: All frames of its file are copied, whichever were chosen; at least one can be decoded.
        context: For progress (1000 steps) and cancellation.

    Raises:
        OSError: The video cannot be read, the disk is full or the file cannot be written.
    """
    last, base = -1, mp4.time_base(video.duration)
    with (
        mp4.as_os_error(path),
        open_media(video.path) as source,
        av.open(str(path), "w", format="mp4", options=mp4.options(base)) as copy,
    ):
        original = picture_stream(source)
        if original is None:
            raise OSError(errno.EIO, "There is no picture in it any more", str(video.path))
        original.thread_type = "AUTO"
        copy.metadata["comment"] = MARK + video.sha256
        stream = _stream(copy, original, video, base)
        for moment, _, frame in timed_frames(source, original):
            context.check()
            stamp = round(moment / base)
            if stamp <= last:
                continue  # As when the frames of the file were counted.
            picture = _picture(frame, video, stream)
            if picture is None:
                continue
            picture.pts, picture.time_base, last = stamp, base, stamp
            picture.pict_type = PictureType.NONE
            copy.mux(stream.encode(picture))
            context.progress(min(1000, round(1000 * moment / max(video.duration, 1e-3))), 1000)
        copy.mux(stream.encode(None))


def copied_video(path: Path) -> str | None:
    """Return the SHA-256 of the video of which a file is a copy, or None where the file was not written here."""
    try:
        with open_media(path) as container:
            comment = container.metadata.get("comment", "")
    except (av.error.FFmpegError, OSError):
        return None
    return comment.removeprefix(MARK) if comment.startswith(MARK) else None


def _picture(frame: av.VideoFrame, video: Video, stream: VideoStream) -> av.VideoFrame | None:
    """The copy of a frame, None where it is none of the clip's."""
    if not _by_rgb(video):
        return frame.reformat(stream.width, stream.height, "yuv420p")
    width, height = _stored_size(video)
    picture = picture_of(frame, dataclasses.replace(video, width=width, height=height, file_size=None))
    if picture is None:
        return None
    return encoded(np.ascontiguousarray(picture[: stream.height, : stream.width]))


def _by_rgb(video: Video) -> bool:
    """Whether colours or orientation change; a copy of the same stays in its own colours, which loses nothing."""
    return COPY_REASON in video.metadata or video.rotation != 0


def _stored_size(video: Video) -> tuple[int, int]:
    return video.file_size or (video.width, video.height)


def _stream(copy: OutputContainer, original: VideoStream, video: Video, base: Fraction) -> VideoStream:
    """The copy's stream, with rate, shape of pixels and colours of the original."""
    stream = copy.add_stream("libx264", rate=original.average_rate or original.guessed_rate or 25)
    width, height = _stored_size(video)
    stream.width, stream.height, stream.pix_fmt = width // 2 * 2, height // 2 * 2, "yuv420p"
    stream.time_base = stream.codec_context.time_base = base
    # Without reordered frames the file starts at its first picture, not at an edit before it.
    stream.options = {"crf": QUALITY, "preset": "veryfast", "g": KEY_FRAMES, "bf": "0"}
    codec, colours = stream.codec_context, original.codec_context
    aspect = original.sample_aspect_ratio or Fraction(1)
    codec.sample_aspect_ratio = 1 / aspect if video.rotation % 180 == 90 else aspect
    if _by_rgb(video):
        say_bt709(codec)
        return stream
    codec.colorspace, codec.color_range = colours.colorspace, colours.color_range
    codec.color_primaries, codec.color_trc = colours.color_primaries, colours.color_trc
    return stream
