"""Small pictures for people to look at: made smaller, and written so that a reader never sees half of one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Picture
from ..contract.atomic import Writer, write_atomically


def reduced_to(picture: Picture, height: int) -> Picture:
    """Return the picture with at most this height; never enlarged."""
    factor = height / picture.shape[0]
    if factor >= 1:
        return picture.copy()
    import cv2  # takes a moment to load, and the program shall answer at once

    size = (max(1, round(picture.shape[1] * factor)), height)
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def resized_to(picture: Picture, width: int, height: int) -> Picture:
    """Return a picture at a smaller size, averaged."""
    if (width, height) == (picture.shape[1], picture.shape[0]):
        return picture
    import cv2

    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def even_size(width: int, height: int, largest_height: int) -> tuple[int, int]:
    """Return width and height of a picture at most this high, even, which yuv420p needs; never enlarged."""
    factor = min(1.0, largest_height / height)
    across, down = (max(2, 2 * round(length * factor / 2)) for length in (width, height))
    return across, down


def write_picture(path: Path, picture: Picture, write: Writer = write_atomically) -> None:
    """Write a picture as PNG, whole (OSError where impossible)."""
    import cv2

    # Without a level of compression OpenCV stores differences from the left: fast, and what the add-on can undo without
    # Blender (`ui/picture_file.py`). With one it takes whichever difference is smallest: slower, and no smaller.
    done, content = cv2.imencode(path.suffix, picture[..., ::-1])
    if not done:
        raise OSError(f"{path.name} could not be encoded")
    write(path, lambda partial: partial.write_bytes(content.tobytes()))


def srgb_light(code: NDArray[Any]) -> NDArray[Any]:
    """Return the light 0..1 of sRGB codes 0..1 (IEC 61966-2-1)."""
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)


def srgb_code(light: NDArray[Any]) -> NDArray[Any]:
    """Return the sRGB codes 0..1 of light 0..1."""
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
