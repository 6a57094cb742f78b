"""The one place where a media file is opened and where it is said which of its streams is the picture.

Files come from anybody. A file is opened only where it holds its pictures itself: lists that name other files or
addresses (m3u8, ffconcat, sdp, mpd ...) are no media, and nothing but local files is ever read, whatever a file asks.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import av.container
import av.error
import av.stream
import av.video

PATIENCE: Final = 30.0
"""Seconds for opening a file and for each read from it: a disk that has gone away or a file without end stops here."""

MEDIA: Final = (
    *("mov", "matroska", "avi", "mpegts", "mpeg", "mpegvideo", "flv", "asf", "mxf", "nut", "ogg", "dv", "rm", "wtv"),
    *("gxf", "lxf", "nuv", "cine", "r3d", "gif", "apng", "webp", "mjpeg", "mjpeg_2000", "yuv4mpegpipe", "ivf"),
    *("h261", "h263", "h264", "hevc", "vvc", "av1", "obu", "m4v", "vc1", "vc1test", "dirac", "cavsvideo"),
    # Sound, so that it can be said that there is no picture; some hold a cover picture.
    *("wav", "w64", "mp3", "aac", "flac", "aiff", "ac3", "eac3", "amr", "caf", "au"),
)
"""FFmpeg's names of the containers that hold their streams themselves."""

STILLS: Final = tuple(
    f"{name}_pipe"
    for name in ("png", "jpeg", "tiff", "bmp", "webp", "exr", "dpx", "ppm", "pgm", "pam", "j2k", "jpegxl", "hdr")
)
"""The same for single pictures; ``image2``, which reads other files of like names, is none of them."""

_NO_TIMES: Final = 0x0080
"""FFmpeg's flag of containers that hold no times (AVFMT_NOTIMESTAMPS)."""

_NO_MOVING_PICTURE: Final = (
    av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails | av.stream.Disposition.still_image
)


def open_media(path: Path, formats: tuple[str, ...] = MEDIA) -> av.container.InputContainer:
    """Open a local file for reading; tags in other encodings than UTF-8 get marks of replacement.

    Args:
        path: A regular file.
        formats: FFmpeg's names of containers that are accepted.

    Raises:
        av.error.FFmpegError: It is no media file of these formats, or could not be opened in `PATIENCE` seconds.
        OSError: It cannot be read.
        MemoryError: There is too little memory.
    """
    options = {"format_whitelist": ",".join(formats), "protocol_whitelist": "file"}
    # Named as a file, "http:x.mp4" and "concat:a" are names like others.
    name = f"file:{path.absolute()}"
    try:
        return av.open(name, options=options, metadata_errors="replace", timeout=(PATIENCE, PATIENCE))
    except MemoryError as error:  # One of FFmpeg's errors too, but no fault of the file.
        raise MemoryError(str(error)) from error


def picture_stream(container: av.container.InputContainer) -> av.video.VideoStream | None:
    """Return the stream that is tracked, shown and copied, or None where there is none.

    Cover pictures and thumbnails are none. Of several (proxies, depth maps, second cameras) the one with the largest
    pictures is the footage; of like ones that which the file plays by default, then the first.
    """
    return max(moving_pictures(container), key=_rank, default=None)


def moving_pictures(container: av.container.InputContainer) -> list[av.video.VideoStream]:
    """Return the video streams that are no cover pictures or thumbnails, and for which there is a decoder."""
    streams = [stream for stream in container.streams.video if not stream.disposition & _NO_MOVING_PICTURE]
    return [stream for stream in streams if stream.codec_context is not None]


def stated_rate(container: av.container.InputContainer, stream: av.video.VideoStream) -> Fraction | None:
    """Return the frame rate by the file's headers, None where it states none.

    Bare streams of pictures have no times; what FFmpeg calls their average rate is its own guess of 25.
    """
    if holds_times(container):
        return stream.average_rate or stream.guessed_rate
    return stream.guessed_rate if stream.codec_context.framerate else None


def holds_times(container: av.container.InputContainer) -> bool:
    """Return whether files of this kind say when their frames are shown."""
    return not container.format.flags & _NO_TIMES


def is_first_video(container: av.container.InputContainer, stream: av.video.VideoStream) -> bool:
    """Return whether a stream is the first of the file's video streams: Blender shows that one, whatever it is."""
    return container.streams.video[0].index == stream.index


def _rank(stream: av.video.VideoStream) -> tuple[bool, int, bool, int]:
    several_frames = stream.frames != 1  # 0 where the file does not say
    by_default = bool(stream.disposition & av.stream.Disposition.default)
    return several_frames, stream.width * stream.height, by_default, -stream.index
