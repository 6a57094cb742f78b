"""Landmarks without what the user excluded: frames, parts of the face, and what lies in parts of the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Integers
from ..contract.corrections.corrections import Corrections, FrameRange
from ..contract.corrections.face_regions import landmarks_of
from ..contract.failure import Failure, Notice
from ..contract.names import FACE_LANDMARKS
from ..data.context import Context
from ..data.types import Landmarks, PersonMasks, Video
from ..video.excluded_pixels import ExcludedPixels, excluded_pixels
from .source import beyond_end

FEWEST: Final = 60
"""Landmarks of the face that must be left for a frame to be solved by them: with fewer the pose goes astray."""


def landmarks_without(
    landmarks: Landmarks, video: Video, excluded: Corrections, context: Context
) -> Landmarks | Failure:
    """Return landmarks of which those that are excluded do not count.

    Frames that keep too few of them, and those that are excluded as a whole, become gaps, which the fit bridges or
    leaves out as it does where no face was found. The rest keep their points, so that crops and sizes stay the same.
    """
    if not excluded.excludes:
        return landmarks
    problem = beyond_end([each.last for each in excluded.frames], landmarks, context)
    if problem is not None:
        return problem
    pixels = excluded_pixels(excluded, video, context)
    if isinstance(pixels, Failure):
        return pixels
    counted = _counted(landmarks, excluded, pixels, context)
    whole = _in_ranges(landmarks.frame_index, excluded.frames)
    few = landmarks.found & ~whole & (counted[:, :FACE_LANDMARKS].sum(axis=1) < FEWEST)
    found = landmarks.found & ~whole & ~few
    if landmarks.found.any() and not found.any():
        return Failure(
            "all-excluded",
            "Nothing is left of the clip: in every frame with a face too few of its landmarks count.",
            "Exclude less of the frames, of the picture or of the face.",
        )
    if few.any():
        context.notice(_of_few(landmarks.frame_index[few]))
    bare = landmarks.frame_index[np.isin(landmarks.frame_index, [] if pixels is None else pixels.without_matte())]
    if len(bare):
        context.notice(_of_holes(bare))
    gone = landmarks.found & ~found
    return replace(
        landmarks,
        found=found,
        points=_unknown(landmarks.points, gone),
        spread=np.where(counted, _unknown(landmarks.spread, gone), np.float32(np.nan)),
        scores=_unknown(landmarks.scores, gone),
        detection=np.where(gone, np.float32(0), landmarks.detection),
        masks=_masks_without(landmarks.masks, gone, pixels, landmarks),
        counted=counted & found[:, None],
        excluded=excluded,
    )


def _counted(
    landmarks: Landmarks, excluded: Corrections, pixels: ExcludedPixels | None, context: Context
) -> NDArray[np.bool_]:
    """Return which landmarks count (T, 478)."""
    counted = np.repeat(~landmarks_of(excluded.face_regions)[None], len(landmarks), axis=0)
    if pixels is not None:
        for position in context.checked(np.flatnonzero(landmarks.found).tolist()):
            points = landmarks.points[position, :, :2].astype(np.float64)
            counted[position] &= ~pixels.hides(position, points)
    return counted


def _in_ranges(frames: Integers, ranges: Sequence[FrameRange]) -> NDArray[np.bool_]:
    result = np.zeros(len(frames), dtype=bool)
    for each in ranges:
        result |= (frames >= each.first) & (frames <= each.last)
    return result


def _unknown(values: NDArray[np.float32], frames: NDArray[np.bool_]) -> NDArray[np.float32]:
    result = values.copy()
    result[frames] = np.nan
    return result


def _masks_without(
    masks: PersonMasks | None, gone: NDArray[np.bool_], pixels: ExcludedPixels | None, landmarks: Landmarks
) -> PersonMasks | None:
    """Leave out person masks of frames that do not count, and of those in which an excluded area touches the head.

    Where a hand or a microphone is in front, the outline of the person is not that of the head.
    """
    if masks is None:
        return None
    usable = ~gone[masks.frame]
    for row, position in enumerate(masks.frame):
        if usable[row] and pixels is not None:
            usable[row] = not _touches_head(pixels.at(int(position)), landmarks.points[position, :, :2])
    if usable.all():
        return masks
    if not usable.any():
        return None
    skin = None if masks.skin is None else masks.skin[usable]
    return PersonMasks(masks.frame[usable], masks.mask[usable], masks.to_image[usable], skin)


def _touches_head(hidden: NDArray[np.bool_] | None, points: NDArray[np.float32]) -> bool:
    """Whether excluded pixels reach into the box around a face, with half of it more at every side for the head."""
    if hidden is None:
        return False
    low, high = points.min(axis=0), points.max(axis=0)
    room = (high - low) / 2
    first = np.floor(low - room).clip(0).astype(int)
    last = np.ceil(high + room).clip(0).astype(int) + 1
    return bool(hidden[first[1] : last[1], first[0] : last[0]].any())


def _of_few(frames: Integers) -> Notice:
    """Return what to say of frames (ascending) that keep too few landmarks."""
    return Notice(
        "few-landmarks-count",
        f"Too few landmarks count in {_frames(frames)}:"
        " there the head is interpolated from the frames around, or left out where the gap is long.",
        "Exclude less there, or pin the head on one of these frames.",
    )


def _of_holes(frames: Integers) -> Notice:
    """Return what to say of frames (ascending) for which a sequence of mattes has no picture."""
    return Notice(
        "matte-pictures-missing",
        f"The matte has no picture for {_frames(frames)}: there it excludes nothing.",
        "Add the missing pictures, or exclude these frames.",
    )


def _frames(frames: Integers) -> str:
    """``frames 3-5, 9``; long lists are cut."""
    breaks = [0, *(k + 1 for k, (a, b) in enumerate(pairwise(frames.tolist())) if b != a + 1), len(frames)]
    runs = [(int(frames[first]), int(frames[last - 1])) for first, last in pairwise(breaks)]
    words = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs[:5])
    more = f" and {len(runs) - 5} more places" if len(runs) > 5 else ""
    return f"{'frame' if len(frames) == 1 else 'frames'} {words}{more}"
