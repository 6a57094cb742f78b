"""Image sequences and stills: which numbered files belong together, and how one of them is read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import av
import av.error
import cv2
import numpy as np
from numpy.typing import NDArray

STILL_SUFFIXES: Final = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".tif", ".tiff", ".bmp", ".webp", ".exr", ".dpx", ".tga", ".ppm", ".pgm", ".jp2"}
)
"""Suffixes of files that hold one picture. GIF is a video here: it may hold many."""


def is_still(path: Path) -> bool:
    """Return whether the file holds one picture, by its suffix."""
    return path.suffix.lower() in STILL_SUFFIXES


def sequence_files(path: Path) -> list[Path]:
    """Return the numbered files from `path` on that follow it without a gap; only `path` where it has no number.

    The last group of digits in the name counts: ``shot2_0001.png`` is followed by ``shot2_0002.png``. Names may be
    padded with zeros or not.
    """
    match = re.search(r"(\d+)(?=\D*$)", path.stem)
    if match is None:
        return [path]
    before, digits, after = path.stem[: match.start()], match.group(), path.stem[match.end() :]
    present = {entry.name for entry in path.parent.iterdir()}
    files = [path]
    number = int(digits) + 1
    while (name := f"{before}{number:0{len(digits)}d}{after}{path.suffix}") in present:
        files.append(path.parent / name)
        number += 1
    return files


def read_still(path: Path) -> NDArray[np.uint8] | None:
    """Return the picture, uint8 RGB (H, W, 3), turned as its EXIF says; None where it can't be read."""
    try:
        data = np.fromfile(path, dtype=np.uint8)
    except OSError:
        return None
    # Decoding from memory: cv2.imread can't open names with accents on Windows.
    try:
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except cv2.error:
        picture = None
    if picture is not None:
        return np.ascontiguousarray(picture[..., ::-1], dtype=np.uint8)
    return _read_with_av(path) if data.size else None


def _read_with_av(path: Path) -> NDArray[np.uint8] | None:
    """Film formats that OpenCV lacks; OpenEXR holds linear light and gets the curve of sRGB."""
    options = {"apply_trc": "iec61966_2_1"} if path.suffix.lower() == ".exr" else {}
    try:
        with av.open(str(path), options=options) as container:
            for frame in container.decode(video=0):
                return np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
    except (av.error.FFmpegError, IndexError, OSError):
        return None
    return None
