"""Small pictures for people to look at: made smaller, and written so that a reader never sees half of one."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""RGB (height, width, 3)."""


def reduced_to(picture: Picture, height: int) -> Picture:
    """Return the picture with at most this height; never enlarged."""
    factor = height / picture.shape[0]
    if factor >= 1:
        return picture.copy()
    import cv2  # takes a moment to load, and the program shall answer at once

    size = (max(1, round(picture.shape[1] * factor)), height)
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def write_picture(path: Path, picture: Picture) -> None:
    """Write a picture as PNG beside its place and renamed (OSError where impossible)."""
    import cv2

    # Without a level of compression OpenCV stores differences from the left: fast, and what the add-on can undo without
    # Blender (`ui/picture_file.py`). With one it takes whichever difference is smallest: slower, and no smaller.
    done, content = cv2.imencode(path.suffix, picture[..., ::-1])
    if not done:
        raise OSError(f"{path.name} could not be encoded")
    beside = path.with_name(f".{path.stem}.{os.getpid()}.partial")
    try:
        beside.write_bytes(content.tobytes())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
