"""Pixels of a clip's pictures that shall not count: areas drawn by hand, and what is black in a matte."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Floats
from ..contract.corrections.corrections import Area, Corrections, Matte
from ..contract.corrections.excluded_areas import area_corners
from ..contract.failure import Failure
from ..contract.settings import VideoSettings
from ..data.context import Context
from ..data.types import Video
from .opening import open_video
from .reader import read_frame
from .straight import straight_picture

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
        video: Of the clip; through a curved lens as its pictures are.
        matte: The pictures of `corrections.matte`, or None.
    """

    corrections: Corrections
    video: Video
    matte: Video | None = None

    def at(self, position: int) -> NDArray[np.bool_] | None:
        """Return which pixels (H, W) of a frame do not count; None where all of them do."""
        mask = self._on_footage(int(self.video.frame_index[position]))
        if mask is None or self.video.curved is None:
            return mask
        grey = np.repeat(np.where(mask, np.uint8(255), np.uint8(0))[..., None], 3, axis=2)
        return straight_picture(grey, self.video.curved)[..., 0] >= _HALF

    def part(self, position: int, left: int, top: int, shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
        """Return the same for a part of a frame, of a shape (rows, columns ...); None where all of it counts."""
        mask = self.at(position)
        return None if mask is None else mask[top : top + shape[0], left : left + shape[1]]

    def _on_footage(self, frame: int) -> NDArray[np.bool_] | None:
        drawn = self._inside(self.corrections.areas, frame)
        black = self._black(frame)
        if drawn is None or black is None:
            return black if drawn is None else drawn.astype(bool)
        return drawn.astype(bool) | black

    def _inside(self, areas: tuple[Area, ...], frame: int) -> NDArray[np.uint8] | None:
        """Return 1 where any of some areas is (H, W), else 0; None where none is there on the frame."""
        result: NDArray[np.uint8] | None = None
        width, height = self.video.width, self.video.height
        for area in areas:
            corners = area_corners(area, frame)
            if corners is None:
                continue
            result = np.zeros((height, width), dtype=np.uint8) if result is None else result
            holes = self._inside(area.without, frame)
            canvas = result if holes is None else np.zeros_like(result)
            pixels = (corners * (width, height) - 0.5) * (1 << _FRACTION)
            cv2.fillPoly(canvas, [np.rint(pixels.clip(-1e6, 1e6)).astype(np.int32)], (1,), shift=_FRACTION)
            if holes is not None:
                result[(canvas == 1) & (holes == 0)] = 1
        return result

    def hides(self, position: int, pixels: Floats) -> NDArray[np.bool_]:
        """Return which points (N, 2) of a frame, in its pixels, do not count; beyond the picture as at its edge."""
        mask = self.at(position)
        if mask is None:
            return np.zeros(len(pixels), dtype=bool)
        column, row = np.rint(np.nan_to_num(pixels)).astype(np.int64).T
        return mask[row.clip(0, self.video.height - 1), column.clip(0, self.video.width - 1)]

    def without_matte(self) -> list[int]:
        """Return the frames of the footage for which a sequence of mattes has no picture."""
        chosen = self.corrections.matte
        if self.matte is None or chosen is None:
            return []
        return [chosen.first_frame + index for index in self.matte.metadata.get("missing_pictures", [])]

    def _black(self, frame: int) -> NDArray[np.bool_] | None:
        chosen = self.corrections.matte
        if self.matte is None or chosen is None:
            return None
        picture = read_frame(self.matte, 0 if len(self.matte) == 1 else frame - chosen.first_frame)
        if picture is None:
            return None
        resized = cv2.resize(picture, (self.video.width, self.video.height), interpolation=cv2.INTER_LINEAR)
        white = np.asarray(resized.max(axis=2) >= _HALF)
        return white if chosen.inverted else ~white


def excluded_pixels(corrections: Corrections | None, video: Video, context: Context) -> ExcludedPixels | Failure | None:
    """Return what tells which pixels of a clip do not count; None where all of them do.

    Args:
        corrections: What was drawn, or None.
        video: Of the clip.
        context: Whether to stop.

    Returns:
        Also a failure where the matte cannot be read, is too short, or is of another shape than the footage.
    """
    if corrections is None or not (corrections.areas or corrections.matte):
        return None
    if corrections.matte is None:
        return ExcludedPixels(corrections, video)
    matte = _opened(corrections.matte, video, context)
    return matte if isinstance(matte, Failure) else ExcludedPixels(corrections, video, matte)


def _opened(matte: Matte, video: Video, context: Context) -> Video | Failure:
    # What is good to know of footage, such as that there is one frame alone, would be wrong of a matte.
    silent = replace(context, emit=lambda event: None if event["event"] == "notice" else context.emit(event))
    pictures = open_video(VideoSettings(path=matte.path), silent, hashed=False)
    if isinstance(pictures, Failure):
        return Failure("matte-unreadable", f"The matte cannot be used: {pictures.sentence}", pictures.advice)
    shape, wanted = pictures.width / pictures.height, video.width / video.height
    if abs(shape / wanted - 1) > _LIKE:
        return Failure(
            "matte-shape",
            f"The matte is {pictures.width} by {pictures.height} pixels, and the footage {video.width} by"
            f" {video.height}: they do not have the same shape.",
            "Render the matte as large as the footage, or smaller or larger by one factor.",
        )
    first, last = int(video.frame_index.min()), int(video.frame_index.max())
    if len(pictures) > 1 and not (matte.first_frame <= first and last < matte.first_frame + len(pictures)):
        return Failure(
            "matte-too-short",
            f"The matte has pictures of the frames {matte.first_frame} to {matte.first_frame + len(pictures) - 1},"
            f" and frames {first} to {last} of the footage are tracked.",
            "Render the missing pictures, or track only the frames that have one.",
        )
    return pictures
