"""One picture from a file: a frame of a sequence."""

from __future__ import annotations

import io
from pathlib import Path

import av
import av.error
import cv2
import numpy as np
from numpy.typing import NDArray

from .media import STILLS


def read_still(path: Path) -> NDArray[np.uint8] | None:
    """Return the picture, uint8 RGB (H, W, 3), turned as its EXIF says; None where it can't be read."""
    try:
        data = np.fromfile(path, dtype=np.uint8) if path.is_file() else np.zeros(0, dtype=np.uint8)
    except OSError:
        return None
    # Decoding from memory: cv2.imread can't open names with accents on Windows.
    try:
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except cv2.error:
        picture = None
    if picture is not None:
        return np.ascontiguousarray(picture[..., ::-1], dtype=np.uint8)
    return _read_with_av(path.suffix.lower(), data.tobytes()) if data.size else None


def _read_with_av(suffix: str, content: bytes) -> NDArray[np.uint8] | None:
    """Film formats that OpenCV lacks; OpenEXR holds linear light and gets the curve of sRGB."""
    try:
        if suffix == ".tga":  # It begins with nothing that tells it from other files.
            frames = av.CodecContext.create("targa", "r").decode(av.Packet(content))
            return _pixels(frames[0]) if frames else None
        options = {"format_whitelist": ",".join(STILLS)}
        # The content, not the name: FFmpeg takes some names for patterns of other files.
        with av.open(io.BytesIO(content), "r", options=options, metadata_errors="replace") as container:
            if suffix == ".exr":
                container.streams.video[0].codec_context.options = {"apply_trc": "iec61966_2_1"}
            for frame in container.decode(video=0):
                return _pixels(frame)
    except (av.error.FFmpegError, IndexError, OSError):
        return None
    return None


def _pixels(frame: av.VideoFrame) -> NDArray[np.uint8]:
    return np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
