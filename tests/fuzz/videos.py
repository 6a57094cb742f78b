"""Damaged videos and pictures: opened, and every frame decoded, by a job with a stage that only looks."""

from __future__ import annotations

import io
import random
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np

from backend.contract.failure import Failure
from backend.contract.job import Job, Stage
from backend.contract.settings import CameraSettings, VideoSettings
from backend.data.context import Context
from backend.data.stage_code import StageCode
from backend.data.types import Video
from backend.run.cache import Cache
from backend.run.engine import guarded
from backend.run.registry import STAGE_CODE
from backend.run.runner import Finished, run_job

from .damage import damaged_bytes
from .kind import Kind

_FRAMES: Final = 9
_FORMATS: Final = (
    *(("mp4", "mpeg4"), ("mp4", "libx264"), ("mov", "mjpeg"), ("mkv", "mpeg4"), ("mkv", "ffv1"), ("avi", "mpeg4")),
    *(
        ("avi", "rawvideo"),
        ("mpegts", "mpeg2video"),
        ("flv", "flv1"),
        ("webm", "libvpx"),
        ("gif", "gif"),
        ("nut", "huffyuv"),
    ),
)
_PIXELS: Final = {"gif": "rgb8", "mjpeg": "yuvj420p", "huffyuv": "yuv422p"}
_ENDINGS: Final = {"mpegts": "ts"}
_BOXES: Final = (b"moov", b"mdhd", b"mvhd", b"stts", b"stsz", b"stsc", b"stco", b"tkhd", b"stsd", b"elst", b"ctts")


def _video(container: str, codec: str) -> bytes:
    """Return a small video that moves, with a title and a turn where the format has them."""
    stream = io.BytesIO()
    with av.open(stream, "w", format=container if container != "mkv" else "matroska") as output:
        output.metadata["title"] = "täke"
        picture = output.add_stream(codec, rate=25)
        picture.width, picture.height, picture.pix_fmt = 64, 48, _PIXELS.get(codec, "yuv420p")
        for number in range(_FRAMES):
            values = np.random.default_rng(number // 3).integers(0, 255, (48, 64, 3), dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(values, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            output.mux(picture.encode(frame))
        output.mux(picture.encode(None))
    return stream.getvalue()


def _pictures() -> list[tuple[str, bytes]]:
    values = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    endings = (".png", ".jpg", ".tif", ".bmp", ".webp")
    return [(ending, cv2.imencode(ending, values)[1].tobytes()) for ending in endings]


def _known() -> list[tuple[str, bytes]]:
    found = []
    for container, codec in _FORMATS:
        try:
            found.append((f".{_ENDINGS.get(container, container)}", _video(container, codec)))
        except (av.error.FFmpegError, ValueError):  # This build has no such encoder.
            continue
    return found + _pictures()


_KNOWN: Final = _known()
_LISTS: Final = (
    b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://127.0.0.1:9/x.ts\n",
    b"ffconcat version 1.0\nfile /etc/passwd\n",
    b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n",
    b'<?xml version="1.0"?><MPD><Period><BaseURL>http://127.0.0.1:9/</BaseURL></Period></MPD>',
)


def make(rng: random.Random) -> bytes:
    """Return the ending of a name, a line break, and the content of the file."""
    ending, content = rng.choice(_KNOWN)
    how = rng.randrange(10)
    if how == 0:
        content = rng.choice((b"", rng.randbytes(300), bytes(5000), *_LISTS))
    elif how < 4 and ending in (".mp4", ".mov"):
        content = _damaged_box(content, rng)
    else:
        content = damaged_bytes(content, rng)
    if rng.random() < 0.05:
        ending = rng.choice((".mp4", ".png", ".avi", ".exr", ".m3u8", ".txt", ""))
    return ending.encode() + b"\n" + content


def _damaged_box(content: bytes, rng: random.Random) -> bytes:
    """Change a number in one of the boxes that say where and when the frames are."""
    data = bytearray(content)
    place = data.find(rng.choice(_BOXES))
    if place < 0:
        return damaged_bytes(content, rng)
    at = place + rng.choice((-4, 4, 8, 12, 16, 20, 24))
    value = rng.choice((0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, rng.randrange(1 << 32)))
    data[at : at + 4] = struct.pack(">I", value)
    return bytes(data)


def _look(video: Video, settings: CameraSettings, context: Context) -> Any:
    """Decode all frames that the file is said to have."""
    from backend.video.reader import read_frames

    del settings
    for position, picture in read_frames(video):
        context.check()
        assert picture.shape == (video.height, video.width, 3), (position, picture.shape, video.width, video.height)
    return {"frames": len(video)}


def read(content: bytes, folder: Path) -> object:
    """Run a job that opens the file and decodes its frames."""
    ending, _, data = content.partition(b"\n")
    path = folder / f"clip_0001{ending.decode()}"
    path.write_bytes(data)
    job = Job(
        (
            Stage("video", "video", VideoSettings(path=str(path)), {}),
            Stage("look", "camera", CameraSettings(), {"video": "video"}),
        )
    )
    cache = Cache(folder / "cache")
    cache.prepare()
    never: Callable[[], bool] = lambda: False  # noqa: E731
    registry = {**STAGE_CODE, "camera": StageCode(_look, keep="nothing")}
    done = guarded(lambda emit: run_job(job, cache, folder, emit, never, registry), lambda _event: None, None)
    return done if isinstance(done, (Failure, Finished)) else Failure("internal", "It was stopped.", "")


KIND: Final = Kind(make, read)
