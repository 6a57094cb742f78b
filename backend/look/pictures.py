"""Small pictures for people to choose from: of a video and of the faces in it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import cv2

from ..landmarks.crop import Picture, Region

THUMBNAIL: Final = 256
"""Largest height in pixels."""

_AROUND: Final = 1.15
"""Side of a face's picture over that of the crop in which its landmarks are found: hair and chin belong to it."""


def reduced_to(picture: Picture, height: int) -> Picture:
    """Return the picture with at most this height; never enlarged."""
    factor = height / picture.shape[0]
    if factor >= 1:
        return picture.copy()
    size = (max(1, round(picture.shape[1] * factor)), height)
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype("uint8", copy=False)


def face_picture(picture: Picture, region: Region) -> Picture:
    """Return a square around a face, upright and not beyond the picture's border."""
    height, width = picture.shape[:2]
    side = max(1, min(round(region.side * _AROUND), height, width))
    left = min(max(0, round(region.centre_x - side / 2)), width - side)
    top = min(max(0, round(region.centre_y - side / 2)), height - side)
    return reduced_to(picture[top : top + side, left : left + side], THUMBNAIL)


def write_picture(path: Path, picture: Picture) -> None:
    """Write an RGB picture as PNG or JPEG, by the suffix, beside its place and renamed (OSError where impossible)."""
    done, content = cv2.imencode(path.suffix, picture[..., ::-1])
    if not done:
        raise OSError(f"{path.name} could not be encoded")
    beside = path.with_name(f".{path.stem}.{os.getpid()}.partial")
    try:
        beside.write_bytes(content.tobytes())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
