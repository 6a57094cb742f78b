"""Description of a video file: the time of every frame, nominal rate, rotation, camera."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import av.container
import av.error
import av.video
import numpy as np

from ..contract.arrays import Floats
from ..contract.failure import Failure
from .colours import high_range
from .media import PATIENCE, holds_times, is_first_video, moving_pictures, open_media, picture_stream, stated_rate
from .reader import decoded_frames, start_time, timed_frames

_STANDARD_RATES: Final = tuple(
    Fraction(n, d)
    for n, d in (
        (12, 1), (25, 2), (15, 1), (24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1), (48, 1), (50, 1),
        (60000, 1001), (60, 1), (100, 1), (120000, 1001), (120, 1), (240, 1),
    )
)  # fmt: skip
LARGEST_ASPECT: Final = 4
_APPLE: Final = "com.apple.quicktime."
_FOCAL_KEYS: Final = (
    f"{_APPLE}camera.focal_length.35mm_equivalent",
    "com.android.camera.focal_length.35mm_equivalent",
    "focal_length_35mm",
    "FocalLengthIn35mmFilm",
)
"""Keys under which files hold the focal length in millimetres of a 36 mm wide picture."""
_DEVICE_KEYS: Final = {
    "make": (f"{_APPLE}make", "com.android.manufacturer", "make"),
    "model": (f"{_APPLE}model", "com.android.model", "model"),
}


@dataclass(frozen=True)
class Probe:
    """A file that can be decoded.

    Attributes:
        time: Presentation time of every frame, seconds from the start of the file (N,).
        width, height: As decoded, before the rotation.
        rotation: Degrees clockwise to turn decoded frames upright.
        rate: Nominal rate.
        duration: Seconds.
        codec: Name of the codec.
        metadata: See `Video.metadata`.
        truncated: The file promises more than it holds.
        interlaced: The frames hold two moments each.
        pictures: Streams of moving pictures in the file, of which one is read.
        first_video: Whether that is the first video stream: others (cover pictures) are shown by Blender instead.
        high_range: ``HLG`` or ``PQ`` where the colours are of high dynamic range.
        pixel_aspect: Width over height of the decoded pixels.
        rate_is_stated: By times or in a header; else `ASSUMED_RATE` is taken.
    """

    time: Floats
    width: int
    height: int
    rotation: int
    rate: Fraction
    duration: float
    codec: str
    metadata: dict[str, Any]
    truncated: bool
    interlaced: bool
    pictures: int = 1
    first_video: bool = True
    high_range: str = ""
    pixel_aspect: Fraction = Fraction(1)
    rate_is_stated: bool = True


def probe(path: Path, check: Callable[[], None]) -> Probe | Failure:
    """Read the times of all frames without decoding them all, and prove that the first and the last can be decoded.

    Args:
        path: A file that exists and is not empty.
        check: Called often; raises when the user asked to stop.
    """
    try:
        container = open_media(path)
    except (av.error.FFmpegError, OSError) as error:
        return _not_opened(path, error)
    with container:
        stream = picture_stream(container)
        if stream is None:
            return Failure(
                "no-video-stream",
                f"{path.name} holds no video stream (only sound?).",
                "Choose a file with a video in it.",
            )
        return _probe_stream(path, container, stream, check)


def _not_opened(path: Path, error: Exception) -> Failure:
    if isinstance(error, av.error.ExitError):
        return Failure(
            "video-unreadable",
            f"{path.name} could not be opened within {PATIENCE:.0f} seconds.",
            "Copy it to a disk of this computer; if it is on one already, it is damaged or not a video.",
        )
    if _is_text(path):
        return Failure(
            "video-unreadable",
            f"{path.name} is a text, perhaps a playlist, and not a video.",
            "Choose the video itself; nothing is read from lists or from the network.",
        )
    return Failure(
        "video-unreadable",
        f"{path.name} is not a video, or its index at the end is missing.",
        "Choose a video file; if it is one, copy it again or convert it to MP4 with H.264.",
    )


def _is_text(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            start = stream.read(4096)
    except OSError:
        return False
    return bool(start) and all(byte >= 32 or byte in b"\t\n\r\f" for byte in start)


def _probe_stream(
    path: Path, container: av.container.InputContainer, stream: av.video.VideoStream, check: Callable[[], None]
) -> Probe | Failure:
    packets = _packet_times(container, stream, check)
    first, last = _ends(path, stream.index, packets)
    if first is None:
        return Failure(
            "video-no-frames",
            f"No frame of {path.name} can be decoded.",
            "The file is damaged, or its codec is not supported; convert it to MP4 with H.264.",
        )
    tick = float(stream.time_base or Fraction(1, 1000))
    damaged_end = False
    if packets is None or last is None:
        time = _decoded_times(path, stream.index, check)
    else:
        time = packets[(packets >= first.moment - tick / 2) & (packets <= last + tick / 2)]
        damaged_end = bool(len(packets) and packets[-1] > last + tick / 2)
    stated = stated_rate(container, stream)
    rate = nominal_rate(time, tick, stated, stream.guessed_rate if stated else None)
    end = float(time[-1]) + float(1 / rate)
    promised = _promised_duration(container, stream, end)
    missing_frames = stream.frames > 0 and len(time) < stream.frames - max(2, stream.frames // 100)
    return Probe(
        time=time,
        width=first.width,
        height=first.height,
        rotation=first.rotation,
        rate=rate,
        duration=end,
        codec=stream.codec_context.name,
        metadata=_metadata(container, stream, first.mirrored),
        truncated=damaged_end or missing_frames or promised > end + max(0.5, 3 / float(rate)),
        interlaced=first.interlaced,
        pictures=len(moving_pictures(container)),
        first_video=is_first_video(container, stream),
        high_range=first.high_range,
        pixel_aspect=_pixel_aspect(stream),
        rate_is_stated=stated is not None or holds_times(container),
    )


@dataclass(frozen=True)
class _First:
    moment: float
    width: int
    height: int
    rotation: int
    mirrored: bool
    interlaced: bool
    high_range: str


def _packet_times(
    container: av.container.InputContainer, stream: av.video.VideoStream, check: Callable[[], None]
) -> Floats | None:
    """Presentation times of all packets in order, or None where they don't tell the times of the frames."""
    start, base = start_time(stream), float(stream.time_base or 0)
    times: list[int] = []
    try:
        for count, packet in enumerate(container.demux(stream)):
            if count % 200 == 0:
                check()
            if packet.size == 0 or packet.is_discard:
                continue
            if packet.pts is None:
                return None
            times.append(packet.pts)
    except (av.error.FFmpegError, OSError):
        pass  # A truncated file: what came until here counts; `_ends` looks at what can be decoded.
    unique = np.unique(np.array(times, dtype=np.int64))
    if len(unique) == 0 or len(unique) != len(times):
        return None
    return (unique - start).astype(np.float64) * base


