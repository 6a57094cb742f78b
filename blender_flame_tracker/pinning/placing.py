"""Frames of the scene, rows of a track and frames of its footage: which belongs to which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..results.review import Placement, placed_rows
from ..scene.timeline import Timeline


@dataclass(frozen=True)
class PlacedFrames:
    """How the frames of a track lie in the scene.

    Attributes:
        rows: Of the track, that were imported (K,).
        frame_index: Frames of the footage of all rows (T,).
        timeline: Where the imported rows lie.
    """

    rows: NDArray[np.int64]
    frame_index: NDArray[np.int64]
    timeline: Timeline

    def row_at(self, scene_frame: float) -> int:
        """Return the row of the track that a frame of the scene shows; before and after the clip the nearest."""
        key = int(np.searchsorted(self.timeline.frame, scene_frame + 1e-6, side="right")) - 1
        return int(self.rows[self.timeline.row[max(key, 0)]])

    def frame_at(self, scene_frame: float) -> int:
        """Return the frame of the footage that a frame of the scene shows."""
        return int(self.frame_index[self.row_at(scene_frame)])

    def scene_frame_of(self, frame: int) -> int | None:
        """Return the first frame of the scene that shows a frame of the footage, None where none does."""
        shown = np.flatnonzero(self.frame_index[self.rows[self.timeline.row]] == frame)
        return None if len(shown) == 0 else int(np.ceil(self.timeline.frame[shown[0]] - 1e-6))


def placed_frames(source: Any, placement: Placement) -> PlacedFrames | None:
    """Return how a track, or its `Quality`, lies in the scene, None where nothing of it does."""
    index = np.asarray(source.frame_index)
    placed = placed_rows(index, np.asarray(source.time), source.rate, placement)
    return None if placed is None else PlacedFrames(placed[0], index, placed[1])
