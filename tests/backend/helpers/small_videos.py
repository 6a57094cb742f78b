"""Small videos of numbered pictures, and the stage Video asked about them."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from backend.contract.failure import Failure
from backend.contract.settings import VideoSettings
from backend.data.context import Context
from backend.data.types import Video
from backend.stages import video as stage

WIDTH, HEIGHT = 64, 48


def picture(number: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """Red top left, green top right, blue bottom left; a grey level that tells the number of the frame bottom right."""
    image = np.zeros((height, width, 3), np.uint8)
    image[: height // 2, : width // 2, 0] = 255
    image[: height // 2, width // 2 :, 1] = 255
    image[height // 2 :, : width // 2, 2] = 255
    image[height // 2 :, width // 2 :] = 20 + 8 * (number % 28)
    return image


def number_of(image: np.ndarray) -> int:
    """The frame number that `picture` drew."""
    corner = image[3 * image.shape[0] // 4 :, 3 * image.shape[1] // 4 :]
    return round((float(corner.mean()) - 20) / 8)


def write_video(
    path: Path,
    frames: int = 20,
    *,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    rate: Fraction = Fraction(30),
    times: list[int] | None = None,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    options: dict[str, str] | None = None,
) -> Path:
    """Encode numbered pictures; `times` are presentation times in milliseconds."""
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = *size, pixels
        stream.gop_size = 6
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(number, *size), format="rgb24")
            if times is not None:
                frame.pts, frame.time_base = times[number], Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


class Messages(list):
    """Collects the codes of notices, and their sentences."""

    def __init__(self) -> None:
        super().__init__()
        self.sentences: list[str] = []

    def __call__(self, event) -> None:
        if event["event"] == "notice":
            self.append(event["code"])
            self.sentences.append(event["sentence"])


def opened(path: Path, context: Context, **settings) -> Video:
    result = stage.run(VideoSettings(path=str(path), **settings), context)
    assert isinstance(result, Video), result
    return result


def refused(path: Path | str, context: Context, **settings) -> Failure:
    result = stage.run(VideoSettings(path=str(path), **settings), context)
    assert isinstance(result, Failure), result
    assert result.sentence.endswith(".")
    assert result.advice.endswith(".")
    return result


def turned(path: Path, matrix: tuple[int, ...]) -> Path:
    """Write a display matrix (3 x 3, 16.16 and 2.30 fixed point) into the track header of an MP4, as phones do."""
    data = bytearray(path.read_bytes())
    start = data.index(b"tkhd") + 4 + 40
    data[start : start + 36] = struct.pack(">9i", *matrix)
    result = path.with_name("turned.mp4")
    result.write_bytes(data)
    return result