def _ends(path: Path, stream_index: int, packets: Floats | None) -> tuple[_First | None, float | None]:
    """The first frame that can be decoded, and the time of the last one (None where only decoding all can tell)."""
    with open_media(path) as container:
        stream = container.streams[stream_index]
        assert isinstance(stream, av.video.VideoStream)
        stream.thread_type = "AUTO"
        first = None
        for moment, exact, frame in timed_frames(container, stream):
            rotation, mirrored = _orientation(frame)
            interlaced = bool(frame.interlaced_frame)
            first = _First(moment, frame.width, frame.height, rotation, mirrored, interlaced, high_range(frame))
            if not exact:
                return first, None
            break
        if first is None or packets is None:
            return first, None
        return first, _last_time(container, stream, float(packets[-1]))


def _last_time(container: av.container.InputContainer, stream: av.video.VideoStream, expected: float) -> float | None:
    """Time of the last frame that can be decoded, looking at the last seconds alone."""
    start, base = start_time(stream), stream.time_base or Fraction(1, 1000)
    for back in (0.5, 12.0):
        try:
            container.seek(start + int(max(0.0, expected - back) / base), stream=stream, backward=True)
        except (av.error.FFmpegError, OSError):
            return None
        moments = [
            (frame.pts - start) * float(base) for frame in decoded_frames(container, stream) if frame.pts is not None
        ]
        if moments:
            return max(moments)
    return None


def _decoded_times(path: Path, stream_index: int, check: Callable[[], None]) -> Floats:
    """Times of all frames by decoding them all: slow, and always right."""
    times: list[float] = []
    with open_media(path) as container:
        stream = container.streams[stream_index]
        assert isinstance(stream, av.video.VideoStream)
        stream.thread_type = "AUTO"
        for moment, _, _ in timed_frames(container, stream):
            if len(times) % 50 == 0:
                check()
            if not times or moment > times[-1]:
                times.append(moment)
    return np.array(times)


