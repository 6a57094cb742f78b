"""Pinned frames of a result as the scene shows them, cheap enough for every redraw."""

from __future__ import annotations

from typing import Any, Final

from ...backend.contract.corrections.corrections import PinnedFrame
from ...backend.contract.quality import Quality
from ...backend.contract.ranges import runs
from ..results import selection
from ..results.review import TrackFacts
from ..scene.corrections import read_corrections
from .placing import PlacedFrames, placed_frames

_MOST: Final = 16
_PLACED: Final[dict[Any, PlacedFrames | None]] = {}


def placed_of(result: selection.Result, facts: TrackFacts | None) -> PlacedFrames | None:
    """Return how the frames of a result lie in the scene, None where its file is not known or has none."""
    if facts is None or facts.quality is None:
        return None
    key = (facts.path, facts.stamp, result.placement)
    if key not in _PLACED:
        while len(_PLACED) >= _MOST:
            _PLACED.pop(next(iter(_PLACED)))
        _PLACED[key] = placed_frames(facts.quality, result.placement)
    return _PLACED[key]


def pinned_at(result: selection.Result, placed: PlacedFrames, scene_frame: int) -> PinnedFrame | None:
    """Return the pinned frame that a frame of the scene shows, or None."""
    return read_corrections(result.collection).pinned_at(placed.frame_at(scene_frame))


def scene_frames(result: selection.Result, placed: PlacedFrames) -> list[int]:
    """Return the frames of the scene that show pinned frames, in their order."""
    shown = (placed.scene_frame_of(each.frame) for each in read_corrections(result.collection).pinned)
    return [each for each in shown if each is not None]


def changed_around(quality: Quality, placed: PlacedFrames, frame: int) -> tuple[int, int] | None:
    """Return the first and last frame of the scene that change with a pinned frame of the source video, or None."""
    if quality.corrected is None:
        return None
    for first, last in runs(quality.corrected):
        if quality.frame_index[first] <= frame <= quality.frame_index[last]:
            start, end = (placed.scene_frame_of(int(quality.frame_index[row])) for row in (first, last))
            return None if start is None or end is None else (start, end)
    return None
