"""The pixels of the chosen frames of a video, decoded in the background while the caller works on earlier ones."""

from __future__ import annotations

import contextlib
import itertools
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Final

import av
import av.container
import av.error
import av.video
import cv2
import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Picture
from ..contract.footage import is_picture
from ..contract.sequence import sequence_from
from ..data.types import Video
from .colours import standard_rgb
from .fields import one_moment
from .media import open_media, picture_stream, stated_rate
from .stills import read_still
from .straight import straight_picture

ASSUMED_RATE: Final = Fraction(25)
"""Frames per second of files that state neither times nor a rate."""
_QUEUE_BYTES: Final = 48 << 20
"""Decoded pictures that may wait, in bytes: two of 4K, sixteen of 720p."""
_SEEK_SECONDS: Final = 4.0
"""Gaps longer than this are jumped over; shorter ones are decoded, which is exact without looking for key frames."""
_TRIAL: Final = 6
"""Frames at the start whose times are looked at before they are believed; reordering shows within four."""
_TURNS: Final = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


def read_frames(video: Video, positions: Sequence[int] | None = None) -> Iterator[tuple[int, Picture]]:
    """Yield (position in the clip, RGB picture uint8 (height, width, 3)) in order, upright, straight if the lens is.

    A thread decodes ahead of the caller and stops when the generator is closed. Frames that can't be decoded are left
    out, so a damaged file yields fewer positions than asked for.

    Args:
        video: From the stage Video.
        positions: Ascending positions in ``video.frame_index``; all of them where None.
    """
    wanted = np.arange(len(video)) if positions is None else np.asarray(positions, dtype=np.int64)
    if len(wanted) == 0:
        return
    size = max(2, min(16, _QUEUE_BYTES // max(1, video.width * video.height * 3)))
    waiting: queue.Queue[tuple[int, Picture] | Exception | None] = queue.Queue(maxsize=size)
    stop = threading.Event()

    def straight(item: tuple[int, Picture]) -> bool:
        position, picture = item
        return put((position, picture if video.curved is None else straight_picture(picture, video.curved)))

    def put(item: tuple[int, Picture] | Exception | None) -> bool:
        while not stop.is_set():
            try:
                waiting.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def decode() -> None:
        try:
            if is_picture(video.path):
                _read_sequence(video, wanted, straight)
            else:
                _read_stream(video, wanted, straight)
            put(None)
        except Exception as error:  # noqa: BLE001 - told in the thread of the caller
            put(error)

    thread = threading.Thread(target=decode, name="decode", daemon=True)
    thread.start()
    try:
        while (item := waiting.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item
    finally:
        stop.set()
        thread.join(timeout=5.0)


def read_frame(video: Video, position: int) -> Picture | None:
    """Return one picture of the clip, RGB uint8 (height, width, 3), or None where it can't be decoded."""
    for _, picture in read_frames(video, [position]):
        return picture
    return None


def picture_of(frame: av.VideoFrame, video: Video) -> Picture | None:
    """Return a decoded frame as the picture of the clip that it is: RGB of standard range, square pixels, upright.

    Returns:
        uint8 (height, width, 3), or None where the frame has another size than the clip or cannot be converted.
    """
    turned = video.rotation % 180 == 90
    width, height = video.file_size or (video.width, video.height)
    if (frame.width, frame.height) != ((height, width) if turned else (width, height)):
        return None
    try:
        picture = standard_rgb(frame)
    except MemoryError:
        raise
    except (av.error.FFmpegError, OSError):
        return None
    if frame.interlaced_frame:
        picture = one_moment(picture)
    if video.file_size is not None:
        size = (video.height, video.width) if turned else (video.width, video.height)
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
    return upright(picture, video.rotation)


def upright(picture: Picture, rotation: int) -> Picture:
    """Return the picture turned clockwise by a multiple of 90 degrees."""
    turn = _TURNS.get(rotation % 360)
    return picture if turn is None else np.ascontiguousarray(cv2.rotate(picture, turn))  # pyright: ignore


def decoded_frames(container: av.container.InputContainer, stream: av.video.VideoStream) -> Iterator[av.VideoFrame]:
    """Yield every frame that can be decoded from here on; damaged packets are passed over."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except MemoryError:
            raise
        except (av.error.FFmpegError, OSError):
            # The end of a truncated file: what the decoder still holds is worth having.
            with contextlib.suppress(av.error.FFmpegError, EOFError):
                yield from stream.codec_context.decode(None)
            return
        try:
            yield from packet.decode()
        except EOFError:
            return
        except MemoryError:
            raise
        except av.error.FFmpegError:
            continue


def timed_frames(
    container: av.container.InputContainer, stream: av.video.VideoStream
) -> Iterator[tuple[float, bool, av.VideoFrame]]:
    """Yield (seconds from the start of the file, whether the file says so, frame) in the order of showing.

    Some files have no times, or none that are right (H.264 with reordered frames in AVI): then frames are counted.
    """
    start, base = start_time(stream), float(stream.time_base or 0)
    frames = decoded_frames(container, stream)
    head = list(itertools.islice(frames, _TRIAL))
    stamps = [frame.pts for frame in head]
    exact = all(stamp is not None for stamp in stamps)
    exact = exact and all(a < b for a, b in itertools.pairwise(stamps))  # pyright: ignore - none of them is None
    interval = 1.0 / float(stated_rate(container, stream) or ASSUMED_RATE)
    moment = -interval
    for frame in itertools.chain(_emptied(head), frames):
        has_time = exact and frame.pts is not None
        moment = (frame.pts - start) * base if has_time and frame.pts is not None else moment + interval
        yield moment, exact, frame


def _emptied(frames: list[av.VideoFrame]) -> Iterator[av.VideoFrame]:
    """Hand out the frames without keeping them."""
    while frames:
        yield frames.pop(0)


def start_time(stream: av.video.VideoStream) -> int:
    """Return the presentation time from which the file's frames are counted, in the stream's time base."""
    return 0 if stream.start_time is None else stream.start_time


def _read_sequence(video: Video, wanted: NDArray[np.int64], put: Callable[[tuple[int, Picture]], bool]) -> None:
    files = sequence_from(video.path).files
    for position in wanted.tolist():
        index = int(video.frame_index[position])
        file = files[index] if index < len(files) else None
        picture = read_still(file) if file is not None else None
        if picture is None or picture.shape[:2] != (video.height, video.width):
            continue
        if not put((position, picture)):
            return


def _read_stream(video: Video, wanted: NDArray[np.int64], put: Callable[[tuple[int, Picture]], bool]) -> None:
    try:
        container = open_media(video.path)
    except (av.error.FFmpegError, OSError):
        return
    with container:
        stream = picture_stream(container)
        if stream is None:
            return
        stream.thread_type = "AUTO"
        pending = wanted
        jump = float(video.time[pending[0]]) > _SEEK_SECONDS
        while len(pending):
            if jump:
                _seek(container, stream, float(video.time[pending[0]]))
            taken, jump, ended = _read_run(video, pending, container, stream, put, after_jump=jump)
            pending = pending[taken:]
            if ended:
                return


def _seek(container: av.container.InputContainer, stream: av.video.VideoStream, seconds: float) -> None:
    """Go to a key frame safely before a time; formats that can't seek start again."""
    base = stream.time_base or Fraction(1, 1000)
    target = start_time(stream) + int(max(0.0, seconds - 0.5) / base)
    try:
        container.seek(target, stream=stream, backward=True, any_frame=False)
    except (av.error.FFmpegError, OSError):
        container.seek(0)


def _read_run(
    video: Video,
    pending: NDArray[np.int64],
    container: av.container.InputContainer,
    stream: av.video.VideoStream,
    put: Callable[[tuple[int, Picture]], bool],
    *,
    after_jump: bool,
) -> tuple[int, bool, bool]:
    """Decode until the next long gap. Returns (how many positions are settled, jump next, end)."""
    times = video.time[pending]
    near = _tolerance(video)
    settled = 0
    first = True
    for moment, exact, frame in timed_frames(container, stream):
        if first and after_jump and (not exact or moment > times[0] + near):
            # The jump landed too late, so this format can't be sought: decode from the beginning.
            container.seek(0)
            return (0, False, False)
        first = False
        while settled < len(times) and times[settled] < moment - near:
            settled += 1
        if settled == len(times):
            return settled, False, True
        if abs(times[settled] - moment) > near:
            continue
        picture = picture_of(frame, video)
        if picture is not None and not put((int(pending[settled]), picture)):
            return settled, False, True
        settled += 1
        if settled == len(times):
            return settled, False, True
        if times[settled] - moment > _SEEK_SECONDS:
            return settled, True, False
    if first and after_jump:  # The jump landed beyond the last frame.
        container.seek(0)
        return (0, False, False)
    return settled, False, True


def _tolerance(video: Video) -> float:
    """Frames are told apart by their time: half the shortest interval, at most a millisecond."""
    if len(video.time) < 2:
        return 1e-3
    return float(min(1e-3, 0.4 * np.diff(video.time).min()))
