"""Pictures of a video and of the faces in it, for people to choose from."""

from __future__ import annotations

from typing import Final

from ..contract.arrays import Picture
from ..landmarks.crop import Region
from ..system.pictures import reduced_to

THUMBNAIL: Final = 256
"""Largest height in pixels."""

_AROUND: Final = 1.15
"""Side of a face's picture over that of the crop in which its landmarks are found: hair and chin belong to it."""


def face_picture(picture: Picture, region: Region) -> Picture:
    """Return a square around a face, upright and not beyond the picture's border."""
    height, width = picture.shape[:2]
    side = max(1, min(round(region.side * _AROUND), height, width))
    left = min(max(0, round(region.centre_x - side / 2)), width - side)
    top = min(max(0, round(region.centre_y - side / 2)), height - side)
    return reduced_to(picture[top : top + side, left : left + side], THUMBNAIL)