def _orientation(frame: av.VideoFrame) -> tuple[int, bool]:
    """(degrees clockwise to upright, whether the display matrix mirrors too)."""
    matrix = frame.side_data.get("DISPLAYMATRIX")
    mirrored = False
    if matrix is not None:
        turn = np.frombuffer(bytes(matrix), dtype=np.int32)[:9].reshape(3, 3)[:2, :2].astype(np.float64)
        mirrored = bool(np.linalg.det(turn) < 0)
    return round(-frame.rotation / 90) * 90 % 360, mirrored


def nominal_rate(time: Floats, tick: float, average: Fraction | None, guessed: Fraction | None) -> Fraction:
    """Return the rate at which the frames were made.

    A steady clip has the mean of its intervals; a variable one (phones) the median, which is the camera's own rate.
    A rate that the file states or that is usual wins when it is nearer than 0.5 %.

    Args:
        time: Seconds (N,).
        tick: Time base of the file, seconds: intervals are rounded to it.
        average, guessed: What the file states.
    """
    stated = [rate for rate in (average, guessed) if rate]
    if len(time) < 2:
        return stated[0] if stated and 0 < stated[0] <= 1000 else Fraction(25)
    intervals = np.diff(time)
    middle = float(np.median(intervals))
    steady = float(np.mean(np.abs(intervals - middle) <= max(1.01 * tick, 0.05 * middle))) > 0.98
    measured = 1 / (float(intervals.mean()) if steady else middle)
    # The stated rate first: over a short clip 30000/1001 and 30 can't be told apart by measuring.
    for candidates, within in ((stated, 0.005), (_STANDARD_RATES, 0.005 if steady else 0.02)):
        near = [rate for rate in candidates if abs(float(rate) / measured - 1) < within]
        if near:
            return min(near, key=lambda rate: abs(float(rate) / measured - 1))
    return simple_rate(measured)


def simple_rate(rate: float) -> Fraction:
    """Return a rate as a fraction of small numbers; one of less than a frame a second as one frame in some time."""
    if rate >= 1:
        return Fraction(rate).limit_denominator(1001)
    return 1 / Fraction(1 / rate).limit_denominator(1001)


def _promised_duration(container: av.container.InputContainer, stream: av.video.VideoStream, fallback: float) -> float:
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    tag = stream.metadata.get("DURATION")
    if tag and tag.count(":") == 2:
        try:
            hours, minutes, seconds = (float(part) for part in tag.split(":"))
        except ValueError:
            return fallback
        return 3600 * hours + 60 * minutes + seconds - start_time(stream) * float(stream.time_base or 0)
    # The container's duration may be that of the sound; without sound it is the picture's.
    if container.duration is not None and len(container.streams) == 1:
        return container.duration / 1e6 - (container.start_time or 0) / 1e6
    return fallback


def _metadata(container: av.container.InputContainer, stream: av.video.VideoStream, mirrored: bool) -> dict[str, Any]:
    """What the file says of its camera, with our names for what is used."""
    tags = {**container.metadata, **stream.metadata}
    result: dict[str, Any] = {}
    for key in _FOCAL_KEYS:
        try:
            value = float(tags[key].split()[0]) if key in tags else 0.0
        except (ValueError, IndexError):
            continue
        if value > 0:
            result["focal_length_35mm"] = value
            break
    for name, keys in _DEVICE_KEYS.items():
        device = next((tags[key] for key in keys if tags.get(key)), None)
        if device:
            result[f"camera_{name}"] = device
    if "com.android.version" in tags:
        result.setdefault("camera_make", "Android")
    lens = next((tags[key] for key in (f"{_APPLE}camera.lens_model", "lens_model") if tags.get(key)), None)
    if lens:
        result["lens_model"] = lens
    if mirrored:
        result["mirrored"] = True
    return result


def _pixel_aspect(stream: av.video.VideoStream) -> Fraction:
    """What the file says of the shape of its pixels; no camera has any beyond the limits."""
    aspect = stream.sample_aspect_ratio
    if not aspect or not 1 / LARGEST_ASPECT <= aspect <= LARGEST_ASPECT:
        return Fraction(1)
    return aspect


def file_hash(path: Path, check: Callable[[], None]) -> str:
    """Return the SHA-256 of the file's bytes in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 22):
            check()
            digest.update(block)
    return digest.hexdigest()


def sequence_hash(files: list[Path]) -> str:
    """Return the SHA-256 of the names, sizes and times of change of the files, in hexadecimal."""
    digest = hashlib.sha256()
    for file in files:
        facts = file.stat()
        digest.update(f"{file.name}\0{facts.st_size}\0{facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()
