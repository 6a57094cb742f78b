"""Pixels of a clip's pictures that shall not count: areas drawn by hand, and what is black in a matte."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Floats, Integers
from ..contract.corrections.corrections import Corrections, Matte
from ..contract.corrections.excluded_areas import area_corners
from ..contract.failure import Failure
from ..contract.settings import VideoSettings
from ..data.context import Context
from ..data.types import Video
from .opening import open_video
from .reader import read_frame

_HALF: Final = 128
"""8-bit brightness from which on a pixel of a matte is white."""
_LIKE: Final = 0.02
"""By how much of itself the shape of a matte may differ from the footage's: sizes are rounded."""
_FRACTION: Final = 4
"""Bits of fractions of pixels in which corners are drawn."""


@dataclass(frozen=True)
class ExcludedPixels:
    """Tells which pixels of a clip do not count.

    Attributes:
        corrections: What was drawn.
        frame_index: Frame of the source video at each position in the clip (T,).
        width, height: Of the full frame.
        matte: The pictures of `corrections.matte`, or None.
    """

    corrections: Corrections
    frame_index: Integers
    width: int
    height: int
    matte: Video | None = None

    def at(self, position: int) -> NDArray[np.bool_] | None:
        """Return which pixels (H, W) of a frame do not count; None where all of them do."""
        frame = int(self.frame_index[position])
        outlines = [area_corners(area, frame) for area in self.corrections.areas]
        drawn = [corners for corners in outlines if corners is not None]
        black = self._black(frame)
        if not drawn and black is None:
            return None
        mask = np.zeros((self.height, self.width), dtype=np.uint8)
        for corners in drawn:
            pixels = (corners * (self.width, self.height) - 0.5) * (1 << _FRACTION)
            cv2.fillPoly(mask, [np.rint(pixels.clip(-1e6, 1e6)).astype(np.int32)], (1,), shift=_FRACTION)
        return mask.astype(bool) if black is None else mask.astype(bool) | black

    def hides(self, position: int, pixels: Floats) -> NDArray[np.bool_]:
        """Return which points (N, 2) of a frame, in its pixels, do not count; beyond the picture as at its edge."""
        mask = self.at(position)
        if mask is None:
            return np.zeros(len(pixels), dtype=bool)
        column, row = np.rint(np.nan_to_num(pixels)).astype(np.int64).T
        return mask[row.clip(0, self.height - 1), column.clip(0, self.width - 1)]

    def _black(self, frame: int) -> NDArray[np.bool_] | None:
        chosen = self.corrections.matte
        if self.matte is None or chosen is None:
            return None
        picture = read_frame(self.matte, 0 if len(self.matte) == 1 else frame - chosen.first_frame)
        if picture is None:
            return None
        resized = cv2.resize(picture, (self.width, self.height), interpolation=cv2.INTER_LINEAR)
        white = np.asarray(resized.max(axis=2) >= _HALF)
        return white if chosen.inverted else ~white


def excluded_pixels(
    corrections: Corrections, frame_index: Integers, size: tuple[int, int], context: Context
) -> ExcludedPixels | Failure | None:
    """Return what tells which pixels of a clip do not count; None where all of them do.

    Args:
        corrections: What was drawn.
        frame_index: Frame of the source video at each position in the clip (T,).
        size: Width and height of the full frame.
        context: Whether to stop.

    Returns:
        Also a failure where the matte cannot be read, is too short, or is of another shape than the footage.
    """
    if not corrections.areas and corrections.matte is None:
        return None
    if corrections.matte is None:
        return ExcludedPixels(corrections, frame_index, *size)
    matte = _opened(corrections.matte, frame_index, size, context)
    return matte if isinstance(matte, Failure) else ExcludedPixels(corrections, frame_index, *size, matte)


def _opened(matte: Matte, frame_index: Integers, size: tuple[int, int], context: Context) -> Video | Failure:
    pictures = open_video(VideoSettings(path=matte.path), context, hashed=False)
    if isinstance(pictures, Failure):
        return Failure("matte-unreadable", f"The matte cannot be used: {pictures.sentence}", pictures.advice)
    shape, wanted = pictures.width / pictures.height, size[0] / size[1]
    if abs(shape / wanted - 1) > _LIKE:
        return Failure(
            "matte-shape",
            f"The matte is {pictures.width} by {pictures.height} pixels and the footage {size[0]} by {size[1]}:"
            " they do not have the same shape.",
            "Render the matte as large as the footage, or smaller or larger by one factor.",
        )
    first, last = int(frame_index.min()) - matte.first_frame, int(frame_index.max()) - matte.first_frame
    if len(pictures) > 1 and (first < 0 or last >= len(pictures)):
        return Failure(
            "matte-too-short",
            f"The matte has pictures of the frames {matte.first_frame} to {matte.first_frame + len(pictures) - 1},"
            f" and frames {frame_index.min()} to {frame_index.max()} of the footage are tracked.",
            "Render the missing pictures, or track only the frames that have one.",
        )
    return pictures
